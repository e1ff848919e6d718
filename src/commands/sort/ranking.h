/* Ranking: elements to be sorted, with their weights. Their bytes are kept in one buffer, apart
 * from any key. */
#ifndef COMMANDS_SORT_RANKING_H
#define COMMANDS_SORT_RANKING_H

#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>

struct ranked {
    size_t text_start, text_len; /* in the ranking's buffer */
    size_t weight_start, weight_len;
    double score;    /* a weight that is a number */
    bool has_weight; /* elements without one stand first */
};

struct ranking {
    struct buffer bytes;
    struct ranked *elements;
    size_t count;
    size_t cap;
    bool is_alpha;      /* weights are bytes, else numbers */
    bool is_by_text;    /* the element is its own weight */
    bool is_descending; /* the order is the other way round as a whole */
    bool is_unordered;  /* the elements came in no order that means something */
};

void ranking_destroy(struct ranking *ranking);
void ranking_add(struct ranking *ranking, struct bytes text);
struct bytes ranking_text(const struct ranking *ranking, size_t index);

/* Gives an element its weight as bytes; not called for those that have none. */
void ranking_weigh_alpha(struct ranking *ranking, size_t index, struct bytes weight);
/* The same as a number as strtod reads it, the empty text being 0; false when it is none or NaN. */
NODISCARD bool ranking_weigh_number(struct ranking *ranking, size_t index, struct bytes weight);

/* Puts the first `wanted` elements of the order in their places; what the others are is left open.
 * Equal weights are ordered by the bytes of the elements. Cost: O(n log wanted). */
void ranking_sort(struct ranking *ranking, size_t wanted);

#endif
