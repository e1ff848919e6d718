/* TIME and SHUTDOWN. */
#include "commands/server/server_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

static void time_command(struct call *call) {
    enum { US_PER_SECOND = 1000000 };
    int64_t now_us = call->engine->clock->unix_us;
    reply_array(call, 2);
    reply_bulk_integer(call, now_us / US_PER_SECOND);
    reply_bulk_integer(call, now_us % US_PER_SECOND);
}

struct shutdown_options {
    bool is_saving;
    bool is_not_saving;
    bool is_now;
    bool is_forced;
    bool is_abort;
};

static bool parse_shutdown(const struct call *call, struct shutdown_options *options) {
    *options = (struct shutdown_options){0};
    for (uint32_t i = 1; i < call->argc; i++) {
        if (argument_is(call, i, "save"))
            options->is_saving = true;
        else if (argument_is(call, i, "nosave"))
            options->is_not_saving = true;
        else if (argument_is(call, i, "now"))
            options->is_now = true;
        else if (argument_is(call, i, "force"))
            options->is_forced = true;
        else if (argument_is(call, i, "abort"))
            options->is_abort = true;
        else
            return false;
    }
    bool has_other =
        options->is_saving || options->is_not_saving || options->is_now || options->is_forced;
    if (options->is_abort && has_other) return false;
    return !(options->is_saving && options->is_not_saving);
}

/* A stop takes effect at the end of the round, so there is never one under way to abort. */
static void shutdown_command(struct call *call) {
    struct shutdown_options options;
    if (!parse_shutdown(call, &options)) {
        reply_error_syntax(call);
    } else if (options.is_abort) {
        reply_error(call, "ERR No shutdown in progress.");
    } else if (engine_try_stop(call->engine,
                               &(struct stop_wish){.is_saving = options.is_saving,
                                                   .is_not_saving = options.is_not_saving,
                                                   .is_forced = options.is_forced})) {
        call->session->is_closing = true;
    } else {
        reply_error(call, "ERR Errors trying to SHUTDOWN. Check logs.");
    }
}

static const struct command_row rows[] = {
    {
        .name = "time",
        .handler = time_command,
        .arity = 1,
        .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
        .tips = "nondeterministic_output",
        .summary = "Returns the server's clock.",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "server",
    },
    {
        .name = "shutdown",
        .handler = shutdown_command,
        .arity = -1,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE |
                 COMMAND_NO_MULTI | COMMAND_ALLOW_BUSY,
        .summary = "Stops the server.",
        .syntax = "[save-selector(NOSAVE | SAVE)] [NOW/7.0.0] [FORCE/7.0.0] [ABORT/7.0.0]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "server",
    },
};

const struct command_list server_life_commands = COMMAND_LIST(rows);
