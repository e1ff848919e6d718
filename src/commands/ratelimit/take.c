/* RL.TAKE and RL.PEEK: one limit, one answer. */
#include "commands/ratelimit/answer.h"
#include "commands/ratelimit/limiters.h"
#include "commands/ratelimit/ratelimit_commands.h"

static void rl_take_command(struct call *call) {
    const unsigned options = TAKE_MAY_HAVE_USE | TAKE_MAY_HAVE_TOKEN | TAKE_MAY_HAVE_COST |
                             TAKE_MAY_HAVE_MODE | TAKE_MAY_HAVE_HEADERS;
    struct take take;
    if (!take_parse_all(call, 2, options, &take)) return;
    struct key key = call_key(call, 1);
    struct found found;
    if (!limiters_find_of(call, key, take.policy.algorithm, &found)) return;
    struct rate_answer answer;
    limiters_take(call, key, &found, &take, &answer);
    limiters_count(call, &take, &answer);
    answer_take(call, &take, &answer);
}

static void rl_peek_command(struct call *call) {
    const unsigned options =
        TAKE_MAY_HAVE_USE | TAKE_MAY_HAVE_TOKEN | TAKE_MAY_HAVE_COST | TAKE_MAY_HAVE_HEADERS;
    struct take take;
    if (!take_parse_all(call, 2, options, &take)) return;
    struct key key = call_key(call, 1);
    struct found found;
    if (!limiters_read_of(call, key, take.policy.algorithm, &found)) return;
    take.request.is_peek = true;
    struct rate_answer answer;
    limiter_take(call->db, key, &found, &take.policy, &take.request, &answer);
    answer_take(call, &take, &answer);
}

static const struct command_row rows[] = {
    {
        .name = "rl.take",
        .handler = rl_take_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Takes from a rate limiter, and tells whether that is allowed.",
        .syntax =
            "key " POLICY_SYNTAX " [COST cost:integer] [MODE mode(ALL | UPTO | DRAIN)] [HEADERS]",
        .complexity = "O(1), LOG amortised; with CONCURRENT O(log(N)) with N the leases held",
        .since = "8.0.0",
        .group = "ratelimit",
        .reads_value = true,
    },
    {
        .name = "rl.peek",
        .handler = rl_peek_command,
        .arity = -4,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Tells what a take would answer, and takes nothing.",
        .syntax = "key " POLICY_SYNTAX " [COST cost:integer] [HEADERS]",
        .complexity = "O(1), LOG amortised; with CONCURRENT O(log(N)) with N the leases held",
        .since = "8.0.0",
        .group = "ratelimit",
        .reads_value = true,
    },
};

const struct command_list ratelimit_take_commands = COMMAND_LIST(rows);
