/* CLIENT: what a connection is told about itself and may set. */
#include "commands/connection/client_handlers.h"
#include "commands/connection/client_text.h"
#include "commands/connection/connection_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/number.h"

static void client_id_command(struct call *call) {
    reply_integer(call, (int64_t)call->session->id);
}

static void client_setname_command(struct call *call) {
    if (!check_client_name(call, call->args[2])) return;
    session_set_text(&call->session->name, call->args[2]);
    reply_ok(call);
}

static void client_getname_command(struct call *call) {
    if (call->session->name == NULL)
        reply_null(call);
    else
        reply_bulk_str(call, call->session->name);
}

static char **find_info_field(const struct call *call) {
    if (argument_is(call, 2, "lib-name")) return &call->session->lib_name;
    if (argument_is(call, 2, "lib-ver")) return &call->session->lib_version;
    return NULL;
}

static void client_setinfo_command(struct call *call) {
    struct bytes name = call->args[2];
    char **field = find_info_field(call);
    if (field == NULL) {
        reply_error_printf(call, "ERR Unrecognized option '%.*s'", shown_len(name), name.data);
    } else if (!is_client_text(call->args[3])) {
        reply_error_printf(call, "ERR %.*s cannot contain spaces, newlines or special characters.",
                           shown_len(name), name.data);
    } else {
        session_set_text(field, call->args[3]);
        reply_ok(call);
    }
}

static void client_reply_command(struct call *call) {
    struct session *session = call->session;
    if (argument_is(call, 2, "on")) {
        session->reply_mode = SESSION_REPLY_ON;
        call->output = &session->output; /* it is heard even where the command was to be mute */
        reply_ok(call);
    } else if (argument_is(call, 2, "off")) {
        session->reply_mode = SESSION_REPLY_OFF;
    } else if (!argument_is(call, 2, "skip")) {
        reply_error_syntax(call);
    } else if (session->reply_mode != SESSION_REPLY_OFF) {
        session->reply_mode = SESSION_REPLY_SKIP_NEXT;
    }
}

/* Sets what is ON or OFF by the argument. */
static void set_switch(struct call *call, bool *is_on) {
    bool is_wanted = argument_is(call, 2, "on");
    if (!is_wanted && !argument_is(call, 2, "off")) {
        reply_error_syntax(call);
        return;
    }
    *is_on = is_wanted;
    reply_ok(call);
}

static void client_no_evict_command(struct call *call) {
    set_switch(call, &call->session->is_no_evict);
}

static void client_no_touch_command(struct call *call) {
    set_switch(call, &call->session->is_no_touch);
}

static bool parse_pause_scope(struct call *call, enum pause_scope *scope) {
    *scope = PAUSE_ALL;
    if (call->argc == 3 || argument_is(call, 3, "all")) return true;
    *scope = PAUSE_WRITES;
    if (argument_is(call, 3, "write")) return true;
    reply_error(call, "ERR CLIENT PAUSE mode must be WRITE or ALL");
    return false;
}

static bool parse_pause_end(struct call *call, int64_t *until_ms) {
    int64_t timeout_ms;
    if (!argument_i64_or(call, 2, &timeout_ms, "ERR timeout is not an integer or out of range"))
        return false;
    if (timeout_ms >= 0 && number_add_i64(call_now_ms(call), timeout_ms, until_ms)) return true;
    reply_error(call, timeout_ms < 0 ? "ERR timeout is negative" : "ERR timeout is out of range");
    return false;
}

static void client_pause_command(struct call *call) {
    enum pause_scope scope;
    int64_t until_ms;
    if (call->argc > 4) {
        reply_error_subcommand(call);
        return;
    }
    if (!parse_pause_scope(call, &scope) || !parse_pause_end(call, &until_ms)) return;
    pause_start(&call->engine->pause, scope, until_ms, call_now_ms(call));
    reply_ok(call);
}

static void client_unpause_command(struct call *call) {
    pause_end(&call->engine->pause);
    reply_ok(call);
}

