/* Taking members from the ends of sorted sets, and waiting for some when there are none: BZPOPMIN
 * BZPOPMAX BZMPOP. The handlers run again when a set they wait for has been written to. */
#include "commands/zset/listing.h"
#include "commands/zset/popping.h"
#include "commands/zset/zset_commands.h"
#include "engine/blocking.h"
#include "engine/effects.h"

static void take_one(struct call *call, struct key key, struct found *found,
                     const struct first_of_keys *wanted) {
    reply_array(call, 3);
    reply_bulk(call, key.name);
    popping_take(call, key, found, (enum zset_end)wanted->end, 1, listing_reply_member_score);
    CALL_EFFECT(call, wanted->end == ZSET_MIN ? BYTES("ZPOPMIN") : BYTES("ZPOPMAX"), key.name);
}

static void bzpopmin_command(struct call *call) {
    first_of_keys_take_one_or_wait(call, VALUE_ZSET, ZSET_MIN, take_one);
}

static void bzpopmax_command(struct call *call) {
    first_of_keys_take_one_or_wait(call, VALUE_ZSET, ZSET_MAX, take_one);
}

static void bzmpop_command(struct call *call) {
    struct first_of_keys wanted;
    int64_t timeout_ms;
    if (!popping_read_several(call, 2, &wanted)) return;
    if (!blocking_timeout(call, 1, &timeout_ms)) return;
    first_of_keys_take_or_wait(call, &wanted, timeout_ms, popping_take_several);
}

/* All arguments but the last, the timeout. */
#define KEYS_BEFORE_TIMEOUT(key_flags)                                                             \
    { .flags = (key_flags), .index = 1, .last = -2, .step = 1 }

static const struct command_row rows[] = {
    {
        .name = "bzpopmin",
        .handler = bzpopmin_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_BEFORE_TIMEOUT("RW access delete")},
        .summary = "Takes the member with the lowest score of the first sorted set that has any, "
                   "or waits for one.",
        .syntax = "key... timeout:double",
        .complexity = "O(log(N))",
        .since = "5.0.0",
        .group = "sorted-set",
    },
    {
        .name = "bzpopmax",
        .handler = bzpopmax_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_BEFORE_TIMEOUT("RW access delete")},
        .summary = "Takes the member with the highest score of the first sorted set that has any, "
                   "or waits for one.",
        .syntax = "key... timeout:double",
        .complexity = "O(log(N))",
        .since = "5.0.0",
        .group = "sorted-set",
    },
    {
        .name = "bzmpop",
        .handler = bzmpop_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_BLOCKING,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_COUNTED(2, "RW access delete")},
        .summary = "Takes members from an end of the first sorted set that has any, or waits for "
                   "some.",
        .syntax = "timeout:double numkeys key... where(MIN | MAX) [COUNT count]",
        .complexity = "O(K+log(N)+M) for K keys and M members removed",
        .since = "7.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_blocking_pop_commands = COMMAND_LIST(rows);
