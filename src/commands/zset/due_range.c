#include "commands/zset/due_range.h"

#include "engine/arguments.h"
#include "engine/reply.h"

#include <math.h>

static void set_max(struct due_range *range, double max) {
    range->bounds.max = BYTES("");
    range->bounds.range.max = score_of_double(max);
    range->bounds.range.is_max_open = false;
}

/* A unix time in ms is exact as a double for 280,000 years. */
static void set_max_now(const struct call *call, struct due_range *range) {
    range->is_until_now = true;
    set_max(range, (double)call_now_ms(call));
}

bool due_range_read(struct call *call, uint32_t min_index, uint32_t max_index,
                    struct due_range *range) {
    bool is_until_now = argument_is(call, max_index, "now");
    *range = (struct due_range){0};
    if (!bounds_read_scores(call, min_index, is_until_now ? min_index : max_index, &range->bounds))
        return false;
    if (is_until_now) set_max_now(call, range);
    return true;
}

bool due_range_read_max(struct call *call, uint32_t max_index, struct due_range *range) {
    struct score_bounds *bounds = &range->bounds;
    *range = (struct due_range){0};
    if (argument_is(call, max_index, "now"))
        set_max_now(call, range);
    else if (!bounds_read_scores(call, max_index, max_index, bounds))
        return false;
    bounds->min = BYTES("");
    bounds->range.min = score_of_double(-INFINITY);
    bounds->range.is_min_open = false;
    return true;
}

bool due_range_read_count(struct call *call, uint32_t index, uint64_t *count) {
    int64_t read = 1;
    bool is_count = index < call->argc && argument_is(call, index, "count");
    if (index != call->argc && (!is_count || index + 2 != call->argc)) {
        reply_error(call, "ERR syntax error, only COUNT with a number may follow");
        return false;
    }
    if (is_count && !argument_i64_in(call, index + 1, 1, INT64_MAX, &read,
                                     "ERR count should be greater than 0"))
        return false;
    *count = (uint64_t)read;
    return true;
}

struct zset_ranks due_range_find(const struct due_range *range, const struct entry *entry,
                                 uint64_t max) {
    if (entry == NULL) return (struct zset_ranks){0};
    struct zset_ranks ranks = bounds_find_scores(&range->bounds, entry);
    if (ranks.end - ranks.start > max) ranks.end = ranks.start + max;
    return ranks;
}

/* --- what comes next --- */

static bool keep_score(void *context, struct bytes member UNUSED, struct score score) {
    *(struct score *)context = score;
    return false;
}

/* 0 where it is too far away to be a time. */
static int64_t as_ms(struct score score) {
    static const double far = 0x1p62;
    if (score.kind == SCORE_INT64) return score.integer;
    return score.number < far ? (int64_t)ceil(score.number) : 0;
}

int64_t due_range_next_ms(const struct due_range *range, const struct entry *entry) {
    struct due_range open = *range;
    struct score score;
    if (!range->is_until_now) return 0;
    set_max(&open, INFINITY);
    struct zset_ranks ranks = due_range_find(&open, entry, 1);
    if (ranks.start == ranks.end) return 0;
    zset_visit(entry, ranks, false, keep_score, &score);
    return as_ms(score);
}
