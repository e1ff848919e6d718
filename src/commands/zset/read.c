/* Asking a sorted set: ZCARD ZSCORE ZMSCORE, and counting a range: ZCOUNT ZLEXCOUNT. */
#include "commands/zset/bounds.h"
#include "commands/zset/listing.h"
#include "commands/zset/look_ahead.h"
#include "commands/zset/zset_commands.h"
#include "engine/collection_access.h"

static void zcard_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_ZSET, &entry)) return;
    reply_integer(call, entry == NULL ? 0 : (int64_t)zset_len(entry));
}

static void reply_score_of(struct call *call, const struct entry *entry, struct bytes member) {
    struct score score;
    if (entry != NULL && zset_score(entry, member, &score))
        listing_reply_score(call, score);
    else
        reply_null(call);
}

static void zscore_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_ZSET, &entry)) return;
    reply_score_of(call, entry, call->args[2]);
}

static void zmscore_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_ZSET, &entry)) return;
    reply_array(call, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        if (entry != NULL) look_ahead(call, entry, 2, i);
        reply_score_of(call, entry, call->args[i]);
    }
}

static void reply_count(struct call *call, struct zset_ranks ranks) {
    reply_integer(call, (int64_t)(ranks.end - ranks.start));
}

static void zcount_command(struct call *call) {
    struct score_bounds bounds;
    const struct entry *entry;
    if (!bounds_read_scores(call, 2, 3, &bounds) ||
        !collection_read(call, call_key(call, 1), VALUE_ZSET, &entry))
        return;
    if (entry == NULL)
        reply_integer(call, 0);
    else
        reply_count(call, bounds_find_scores(&bounds, entry));
}

static void zlexcount_command(struct call *call) {
    struct zset_lex_range range;
    const struct entry *entry;
    if (!bounds_read_lex(call, 2, 3, &range) ||
        !collection_read(call, call_key(call, 1), VALUE_ZSET, &entry))
        return;
    if (entry == NULL)
        reply_integer(call, 0);
    else
        reply_count(call, zset_ranks_by_lex(entry, &range));
}

static const struct command_row rows[] = {
    {
        .name = "zcard",
        .handler = zcard_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns how many members a sorted set has.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zscore",
        .handler = zscore_command,
        .arity = 3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the score of a member.",
        .syntax = "key member",
        .complexity = "O(1)",
        .since = "1.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zmscore",
        .handler = zmscore_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the scores of several members.",
        .syntax = "key member...",
        .complexity = "O(N)",
        .since = "6.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zcount",
        .handler = zcount_command,
        .arity = 4,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Counts the members whose scores lie in a range.",
        .syntax = "key min:double max:double",
        .complexity = "O(log(N))",
        .since = "2.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zlexcount",
        .handler = zlexcount_command,
        .arity = 4,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Counts the members that lie in a range of the alphabet.",
        .syntax = "key min max",
        .complexity = "O(log(N))",
        .since = "2.8.9",
        .group = "sorted-set",
    },
};

const struct command_list zset_read_commands = COMMAND_LIST(rows);
