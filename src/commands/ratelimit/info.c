/* RL.INFO: what is known of a limiter. */
#include "commands/ratelimit/limiters.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "data/types/ratelimit/policy_words.h"
#include "engine/engine.h"
#include "engine/reply.h"

enum { INFO_FIELDS = 6 };

static void reply_policy(struct call *call, const struct rate_policy *policy) {
    struct buffer text = {0};
    rate_policy_append(policy, &text);
    reply_bulk(call, buffer_bytes(&text));
    buffer_destroy(&text);
}

static int64_t ms_until(int64_t moment_ms, int64_t now_ms) {
    return moment_ms > now_ms ? moment_ms - now_ms : 0;
}

static void reply_limiter(struct call *call, struct key key, struct found *found) {
    struct take take = {.policy = limiter_policy(found->entry),
                        .request.now_us = call->db->keyspace->clock->unix_us};
    bool has_algorithm = take.policy.algorithm != RATE_NONE;
    int64_t now_ms = call_now_ms(call);
    struct rate_answer answer = {.reset_after_ms = ms_until(entry_due_ms(found->entry), now_ms)};
    if (has_algorithm) limiters_look(call, key, found, &take, &answer);
    reply_map(call, INFO_FIELDS);
    reply_bulk_str(call, "algorithm");
    reply_bulk_str(call, has_algorithm ? rate_methods_of(take.policy.algorithm)->word : "NONE");
    reply_bulk_str(call, "policy");
    reply_policy(call, &take.policy);
    reply_bulk_str(call, "limit");
    reply_integer(call, take.policy.limit);
    reply_bulk_str(call, "remaining");
    reply_integer(call, answer.remaining);
    reply_bulk_str(call, "reset_after_ms");
    reply_integer(call, answer.reset_after_ms);
    reply_bulk_str(call, "blocked_ms");
    reply_integer(call, ms_until(limiter_blocked_until_ms(found->entry), now_ms));
}

static void rl_info_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found = {.entry = database_peek(call->db, key)};
    if (found.entry == NULL)
        reply_null(call);
    else if (found.entry->type != VALUE_RATELIMIT)
        reply_error_wrong_type(call);
    else
        reply_limiter(call, key, &found);
}

static const struct command_row rows[] = {
    {
        .name = "rl.info",
        .handler = rl_info_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Tells the policy and the state of a rate limiter.",
        .syntax = "key",
        .complexity =
            "O(1), with LOG and CONCURRENT O(N) with N what has run out since the last take",
        .since = "8.0.0",
        .group = "ratelimit",
    },
};

const struct command_list ratelimit_info_commands = COMMAND_LIST(rows);
