/* How cells lie to a shape. Latitudes of cells are those of their rows' edges; everything is in
 * degrees but what trigonometry needs. */
#include "foundation/check.h"
#include "foundation/geo/cover_private.h"

#include <math.h>

#define PI 3.14159265358979323846
#define SLACK_RADIANS 1e-7
#define SLACK_DEGREES 1e-5
#define SLACK_M 1.0
/* From here on a circle is taken for the whole sphere when looked at from outside: near the
 * antipode the haversine has few digits left. */
#define ALMOST_ALL (PI - 1e-5)

static const double columns = (double)(1u << GEOHASH_STEPS);

/* Degrees; the limits of the world end it, so that cells beyond the last column are narrow. */
struct rectangle {
    double west, east, south, north;
    uint32_t south_row, north_row;
};

/* Without the rules for NaN of fmin() and fmax(), which are calls. */
static inline double smaller(double a, double b) {
    return a < b ? a : b;
}

static inline double larger(double a, double b) {
    return a > b ? a : b;
}

static double longitude_of(uint64_t column) {
    double longitude = -GEO_LONGITUDE_MAX + (double)column / columns * (2 * GEO_LONGITUDE_MAX);
    return smaller(longitude, GEO_LONGITUDE_MAX);
}

static double latitude_of(uint64_t row) {
    double latitude = -GEO_LATITUDE_MAX + (double)row / columns * (2 * GEO_LATITUDE_MAX);
    return smaller(latitude, GEO_LATITUDE_MAX);
}

static struct rectangle find_rectangle(struct geo_cell cell) {
    uint32_t x, y;
    geohash_separate(cell.first, &x, &y);
    uint32_t size = (uint32_t)1 << cell.shift;
    return (struct rectangle){.west = longitude_of(x),
                              .east = longitude_of((uint64_t)x + size),
                              .south = latitude_of(y),
                              .north = latitude_of((uint64_t)y + size),
                              .south_row = y,
                              .north_row = y + size};
}

/* --- half-widths --- */

/* The angle whose half has that squared sine, in degrees. */
static double angle_of_haversine(double haversine) {
    if (haversine < 0) return -1;
    if (haversine >= 1) return 180;
    return geo_degrees(2 * asin(sqrt(haversine)));
}

static double haversine_of(double radians) {
    double sine = sin(radians / 2);
    return sine * sine;
}

/* hav(d) = hav(latitudes' difference) + cos cos hav(longitudes' difference), solved for the last.
 * */
static struct geo_width circle_width(const struct geo_outline *outline, double latitude) {
    double center = geo_radians(outline->shape->center.latitude);
    double here = geo_radians(latitude);
    double rise = haversine_of(here - center);
    double scale = 1 / (cos(here) * cos(center));
    return (struct geo_width){
        .outer = angle_of_haversine((outline->outer_size - rise) * scale),
        .inner = angle_of_haversine((outline->inner_size - rise) * scale),
    };
}

/* `quarter`: a quarter of the width as an angle; the half of the half. */
static double box_half_width(double quarter, double latitude) {
    if (quarter < 0) return -1;
    if (quarter >= PI / 2) return 180;
    double sine = sin(quarter) / cos(geo_radians(latitude));
    return sine >= 1 ? 180 : geo_degrees(2 * asin(sine));
}

static struct geo_width box_width(const struct geo_outline *outline, double latitude) {
    return (struct geo_width){
        .outer = box_half_width(outline->outer_size, latitude),
        .inner = box_half_width(outline->inner_size, latitude),
    };
}

static struct geo_width compute_width(const struct geo_outline *outline, double latitude) {
    return outline->shape->kind == GEO_CIRCLE ? circle_width(outline, latitude)
                                              : box_width(outline, latitude);
}

static struct geo_width find_width(struct geo_outline *outline, uint32_t row, double latitude) {
    /* The rows of one size differ in the bits above their zeros. */
    uint32_t place = (row ^ row >> 5 ^ row >> 10 ^ row >> 15 ^ row >> 20) % GEO_OUTLINE_PARALLELS;
    if (outline->parallels[place].tag != row + 1) {
        outline->parallels[place].tag = row + 1;
        outline->parallels[place].width = compute_width(outline, latitude);
    }
    return outline->parallels[place].width;
}

/* The greatest outer and the least inner half-width between two parallels. */
static struct geo_width find_row_width(struct geo_outline *outline, const struct rectangle *cell) {
    struct geo_width south = find_width(outline, cell->south_row, cell->south);
    struct geo_width north = find_width(outline, cell->north_row, cell->north);
    struct geo_width width = {.outer = larger(south.outer, north.outer),
                              .inner = smaller(south.inner, north.inner)};
    if (outline->turn > cell->south && outline->turn < cell->north) {
        width.outer = larger(width.outer, outline->turn_width.outer);
        width.inner = smaller(width.inner, outline->turn_width.inner);
    }
    return width;
}

/* --- relations --- */

