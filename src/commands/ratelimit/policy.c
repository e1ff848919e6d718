/* RL.POLICY: policies under a name, for takes to USE. */
#include "commands/ratelimit/ratelimit_commands.h"
#include "commands/ratelimit/request.h"
#include "data/types/ratelimit/policy_words.h"
#include "engine/effects.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/mem.h"

/* No key changes, but the data do. */
static void note_change(struct call *call) {
    call->engine->keyspace->changes++;
    call_effect_request(call);
}

static bool check_name(struct call *call, struct bytes name) {
    if (rate_policy_name_is_valid(name)) return true;
    reply_error_printf(call,
                       "ERR name is not of 1 to %d printable characters without space, \" and \\",
                       RATE_POLICY_NAME_MAX);
    return false;
}

static void policy_set_command(struct call *call) {
    struct take take;
    struct bytes name = call->args[2];
    if (!check_name(call, name) || !take_parse_all(call, 3, 0, &take)) return;
    size_t max = ratelimit_max_policies();
    /* What has been allowed once is allowed again, wherever it is told. */
    if (call->session->is_internal) max = SIZE_MAX;
    if (!rate_policies_set(call->engine, name, &take.policy, max)) {
        reply_error_printf(call,
                           "ERR %zu policies are stored, ratelimit-max-policies allows no more",
                           rate_policies_count(call->engine));
        return;
    }
    note_change(call);
    reply_ok(call);
}

static void reply_policy(struct call *call, const struct stored_rate_policy *stored) {
    struct buffer text = {0};
    rate_policy_append(&stored->policy, &text);
    reply_bulk(call, buffer_bytes(&text));
    buffer_destroy(&text);
}

static void policy_get_command(struct call *call) {
    const struct stored_rate_policy *stored = rate_policies_find(call->engine, call->args[2]);
    if (stored == NULL)
        reply_null(call);
    else
        reply_policy(call, stored);
}

static void policy_del_command(struct call *call) {
    int64_t count = 0;
    for (uint32_t i = 2; i < call->argc; i++)
        count += rate_policies_remove(call->engine, call->args[i]);
    if (count != 0) note_change(call);
    reply_integer(call, count);
}

static void policy_list_command(struct call *call) {
    size_t count;
    struct stored_rate_policy **all = rate_policies_sorted(call->engine, &count);
    reply_map(call, count);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(call, stored_rate_policy_name(all[i]));
        reply_policy(call, all[i]);
    }
    mem_free(all);
}

static void policy_help_command(struct call *call) {
    static const char *const lines[] = {
        "DEL <name> [<name> ...]",
        "    Forget policies. Limiters that were used with them stay as they are.",
        "GET <name>",
        "    Return a policy.",
        "LIST",
        "    Return all names, each with its policy.",
        "SET <name> <policy>",
        "    Store a policy, such as BUCKET 100 10 1000, for RL.TAKE <key> USE <name>.",
        NULL,
    };
    reply_help(call, lines);
}

static const struct command_row subcommands[] = {
    {
        .name = "del",
        .handler = policy_del_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .summary = "Forgets stored rate policies.",
        .syntax = "name...",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "get",
        .handler = policy_get_command,
        .arity = 3,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .summary = "Returns a stored rate policy.",
        .syntax = "name",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "help",
        .handler = policy_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_RATELIMIT,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "list",
        .handler = policy_list_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_RATELIMIT,
        .summary = "Returns all stored rate policies by name.",
        .complexity = "O(N*log(N))",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "set",
        .handler = policy_set_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .summary = "Stores a rate policy under a name.",
        .syntax = "name policy(" NUMBERED_POLICY_SYNTAX
                  " | CONCURRENT concurrent(limit lease-ms:integer))",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
};

static const struct command_row rows[] = {
    {
        .name = "rl.policy",
        .arity = -2,
        .subcommands = subcommands,
        .subcommand_count = ARRAY_LEN(subcommands),
        .summary = "A container for the commands on stored rate policies.",
        .complexity = "Depends on subcommand.",
        .since = "8.0.0",
        .group = "ratelimit",
    },
};

const struct command_list ratelimit_policy_commands = COMMAND_LIST(rows);