static void client_help_command(struct call *call) {
    static const char *const lines[] = {
        "CACHING (YES|NO)",
        "    Says whether the keys that the next command reads are remembered, where tracking",
        "    is OPTIN (YES) or OPTOUT (NO).",
        "GETNAME",
        "    Returns the name of this connection.",
        "GETREDIR",
        "    Returns the number of the connection told of changed keys: 0 this one, -1 none.",
        "ID",
        "    Returns the number of this connection.",
        "INFO",
        "    Describes this connection.",
        "KILL <ip:port>",
        "    Closes the connection made from that address.",
        "KILL <filter> <value> [<filter> <value> ...]",
        "    Closes the connections for which every filter holds:",
        "    ID <client-id> [<client-id> ...], TYPE (NORMAL|MASTER|REPLICA|PUBSUB),",
        "    USER <username>, ADDR <ip:port>, LADDR <ip:port>, IP <ip>, DB <number>,",
        "    NAME <name>, LIB-NAME <name>, LIB-VER <version>, FLAGS <letters>: has all of them,",
        "    MAXAGE <seconds or older>, IDLE <seconds or longer>,",
        "    SKIPME (YES|NO) to spare this connection (YES unless told).",
        "    NOT- before any but the last three takes its opposite: NOT-TYPE PUBSUB.",
        "LIST [<filter> <value> ...]",
        "    Describes the connections, or those for which every filter of KILL holds, a line",
        "    each.",
        "NO-EVICT (ON|OFF)",
        "    Keeps this connection when clients use too much memory.",
        "NO-TOUCH (ON|OFF)",
        "    Keeps this connection's commands from renewing the access time of keys.",
        "PAUSE <milliseconds> [WRITE|ALL]",
        "    Holds back all commands, or those that write.",
        "REPLY (ON|OFF|SKIP)",
        "    Turns replies to this connection on or off, or skips the next.",
        "SETINFO (LIB-NAME <name>|LIB-VER <version>)",
        "    Tells which client library is calling.",
        "SETNAME <name>",
        "    Names this connection.",
        "TRACKING (ON|OFF) [REDIRECT <client-id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT]",
        "         [NOLOOP]",
        "    Tells when keys that this connection has read, or that begin with a prefix, change.",
        "TRACKINGINFO",
        "    Describes how this connection tracks keys.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Ends the waiting of a connection in a blocking command, as if its time were up",
        "    (unless told) or with an error.",
        "UNPAUSE",
        "    Ends a pause.",
        NULL,
    };
    reply_help(call, lines);
}

/* The filters that LIST and KILL have got together, from Valkey, joined by `or`. */
#define NEWER_FILTERS(or)                                                                          \
    "[NAME name/9.0.0]" or "[IDLE idle:integer/9.0.0]" or "[FLAGS flags/9.0.0]" or                 \
        "[LIB-NAME lib-name/9.0.0]" or "[LIB-VER lib-ver/9.0.0]" or "[DB db:integer/9.0.0]" or     \
        "[IP ip/9.0.0]" or "[NOT-ID not-client-id:integer/9.0.0...]" or                            \
        "[NOT-TYPE not-client-type(NORMAL | MASTER | REPLICA | PUBSUB)/9.0.0]" or                  \
        "[NOT-USER not-username/9.0.0]" or "[NOT-ADDR not-addr@'ip:port'/9.0.0]" or                \
        "[NOT-LADDR not-laddr@'ip:port'/9.0.0]" or "[NOT-NAME not-name/9.0.0]" or                  \
        "[NOT-FLAGS not-flags/9.0.0]" or "[NOT-LIB-NAME not-lib-name/9.0.0]" or                    \
        "[NOT-LIB-VER not-lib-ver/9.0.0]" or "[NOT-DB not-db:integer/9.0.0]" or                    \
        "[NOT-IP not-ip/9.0.0]"

