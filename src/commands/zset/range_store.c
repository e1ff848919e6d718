/* ZRANGESTORE: a range of one sorted set as another. */
#include "commands/zset/range_query.h"
#include "commands/zset/storing.h"
#include "commands/zset/zset_commands.h"
#include "engine/collection_access.h"

static bool add_member(void *context, struct bytes member, struct score score) {
    bool is_new;
    *zset_builder_member(context, member, &is_new) = score.cell;
    return true;
}

static struct zset_builder *copy_range(const struct entry *entry, const struct range_query *query) {
    if (entry == NULL) return zset_builder_new(SCORE_DOUBLE, 0);
    struct zset_ranks ranks = range_query_find(query, entry);
    size_t count = (size_t)(ranks.end - ranks.start);
    struct zset_builder *builder = zset_builder_new(zset_score_kind(entry), count);
    if (count != 0) zset_visit(entry, ranks, false, add_member, builder);
    return builder;
}

static void zrangestore_command(struct call *call) {
    struct range_form form = {
        .key_index = 2, .kind = RANGE_ANY, .direction = RANGE_EITHER, .is_stored = true};
    struct range_query query;
    const struct entry *entry;
    if (!range_query_read(call, &form, &query) ||
        !collection_read(call, call_key(call, 2), VALUE_ZSET, &entry))
        return;
    storing_put(call, call_key(call, 1), copy_range(entry, &query), "zrangestore");
}

static const struct command_row rows[] = {
    {
        .name = "zrangestore",
        .handler = zrangestore_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "OW update"), KEY_AT(2, "RO access")},
        .summary = "Stores a range of a sorted set as another.",
        .syntax = "dst:key src:key min max [sortby(BYSCORE | BYLEX)] [REV] "
                  "[LIMIT offset_count(offset count)]",
        .complexity = "O(log(N)+M) for M members stored",
        .since = "6.2.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_range_store_commands = COMMAND_LIST(rows);
