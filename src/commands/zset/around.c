/* ZAROUND: a member among its neighbours, as a player wants to see the board. */
#include "commands/zset/ranked.h"
#include "commands/zset/zset_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

enum { KEY = 1, MEMBER = 2, COUNT = 3, FIRST_OPTION = 4 };

static bool read_options(struct call *call, struct ranked_options *options) {
    for (uint32_t i = FIRST_OPTION; i < call->argc; i++) {
        if (argument_is(call, i, "rev")) {
            options->is_reverse = true;
        } else if (argument_is(call, i, "withscores")) {
            options->has_scores = true;
        } else if (argument_is(call, i, "withranks")) {
            options->has_ranks = true;
        } else {
            reply_error(call, "ERR syntax error, only REV, WITHSCORES and WITHRANKS may follow");
            return false;
        }
    }
    return true;
}

/* So many ranks on either side, fewer at the ends. */
static struct zset_ranks ranks_around(uint64_t rank, uint64_t count, uint64_t len) {
    uint64_t below = count < rank ? count : rank;
    uint64_t above = count < len - 1 - rank ? count : len - 1 - rank;
    return (struct zset_ranks){rank - below, rank + above + 1};
}

static void zaround_command(struct call *call) {
    struct ranked_options options = {0};
    const struct entry *entry;
    struct score score;
    uint64_t rank;
    int64_t count;
    if (!argument_i64_in(call, COUNT, 0, INT64_MAX, &count,
                         "ERR count must be a number of neighbours on either side, 0 or more") ||
        !read_options(call, &options) ||
        !collection_read(call, call_key(call, KEY), VALUE_ZSET, &entry))
        return;
    if (entry == NULL || !zset_rank(entry, call->args[MEMBER], &rank, &score)) {
        reply_null_array(call);
        return;
    }
    ranked_reply(call, entry, ranks_around(rank, (uint64_t)count, zset_len(entry)), &options);
}

static const struct command_row rows[] = {
    {
        .name = "zaround",
        .handler = zaround_command,
        .arity = -4,
        .member_index = MEMBER,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .summary = "Returns a member with up to count neighbours below it and as many above, in "
                   "order; null where there is no such member.",
        .syntax = "key member count [REV] [WITHSCORES] [WITHRANKS]",
        .complexity = "O(log(N)+M), M the number of members returned",
        .since = "8.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_around_commands = COMMAND_LIST(rows);
