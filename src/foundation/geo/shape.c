#include "foundation/geo/shape.h"

#include "foundation/check.h"

#include <math.h>

static double latitude_distance_m(double a, double b) {
    return GEO_EARTH_RADIUS_M * fabs(geo_radians(b) - geo_radians(a));
}

double geo_distance_m(struct geo_point a, struct geo_point b) {
    double half_longitude = sin((geo_radians(b.longitude) - geo_radians(a.longitude)) / 2);
    if (half_longitude == 0.0) return latitude_distance_m(a.latitude, b.latitude);
    double latitude_a = geo_radians(a.latitude);
    double latitude_b = geo_radians(b.latitude);
    double half_latitude = sin((latitude_b - latitude_a) / 2);
    double haversine = half_latitude * half_latitude +
                       cos(latitude_a) * cos(latitude_b) * half_longitude * half_longitude;
    return 2.0 * GEO_EARTH_RADIUS_M * asin(sqrt(haversine));
}

/* A distance that is NaN counts as inside, as in Redis: comparisons ask for what is too far. */
static bool is_in_circle(const struct geo_shape *shape, struct geo_point point,
                         double *distance_m) {
    *distance_m = geo_distance_m(shape->center, point);
    return !(*distance_m > shape->radius_m);
}

static bool is_in_box(const struct geo_shape *shape, struct geo_point point, double *distance_m) {
    struct geo_point center = shape->center;
    if (latitude_distance_m(point.latitude, center.latitude) > shape->height_m / 2) return false;
    struct geo_point beside = {.longitude = center.longitude, .latitude = point.latitude};
    if (geo_distance_m(point, beside) > shape->width_m / 2) return false;
    *distance_m = geo_distance_m(center, point);
    return true;
}

/* Counts the edges that a ray to the east crosses: W. R. Franklin, "PNPOLY - Point Inclusion in
 * Polygon Test". */
static bool is_in_polygon(const struct geo_shape *shape, struct geo_point point,
                          double *distance_m) {
    bool is_inside = false;
    struct geo_point b = shape->vertices[shape->vertex_count - 1];
    for (size_t i = 0; i < shape->vertex_count; i++) {
        struct geo_point a = shape->vertices[i];
        if ((a.latitude > point.latitude) != (b.latitude > point.latitude) &&
            point.longitude < (b.longitude - a.longitude) * (point.latitude - a.latitude) /
                                      (b.latitude - a.latitude) +
                                  a.longitude) {
            is_inside = !is_inside;
        }
        b = a;
    }
    if (is_inside) *distance_m = geo_distance_m(shape->center, point);
    return is_inside;
}

bool geo_shape_contains(const struct geo_shape *shape, struct geo_point point, double *distance_m) {
    switch (shape->kind) {
    case GEO_CIRCLE: return is_in_circle(shape, point, distance_m);
    case GEO_BOX: return is_in_box(shape, point, distance_m);
    case GEO_POLYGON: return is_in_polygon(shape, point, distance_m);
    }
    UNREACHABLE();
}

struct geo_point geo_polygon_center(const struct geo_point *vertices, size_t count) {
    double x = 0, y = 0, z = 0;
    for (size_t i = 0; i < count; i++) {
        double longitude = geo_radians(vertices[i].longitude);
        double latitude = geo_radians(vertices[i].latitude);
        x += GEO_EARTH_RADIUS_M * cos(latitude) * cos(longitude);
        y += GEO_EARTH_RADIUS_M * cos(latitude) * sin(longitude);
        z += GEO_EARTH_RADIUS_M * sin(latitude);
    }
    x /= (double)count;
    y /= (double)count;
    z /= (double)count;
    return (struct geo_point){.longitude = geo_degrees(atan2(y, x)),
                              .latitude = geo_degrees(atan2(z, sqrt(x * x + y * y)))};
}
