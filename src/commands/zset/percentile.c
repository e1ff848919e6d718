/* Relative ranking: ZPERCENTILE ZPERCENTRANK.
 *
 * Percentiles are those of the nearest rank: of n members in order of their scores, the p-th is the
 * one at rank ceil(p/100 * n), counted from 1, and the lowest for p = 0. The percent rank of a
 * member is the share of those who score no more than it does, itself and its equals included. So
 * asking for the percentile of a percent rank leads back to the same score. */
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "foundation/number.h"

#include <math.h>

enum { KEY = 1, MEMBER = 2, FIRST_PERCENT = 2 };

static bool read_percent(struct call *call, uint32_t index, double *percent) {
    if (number_parse_double(call->args[index], percent) && *percent >= 0 && *percent <= 100)
        return true;
    reply_error_printf(call, "ERR percentile '%.*s' is not a number from 0 to 100",
                       (int)(call->args[index].len < 64 ? call->args[index].len : 64),
                       call->args[index].data);
    return false;
}

static bool check_percents(struct call *call) {
    double percent;
    for (uint32_t i = FIRST_PERCENT; i < call->argc; i++)
        if (!read_percent(call, i, &percent)) return false;
    return true;
}

/* From 0. What comes as near to a whole number as three roundings allow is meant to be one: 7 % of
 * 100 is the 7th, though 0.07 * 100 is more than 7. */
static uint64_t nearest_rank(double percent, size_t len) {
    static const double error = 0x1p-50;
    double position = percent * (double)len / 100;
    double whole = nearbyint(position);
    double rank = fabs(position - whole) <= whole * error ? whole : ceil(position);
    if (rank < 1) return 0;
    return rank > (double)len ? len - 1 : (uint64_t)rank - 1;
}

static void reply_percentile(struct call *call, const struct entry *entry, uint32_t index) {
    double percent;
    if (entry == NULL || !read_percent(call, index, &percent)) {
        reply_null_array(call);
        return;
    }
    uint64_t rank = nearest_rank(percent, zset_len(entry));
    zset_visit(entry, (struct zset_ranks){rank, rank + 1}, false, listing_reply_pair, call);
}

static void zpercentile_command(struct call *call) {
    const struct entry *entry;
    if (!check_percents(call) || !collection_read(call, call_key(call, KEY), VALUE_ZSET, &entry))
        return;
    reply_array(call, call->argc - FIRST_PERCENT);
    for (uint32_t i = FIRST_PERCENT; i < call->argc; i++) reply_percentile(call, entry, i);
}

/* How many score no more than that. */
static uint64_t count_up_to(const struct entry *entry, struct score score) {
    struct zset_score_range range = {.min = score_of_double(-INFINITY), .max = score};
    return zset_ranks_by_score(entry, &range).end;
}

static void zpercentrank_command(struct call *call) {
    const struct entry *entry;
    struct score score;
    if (!collection_read(call, call_key(call, KEY), VALUE_ZSET, &entry)) return;
    if (entry == NULL || !zset_score(entry, call->args[MEMBER], &score)) {
        reply_null(call);
        return;
    }
    reply_double(call, 100 * (double)count_up_to(entry, score) / (double)zset_len(entry));
}

static const struct command_row rows[] = {
    {
        .name = "zpercentile",
        .handler = zpercentile_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .summary =
            "Returns for each percentile, from 0 to 100, the member at its nearest rank with "
            "the score: of N members the one at ceil(p/100*N), counted from 1.",
        .syntax = "key percentile:double...",
        .complexity = "O(M*log(N)), M the number of percentiles",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpercentrank",
        .handler = zpercentrank_command,
        .arity = 3,
        .member_index = MEMBER,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .summary = "Returns how many percent of the members score no more than this one does, "
                   "itself and its equals included.",
        .syntax = "key member",
        .complexity = "O(log(N))",
        .since = "8.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_percentile_commands = COMMAND_LIST(rows);
