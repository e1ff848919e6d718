#include "services/slowlog/slowlog.h"

#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "engine/slow_calls.h"
#include "services/slowlog/slow_log.h"

enum { DEFAULT_COUNT = 10, NS_PER_US = 1000 };

static struct {
    int64_t min_us; /* negative: nothing is logged */
    int64_t max_count;
} settings;

static struct slow_log slow_log;

/* --- logging --- */

/* One that has begun to wait is logged when it was served. */
static bool is_logged(const struct call *call) {
    if ((call->command->flags & COMMAND_SKIP_SLOWLOG) != 0) return false;
    return call->has_waited || !blocking_is_blocked(call->session);
}

static void note_slow_call(struct slow_listener *listener UNUSED, const struct call *call,
                           uint64_t ticks) {
    if (!is_logged(call)) return;
    slow_log_add(&slow_log, call, (int64_t)(clock_ticks_to_ns(ticks) / NS_PER_US));
    slow_log_trim(&slow_log, (size_t)settings.max_count);
}

/* --- settings --- */

static struct engine *governed;
static struct slow_listener listener = {.slow = note_slow_call};

static bool apply_settings(struct buffer *error UNUSED) {
    slow_log_trim(&slow_log, (size_t)settings.max_count);
    if (governed == NULL) return true;
    if (settings.min_us < 0)
        slow_calls_ignore(governed, &listener);
    else
        slow_calls_listen(governed, &listener, settings.min_us);
    return true;
}

static bool start(struct engine *engine, char *error UNUSED) {
    governed = engine;
    return apply_settings(NULL);
}

static void stop(struct engine *engine) {
    slow_calls_ignore(engine, &listener);
    slow_log_trim(&slow_log, 0);
    slow_log = (struct slow_log){0};
    governed = NULL;
}

static const struct directive directives[] = {
    {
        .name = "slowlog-log-slower-than",
        .kind = DIRECTIVE_INT,
        .field = &settings.min_us,
        .min = -1,
        .max = INT64_MAX,
        .apply = apply_settings,
        .default_text = "10000",
    },
    {
        .name = "slowlog-max-len",
        .kind = DIRECTIVE_INT,
        .field = &settings.max_count,
        .max = INT64_MAX,
        .apply = apply_settings,
        .default_text = "128",
    },
};

/* --- the commands --- */

static void slowlog_get_command(struct call *call) {
    int64_t count = DEFAULT_COUNT;
    if (call->argc > 3) {
        reply_error_subcommand(call);
        return;
    }
    if (call->argc == 3 && !argument_i64_in(call, 2, -1, INT64_MAX, &count,
                                            "ERR count should be greater than or equal to -1"))
        return;
    size_t told = count < 0 || (uint64_t)count > slow_log.count ? slow_log.count : (size_t)count;
    reply_array(call, told);
    const struct slow_log_entry *entry = slow_log.newest;
    for (size_t i = 0; i < told; i++, entry = entry->older) reply_raw(call, slow_log_reply(entry));
}

static void slowlog_len_command(struct call *call) {
    reply_integer(call, (int64_t)slow_log.count);
}

static void slowlog_reset_command(struct call *call) {
    slow_log_trim(&slow_log, 0);
    reply_ok(call);
}

static void slowlog_help_command(struct call *call) {
    static const char *const lines[] = {
        "GET [<count>]",
        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
        "    Entries are made of:",
        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
        "    client name",
        "LEN",
        "    Return the length of the slowlog.",
        "RESET",
        "    Reset the slowlog.",
        NULL,
    };
    reply_help(call, lines);
}

static const struct command_row subcommands[] = {
    {
        .name = "get",
        .handler = slowlog_get_command,
        .arity = -2,
        .flags = COMMAND_ADMIN | COMMAND_LOADING | COMMAND_STALE,
        .tips = "request_policy:all_nodes nondeterministic_output",
        .summary = "Returns the newest entries of the slow log.",
        .syntax = "[count]",
        .complexity = "O(N), N entries returned",
        .since = "2.2.12",
        .group = "server",
    },
    {
        .name = "help",
        .handler = slowlog_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "server",
    },
    {
        .name = "len",
        .handler = slowlog_len_command,
        .arity = 2,
        .flags = COMMAND_ADMIN | COMMAND_LOADING | COMMAND_STALE,
        .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output",
        .summary = "Counts the entries of the slow log.",
        .complexity = "O(1)",
        .since = "2.2.12",
        .group = "server",
    },
    {
        .name = "reset",
        .handler = slowlog_reset_command,
        .arity = 2,
        .flags = COMMAND_ADMIN | COMMAND_LOADING | COMMAND_STALE,
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
        .summary = "Empties the slow log.",
        .complexity = "O(N), N entries",
        .since = "2.2.12",
        .group = "server",
    },
};

static const struct command_row rows[] = {
    {
        .name = "slowlog",
        .arity = -2,
        .subcommands = subcommands,
        .subcommand_count = ARRAY_LEN(subcommands),
        .summary = "Commands about the slow log.",
        .complexity = "Depends on subcommand.",
        .since = "2.2.12",
        .group = "server",
    },
};

static const struct command_list commands = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&commands, NULL};

const struct feature slowlog_feature = {
    .name = "slowlog",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start,
    .stop = stop,
};
