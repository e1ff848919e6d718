/* Limiters as other servers name them, over GCRA: CL.THROTTLE with redis-cell's replies, and GCRA
 * as the milestones of Redis 8.8 had it. Both answer
 *
 *      limited (1/0), limit, remaining, retry_after_s or -1, reset_after_s
 *
 * in seconds rounded up, -1 when the take was allowed or never will be. A cost of 0 asks without
 * taking. */
#include "commands/ratelimit/limiters.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

#include <math.h>

enum { MS_PER_SECOND = 1000 };

static int64_t to_seconds(int64_t ms) {
    return ms < 0 ? ms : ms / MS_PER_SECOND + (ms % MS_PER_SECOND != 0);
}

/* Asks without taking: allowed, were it for a cost of 0, unless it is blocked. */
static void look(struct call *call, struct key key, struct found *found, const struct take *take,
                 struct rate_answer *answer) {
    limiters_look(call, key, found, take, answer);
    bool is_blocked = found->entry != NULL &&
                      limiter_blocked_until_ms(found->entry) > take->request.now_us / MS_PER_SECOND;
    answer->is_allowed = !is_blocked;
    if (is_blocked)
        answer->retry_after_ms =
            limiter_blocked_until_ms(found->entry) - take->request.now_us / MS_PER_SECOND;
}

static void reply_throttled(struct call *call, const struct rate_answer *answer) {
    const int64_t values[] = {
        !answer->is_allowed,
        answer->limit,
        answer->remaining,
        answer->is_allowed ? -1 : to_seconds(answer->retry_after_ms),
        to_seconds(answer->reset_after_ms),
    };
    reply_integers(call, values, ARRAY_LEN(values));
}

static void throttle(struct call *call, struct take *take) {
    take->policy.algorithm = RATE_GCRA;
    take->request.now_us = call->db->keyspace->clock->unix_us;
    struct key key = call_key(call, 1);
    struct found found;
    if (!limiters_find_of(call, key, RATE_GCRA, &found)) return;
    struct rate_answer answer;
    if (take->request.cost == 0) {
        look(call, key, &found, take, &answer);
    } else {
        limiters_take(call, key, &found, take, &answer);
        limiters_count(call, take, &answer);
    }
    reply_throttled(call, &answer);
}

static bool parse_burst(struct call *call, struct rate_policy *policy) {
    if (!take_parse_number(call, 2, "max_burst", 0, RATE_LIMIT_MAX - 1, &policy->limit))
        return false;
    policy->limit++;
    return true;
}

static void cl_throttle_command(struct call *call) {
    enum { MAX_ARGS = 6 };
    struct take take = {.request.cost = 1};
    struct rate_policy *policy = &take.policy;
    if (call->argc > MAX_ARGS) {
        reply_error_arity(call);
        return;
    }
    if (!parse_burst(call, policy) ||
        !take_parse_number(call, 3, "count", 1, RATE_LIMIT_MAX, &policy->refill) ||
        !take_parse_number(call, 4, "period", 1, RATE_PERIOD_MAX_MS / MS_PER_SECOND,
                           &policy->period_ms))
        return;
    policy->period_ms *= MS_PER_SECOND;
    if (call->argc == MAX_ARGS &&
        !take_parse_number(call, 5, "quantity", 0, RATE_COST_MAX, &take.request.cost))
        return;
    throttle(call, &take);
}

/* --- GCRA --- */

/* A period that is no whole number of milliseconds is made one a thousand times as long, with as
 * many more tokens. */
static bool parse_rate(struct call *call, struct rate_policy *policy) {
    const double max_s = 1e12, finest_s = 1e-6, ms_per_s = 1e3, us_per_s = 1e6;
    double period_s;
    if (!take_parse_number(call, 3, "tokens_per_period", 1, RATE_LIMIT_MAX, &policy->refill) ||
        !argument_double(call, 4, &period_s))
        return false;
    if (period_s < finest_s || period_s >= max_s) {
        reply_error(call, "ERR period is not from 0.000001 to below 1e12 seconds");
        return false;
    }
    policy->period_ms = llround(period_s * ms_per_s);
    if (period_s * ms_per_s == (double)policy->period_ms) return true;
    if (policy->refill > RATE_LIMIT_MAX / MS_PER_SECOND ||
        period_s * us_per_s >= RATE_PERIOD_MAX_MS) {
        reply_error(call, "ERR period is not a whole number of milliseconds, and tokens_per_period "
                          "or period is too large for that");
        return false;
    }
    policy->refill *= MS_PER_SECOND;
    policy->period_ms = llround(period_s * us_per_s);
    return true;
}

static void gcra_command(struct call *call) {
    enum { MAX_ARGS = 7 };
    struct take take = {.request.cost = 1};
    if (call->argc > MAX_ARGS) {
        reply_error_arity(call);
        return;
    }
    if (!parse_burst(call, &take.policy) || !parse_rate(call, &take.policy)) return;
    if (call->argc > 5 && !argument_is(call, 5, "tokens")) {
        reply_error_syntax(call);
        return;
    }
    if (call->argc == MAX_ARGS - 1) {
        reply_error(call, "ERR Missing TOKENS value");
        return;
    }
    if (call->argc == MAX_ARGS &&
        !take_parse_number(call, 6, "TOKENS", 0, RATE_COST_MAX, &take.request.cost))
        return;
    throttle(call, &take);
}

static const struct command_row rows[] = {
    {
        .name = "cl.throttle",
        .handler = cl_throttle_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Takes from a rate limiter as the module redis-cell does.",
        .syntax = "key max-burst:integer count period:integer [quantity:integer]",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "gcra",
        .handler = gcra_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Takes from a rate limiter as the milestones of Redis 8.8 did.",
        .syntax = "key max-burst:integer tokens-per-period:integer period:double [TOKENS count]",
        .complexity = "O(1)",
        .since = "8.8.0",
        .group = "ratelimit",
    },
};

const struct command_list ratelimit_throttle_commands = COMMAND_LIST(rows);
