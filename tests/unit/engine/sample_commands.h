/* A small family of commands for tests of the engine, which knows none by itself. */
#ifndef UNIT_ENGINE_SAMPLE_COMMANDS_H
#define UNIT_ENGINE_SAMPLE_COMMANDS_H

#include "data/types/string/string.h"
#include "engine/arguments.h"
#include "engine/authentication.h"
#include "engine/command_table.h"
#include "engine/engine.h"
#include "engine/reply.h"

static void sample_ping(struct call *call) {
    if (call->argc == 2)
        reply_bulk(call, call->args[1]);
    else
        reply_simple(call, "PONG");
}

static void sample_get(struct call *call) {
    const struct entry *entry = database_read(call->db, call_key(call, 1));
    if (entry == NULL)
        reply_null(call);
    else
        reply_string_value(call, entry);
}

static void sample_set(struct call *call) {
    struct found found = database_use(call->db, call_key(call, 1));
    string_store(call->db, call_key(call, 1), &found, call->args[2], 0);
    call_notify(call, KEY_EVENT_STRING, call->args[1], "set");
    reply_ok(call);
}

static void sample_incr(struct call *call) {
    struct found found = database_use(call->db, call_key(call, 1));
    int64_t value = 0;
    if (found.entry != NULL && !string_get_i64(found.entry, &value)) {
        reply_error_not_integer(call);
        return;
    }
    string_store_i64(call->db, call_key(call, 1), &found, value + 1, STRING_KEEP_DUE);
    reply_integer(call, value + 1);
}

/* Answers an array whose length is put in front of it when its elements are written. */
static void sample_list(struct call *call) {
    size_t mark = output_mark(call->output);
    for (uint32_t i = 1; i < call->argc; i++) reply_bulk(call, call->args[i]);
    char header[RESP_HEADER_MAX];
    size_t len = (size_t)(resp_put_array(header, call->argc - 1) - header);
    output_insert(call->output, mark, header, len);
}

static void sample_select(struct call *call) {
    uint32_t number;
    if (!argument_db(call, 1, &number)) return;
    call->session->db_number = number;
    reply_ok(call);
}

static void sample_auth(struct call *call) {
    if (!authentication_check(BYTES("default"), call->args[1])) {
        reply_error(call, "WRONGPASS no");
        return;
    }
    call->session->is_authenticated = true;
    reply_ok(call);
}

static void sample_quit(struct call *call) {
    call->session->is_closing = true;
    reply_ok(call);
}

static void sample_mute(struct call *call) {
    struct session *session = call->session;
    if (argument_is(call, 1, "off")) {
        session->reply_mode = SESSION_REPLY_OFF;
    } else if (argument_is(call, 1, "skip")) {
        if (session->reply_mode != SESSION_REPLY_OFF) session->reply_mode = SESSION_REPLY_SKIP_NEXT;
    } else {
        session->reply_mode = SESSION_REPLY_ON;
        call->output = &session->output;
        reply_ok(call);
    }
}

static const struct command_row sample_box_rows[] = {
    {.name = "open", .handler = sample_ping, .arity = -2, .flags = COMMAND_FAST},
    {.name = "put", .handler = sample_ping, .arity = 3, .flags = COMMAND_WRITE},
};

static const struct command_row sample_rows[] = {
    {.name = "ping",
     .handler = sample_ping,
     .arity = -1,
     .flags = COMMAND_FAST | COMMAND_FOR_SUBSCRIBERS | COMMAND_TELLS_HEALTH},
    {.name = "get",
     .handler = sample_get,
     .arity = 2,
     .flags = COMMAND_READONLY,
     .keys = {KEY_AT(1, "RO access")}},
    {.name = "set",
     .handler = sample_set,
     .arity = 3,
     .flags = COMMAND_WRITE | COMMAND_DENYOOM,
     .keys = {KEY_AT(1, "OW update")}},
    {.name = "incr",
     .handler = sample_incr,
     .arity = 2,
     .flags = COMMAND_WRITE,
     .keys = {KEY_AT(1, "RW update")}},
    {.name = "list", .handler = sample_list, .arity = -1, .flags = COMMAND_READONLY},
    {.name = "select", .handler = sample_select, .arity = 2, .flags = COMMAND_FAST},
    {.name = "auth", .handler = sample_auth, .arity = 2, .flags = COMMAND_NO_AUTH},
    {.name = "quit", .handler = sample_quit, .arity = -1, .flags = COMMAND_NO_AUTH},
    {.name = "mute", .handler = sample_mute, .arity = 2},
    {.name = "box",
     .arity = -2,
     .subcommands = sample_box_rows,
     .subcommand_count = ARRAY_LEN(sample_box_rows)},
};

static const struct command_list sample_list_of_rows = COMMAND_LIST(sample_rows);
static const struct command_list *const sample_commands[] = {&sample_list_of_rows, NULL};

/* CONFIG SET requirepass. */
static inline void sample_set_password(struct engine *engine, struct bytes password) {
    struct buffer error = {0};
    struct bytes pair[2] = {BYTES("requirepass"), password};
    CHECK(directives_set(engine->directives, pair, 1, true, &error));
    buffer_destroy(&error);
}

#endif
