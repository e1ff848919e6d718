#include "commands/zset/bounds.h"

#include "engine/reply.h"
#include "foundation/mem.h"

#include <math.h>
#include <stdlib.h>

/* --- scores --- */

/* What strtod takes beyond what number_parse_double does. */
static COLD bool parse_loosely(struct bytes text, double *number) {
    char *copy = mem_dup(text.data, text.len);
    char *end;
    *number = strtod(copy, &end);
    bool is_number = *end == '\0' && !isnan(*number);
    mem_free(copy);
    return is_number;
}

static bool parse_number(struct bytes text, double *number) {
    return number_parse_double(text, number) || parse_loosely(text, number);
}

static bool parse_score_bound(struct bytes *text, struct score *score, bool *is_open) {
    *is_open = text->len != 0 && text->data[0] == '(';
    if (*is_open) *text = bytes_of(text->data + 1, text->len - 1);
    score->kind = SCORE_DOUBLE;
    return parse_number(*text, &score->number);
}

bool bounds_read_scores(struct call *call, uint32_t min_index, uint32_t max_index,
                        struct score_bounds *bounds) {
    struct zset_score_range *range = &bounds->range;
    bounds->min = call->args[min_index];
    bounds->max = call->args[max_index];
    if (parse_score_bound(&bounds->min, &range->min, &range->is_min_open) &&
        parse_score_bound(&bounds->max, &range->max, &range->is_max_open))
        return true;
    reply_error(call, "ERR min or max is not a float");
    return false;
}

/* Among integers a bound that is one means just that, also beyond 2^53. */
static void make_exact(struct bytes text, struct score *bound) {
    struct score exact;
    if (score_parse(text, SCORE_INT64, &exact)) *bound = exact;
}

struct zset_ranks bounds_find_scores(const struct score_bounds *bounds, const struct entry *entry) {
    if (LIKELY(zset_score_kind(entry) == SCORE_DOUBLE))
        return zset_ranks_by_score(entry, &bounds->range);
    struct zset_score_range range = bounds->range;
    make_exact(bounds->min, &range.min);
    make_exact(bounds->max, &range.max);
    return zset_ranks_by_score(entry, &range);
}

/* --- bytes --- */

/* "-" and "+" end with the text or, as Redis has it, with a NUL. */
static bool is_infinity(struct bytes text) {
    return (text.data[0] == '-' || text.data[0] == '+') && (text.len == 1 || text.data[1] == '\0');
}

static bool parse_lex_bound(struct bytes text, struct zset_lex_bound *bound) {
    *bound = (struct zset_lex_bound){0};
    if (text.len == 0) return false;
    char first = text.data[0];
    if (is_infinity(text)) {
        bound->infinity = first == '-' ? -1 : 1;
        return true;
    }
    bound->is_open = first == '(';
    bound->text = bytes_of(text.data + 1, text.len - 1);
    return first == '(' || first == '[';
}

bool bounds_read_lex(struct call *call, uint32_t min_index, uint32_t max_index,
                     struct zset_lex_range *range) {
    if (parse_lex_bound(call->args[min_index], &range->min) &&
        parse_lex_bound(call->args[max_index], &range->max))
        return true;
    reply_error(call, "ERR min or max not valid string range item");
    return false;
}

/* --- ranks --- */

struct zset_ranks bounds_find_ranks(int64_t start, int64_t stop, size_t len) {
    int64_t count = (int64_t)len;
    if (start < 0) start += count;
    if (stop < 0) stop += count;
    if (start < 0) start = 0;
    if (stop >= count) stop = count - 1;
    if (start > stop) return (struct zset_ranks){0};
    return (struct zset_ranks){(uint64_t)start, (uint64_t)stop + 1};
}
