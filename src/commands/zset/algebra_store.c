/* Set algebra of sorted sets that stores its result: ZUNIONSTORE ZINTERSTORE ZDIFFSTORE. */
#include "commands/zset/combining.h"
#include "commands/zset/storing.h"
#include "commands/zset/zset_commands.h"

static void store_combined(struct call *call, combining_function *combine, unsigned options,
                           const char *event) {
    struct operands operands;
    if (!operands_read(call, 2, options, &operands)) return;
    struct zset_builder *builder = combine(&operands);
    operands_free(&operands);
    if (builder == NULL)
        combining_reply_overflow(call);
    else
        storing_put(call, call_key(call, 1), builder, event);
}

static void zunionstore_command(struct call *call) {
    store_combined(call, combining_unite, OPERANDS_WEIGHTED, "zunionstore");
}

static void zinterstore_command(struct call *call) {
    store_combined(call, combining_intersect, OPERANDS_WEIGHTED, "zinterstore");
}

static void zdiffstore_command(struct call *call) {
    store_combined(call, combining_subtract, 0, "zdiffstore");
}

#define WEIGHTED                                                                                   \
    "destination numkeys key... [WEIGHTS weight:integer...] "                                      \
    "[AGGREGATE aggregate(SUM | MIN | MAX | COUNT/8.8.0)]"

static const struct command_row rows[] = {
    {
        .name = "zunionstore",
        .handler = zunionstore_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "OW update"), KEYS_COUNTED(2, "RO access")},
        .summary = "Stores the members of all sorted sets together.",
        .syntax = WEIGHTED,
        .complexity = "O(N+M*log(M)) for N members of the sets and M of the result",
        .since = "2.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zinterstore",
        .handler = zinterstore_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "OW update"), KEYS_COUNTED(2, "RO access")},
        .summary = "Stores the members that several sorted sets have in common.",
        .syntax = WEIGHTED,
        .complexity = "O(N*K+M*log(M)) for K sets, N members of the smallest and M of the result",
        .since = "2.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zdiffstore",
        .handler = zdiffstore_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "OW update"), KEYS_COUNTED(2, "RO access")},
        .summary = "Stores the members of a sorted set that no other has.",
        .syntax = "destination numkeys key...",
        .complexity = "O(N*K+M*log(M)) for K sets, N members of the first and M of the result",
        .since = "6.2.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_algebra_store_commands = COMMAND_LIST(rows);
