/* JSON. Bytes that are no printable ASCII stand as \u00XX, so that a key of any bytes can be told:
 * the code of a character is the byte. */
#include "check/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_text(struct buffer *out, struct bytes text) {
    buffer_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            buffer_printf(out, "\\u%04x", c);
        else
            buffer_append_char(out, (char)c);
    }
    buffer_append_char(out, '"');
}

/* A comma where something stands before. */
static void put_comma(struct buffer *out) {
    char last = out->len == 0 ? '{' : out->data[out->len - 1];
    if (last != '{' && last != '[') buffer_append_char(out, ',');
}

static void put_name(struct buffer *out, const char *name) {
    put_comma(out);
    put_text(out, bytes_of_str(name));
    buffer_append_char(out, ':');
}

static void put_number(struct buffer *out, const char *name, uint64_t value) {
    put_name(out, name);
    buffer_append_u64(out, value);
}

static void put_word(struct buffer *out, const char *name, struct bytes text) {
    put_name(out, name);
    put_text(out, text);
}

static void open_item(struct buffer *out) {
    put_comma(out);
    buffer_append_char(out, '{');
}

static void put_forms(struct buffer *out, const struct statistics *statistics) {
    put_name(out, "types");
    buffer_append_char(out, '[');
    for (size_t i = 0; i < statistics->form_count; i++) {
        const struct form *form = &statistics->forms[i];
        open_item(out);
        put_word(out, "type", bytes_of_str(form->type));
        put_word(out, "encoding", bytes_of_str(form->encoding));
        put_number(out, "keys", form->keys);
        put_number(out, "elements", form->elements);
        put_number(out, "memory", form->bytes);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

static void put_databases(struct buffer *out, const struct statistics *statistics) {
    put_name(out, "databases");
    buffer_append_char(out, '[');
    for (size_t i = 0; i < statistics->database_count; i++) {
        const struct database_figures *database = &statistics->databases[i];
        if (database->keys == 0) continue;
        open_item(out);
        put_number(out, "number", i);
        put_number(out, "keys", database->keys);
        put_number(out, "keys_with_due", database->keys_with_due);
        put_number(out, "memory", database->bytes);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

static void put_dues(struct buffer *out, const struct statistics *statistics) {
    put_number(out, "keys_with_due", statistics->keys_with_due);
    put_number(out, "keys_past_due", statistics->keys_past_due);
    put_name(out, "time_to_live");
    buffer_append_char(out, '{');
    for (size_t i = 0; i < DUE_STEPS; i++)
        put_number(out, statistics_due_label(i), statistics->due_steps[i]);
    buffer_append_char(out, '}');
}

static void put_big_keys(struct buffer *out, const char *name, const struct big_keys *keys) {
    put_name(out, name);
    buffer_append_char(out, '[');
    for (size_t i = 0; i < keys->count; i++) {
        const struct big_key *key = &keys->items[i];
        open_item(out);
        put_word(out, "key", bytes_of_str(key->name));
        put_word(out, "type", bytes_of_str(key->type));
        put_number(out, "database", key->database);
        put_number(out, "memory", key->bytes);
        put_number(out, "elements", key->elements);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, ']');
}

static void put_aux(struct buffer *out, const struct findings *findings) {
    struct bytes rest = buffer_bytes(&findings->aux), line;
    put_name(out, "aux");
    buffer_append_char(out, '[');
    while (bytes_next_word(&rest, '\n', &line)) {
        if (line.len == 0) continue;
        put_comma(out);
        put_text(out, line);
    }
    buffer_append_char(out, ']');
}

static void put_rdb(struct buffer *out, const struct findings *findings) {
    static const char *const sums[] = {
        [SUM_UNREAD] = "unread", [SUM_RIGHT] = "right", [SUM_WRONG] = "wrong", [SUM_NONE] = "none"};
    put_number(out, "rdb_version", findings->rdb_version);
    put_word(out, "sum", bytes_of_str(sums[findings->sum]));
    put_number(out, "keys", findings->statistics.keys);
    for (size_t i = 0; i < RDB_SKIPPED_COUNT; i++)
        if (findings->statistics.skipped[i] != 0)
            put_number(out, statistics_skipped_label((enum rdb_skipped)i),
                       findings->statistics.skipped[i]);
}

static void put_statistics(struct buffer *out, const struct findings *findings) {
    const struct statistics *statistics = &findings->statistics;
    const char *version = statistics_redis_version(statistics);
    put_aux(out, findings);
    put_number(out, "memory", statistics->bytes);
    put_number(out, "elements", statistics->elements);
    put_number(out, "keys_no_redis_reads", statistics_own_keys(statistics));
    if (version != NULL) put_word(out, "redis_version", bytes_of_str(version));
    put_databases(out, statistics);
    put_forms(out, statistics);
    put_dues(out, statistics);
    put_big_keys(out, "most_memory", &statistics->biggest);
    put_big_keys(out, "most_elements", &statistics->longest);
}

static void put_verdict(struct buffer *out, const struct findings *findings) {
    static const char *const words[] = {
        [VERDICT_FINE] = "fine", [VERDICT_BROKEN] = "broken", [VERDICT_FAILED] = "failed"};
    put_word(out, "file", bytes_of_str(findings->path));
    put_word(out, "verdict", bytes_of_str(words[findings->verdict]));
    put_number(out, "bytes", findings->file_bytes);
    if (findings->verdict == VERDICT_FINE) return;
    put_word(out, "error", bytes_of_str(findings->error));
    put_number(out, "good_bytes", findings->good_bytes);
    if (findings->place.len != 0) put_word(out, "reading", buffer_bytes(&findings->place));
}

void report_write_json(const struct findings *findings, bool has_statistics) {
    struct buffer out = {0};
    buffer_append_char(&out, '{');
    put_verdict(&out, findings);
    if (findings->has_rdb) put_rdb(&out, findings);
    if (findings->has_log) {
        put_number(&out, "commands", findings->commands);
        put_number(&out, "transactions", findings->transactions);
    }
    if (has_statistics && findings->has_rdb) put_statistics(&out, findings);
    buffer_append_str(&out, "}\n");
    (void)fwrite(out.data, 1, out.len, stdout);
    buffer_destroy(&out);
}
