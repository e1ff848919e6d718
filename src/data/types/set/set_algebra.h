/* Set algebra: intersections, unions and differences of sets, member by member, without a set in
 * between wherever that can be had.
 *
 * Intersection: the smallest set's members are looked up in the others, the smaller ones first.
 * Difference: the first set's members are looked up in the others, or, where these are many and
 * small together, in one set made of them all, whichever costs less. Union: the largest set as it
 * is, then what of the others is not in it. Look-ups go in batches whose cache misses overlap; a
 * few intsets are merged instead.
 *
 * The functions take an array of entries, NULL for an absent key, which they may reorder. A
 * visitor sees each member of the result once, its view valid during the call, and returns false
 * to stop; it must not change the sets. */
#ifndef DATA_TYPES_SET_SET_ALGEBRA_H
#define DATA_TYPES_SET_SET_ALGEBRA_H

#include "data/types/set/set.h"

/* Cost: the smallest length times the number of sets. `count` is at least 1 in all of them. */
void set_intersect(const struct entry **sets, size_t count, set_visit_function *visit,
                   void *context);
/* Cost: all lengths together. */
void set_unite(const struct entry **sets, size_t count, set_visit_function *visit, void *context);
/* What is in the first set and in no other. */
void set_subtract(const struct entry **sets, size_t count, set_visit_function *visit,
                  void *context);

/* The number of different members, or `limit` (0: none) as soon as that many were found. */
uint64_t set_count_intersection(const struct entry **sets, size_t count, uint64_t limit);
/* Cost: the lengths of all but the largest set. */
uint64_t set_count_union(const struct entry **sets, size_t count, uint64_t limit);
uint64_t set_count_difference(const struct entry **sets, size_t count, uint64_t limit);
/* The union's within about 0.81 %, in 12 KiB of memory whatever the sets hold. Cost: all lengths
 * together. */
uint64_t set_estimate_union(const struct entry *const *sets, size_t count);

#endif
