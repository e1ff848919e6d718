/* Removing members: ZREM, and whole ranges: ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX. */
#include "commands/zset/bounds.h"
#include "commands/zset/look_ahead.h"
#include "commands/zset/zset_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

static int64_t remove_members(struct call *call, struct key key, struct found *found) {
    int64_t removed = 0;
    for (uint32_t i = 2; i < call->argc && found->entry != NULL; i++) {
        look_ahead(call, found->entry, 2, i);
        removed += zset_remove(call->db, key, found, call->args[i]);
    }
    return removed;
}

static void zrem_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_ZSET, &found)) return;
    int64_t removed = found.entry == NULL ? 0 : remove_members(call, key, &found);
    if (removed != 0) collection_notify(call, KEY_EVENT_ZSET, key, "zrem", &found);
    reply_integer(call, removed);
}

/* --- ranges --- */

static void remove_ranks(struct call *call, struct key key, struct found *found,
                         struct zset_ranks ranks, const char *event) {
    uint64_t count = ranks.end - ranks.start;
    if (count != 0) {
        zset_remove_ranks(call->db, key, found, ranks, false, NULL, NULL);
        collection_notify(call, KEY_EVENT_ZSET, key, event, found);
    }
    reply_integer(call, (int64_t)count);
}

/* False, after the reply, when there is no set to remove from. */
static bool find_set(struct call *call, struct key key, struct found *found) {
    if (!collection_find(call, key, VALUE_ZSET, found)) return false;
    if (found->entry == NULL) reply_integer(call, 0);
    return found->entry != NULL;
}

static void zremrangebyrank_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t start, stop;
    if (!argument_i64(call, 2, &start) || !argument_i64(call, 3, &stop) ||
        !find_set(call, key, &found))
        return;
    struct zset_ranks ranks = bounds_find_ranks(start, stop, zset_len(found.entry));
    remove_ranks(call, key, &found, ranks, "zremrangebyrank");
}

static void zremrangebyscore_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct score_bounds bounds;
    if (!bounds_read_scores(call, 2, 3, &bounds) || !find_set(call, key, &found)) return;
    struct zset_ranks ranks = bounds_find_scores(&bounds, found.entry);
    remove_ranks(call, key, &found, ranks, "zremrangebyscore");
}

static void zremrangebylex_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct zset_lex_range range;
    if (!bounds_read_lex(call, 2, 3, &range) || !find_set(call, key, &found)) return;
    struct zset_ranks ranks = zset_ranks_by_lex(found.entry, &range);
    remove_ranks(call, key, &found, ranks, "zremrangebylex");
}

static const struct command_row rows[] = {
    {
        .name = "zrem",
        .handler = zrem_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes members from a sorted set.",
        .syntax = "key member...",
        .complexity = "O(M*log(N)) for M members",
        .since = "1.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zremrangebyrank",
        .handler = zremrangebyrank_command,
        .arity = 4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes the members in a range of ranks.",
        .syntax = "key start stop:integer",
        .complexity = "O(log(N)+M) for M members removed",
        .since = "2.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zremrangebyscore",
        .handler = zremrangebyscore_command,
        .arity = 4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes the members in a range of scores.",
        .syntax = "key min:double max:double",
        .complexity = "O(log(N)+M) for M members removed",
        .since = "1.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zremrangebylex",
        .handler = zremrangebylex_command,
        .arity = 4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes the members in a range of the alphabet.",
        .syntax = "key min max",
        .complexity = "O(log(N)+M) for M members removed",
        .since = "2.8.9",
        .group = "sorted-set",
    },
};

const struct command_list zset_remove_commands = COMMAND_LIST(rows);
