/* ZRANDMEMBER: members drawn at random. */
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"
#include "engine/collection_access.h"
#include "engine/draw_count.h"

static void draw_one(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_ZSET, &entry)) return;
    if (entry == NULL)
        reply_null(call);
    else
        zset_random_many(entry, 1, false, listing_reply_member, call);
}

static void reply_drawn(struct call *call, const struct entry *entry,
                        const struct draw_count *drawn) {
    uint64_t count = draw_count_cut(drawn, entry == NULL ? 0 : zset_len(entry));
    zset_visit_function *visit = listing_begin(call, count, drawn->has_values);
    if (count != 0) zset_random_many(entry, count, drawn->is_distinct, visit, call);
}

static void draw_many(struct call *call) {
    struct draw_count drawn;
    const struct entry *entry;
    if (draw_count_read(call, "withscores", &drawn) &&
        collection_read(call, call_key(call, 1), VALUE_ZSET, &entry))
        reply_drawn(call, entry, &drawn);
}

static void zrandmember_command(struct call *call) {
    if (call->argc == 2)
        draw_one(call);
    else
        draw_many(call);
}

static const struct command_row rows[] = {
    {
        .name = "zrandmember",
        .handler = zrandmember_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns random members of a sorted set.",
        .syntax = "key [options(count [WITHSCORES])]",
        .complexity = "O(N)",
        .since = "6.2.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_random_commands = COMMAND_LIST(rows);
