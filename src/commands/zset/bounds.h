/* Bounds of ranges as users write them: "5", "(5", "-inf" by score; "[a", "(a", "-", "+" by
 * bytes. */
#ifndef COMMANDS_ZSET_BOUNDS_H
#define COMMANDS_ZSET_BOUNDS_H

#include "data/types/zset/zset.h"
#include "engine/call.h"
#include "foundation/check.h"

/* A range by score, with the bounds' text: what it means exactly depends on the kind of the set. */
struct score_bounds {
    struct zset_score_range range; /* as doubles */
    struct bytes min, max;         /* without the "(", lent by the arguments */
};

/* "min or max is not a float". Numbers are read as strtod does, with spaces before them, up to a
 * NUL, and the empty text being 0, as in Redis. */
NODISCARD bool bounds_read_scores(struct call *call, uint32_t min_index, uint32_t max_index,
                                  struct score_bounds *bounds);
struct zset_ranks bounds_find_scores(const struct score_bounds *bounds, const struct entry *entry);

/* "min or max not valid string range item". */
NODISCARD bool bounds_read_lex(struct call *call, uint32_t min_index, uint32_t max_index,
                               struct zset_lex_range *range);

/* The ranks that two indexes name, both included, counted from the end when negative. */
struct zset_ranks bounds_find_ranks(int64_t start, int64_t stop, size_t len);

#endif