/* The least and greatest difference in longitude between a meridian and a cell. */
static void find_longitude_gap(const struct rectangle *cell, double meridian, double *least,
                               double *greatest) {
    double half = (cell->east - cell->west) / 2;
    double middle = fabs((cell->west + cell->east) / 2 - meridian);
    if (middle > 180) middle = 360 - middle;
    *least = larger(0, middle - half);
    *greatest = smaller(180, middle + half);
}

static enum geo_relation find_rounded_relation(struct geo_outline *outline,
                                               const struct rectangle *cell) {
    double least, greatest;
    find_longitude_gap(cell, outline->longitude, &least, &greatest);
    struct geo_width width = find_row_width(outline, cell);
    if (least > width.outer) return GEO_OUTSIDE;
    if (outline->shape->kind == GEO_BOX && (cell->south < outline->south + 2 * SLACK_DEGREES ||
                                            cell->north > outline->north - 2 * SLACK_DEGREES)) {
        return GEO_PARTIAL;
    }
    return greatest <= width.inner ? GEO_INSIDE : GEO_PARTIAL;
}

static bool is_in_slab(double a, double b, double low, double high) {
    return larger(a, b) >= low - SLACK_DEGREES && smaller(a, b) <= high + SLACK_DEGREES;
}

/* False only when the edge misses the cell, with some room between: a parallel, a meridian or the
 * edge's own line parts them. */
static bool may_cross(struct geo_point a, struct geo_point b, const struct rectangle *cell) {
    if (!is_in_slab(a.longitude, b.longitude, cell->west, cell->east)) return false;
    if (!is_in_slab(a.latitude, b.latitude, cell->south, cell->north)) return false;
    double across = b.longitude - a.longitude;
    double up = b.latitude - a.latitude;
    double middle_x = (cell->west + cell->east) / 2 - a.longitude;
    double middle_y = (cell->south + cell->north) / 2 - a.latitude;
    double reach_x = (cell->east - cell->west) / 2 + SLACK_DEGREES;
    double reach_y = (cell->north - cell->south) / 2 + SLACK_DEGREES;
    return fabs(across * middle_y - up * middle_x) <= fabs(across) * reach_y + fabs(up) * reach_x;
}

static enum geo_relation find_polygon_relation(const struct geo_outline *outline,
                                               const struct rectangle *cell) {
    const struct geo_shape *shape = outline->shape;
    double least, greatest, distance_m;
    find_longitude_gap(cell, outline->longitude, &least, &greatest);
    if (least > outline->half_width) return GEO_OUTSIDE;
    for (size_t i = 0, before = shape->vertex_count - 1; i < shape->vertex_count; before = i++)
        if (may_cross(shape->vertices[before], shape->vertices[i], cell)) return GEO_PARTIAL;
    struct geo_point middle = {.longitude = (cell->west + cell->east) / 2,
                               .latitude = (cell->south + cell->north) / 2};
    return geo_shape_contains(shape, middle, &distance_m) ? GEO_INSIDE : GEO_OUTSIDE;
}

enum geo_relation geo_outline_relation(struct geo_outline *outline, struct geo_cell cell) {
    struct rectangle rectangle = find_rectangle(cell);
    if (rectangle.south > outline->north || rectangle.north < outline->south) return GEO_OUTSIDE;
    if (outline->shape->kind == GEO_POLYGON) return find_polygon_relation(outline, &rectangle);
    return find_rounded_relation(outline, &rectangle);
}

/* --- distances --- */

struct haversine_bounds {
    double least, greatest;
};

static void widen_bounds(struct haversine_bounds *bounds, double haversine) {
    bounds->least = smaller(bounds->least, haversine);
    bounds->greatest = larger(bounds->greatest, haversine);
}

/* Bounds over a piece of a meridian that lies `gap` from the centre's: at its ends, or at the
 * meridian's nearest or farthest point when that is on the piece. */
static struct haversine_bounds bound_meridian(double center, double south, double north,
                                              double gap) {
    double spread = haversine_of(gap);
    struct haversine_bounds bounds = {.least = 1, .greatest = 0};
    double nearest = atan2(sin(center), cos(center) * cos(gap));
    double farthest = nearest > 0 ? nearest - PI : nearest + PI;
    const double latitudes[] = {south, north, nearest, farthest};
    for (size_t i = 0; i < ARRAY_LEN(latitudes); i++) {
        double here = latitudes[i];
        if (i >= 2 && (here <= south || here >= north)) continue;
        widen_bounds(&bounds, haversine_of(here - center) + cos(here) * cos(center) * spread);
    }
    return bounds;
}

static double distance_of_haversine(double haversine) {
    return 2 * GEO_EARTH_RADIUS_M * asin(sqrt(smaller(haversine, 1)));
}

void geo_outline_bound_distances(const struct geo_outline *outline, struct geo_cell cell,
                                 double *nearest_m, double *farthest_m) {
    struct geo_point center = outline->shape->center;
    struct rectangle rectangle = find_rectangle(cell);
    double least, greatest;
    find_longitude_gap(&rectangle, center.longitude, &least, &greatest);
    double latitude = geo_radians(center.latitude);
    double south = geo_radians(rectangle.south), north = geo_radians(rectangle.north);
    struct haversine_bounds near = bound_meridian(latitude, south, north, geo_radians(least));
    struct haversine_bounds far = bound_meridian(latitude, south, north, geo_radians(greatest));
    *nearest_m = larger(0, distance_of_haversine(near.least) - SLACK_M);
    *farthest_m = distance_of_haversine(far.greatest) + SLACK_M;
}

