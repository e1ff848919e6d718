/* COMMAND INFO: a command's row as ten elements, flags and categories as words. */
#include "commands/server/command_replies.h"

#include "engine/command_table.h"
#include "engine/reply.h"

#include <stdio.h>

typedef const char *name_of_bit(unsigned bit);

static size_t count_words(const char *words) {
    if (!words) return 0;
    struct bytes rest = bytes_of_str(words);
    struct bytes word;
    size_t count = 0;
    while (bytes_next_word(&rest, ' ', &word)) count++;
    return count;
}

static void reply_simple_word(struct call *call, struct bytes word) {
    char text[64];
    CHECK(word.len < sizeof text);
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    reply_simple(call, text);
}

void command_reply_words(struct call *call, const char *words) {
    reply_set(call, count_words(words));
    if (!words) return;
    struct bytes rest = bytes_of_str(words);
    struct bytes word;
    while (bytes_next_word(&rest, ' ', &word)) reply_simple_word(call, word);
}

static void reply_bits(struct call *call, uint32_t bits, name_of_bit *name_of, const char *prefix) {
    reply_set(call, (size_t)__builtin_popcount(bits));
    for (unsigned bit = 0; name_of(bit); bit++) {
        if (!(bits & 1u << bit)) continue;
        char text[64];
        snprintf(text, sizeof text, "%s%s", prefix, name_of(bit));
        reply_simple(call, text);
    }
}

static void reply_tips(struct call *call, const char *tips) {
    reply_set(call, count_words(tips));
    if (!tips) return;
    struct bytes rest = bytes_of_str(tips);
    struct bytes tip;
    while (bytes_next_word(&rest, ' ', &tip)) reply_bulk(call, tip);
}

static void reply_pair(struct call *call, const char *name, int value) {
    reply_bulk_str(call, name);
    reply_integer(call, value);
}

/* The beginning of "type" and "spec" maps; the `count` pairs of the latter follow. */
static void reply_typed_spec(struct call *call, const char *name, const char *type, size_t count) {
    reply_bulk_str(call, name);
    reply_map(call, 2);
    reply_bulk_str(call, "type");
    reply_bulk_str(call, type);
    reply_bulk_str(call, "spec");
    reply_map(call, count);
}

static void reply_begin_search(struct call *call, const struct key_spec *spec) {
    if (spec->is_unknown) {
        reply_typed_spec(call, "begin_search", "unknown", 0);
    } else if (spec->keyword) {
        reply_typed_spec(call, "begin_search", "keyword", 2);
        reply_bulk_str(call, "keyword");
        reply_bulk_str(call, spec->keyword);
        reply_pair(call, "startfrom", spec->index);
    } else {
        reply_typed_spec(call, "begin_search", "index", 1);
        reply_pair(call, "index", spec->index);
    }
}

static void reply_find_keys(struct call *call, const struct key_spec *spec) {
    if (spec->is_unknown) {
        reply_typed_spec(call, "find_keys", "unknown", 0);
    } else if (spec->has_count) {
        reply_typed_spec(call, "find_keys", "keynum", 3);
        reply_pair(call, "keynumidx", 0);
        reply_pair(call, "firstkey", 1);
        reply_pair(call, "keystep", spec->step);
    } else {
        reply_typed_spec(call, "find_keys", "range", 3);
        reply_pair(call, "lastkey", spec->last);
        reply_pair(call, "keystep", spec->step);
        reply_pair(call, "limit", spec->limit);
    }
}

static void reply_key_spec(struct call *call, const struct key_spec *spec) {
    reply_map(call, 3);
    reply_bulk_str(call, "flags");
    command_reply_words(call, spec->flags);
    reply_begin_search(call, spec);
    reply_find_keys(call, spec);
}

static void reply_key_specs(struct call *call, const struct key_spec *specs) {
    size_t count = 0;
    while (count < COMMAND_KEY_SPECS && specs[count].flags) count++;
    reply_set(call, count);
    for (size_t i = 0; i < count; i++) reply_key_spec(call, &specs[i]);
}

/* Clients know an array of subcommands, but a set where there are none. */
static void reply_subcommands(struct call *call, const struct command *command) {
    uint32_t count = command->subcommand_count;
    if (count == 0) {
        reply_set(call, 0);
        return;
    }
    reply_array(call, count);
    for (uint32_t i = 0; i < count; i++) command_reply_info(call, command->subcommands[i]);
}

void command_reply_info(struct call *call, const struct command *command) {
    const struct command_row *row = command->row;
    reply_array(call, 10);
    reply_bulk_str(call, command->full_name);
    reply_integer(call, row->arity);
    reply_bits(call, command->flags & ~(uint32_t)COMMAND_HIDDEN, command_flag_name, "");
    reply_integer(call, command->first_key);
    reply_integer(call, command->last_key);
    reply_integer(call, command->key_step);
    reply_bits(call, command->categories, command_category_name, "@");
    reply_tips(call, row->tips);
    reply_key_specs(call, row->keys);
    reply_subcommands(call, command);
}
