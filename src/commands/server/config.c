/* CONFIG: directives while the server runs. */
#include "commands/server/guard.h"
#include "commands/server/server_commands.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/config_rewrite.h"
#include "foundation/directive.h"

/* --- secrets --- */

/* The server's, which say what is a secret; without them everything may be. */
static const struct directives *known_directives;

void config_use_directives(const struct directives *directives) {
    known_directives = directives;
}

/* The values behind the names, from the third argument on. What is behind a name that is not known
 * may be a secret of another server's configuration. */
static bool is_config_secret(const struct bytes *args, uint32_t argc UNUSED, uint32_t index) {
    if (index < 3 || index % 2 == 0) return false;
    if (known_directives == NULL) return true;
    const struct directive *row = directives_find(known_directives, args[index - 1]);
    return row == NULL || (row->flags & DIRECTIVE_SENSITIVE) != 0;
}

/* --- the commands --- */

static void reply_pair(void *context, struct bytes name, struct bytes value) {
    struct call *call = context;
    reply_bulk(call, name);
    reply_bulk(call, value);
}

static void config_get_command(struct call *call) {
    const struct directives *directives = call->engine->directives;
    const struct bytes *patterns = call->args + 2;
    size_t count = call->argc - 2;
    reply_map(call, directives_get(directives, patterns, count, NULL, NULL));
    directives_get(directives, patterns, count, reply_pair, call);
}

static void config_set_command(struct call *call) {
    if (call->argc % 2 != 0) {
        reply_error_syntax(call);
        return;
    }
    struct buffer error = {0};
    bool may_set_protected = guard_allows_protected_configs(call->session);
    if (directives_set(call->engine->directives, call->args + 2, (call->argc - 2) / 2,
                       may_set_protected, &error))
        reply_ok(call);
    else
        reply_error(call, buffer_c_str(&error));
    buffer_destroy(&error);
}

/* The highest memory use so far is a fact about the process and stays. */
static void reset_engine_stats(struct engine *engine) {
    uint64_t peak_used_bytes = engine->stats.peak_used_bytes;
    engine->stats = (struct engine_stats){.peak_used_bytes = peak_used_bytes};
}

static void config_resetstat_command(struct call *call) {
    struct engine *engine = call->engine;
    reset_engine_stats(engine);
    engine->keyspace->stats = (struct keyspace_stats){0};
    error_stats_reset(&engine->errors);
    command_table_reset_stats(engine->commands);
    rate_policies_reset_counts(engine);
    reply_ok(call);
}

static void config_rewrite_command(struct call *call) {
    const struct engine *engine = call->engine;
    if (engine->config_path == NULL) {
        reply_error(call, "ERR The server is running without a config file");
        return;
    }
    struct buffer error = {0};
    if (config_rewrite_file(engine->directives, engine->config_path, &error))
        reply_ok(call);
    else
        reply_error_printf(call, "ERR Rewriting config file: %s", buffer_c_str(&error));
    buffer_destroy(&error);
}

static void config_help_command(struct call *call) {
    static const char *const lines[] = {
        "GET <pattern>",
        "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>",
        "    Set the configuration <directive> to <value>.",
        "RESETSTAT",
        "    Reset statistics reported by the INFO command.",
        "REWRITE",
        "    Rewrite the configuration file.",
        NULL,
    };
    reply_help(call, lines);
}

static const struct command_row config_subcommands[] = {
    {
        .name = "get",
        .handler = config_get_command,
        .arity = -3,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .summary = "Returns the values of directives.",
        .syntax = "parameter...",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "server",
    },
    {
        .name = "help",
        .handler = config_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "5.0.0",
        .group = "server",
    },
    {
        .name = "resetstat",
        .handler = config_resetstat_command,
        .arity = 2,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .summary = "Resets the statistics.",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "server",
    },
    {
        .name = "rewrite",
        .handler = config_rewrite_command,
        .arity = 2,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .summary = "Writes the present configuration to the configuration file.",
        .complexity = "O(1)",
        .since = "2.8.0",
        .group = "server",
    },
    {
        .name = "set",
        .handler = config_set_command,
        .arity = -4,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .is_secret = is_config_secret,
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
        .summary = "Changes directives of the running server.",
        .syntax = "data(parameter value)...",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "server",
    },
};

static const struct command_row rows[] = {
    {
        .name = "config",
        .arity = -2,
        .subcommands = config_subcommands,
        .subcommand_count = ARRAY_LEN(config_subcommands),
        .summary = "Commands about the configuration.",
        .complexity = "Depends on subcommand.",
        .since = "2.0.0",
        .group = "server",
    },
};

const struct command_list server_config_commands = COMMAND_LIST(rows);
