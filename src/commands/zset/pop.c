/* Taking members from the ends of a sorted set: ZPOPMIN ZPOPMAX ZMPOP. */
#include "commands/zset/listing.h"
#include "commands/zset/popping.h"
#include "commands/zset/zset_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

static bool read_count(struct call *call, int64_t *count) {
    *count = 1;
    if (call->argc > 3) {
        reply_error_syntax(call);
        return false;
    }
    return call->argc == 2 || argument_i64_in(call, 2, 0, INT64_MAX, count,
                                              "ERR value is out of range, must be positive");
}

/* Without a count the one member and its score stand alone in RESP3 too. */
static zset_visit_function *begin_list(struct call *call, uint64_t count) {
    if (call->argc == 3) return listing_begin(call, count, true);
    reply_array(call, 2);
    return listing_reply_member_score;
}

static void pop(struct call *call, enum zset_end end) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t count;
    if (!read_count(call, &count) || !collection_find(call, key, VALUE_ZSET, &found)) return;
    if (found.entry == NULL || count == 0) {
        reply_array(call, 0);
        return;
    }
    uint64_t len = zset_len(found.entry);
    uint64_t taken = (uint64_t)count < len ? (uint64_t)count : len;
    popping_take(call, key, &found, end, taken, begin_list(call, taken));
}

static void zpopmin_command(struct call *call) {
    pop(call, ZSET_MIN);
}

static void zpopmax_command(struct call *call) {
    pop(call, ZSET_MAX);
}

static void zmpop_command(struct call *call) {
    struct first_of_keys wanted;
    if (!popping_read_several(call, 1, &wanted)) return;
    if (!first_of_keys_take(call, &wanted, popping_take_several)) reply_null_array(call);
}

static const struct command_row rows[] = {
    {
        .name = "zpopmin",
        .handler = zpopmin_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW access delete")},
        .summary = "Removes the members with the lowest scores and returns them.",
        .syntax = "key [count]",
        .complexity = "O(log(N)+M) for M members removed",
        .since = "5.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpopmax",
        .handler = zpopmax_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW access delete")},
        .summary = "Removes the members with the highest scores and returns them.",
        .syntax = "key [count]",
        .complexity = "O(log(N)+M) for M members removed",
        .since = "5.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zmpop",
        .handler = zmpop_command,
        .arity = -4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_COUNTED(1, "RW access delete")},
        .summary = "Removes members from an end of the first sorted set that has any.",
        .syntax = "numkeys key... where(MIN | MAX) [COUNT count]",
        .complexity = "O(K+log(N)+M) for K keys and M members removed",
        .since = "7.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_pop_commands = COMMAND_LIST(rows);
