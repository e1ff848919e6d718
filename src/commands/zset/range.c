/* Ranges of a sorted set in order, streamed from the set into the reply: ZRANGE, and its older
 * forms ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX. */
#include "commands/zset/listing.h"
#include "commands/zset/range_query.h"
#include "commands/zset/ranked.h"
#include "commands/zset/zset_commands.h"
#include "engine/collection_access.h"

static void reply_range(struct call *call, enum range_kind kind, enum range_direction direction) {
    struct range_form form = {.key_index = 1, .kind = kind, .direction = direction};
    struct range_query query;
    const struct entry *entry;
    if (!range_query_read(call, &form, &query) ||
        !collection_read(call, call_key(call, 1), VALUE_ZSET, &entry))
        return;
    if (entry == NULL) {
        reply_array(call, 0);
        return;
    }
    struct zset_ranks ranks = range_query_find(&query, entry);
    if (UNLIKELY(query.has_ranks)) {
        ranked_reply(call, entry, ranks,
                     &(struct ranked_options){query.is_reverse, query.has_scores, true});
        return;
    }
    zset_visit_function *visit = listing_begin(call, ranks.end - ranks.start, query.has_scores);
    if (ranks.start != ranks.end) zset_visit(entry, ranks, query.is_reverse, visit, call);
}

static void zrange_command(struct call *call) {
    reply_range(call, RANGE_ANY, RANGE_EITHER);
}

static void zrevrange_command(struct call *call) {
    reply_range(call, RANGE_RANKS, RANGE_REVERSE);
}

static void zrangebyscore_command(struct call *call) {
    reply_range(call, RANGE_SCORES, RANGE_FORWARD);
}

static void zrevrangebyscore_command(struct call *call) {
    reply_range(call, RANGE_SCORES, RANGE_REVERSE);
}

static void zrangebylex_command(struct call *call) {
    reply_range(call, RANGE_LEX, RANGE_FORWARD);
}

static void zrevrangebylex_command(struct call *call) {
    reply_range(call, RANGE_LEX, RANGE_REVERSE);
}

static const struct command_row rows[] = {
    {
        .name = "zrange",
        .handler = zrange_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a range of ranks, scores or the alphabet.",
        .syntax = "key start:string stop:string [sortby(BYSCORE | BYLEX)/6.2.0] [REV/6.2.0] "
                  "[LIMIT offset_count(offset count)/6.2.0] [WITHSCORES] [WITHRANKS/8.0.0]",
        .complexity = "O(log(N)+M) for M members answered",
        .since = "1.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zrevrange",
        .handler = zrevrange_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a range of ranks counted from the highest score.",
        .syntax = "key start stop:integer [WITHSCORES]",
        .complexity = "O(log(N)+M) for M members answered",
        .since = "1.2.0",
        .group = "sorted-set",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` argument",
    },
    {
        .name = "zrangebyscore",
        .handler = zrangebyscore_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a range of scores.",
        .syntax = "key min:double max:double [WITHSCORES/2.0.0] [LIMIT offset_count(offset count)]",
        .complexity = "O(log(N)+M) for M members answered",
        .since = "1.0.5",
        .group = "sorted-set",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
    },
    {
        .name = "zrevrangebyscore",
        .handler = zrevrangebyscore_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a range of scores, the highest first.",
        .syntax = "key max:double min:double [WITHSCORES] [LIMIT offset_count(offset count)]",
        .complexity = "O(log(N)+M) for M members answered",
        .since = "2.2.0",
        .group = "sorted-set",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    },
    {
        .name = "zrangebylex",
        .handler = zrangebylex_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a range of the alphabet.",
        .syntax = "key min max [LIMIT offset_count(offset count)]",
        .complexity = "O(log(N)+M) for M members answered",
        .since = "2.8.9",
        .group = "sorted-set",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYLEX` argument",
    },
    {
        .name = "zrevrangebylex",
        .handler = zrevrangebylex_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a range of the alphabet, the last first.",
        .syntax = "key max min [LIMIT offset_count(offset count)]",
        .complexity = "O(log(N)+M) for M members answered",
        .since = "2.8.9",
        .group = "sorted-set",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
    },
};

const struct command_list zset_range_commands = COMMAND_LIST(rows);
