/* SAVE, BGSAVE and LASTSAVE. */
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "services/persistence/child.h"
#include "services/persistence/snapshot.h"

static void save_command(struct call *call) {
    if (child_running(call->engine) == CHILD_SNAPSHOT)
        reply_error(call, "ERR Background save already in progress");
    else if (snapshot_save(call->engine))
        reply_ok(call);
    else
        reply_error(call, "ERR");
}

static void schedule(struct call *call) {
    snapshot_schedule(call->engine);
    reply_simple(call, "Background saving scheduled");
}

static void bgsave_command(struct call *call) {
    struct engine *engine = call->engine;
    bool may_wait = call->argc == 2 && argument_is(call, 1, "schedule");
    if (call->argc > 1 && !may_wait) {
        reply_error_syntax(call);
    } else if (child_running(engine) == CHILD_SNAPSHOT) {
        reply_error(call, "ERR Background save already in progress");
    } else if (call->session->transaction != NULL) {
        schedule(call); /* nothing is forked in the midst of a transaction */
    } else if (child_running(engine) != CHILD_NONE) {
        if (may_wait)
            schedule(call);
        else
            reply_error(call, "ERR Another child process is active (AOF?): can't BGSAVE right now. "
                              "Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever "
                              "possible.");
    } else if (snapshot_save_in_background(engine)) {
        reply_simple(call, "Background saving started");
    } else {
        reply_error(call, "ERR");
    }
}

static void lastsave_command(struct call *call) {
    reply_integer(call, snapshot_last_save_s(call->engine));
}

static const struct command_row rows[] = {
    {
        .name = "save",
        .handler = save_command,
        .arity = 1,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING | COMMAND_NO_MULTI,
        .summary = "Saves the data to the RDB file while everybody waits.",
        .complexity = "O(N) where N is the total number of keys in all databases",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "bgsave",
        .handler = bgsave_command,
        .arity = -1,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_NO_ASYNC_LOADING,
        .summary = "Saves the data to the RDB file in the background.",
        .syntax = "[SCHEDULE/3.2.2]",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "lastsave",
        .handler = lastsave_command,
        .arity = 1,
        .flags = COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST,
        .categories = CATEGORY_ADMIN | CATEGORY_DANGEROUS,
        .tips = "nondeterministic_output",
        .summary = "Returns the Unix time of the last successful save.",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "server",
    },
};

const struct command_list snapshot_commands = COMMAND_LIST(rows);
