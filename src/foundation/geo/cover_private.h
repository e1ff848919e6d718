/* Cells and how they lie to a shape: between cover.c and outline.c. */
#ifndef FOUNDATION_GEO_COVER_PRIVATE_H
#define FOUNDATION_GEO_COVER_PRIVATE_H

#include "foundation/geo/cover.h"

enum geo_relation { GEO_OUTSIDE, GEO_PARTIAL, GEO_INSIDE };

/* A square of 2^shift columns and rows: the hashes from `first`, 4^shift of them. */
struct geo_cell {
    uint64_t first;
    uint8_t shift;
    bool is_inside;
};

static inline uint64_t geo_cell_end(struct geo_cell cell) {
    return cell.first + ((uint64_t)1 << 2 * cell.shift);
}

enum geo_relation geo_outline_relation(struct geo_outline *outline, struct geo_cell cell);
/* Bounds of the distances between the cell's points and the shape's centre. */
void geo_outline_bound_distances(const struct geo_outline *outline, struct geo_cell cell,
                                 double *nearest_m, double *farthest_m);

#endif
