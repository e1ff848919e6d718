/* What is told of limiters to whoever does the same to a copy of the data (limiters.h):
 * RL.SETSTATE, a limiter as it is, and RL.APPLY, what was done to it at a moment. Both are
 * validated like any request from outside. */
#include "commands/ratelimit/limiters.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

static void rl_setstate_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!limiters_find(call, key, &found)) return;
    bool had_entry = found.entry != NULL;
    int64_t now_us = call->db->keyspace->clock->unix_us;
    if (!limiter_store(call->db, key, &found, call->args[2], now_us)) {
        reply_error(call, "ERR state is not one that RL.SETSTATE was told with");
        return;
    }
    if (found.entry != NULL)
        call_notify(call, KEY_EVENT_MODULE, key.name, "rl.setstate");
    else if (had_entry)
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
    reply_ok(call);
}

/* --- RL.APPLY --- */

/* Not so late that a lease from then on does not end. */
#define MOMENT_MAX_US (RATE_PERIOD_MAX_MS * 1000)

enum { DEED_INDEX = 3 };

static bool check_argc(struct call *call, uint32_t operands) {
    if (call->argc == DEED_INDEX + 1 + operands) return true;
    reply_error_arity(call);
    return false;
}

static bool parse_number(struct call *call, uint32_t offset, const char *what, int64_t min,
                         int64_t max, struct deed *deed) {
    return take_parse_number(call, DEED_INDEX + offset, what, min, max, &deed->number);
}

static bool parse_take(struct call *call, struct deed *deed, struct take *take) {
    const unsigned options = TAKE_MAY_HAVE_TOKEN | TAKE_MAY_HAVE_COST | TAKE_MAY_HAVE_MODE;
    deed->kind = DEED_TAKE;
    if (!take_parse_all(call, DEED_INDEX + 1, options, take)) return false;
    take->request.now_us = deed->now_us;
    deed->take = take;
    return true;
}

static bool parse_release(struct call *call, struct deed *deed) {
    deed->kind = DEED_RELEASE;
    return check_argc(call, 1) && take_parse_token(call, DEED_INDEX + 1, &deed->token);
}

static bool parse_renew(struct call *call, struct deed *deed) {
    deed->kind = DEED_RENEW;
    return check_argc(call, 2) && take_parse_token(call, DEED_INDEX + 1, &deed->token) &&
           parse_number(call, 2, "lease_ms", 1, RATE_PERIOD_MAX_MS, deed);
}

static bool parse_deed(struct call *call, struct deed *deed, struct take *take) {
    if (!take_parse_number(call, 2, "now_us", 0, MOMENT_MAX_US, &deed->now_us)) return false;
    if (argument_is(call, DEED_INDEX, "take")) return parse_take(call, deed, take);
    if (argument_is(call, DEED_INDEX, "release")) return parse_release(call, deed);
    if (argument_is(call, DEED_INDEX, "renew")) return parse_renew(call, deed);
    if (argument_is(call, DEED_INDEX, "give")) {
        deed->kind = DEED_GIVE;
        return check_argc(call, 1) && parse_number(call, 1, "n", 1, RATE_COST_MAX, deed);
    }
    if (argument_is(call, DEED_INDEX, "block")) {
        deed->kind = DEED_BLOCK;
        return check_argc(call, 1) && parse_number(call, 1, "ms", 0, 2 * RATE_PERIOD_MAX_MS, deed);
    }
    reply_error_syntax(call);
    return false;
}

static bool find_limiter(struct call *call, struct key key, const struct deed *deed,
                         struct found *found) {
    bool has_leases = deed->kind == DEED_RELEASE || deed->kind == DEED_RENEW;
    if (has_leases) return limiters_find_of(call, key, RATE_CONCURRENT, found);
    if (deed->kind != DEED_TAKE) return limiters_find(call, key, found);
    return limiters_find_of(call, key, deed->take->policy.algorithm, found);
}

static void rl_apply_command(struct call *call) {
    struct deed deed = {.number = 0};
    struct take take;
    struct found found;
    struct key key = call_key(call, 1);
    if (!parse_deed(call, &deed, &take) || !find_limiter(call, key, &deed, &found)) return;
    if (deed.kind != DEED_TAKE) {
        reply_integer(call, limiters_do(call, key, &found, &deed));
        return;
    }
    struct rate_answer answer;
    reply_integer(call, limiters_take(call, key, &found, &take, &answer));
}

static const struct command_row rows[] = {
    {
        .name = "rl.setstate",
        .handler = rl_setstate_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT | CATEGORY_DANGEROUS,
        .keys = {KEY_AT(1, "OW update")},
        .summary = "Makes a rate limiter as it was told; written to logs.",
        .syntax = "key state",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "ratelimit",
        .is_system = true,
    },
    {
        .name = "rl.apply",
        .handler = rl_apply_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT | CATEGORY_DANGEROUS,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Does to a rate limiter what was done at a moment; written to logs.",
        .syntax =
            "key now-us:integer deed(TAKE take(policy [COST cost:integer] [MODE mode] [TOKEN "
            "token]) | GIVE n:integer | RELEASE token | RENEW renew(token lease-ms:integer) | "
            "BLOCK unix-time-milliseconds)",
        .complexity = "as what was done",
        .since = "8.0.0",
        .group = "ratelimit",
        .is_system = true,
    },
};

const struct command_list ratelimit_replay_commands = COMMAND_LIST(rows);
