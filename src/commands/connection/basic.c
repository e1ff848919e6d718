/* PING, ECHO, SELECT, QUIT, RESET. */
#include "commands/connection/connection_commands.h"
#include "engine/arguments.h"
#include "engine/reply.h"

/* To one that listens to messages in RESP2 the answer looks like a message. */
static void reply_subscriber(struct call *call) {
    reply_array(call, 2);
    reply_bulk_str(call, "pong");
    reply_bulk(call, call->argc == 2 ? call->args[1] : BYTES(""));
}

static void ping_command(struct call *call) {
    const struct session *session = call->session;
    if (call->argc > 2)
        reply_error_arity(call);
    else if (UNLIKELY(session->version == RESP2 && session_is_subscribing(session)))
        reply_subscriber(call);
    else if (call->argc == 2)
        reply_bulk(call, call->args[1]);
    else
        reply_simple(call, "PONG");
}

static void echo_command(struct call *call) {
    reply_bulk(call, call->args[1]);
}

static void select_command(struct call *call) {
    uint32_t number;
    if (!argument_db(call, 1, &number)) return;
    call->session->db_number = number;
    reply_ok(call);
}

static void quit_command(struct call *call) {
    call->session->is_closing = true;
    reply_ok(call);
}

/* Ends CLIENT REPLY OFF and is the first to be heard again; after CLIENT REPLY SKIP it is mute. */
static void reset_command(struct call *call) {
    struct session *session = call->session;
    if (session->reply_mode == SESSION_REPLY_OFF) call->output = &session->output;
    session_reset(session);
    reply_simple(call, "RESET");
}

static const struct command_row rows[] = {
    {
        .name = "ping",
        .handler = ping_command,
        .arity = -1,
        .flags = COMMAND_FAST | COMMAND_FOR_SUBSCRIBERS | COMMAND_TELLS_HEALTH,
        .categories = CATEGORY_CONNECTION,
        .tips = "request_policy:all_shards response_policy:all_succeeded",
        .summary = "Answers PONG, or the message it was given.",
        .syntax = "[message]",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "connection",
    },
    {
        .name = "echo",
        .handler = echo_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
        .categories = CATEGORY_CONNECTION,
        .summary = "Answers with the message it was given.",
        .syntax = "message",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "connection",
    },
    {
        .name = "select",
        .handler = select_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
        .categories = CATEGORY_CONNECTION,
        .summary = "Changes the database of the connection.",
        .syntax = "index",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "connection",
    },
    {
        .name = "quit",
        .handler = quit_command,
        .arity = -1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED |
                 COMMAND_FOR_SUBSCRIBERS,
        .categories = CATEGORY_CONNECTION,
        .summary = "Closes the connection.",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "connection",
        .deprecated_since = "7.2.0",
        .replaced_by = "just closing the connection",
    },
    {
        .name = "reset",
        .handler = reset_command,
        .arity = 1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED |
                 COMMAND_FOR_SUBSCRIBERS,
        .categories = CATEGORY_CONNECTION,
        .summary = "Puts the connection back to how it was after connecting.",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "connection",
    },
};

const struct command_list connection_basic_commands = COMMAND_LIST(rows);
