#include "engine/reply.h"

#include "data/types/string/string.h"
#include "engine/engine.h"
#include "foundation/buffer.h"

static void reply_number_header(struct call *call, char *(*put)(char *, enum resp_version, size_t),
                                size_t count) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(put(out, call->session->version, count) - out));
}

void reply_ok(struct call *call) {
    output_append(call->output, "+OK\r\n", 5);
}

void reply_simple(struct call *call, const char *text) {
    struct bytes bytes = bytes_of_str(text);
    char *out = output_room(call->output, bytes.len + RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_simple(out, bytes) - out));
}

void reply_bulk_str(struct call *call, const char *text) {
    reply_bulk(call, bytes_of_str(text));
}

void reply_bulk_integer(struct call *call, int64_t value) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_bulk_integer(out, value) - out));
}

void reply_bulk_printf(struct call *call, const char *format, ...) {
    struct buffer text = {0};
    va_list args;
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    reply_bulk(call, buffer_bytes(&text));
    buffer_destroy(&text);
}

static char *put_integers(char *out, const int64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) out = resp_put_integer(out, values[i]);
    return out;
}

void reply_integers(struct call *call, const int64_t *values, size_t count) {
    char *start = output_room(call->output, (count + 1) * RESP_HEADER_MAX);
    char *end = put_integers(resp_put_array(start, count), values, count);
    output_commit(call->output, (size_t)(end - start));
}

static COLD char *put_named_integers(char *out, const struct bytes *names, const int64_t *values,
                                     size_t count) {
    for (size_t i = 0; i < count; i++)
        out = resp_put_integer(resp_put_bulk(out, names[i]), values[i]);
    return out;
}

void reply_fields(struct call *call, const struct bytes *names, const int64_t *values, size_t count,
                  struct bytes word, size_t more) {
    char *start = output_room(call->output, 3 * (count + 2) * RESP_HEADER_MAX), *end;
    if (LIKELY(call->session->version == RESP2)) {
        end = put_integers(resp_put_array(start, count + 1 + more), values, count);
    } else {
        end = resp_put_map(start, RESP3, count + 1 + more);
        end = put_named_integers(end, names, values, count);
        end = resp_put_bulk(end, names[count]);
    }
    output_commit(call->output, (size_t)(resp_put_bulk(end, word) - start));
}

void reply_null_array(struct call *call) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_null_array(out, call->session->version) - out));
}

void reply_map(struct call *call, size_t count) {
    reply_number_header(call, resp_put_map, count);
}

void reply_set(struct call *call, size_t count) {
    reply_number_header(call, resp_put_set, count);
}

void reply_insert_set(struct call *call, size_t mark, size_t count) {
    char header[RESP_HEADER_MAX];
    char *end = resp_put_set(header, call->session->version, count);
    output_insert(call->output, mark, header, (size_t)(end - header));
}

void reply_bool(struct call *call, bool value) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_bool(out, call->session->version, value) - out));
}

void reply_double(struct call *call, double value) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output,
                  (size_t)(resp_put_double(out, call->session->version, value) - out));
}

void reply_verbatim(struct call *call, const char *format, struct bytes text) {
    char *out = output_room(call->output, text.len + RESP_HEADER_MAX);
    char *end = resp_put_verbatim(out, call->session->version, format, text);
    output_commit(call->output, (size_t)(end - out));
}

void reply_raw(struct call *call, struct bytes raw) {
    output_append(call->output, raw.data, raw.len);
}

static void reply_shared_block(struct call *call, struct string_block *block) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_bulk_header(out, block->len) - out));
    output_append_block(call->output, (struct output_block){.data = block->data,
                                                            .len = block->len,
                                                            .release = string_block_release,
                                                            .owner = block});
    output_append(call->output, "\r\n", 2);
}

void reply_string_value(struct call *call, const struct entry *entry) {
    if (entry->encoding == STRING_INTEGER) {
        reply_bulk_integer(call, (int64_t)entry_word(entry));
        return;
    }
    struct string_block *block = string_share(entry);
    if (UNLIKELY(block != NULL)) {
        reply_shared_block(call, block);
        return;
    }
    char scratch[STRING_SCRATCH];
    reply_bulk(call, string_view(entry, scratch));
}

/* --- errors --- */

static void reply_error_bytes(struct call *call, struct bytes text) {
    char *out = output_room(call->output, text.len + RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_error(out, text) - out));
    call->has_failed = true;
    error_stats_note(&call->engine->errors, text);
}

void reply_error(struct call *call, const char *text) {
    reply_error_bytes(call, bytes_of_str(text));
}

void reply_error_printf(struct call *call, const char *format, ...) {
    struct buffer text = {0};
    va_list args;
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    reply_error_bytes(call, buffer_bytes(&text));
    buffer_destroy(&text);
}

void reply_error_syntax(struct call *call) {
    reply_error(call, "ERR syntax error");
}

void reply_error_wrong_type(struct call *call) {
    reply_error(call, "WRONGTYPE Operation against a key holding the wrong kind of value");
}

void reply_error_not_integer(struct call *call) {
    reply_error(call, "ERR value is not an integer or out of range");
}

void reply_error_not_float(struct call *call) {
    reply_error(call, "ERR value is not a valid float");
}

void reply_error_no_key(struct call *call) {
    reply_error(call, "ERR no such key");
}

void reply_error_arity(struct call *call) {
    reply_error_printf(call, "ERR wrong number of arguments for '%s' command",
                       call->command->full_name);
}

enum { QUOTED_NAME_MAX = 128 };

void reply_error_subcommand(struct call *call) {
    struct buffer container = {0};
    const struct command *command =
        call->command->parent != NULL ? call->command->parent : call->command;
    buffer_append_upper(&container, command->full_name);
    size_t len = call->args[1].len < QUOTED_NAME_MAX ? call->args[1].len : QUOTED_NAME_MAX;
    reply_error_printf(call,
                       "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s "
                       "HELP.",
                       (int)len, call->args[1].data, buffer_c_str(&container));
    buffer_destroy(&container);
}

void reply_help(struct call *call, const char *const *lines) {
    size_t count = 0;
    while (lines[count] != NULL) count++;
    reply_array(call, count + 3);
    struct buffer title = {0};
    const struct command *parent = call->command->parent;
    const char *name = parent != NULL ? parent->full_name : call->command->full_name;
    buffer_append_upper(&title, name);
    buffer_append_str(&title, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    reply_simple(call, buffer_c_str(&title));
    buffer_destroy(&title);
    for (size_t i = 0; i < count; i++) reply_simple(call, lines[i]);
    reply_simple(call, "HELP");
    reply_simple(call, "    Prints this help.");
}
