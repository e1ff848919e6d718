#include "services/monitor/monitor_line.h"

#include "engine/engine.h"
#include "engine/network_settings.h"

#include <stdio.h>

enum { KEPT_BYTES = 64 * 1024 }; /* more is given back once the next line comes */

static void write_caller(const struct session *session, char *text) {
    const struct client *client = session->client;
    if (client == NULL)
        snprintf(text, MONITOR_LINE_CALLER_MAX, "?:0");
    else if (client->is_unix)
        snprintf(text, MONITOR_LINE_CALLER_MAX, "unix:%s", network_settings()->unix_path);
    else
        client_address(client, text);
}

/* Commands of one connection tend to come together, and asking for its address is a system call. */
static const char *caller_of(struct monitor_line *line, const struct session *session) {
    if (line->caller_id != session->id) write_caller(session, line->caller);
    line->caller_id = session->id;
    return line->caller;
}

static void append_head(struct monitor_line *line, const struct call *call) {
    int64_t now_us = call->engine->clock->unix_us;
    buffer_printf(&line->text, "+%lld.%06lld [%u %s]", (long long)(now_us / 1000000),
                  (long long)(now_us % 1000000), call->session->db_number,
                  caller_of(line, call->session));
}

/* Of an argument that is cut, the bytes left out are counted behind those shown. */
static void append_cut(struct buffer *text, struct bytes argument, size_t shown) {
    buffer_append_quoted(text, bytes_of(argument.data, shown));
    text->len--; /* the closing quote */
    buffer_printf(text, "... (%zu more bytes)\"", argument.len - shown);
}

static struct bytes shown_argument(const struct call *call, uint32_t index) {
    command_secret_test *is_secret = call->command->row->is_secret;
    bool is_hidden = is_secret != NULL && is_secret(call->args, call->argc, index);
    return is_hidden ? BYTES("(redacted)") : call->args[index];
}

static void append_arguments(struct buffer *text, const struct call *call) {
    size_t left = MONITOR_LINE_SHOWN_MAX;
    for (uint32_t i = 0; i < call->argc; i++) {
        struct bytes argument = shown_argument(call, i);
        buffer_append_char(text, ' ');
        if (argument.len > left) {
            append_cut(text, argument, left);
            uint32_t unseen = call->argc - i - 1;
            if (unseen != 0) buffer_printf(text, " \"... (%u more arguments)\"", unseen);
            return;
        }
        buffer_append_quoted(text, argument);
        left -= argument.len;
    }
}

struct bytes monitor_line_write(struct monitor_line *line, const struct call *call) {
    if (line->text.cap > KEPT_BYTES) buffer_destroy(&line->text);
    line->text.len = 0;
    append_head(line, call);
    append_arguments(&line->text, call);
    buffer_append_str(&line->text, "\r\n");
    return buffer_bytes(&line->text);
}

void monitor_line_destroy(struct monitor_line *line) {
    buffer_destroy(&line->text);
}
