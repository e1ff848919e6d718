/* Shapes on Earth and the points inside them, with the formulas and the rounding of Redis and, for
 * polygons, of Valkey 9: distances are great circles on a sphere, replies agree to the last digit.
 *
 *      circle    all within radius_m of the centre
 *      box       latitude within half the height, longitude within half the width of the centre,
 *                the width measured along the great circle at the point's own latitude
 *      polygon   by the even-odd rule on the plane of longitude and latitude; its edges do not wrap
 *                at the antimeridian, and its centre is the mean of the vertices on the sphere */
#ifndef FOUNDATION_GEO_SHAPE_H
#define FOUNDATION_GEO_SHAPE_H

#include "foundation/geo/geohash.h"

#include <stddef.h>

#define GEO_EARTH_RADIUS_M 6372797.560856

enum geo_shape_kind { GEO_CIRCLE, GEO_BOX, GEO_POLYGON };

struct geo_shape {
    enum geo_shape_kind kind;
    struct geo_point center;          /* of a polygon: geo_polygon_center() of its vertices */
    double radius_m;                  /* of a circle; not negative, may be infinite */
    double width_m, height_m;         /* of a box, alike */
    const struct geo_point *vertices; /* of a polygon; borrowed */
    size_t vertex_count;              /* at least 3 */
};

static inline double geo_radians(double degrees) {
    return degrees * (3.14159265358979323846 / 180.0);
}

static inline double geo_degrees(double radians) {
    return radians / (3.14159265358979323846 / 180.0);
}

/* Metres between two points (haversine). NaN is possible at opposite ends of the world. */
double geo_distance_m(struct geo_point a, struct geo_point b);
/* True when the point is in the shape; *distance_m is then its distance from the centre. */
bool geo_shape_contains(const struct geo_shape *shape, struct geo_point point, double *distance_m);
struct geo_point geo_polygon_center(const struct geo_point *vertices, size_t count);

#endif