static const struct command_row client_subcommands[] = {
    {
        .name = "id",
        .handler = client_id_command,
        .arity = 2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Returns the number of this connection.",
        .complexity = "O(1)",
        .since = "5.0.0",
        .group = "connection",
    },
    {
        .name = "info",
        .handler = client_info_command,
        .arity = 2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output",
        .summary = "Describes this connection.",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "connection",
    },
    {
        .name = "list",
        .handler = client_list_command,
        .arity = -2,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output",
        .summary = "Describes the open connections.",
        .syntax = "[TYPE client-type(NORMAL | MASTER | REPLICA | PUBSUB)/5.0.0] [ID "
                  "client-id/6.2.0...] [USER username/8.1.0] [ADDR addr@'ip:port'/8.1.0] [LADDR "
                  "laddr@'ip:port'/8.1.0] [SKIPME skipme(YES | NO)/8.1.0] [MAXAGE "
                  "maxage:integer/8.1.0] " NEWER_FILTERS(" "),
        .complexity = "O(N)",
        .since = "2.4.0",
        .group = "connection",
    },
    {
        .name = "setname",
        .handler = client_setname_command,
        .arity = 3,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
        .summary = "Names the connection.",
        .syntax = "connection-name",
        .complexity = "O(1)",
        .since = "2.6.9",
        .group = "connection",
    },
    {
        .name = "getname",
        .handler = client_getname_command,
        .arity = 2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Returns the name of the connection.",
        .complexity = "O(1)",
        .since = "2.6.9",
        .group = "connection",
    },
    {
        .name = "setinfo",
        .handler = client_setinfo_command,
        .arity = 4,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
        .summary = "Tells which client library is calling.",
        .syntax = "attr(LIB-NAME libname | LIB-VER libver)",
        .complexity = "O(1)",
        .since = "7.2.0",
        .group = "connection",
    },
    {
        .name = "kill",
        .handler = client_kill_command,
        .arity = -3,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Closes connections.",
        .syntax =
            "filter(old-format@'ip:port'~2.8.12 | new-format([ID client-id/2.8.12...] | [TYPE "
            "client-type(NORMAL | MASTER/3.2.0 | SLAVE | REPLICA/5.0.0 | PUBSUB)/2.8.12] | "
            "[USER username] | [ADDR addr@'ip:port'] | [LADDR laddr@'ip:port'/6.2.0] | "
            "[SKIPME skipme(YES | NO)] | [MAXAGE maxage:integer/7.4.0] | " NEWER_FILTERS(
                " | ") ")...)",
        .complexity = "O(N)",
        .since = "2.4.0",
        .group = "connection",
    },
    {
        .name = "reply",
        .handler = client_reply_command,
        .arity = 3,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_NO_MULTI,
        .categories = CATEGORY_CONNECTION,
        .summary = "Turns replies to this connection on or off.",
        .syntax = "action(ON | OFF | SKIP)",
        .complexity = "O(1)",
        .since = "3.2.0",
        .group = "connection",
    },
    {
        .name = "no-evict",
        .handler = client_no_evict_command,
        .arity = 3,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Keeps this connection from being evicted.",
        .syntax = "enabled(ON | OFF)",
        .complexity = "O(1)",
        .since = "7.0.0",
        .group = "connection",
    },
    {
        .name = "no-touch",
        .handler = client_no_touch_command,
        .arity = 3,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Keeps this connection's reads from renewing the access time of keys.",
        .syntax = "enabled(ON | OFF)",
        .complexity = "O(1)",
        .since = "7.2.0",
        .group = "connection",
    },
    {
        .name = "pause",
        .handler = client_pause_command,
        .arity = -3,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Holds back the commands of clients for a time.",
        .syntax = "timeout [mode(WRITE | ALL)/6.2.0]",
        .complexity = "O(1)",
        .since = "2.9.50",
        .group = "connection",
    },
    {
        .name = "unblock",
        .handler = client_unblock_command,
        .arity = -3,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Ends the waiting of a connection in a blocking command.",
        .syntax = "client-id [timeout_error(TIMEOUT | ERROR)]",
        .complexity = "O(N)",
        .since = "5.0.0",
        .group = "connection",
    },
    {
        .name = "unpause",
        .handler = client_unpause_command,
        .arity = 2,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Lets paused clients go on.",
        .complexity = "O(N)",
        .since = "6.2.0",
        .group = "connection",
    },
    {
        .name = "help",
        .handler = client_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "5.0.0",
        .group = "connection",
    },
};

static const struct command_row rows[] = {
    {
        .name = "client",
        .arity = -2,
        .subcommands = client_subcommands,
        .subcommand_count = ARRAY_LEN(client_subcommands),
        .summary = "Commands about client connections.",
        .complexity = "Depends on subcommand.",
        .since = "2.4.0",
        .group = "connection",
    },
};

const struct command_list connection_client_commands = COMMAND_LIST(rows);
