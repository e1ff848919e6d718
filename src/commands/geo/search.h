/* Searching: the members of a sorted set that lie in a shape, all of them or the best.
 *
 * The shape is covered by a few runs of scores (foundation/geo/cover.h), which are looked up one
 * after the other. A run that holds few members is checked member by member; one that holds many is
 * covered again, more finely, unless it lies inside and everything in it is wanted. Where only the
 * nearest (or farthest) are wanted the runs come in the order of their nearest (farthest) possible
 * member, and the search ends when that is worse than the worst of those kept. Members are not
 * read: only their scores are. */
#ifndef COMMANDS_GEO_SEARCH_H
#define COMMANDS_GEO_SEARCH_H

#include "commands/geo/hits.h"
#include "foundation/geo/shape.h"

/* A place in an order; the distance means nothing when unsorted. */
struct search_mark {
    double distance_m;
    double score;
    struct bytes member;
};

struct search {
    const struct entry *entry;
    const struct geo_shape *shape;
    enum hits_order order;
    size_t limit;                    /* SIZE_MAX: none */
    bool is_any;                     /* the first found will do, up to the limit */
    bool has_distances;              /* hits tell them; they do so anyway when sorted */
    const struct search_mark *after; /* only what lies behind it; NULL: everything */
};

/* Fills the empty hits in the order wanted. */
void search_run(const struct search *search, struct hits *hits);

#endif
