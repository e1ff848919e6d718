/* What a search has found: all of it, or a heap of the best so far with the worst on top. */
#ifndef COMMANDS_GEO_HITS_H
#define COMMANDS_GEO_HITS_H

#include "data/types/zset/zset_places.h"

/* Those of one distance, and all when unsorted, come in the order of the set: (score, member). */
enum hits_order { HITS_UNSORTED, HITS_NEAREST, HITS_FARTHEST };

struct hit {
    double distance_m; /* from the shape's centre */
    double score;
    struct zset_place place;
    uint64_t number; /* those of one score were found in this order */
};

/* The zeroed struct is empty. */
struct hits {
    struct hit *items;
    size_t count;
    size_t capacity;
    uint64_t found; /* with those that better ones have replaced */
};

void hits_destroy(struct hits *hits);
/* The distance by which hits are sorted: NaN, which opposite ends of the world may have, is the
 * largest. */
double hits_rank_distance(const struct hit *hit);
/* Hits of one score are given to both functions in the order of the set; they set the number. */
void hits_append(struct hits *hits, struct hit *hit);
/* Keeps the hit if it is one of the `limit` best, in place of the worst when there are so many.
 * False when it is not. */
bool hits_keep_best(struct hits *hits, enum hits_order order, size_t limit, struct hit *hit);
/* Nearest or farthest first. */
void hits_sort(struct hits *hits, enum hits_order order);

#endif
