/* Where members stand: ZRANK ZREVRANK. Members of one score stand in the order of their bytes or,
 * if asked for, share a rank. */
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

/* How members of one score stand to each other. */
enum rank_ties {
    TIES_IN_ORDER,    /* by their bytes: no two have one rank */
    TIES_COMPETITION, /* 0 1 1 3: how many members stand before */
    TIES_DENSE,       /* 0 1 1 2: how many scores stand before */
};

struct rank_options {
    bool is_reverse; /* 0 is the highest */
    bool has_score;
    enum rank_ties ties;
    bool has_two_ties; /* which is an error */
};

enum { FIRST_OPTION = 3, ARGS_MAX = 5, ARGS_MAX_OF_REDIS = 4 };

static void set_ties(struct rank_options *options, enum rank_ties ties) {
    options->has_two_ties |= options->ties != TIES_IN_ORDER && options->ties != ties;
    options->ties = ties;
}

/* False when there is no such option. */
static bool read_option(const struct call *call, uint32_t index, struct rank_options *options) {
    bool is_dense = argument_is(call, index, "dense");
    if (argument_is(call, index, "withscore"))
        options->has_score = true;
    else if (is_dense || argument_is(call, index, "competition"))
        set_ties(options, is_dense ? TIES_DENSE : TIES_COMPETITION);
    else
        return false;
    return true;
}

static bool read_options(struct call *call, struct rank_options *options) {
    bool is_known = true;
    for (uint32_t i = FIRST_OPTION; i < call->argc; i++)
        is_known = read_option(call, i, options) && is_known;
    if (UNLIKELY(options->has_two_ties)) {
        reply_error(call, "ERR DENSE and COMPETITION options at the same time are not compatible");
        return false;
    }
    uint32_t max = options->ties == TIES_IN_ORDER ? ARGS_MAX_OF_REDIS : ARGS_MAX;
    if (LIKELY(is_known && call->argc <= max)) return true;
    if (call->argc > max)
        reply_error_arity(call);
    else
        reply_error_syntax(call);
    return false;
}

/* --- ranks --- */

static uint64_t share_rank(const struct entry *entry, const struct rank_options *options,
                           struct score score) {
    struct zset_score_range tied = {.min = score, .max = score};
    struct zset_ranks ranks = zset_ranks_by_score(entry, &tied);
    struct zset_ranks ahead = {0, ranks.start};
    if (options->is_reverse) ahead = (struct zset_ranks){ranks.end, zset_len(entry)};
    if (options->ties == TIES_DENSE) return zset_count_scores(entry, ahead);
    return ahead.end - ahead.start;
}

static void reply_rank(struct call *call, const struct rank_options *options, uint64_t rank,
                       struct score score) {
    if (options->has_score) reply_array(call, 2);
    reply_integer(call, (int64_t)rank);
    if (options->has_score) listing_reply_score(call, score);
}

static void reply_no_rank(struct call *call, const struct rank_options *options) {
    if (options->has_score)
        reply_null_array(call);
    else
        reply_null(call);
}

static void find_rank(struct call *call, bool is_reverse) {
    struct rank_options options = {.is_reverse = is_reverse};
    const struct entry *entry;
    uint64_t rank;
    struct score score;
    if (!read_options(call, &options) ||
        !collection_read(call, call_key(call, 1), VALUE_ZSET, &entry))
        return;
    if (entry == NULL || !zset_rank(entry, call->args[2], &rank, &score)) {
        reply_no_rank(call, &options);
        return;
    }
    if (options.ties != TIES_IN_ORDER)
        rank = share_rank(entry, &options, score);
    else if (is_reverse)
        rank = zset_len(entry) - 1 - rank;
    reply_rank(call, &options, rank, score);
}

static void zrank_command(struct call *call) {
    find_rank(call, false);
}

static void zrevrank_command(struct call *call) {
    find_rank(call, true);
}

static const struct command_row rows[] = {
    {
        .name = "zrank",
        .handler = zrank_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns where a member stands, counted from the lowest score.",
        .syntax = "key member [WITHSCORE/7.2.0] [ties(DENSE | COMPETITION)/8.0.0]",
        .complexity = "O(log(N)); the first DENSE on a large set O(N)",
        .since = "2.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zrevrank",
        .handler = zrevrank_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns where a member stands, counted from the highest score.",
        .syntax = "key member [WITHSCORE/7.2.0] [ties(DENSE | COMPETITION)/8.0.0]",
        .complexity = "O(log(N)); the first DENSE on a large set O(N)",
        .since = "2.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_rank_commands = COMMAND_LIST(rows);
