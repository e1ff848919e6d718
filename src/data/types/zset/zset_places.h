/* Walks by score that read no member until they are asked for one: for GEOSEARCH, which looks at
 * many scores in many short ranges and keeps few of them. */
#ifndef DATA_TYPES_ZSET_ZSET_PLACES_H
#define DATA_TYPES_ZSET_ZSET_PLACES_H

#include "data/types/zset/zset.h"

/* Where a member lies; valid until the set changes. */
struct zset_place {
    const void *at; /* the member's allocation, or its element in the listpack */
};
/* Returns false to stop; it must not change the set. */
typedef bool zset_place_function(void *context, double score, struct zset_place place);

/* Visits the members with min <= score < max in order. Exact scores are seen as doubles. One
 * descent: O(log n + visited); O(n) when packed. */
void zset_visit_places(const struct entry *entry, double min, double max,
                       zset_place_function *visit, void *context);
/* The member's bytes; digits of an integer in a listpack are written to `scratch`. */
struct bytes zset_place_member(const struct entry *entry, struct zset_place place,
                               char scratch[PACKED_SCRATCH]);
/* Fetches what zset_place_member will read. */
void zset_prefetch_place(struct zset_place place);

#endif
