/* Coverings: which geohashes a search has to look at, as few short runs of them.
 *
 * A shape is looked at cell by cell, from the few cells that enclose it downwards (a quadtree whose
 * cells are runs of hashes). A cell that misses the shape is dropped with all below it, one wholly
 * inside is kept as it is, and one that the edge crosses is divided, until there are as many runs as
 * looking them up is worth; neighbouring runs are merged.
 *
 *      +-------+-------+
 *      | . . . | o o . |     o  partial: its points are checked one by one
 *      | . o o + X X o |     X  inside: every point is in the shape
 *      +-------+-------+     .  never visited
 *      | . o X | X X o |
 *      | . . o | o o . |
 *      +-------+-------+
 *
 * What turns out to hold many points is covered again, more finely (geo_cover_range), so that the
 * work goes where the points are.
 *
 * For circles and boxes a row of cells is enough to know: at every latitude such a shape is one
 * interval around its centre's meridian, and on a row its half-width is greatest and least at the
 * row's edges or at one known latitude between. So antimeridian, poles and shapes larger than the
 * Earth need no case of their own. The half-widths at the edges of rows are remembered.
 *
 * Every cell is judged with a slack of 1e-7 radians (0.6 m) either way, far above what rounding does
 * to the formulas of foundation/geo/shape.h: what these accept is never missed, and what is called
 * inside they all accept. */
#ifndef FOUNDATION_GEO_COVER_H
#define FOUNDATION_GEO_COVER_H

#include "foundation/geo/shape.h"

enum {
    GEO_COVER_RANGES = 23,      /* at most so many from geo_cover_shape; of circles mostly 3 to 6 */
    GEO_COVER_MAX = 64,         /* at most so many from geo_cover_range */
    GEO_OUTLINE_PARALLELS = 32, /* remembered */
};

/* The half-width of a shape in degrees of longitude at one latitude: not less than it is, and not
 * more. Below 0: nothing of the shape is there. */
struct geo_width {
    double outer, inner;
};

/* The corners of what encloses a shape, as interleaved column and row numbers, which order as the
 * numbers themselves. */
struct geo_window {
    uint64_t west, east, south, north;
    bool is_wrapped; /* west lies east of east */
};

/* A shape prepared for coverings. The fields are for cover.c, but for the window. */
struct geo_outline {
    const struct geo_shape *shape;
    struct geo_window window;
    double south, north;           /* degrees that enclose it */
    double longitude, half_width;  /* it lies within this of that meridian */
    double outer_size, inner_size; /* circle: sin^2 of half the radius; box: half of half the width
                                    * in radians */
    double turn;                   /* where between edges the half-width turns; NaN: nowhere */
    struct geo_width turn_width;
    struct {
        uint32_t tag; /* row number + 1; 0: unused */
        struct geo_width width;
    } parallels[GEO_OUTLINE_PARALLELS];
};

/* A run of hashes, `end` not included. */
struct geo_range {
    uint64_t first, end;
    bool is_inside;               /* all its points are in the shape */
    double nearest_m, farthest_m; /* bounds of their distances from the shape's centre */
};

struct geo_cover {
    size_t count;
    struct geo_range ranges[GEO_COVER_MAX]; /* apart and ascending */
};

/* The shape stays with the caller and unchanged as long as the outline is used. */
void geo_outline_init(struct geo_outline *outline, const struct geo_shape *shape);
/* False only when the point of that hash is not in the shape. Cost: 2 ns. */
static inline bool geo_window_may_hold(const struct geo_window *window, uint64_t hash) {
    uint64_t column = hash & 0xaaaaaaaaaaaaaaaau;
    uint64_t row = hash & 0x5555555555555555u;
    if (hash >> GEOHASH_BITS != 0) return true;
    if (row < window->south || row > window->north) return false;
    if (window->is_wrapped) return column >= window->west || column <= window->east;
    return column >= window->west && column <= window->east;
}

/* Covers the shape. The bounds of distances are 0 and infinity: they come with geo_cover_range.
 * Cost: about 1 us; for polygons also some 50 times the number of vertices. */
void geo_cover_shape(struct geo_outline *outline, struct geo_cover *cover);
/* Covers what of the shape lies in a range of more than one hash by smaller ranges, with bounds of
 * distances when has_distances; the parts that are wholly inside become smaller only then. */
void geo_cover_range(struct geo_outline *outline, const struct geo_range *range, bool has_distances,
                     struct geo_cover *cover);

#endif
