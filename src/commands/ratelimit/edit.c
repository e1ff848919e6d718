/* What else is done to a limiter: RL.GIVE RL.RELEASE RL.RENEW RL.BLOCK RL.RESET. */
#include "commands/ratelimit/limiters.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "engine/engine.h"
#include "engine/prefetch.h"
#include "engine/reply.h"

static int64_t now_us(const struct call *call) {
    return call->db->keyspace->clock->unix_us;
}

/* Replies whether there was anything to do. */
static void reply_done(struct call *call, struct key key, struct found *found,
                       const struct deed *deed) {
    reply_integer(call, limiters_do(call, key, found, deed));
}

static enum rate_algorithm algorithm_of(const struct found *found) {
    return found->entry == NULL ? RATE_NONE : limiter_algorithm(found->entry);
}

static void rl_give_command(struct call *call) {
    struct deed deed = {.kind = DEED_GIVE, .now_us = now_us(call)};
    if (!take_parse_number(call, 2, "n", 1, RATE_COST_MAX, &deed.number)) return;
    struct key key = call_key(call, 1);
    struct found found;
    if (!limiters_find(call, key, &found)) return;
    if (algorithm_of(&found) == RATE_CONCURRENT) {
        reply_error(call, "ERR the key holds a CONCURRENT limiter: its leases end by RL.RELEASE");
        return;
    }
    reply_done(call, key, &found, &deed);
}

/* --- leases --- */

static void change_lease(struct call *call, const struct deed *deed) {
    struct key key = call_key(call, 1);
    struct found found;
    if (limiters_find_of(call, key, RATE_CONCURRENT, &found)) reply_done(call, key, &found, deed);
}

static void rl_release_command(struct call *call) {
    struct deed deed = {.kind = DEED_RELEASE, .now_us = now_us(call)};
    if (take_parse_token(call, 2, &deed.token)) change_lease(call, &deed);
}

static void rl_renew_command(struct call *call) {
    struct deed deed = {.kind = DEED_RENEW, .now_us = now_us(call)};
    if (take_parse_token(call, 2, &deed.token) &&
        take_parse_number(call, 3, "lease_ms", 1, RATE_PERIOD_MAX_MS, &deed.number))
        change_lease(call, &deed);
}

/* --- blocks --- */

static void rl_block_command(struct call *call) {
    struct deed deed = {.kind = DEED_BLOCK, .now_us = now_us(call)};
    int64_t ms;
    if (!take_parse_number(call, 2, "ms", 0, RATE_PERIOD_MAX_MS, &ms)) return;
    if (ms != 0) deed.number = call_now_ms(call) + ms;
    struct key key = call_key(call, 1);
    struct found found;
    if (limiters_find(call, key, &found)) reply_done(call, key, &found, &deed);
}

/* --- forgetting --- */

static bool check_limiters(struct call *call) {
    struct key keys[PREFETCH_MAX_KEYS];
    for (uint32_t index = 1; index < call->argc;) {
        size_t count = prefetch_keys(call, index, call->argc, 1, keys);
        for (size_t i = 0; i < count; i++) {
            struct found found;
            if (!limiters_find(call, keys[i], &found)) return false;
        }
        index += (uint32_t)count;
    }
    return true;
}

static bool forget_limiter(struct call *call, struct key key) {
    struct found found = database_find(call->db, key);
    if (found.entry == NULL) return false;
    database_delete(call->db, key, found);
    call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
    return true;
}

static void rl_reset_command(struct call *call) {
    if (!check_limiters(call)) return;
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) count += forget_limiter(call, key_of(call->args[i]));
    reply_integer(call, count);
}

static const struct command_row rows[] = {
    {
        .name = "rl.give",
        .handler = rl_give_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Gives units back to a rate limiter, never more than it holds unused.",
        .syntax = "key n:integer",
        .complexity = "O(1), with LOG O(N) with N the units",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "rl.release",
        .handler = rl_release_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Ends a lease of a CONCURRENT limiter.",
        .syntax = "key token",
        .complexity = "O(log(N)) with N the leases held",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "rl.renew",
        .handler = rl_renew_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a lease of a CONCURRENT limiter last from now on.",
        .syntax = "key token lease-ms:integer",
        .complexity = "O(log(N)) with N the leases held",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "rl.block",
        .handler = rl_block_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a rate limiter deny everything for some time; 0 ends that.",
        .syntax = "key ms:integer",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
    {
        .name = "rl.reset",
        .handler = rl_reset_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEYS_FROM(1, "RW delete")},
        .summary = "Makes rate limiters as if they had never been used.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "ratelimit",
    },
};

const struct command_list ratelimit_edit_commands = COMMAND_LIST(rows);
