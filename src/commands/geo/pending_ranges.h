/* Ranges that a search has yet to look at: a heap with the next one on top. */
#ifndef COMMANDS_GEO_PENDING_RANGES_H
#define COMMANDS_GEO_PENDING_RANGES_H

#include "foundation/geo/cover.h"

enum pending_order {
    PENDING_BY_SCORE,
    PENDING_NEAREST,  /* the one with the nearest possible member */
    PENDING_FARTHEST, /* the one with the farthest */
};

/* The zeroed struct is empty. */
struct pending_ranges {
    struct geo_range *items;
    size_t count;
    size_t capacity;
    enum pending_order order;
};

void pending_ranges_add(struct pending_ranges *pending, const struct geo_range *range);
/* False when there is none. */
bool pending_ranges_take(struct pending_ranges *pending, struct geo_range *range);
void pending_ranges_destroy(struct pending_ranges *pending);

#endif
