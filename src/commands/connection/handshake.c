/* AUTH and HELLO: who a client is and which protocol it speaks. */
#include "commands/connection/client_text.h"
#include "commands/connection/connection_commands.h"
#include "engine/arguments.h"
#include "engine/authentication.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "engine/version.h"

/* Replies the error when they do not belong together. */
static bool authenticate(struct call *call, struct bytes user, struct bytes password) {
    if (authentication_check(user, password)) {
        call->session->is_authenticated = true;
        return true;
    }
    call->engine->stats.acl_denied_auth++;
    reply_error(call, "WRONGPASS invalid username-password pair or user is disabled.");
    return false;
}

static void auth_command(struct call *call) {
    if (call->argc > 3) {
        reply_error_syntax(call);
        return;
    }
    if (call->argc == 2 && !authentication_is_required()) {
        reply_error(call, "ERR AUTH <password> called without any password configured for the "
                          "default user. Are you sure your configuration is correct?");
        return;
    }
    struct bytes user = call->argc == 3 ? call->args[1] : BYTES("default");
    if (authenticate(call, user, call->args[call->argc - 1])) reply_ok(call);
}

static bool is_auth_secret(const struct bytes *args, uint32_t argc, uint32_t index) {
    (void)args;
    return index > 0 && index < argc;
}

/* Indexes of HELLO's arguments; 0: not given. */
struct hello_options {
    enum resp_version version;
    uint32_t user; /* the password follows it */
    uint32_t name;
};

static bool parse_hello_version(struct call *call, enum resp_version *version) {
    int64_t number;
    if (!argument_i64_or(call, 1, &number,
                         "ERR Protocol version is not an integer or out of range"))
        return false;
    if (number < RESP2 || number > RESP3) {
        reply_error(call, "NOPROTO unsupported protocol version");
        return false;
    }
    *version = (enum resp_version)number;
    return true;
}

/* Reads the option at `*index` and moves on to its last argument. */
static bool parse_hello_option(struct call *call, uint32_t *index, struct hello_options *options) {
    uint32_t left = call->argc - *index - 1;
    if (argument_is(call, *index, "auth") && left >= 2) {
        options->user = *index + 1;
        *index += 2;
        return true;
    }
    if (argument_is(call, *index, "setname") && left >= 1) {
        options->name = ++*index;
        return check_client_name(call, call->args[options->name]);
    }
    struct bytes word = call->args[*index];
    reply_error_printf(call, "ERR Syntax error in HELLO option '%.*s'", shown_len(word), word.data);
    return false;
}

static bool parse_hello(struct call *call, struct hello_options *options) {
    *options = (struct hello_options){.version = call->session->version};
    if (call->argc > 1 && !parse_hello_version(call, &options->version)) return false;
    for (uint32_t i = 2; i < call->argc; i++) {
        if (!parse_hello_option(call, &i, options)) return false;
    }
    return true;
}

static bool check_hello_authenticated(struct call *call) {
    if (call->session->is_authenticated || !authentication_is_required()) return true;
    reply_error(call,
                "NOAUTH HELLO must be called with the client already authenticated, otherwise "
                "the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the "
                "client and select the RESP protocol version at the same time");
    return false;
}

static void reply_hello(struct call *call) {
    reply_map(call, 7);
    reply_bulk_str(call, "server");
    reply_bulk_str(call, "redis");
    reply_bulk_str(call, "version");
    reply_bulk_str(call, REDIS_VERSION);
    reply_bulk_str(call, "proto");
    reply_integer(call, call->session->version);
    reply_bulk_str(call, "id");
    reply_integer(call, (int64_t)call->session->id);
    reply_bulk_str(call, "mode");
    reply_bulk_str(call, "standalone");
    reply_bulk_str(call, "role");
    reply_bulk_str(call, "master");
    reply_bulk_str(call, "modules");
    reply_array(call, 0);
}

static void hello_command(struct call *call) {
    struct hello_options options;
    struct session *session = call->session;
    if (!parse_hello(call, &options)) return;
    if (options.user != 0 &&
        !authenticate(call, call->args[options.user], call->args[options.user + 1]))
        return;
    if (!check_hello_authenticated(call)) return;
    if (options.name != 0) session_set_text(&session->name, call->args[options.name]);
    session->version = options.version;
    reply_hello(call);
}

/* The two behind any AUTH, for requests that are refused too. */
static bool is_hello_secret(const struct bytes *args, uint32_t argc, uint32_t index) {
    if (index >= argc) return false;
    return (index > 1 && bytes_is_word(args[index - 1], "auth")) ||
           (index > 2 && bytes_is_word(args[index - 2], "auth"));
}

static const struct command_row rows[] = {
    {
        .name = "hello",
        .handler = hello_command,
        .arity = -1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY,
        .categories = CATEGORY_CONNECTION,
        .is_secret = is_hello_secret,
        .summary = "Chooses the protocol, and may authenticate and name the connection.",
        .syntax = "[arguments(protover [AUTH auth(username password)] [SETNAME clientname])]",
        .complexity = "O(1)",
        .since = "6.0.0",
        .group = "connection",
    },
    {
        .name = "auth",
        .handler = auth_command,
        .arity = -2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_NO_AUTH | COMMAND_ALLOW_BUSY,
        .categories = CATEGORY_CONNECTION,
        .is_secret = is_auth_secret,
        .summary = "Authenticates the connection.",
        .syntax = "[username/6.0.0] password",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "connection",
    },
};

const struct command_list connection_handshake_commands = COMMAND_LIST(rows);
