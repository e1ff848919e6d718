/* Set algebra of sorted sets that answers members: ZUNION ZINTER ZDIFF, or counts them:
 * ZINTERCARD. */
#include "commands/zset/combining.h"
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"

static void reply_combined(struct call *call, combining_function *combine, unsigned options) {
    struct operands operands;
    if (!operands_read(call, 1, options | OPERANDS_SCORED, &operands)) return;
    struct zset_builder *builder = combine(&operands);
    if (builder == NULL) {
        combining_reply_overflow(call);
    } else {
        size_t count = zset_builder_len(builder);
        zset_builder_visit(builder, listing_begin(call, count, operands.has_scores), call);
        zset_builder_free(builder);
    }
    operands_free(&operands);
}

static void zunion_command(struct call *call) {
    reply_combined(call, combining_unite, OPERANDS_WEIGHTED);
}

static void zinter_command(struct call *call) {
    reply_combined(call, combining_intersect, OPERANDS_WEIGHTED);
}

static void zdiff_command(struct call *call) {
    reply_combined(call, combining_subtract, 0);
}

static void zintercard_command(struct call *call) {
    struct operands operands;
    if (!operands_read(call, 1, OPERANDS_LIMITED, &operands)) return;
    reply_integer(call, (int64_t)combining_count_intersection(&operands));
    operands_free(&operands);
}

#define WEIGHTED                                                                                   \
    "numkeys key... [WEIGHTS weight:integer...] "                                                  \
    "[AGGREGATE aggregate(SUM | MIN | MAX | COUNT/8.8.0)]"

static const struct command_row rows[] = {
    {
        .name = "zunion",
        .handler = zunion_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Returns the members of all sorted sets together.",
        .syntax = WEIGHTED " [WITHSCORES]",
        .complexity = "O(N+M*log(M)) for N members of the sets and M of the result",
        .since = "6.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zinter",
        .handler = zinter_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Returns the members that several sorted sets have in common.",
        .syntax = WEIGHTED " [WITHSCORES]",
        .complexity = "O(N*K+M*log(M)) for K sets, N members of the smallest and M of the result",
        .since = "6.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zdiff",
        .handler = zdiff_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Returns the members of a sorted set that no other has.",
        .syntax = "numkeys key... [WITHSCORES]",
        .complexity = "O(N*K+M*log(M)) for K sets, N members of the first and M of the result",
        .since = "6.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zintercard",
        .handler = zintercard_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Counts the members that several sorted sets have in common.",
        .syntax = "numkeys key... [LIMIT limit]",
        .complexity = "O(N*K) for K sets and N members of the smallest",
        .since = "7.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_algebra_commands = COMMAND_LIST(rows);