/* --- preparing --- */

static uint64_t clamp_number(double number) {
    return (uint64_t)smaller(larger(number, 0), columns - 1);
}

static void set_window(struct geo_outline *outline) {
    struct geo_window *window = &outline->window;
    double row_scale = columns / (2 * GEO_LATITUDE_MAX);
    uint64_t south = clamp_number((outline->south + GEO_LATITUDE_MAX) * row_scale - 1);
    uint64_t north = clamp_number((outline->north + GEO_LATITUDE_MAX) * row_scale + 1);
    window->south = geohash_interleave(0, (uint32_t)south);
    window->north = geohash_interleave(0, (uint32_t)north);
    double middle = outline->longitude + GEO_LONGITUDE_MAX;
    double column_scale = columns / (2 * GEO_LONGITUDE_MAX);
    double west = floor((middle - outline->half_width) * column_scale) - 1;
    double east = floor((middle + outline->half_width) * column_scale) + 1;
    if (outline->half_width >= 180 || east - west >= columns - 1) {
        west = 0;
        east = columns - 1;
    }
    window->is_wrapped = west < 0 || east >= columns;
    if (west < 0) west += columns;
    if (east >= columns) east -= columns;
    window->west = geohash_interleave((uint32_t)west, 0);
    window->east = geohash_interleave((uint32_t)east, 0);
}

static void set_band(struct geo_outline *outline, double half_height) {
    double center = outline->shape->center.latitude;
    outline->south = center - geo_degrees(half_height + SLACK_RADIANS);
    outline->north = center + geo_degrees(half_height + SLACK_RADIANS);
}

/* From the widths where they may be greatest. */
static void set_half_width(struct geo_outline *outline) {
    struct geo_width south = compute_width(outline, larger(outline->south, -GEO_LATITUDE_MAX));
    struct geo_width north = compute_width(outline, smaller(outline->north, GEO_LATITUDE_MAX));
    outline->longitude = outline->shape->center.longitude;
    outline->half_width = larger(south.outer, north.outer);
    if (outline->turn > outline->south && outline->turn < outline->north) {
        outline->turn_width = compute_width(outline, outline->turn);
        outline->half_width = larger(outline->half_width, outline->turn_width.outer);
    }
    outline->half_width += SLACK_DEGREES;
}

/* At a latitude of sin(turn) = sin(center) / cos(radius) a meridian touches the circle. */
static void prepare_circle(struct geo_outline *outline) {
    double radius = outline->shape->radius_m / GEO_EARTH_RADIUS_M;
    set_band(outline, radius);
    outline->outer_size =
        radius + SLACK_RADIANS >= ALMOST_ALL ? 2 : haversine_of(radius + SLACK_RADIANS);
    if (radius < SLACK_RADIANS) {
        outline->inner_size = -1;
    } else if (radius > PI + SLACK_RADIANS) {
        outline->inner_size = 2;
    } else {
        outline->inner_size = haversine_of(smaller(radius - SLACK_RADIANS, ALMOST_ALL));
    }
    double sine = radius < PI ? sin(geo_radians(outline->shape->center.latitude)) / cos(radius) : 2;
    outline->turn = fabs(sine) < 1 ? geo_degrees(asin(sine)) : NAN;
    set_half_width(outline);
}

static void prepare_box(struct geo_outline *outline) {
    double quarter = outline->shape->width_m / GEO_EARTH_RADIUS_M / 4;
    set_band(outline, outline->shape->height_m / GEO_EARTH_RADIUS_M / 2);
    outline->outer_size = quarter + SLACK_RADIANS;
    outline->inner_size = quarter - SLACK_RADIANS;
    outline->turn = 0;
    set_half_width(outline);
}

static void prepare_polygon(struct geo_outline *outline) {
    const struct geo_shape *shape = outline->shape;
    double west = 180, east = -180, south = 90, north = -90;
    for (size_t i = 0; i < shape->vertex_count; i++) {
        west = smaller(west, shape->vertices[i].longitude);
        east = larger(east, shape->vertices[i].longitude);
        south = smaller(south, shape->vertices[i].latitude);
        north = larger(north, shape->vertices[i].latitude);
    }
    outline->south = south - SLACK_DEGREES;
    outline->north = north + SLACK_DEGREES;
    outline->longitude = (west + east) / 2;
    outline->half_width = (east - west) / 2 + SLACK_DEGREES;
}

void geo_outline_init(struct geo_outline *outline, const struct geo_shape *shape) {
    outline->shape = shape;
    for (size_t i = 0; i < GEO_OUTLINE_PARALLELS; i++) outline->parallels[i].tag = 0;
    switch (shape->kind) {
    case GEO_CIRCLE: prepare_circle(outline); break;
    case GEO_BOX: prepare_box(outline); break;
    case GEO_POLYGON: prepare_polygon(outline); break;
    }
    set_window(outline);
}
