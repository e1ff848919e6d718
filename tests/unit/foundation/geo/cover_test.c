/* Coverings against brute force: random shapes of every size, at poles, antimeridian and limits,
 * and points that lie mostly near their edges. */
#include "foundation/geo/cover.h"

#include "foundation/check.h"
#include "foundation/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SHAPES = 8000, POINTS = 400, DEEP_SHAPES = 400, DEEP_POINTS = 100, VERTICES_MAX = 12 };

static double random_between(double low, double high) {
    return low + random_unit() * (high - low);
}

static double clamp(double value, double limit) {
    return fmin(fmax(value, -limit), limit);
}

static struct geo_point random_point(void) {
    static const double longitudes[] = {-180, 180, 179.9999999, -179.9999999, 0, 90, -90};
    static const double latitudes[] = {-85.05112878, 85.05112878, 85, -85, 84.9, 0, 1e-7};
    struct geo_point point = {.longitude = random_between(-180, 180),
                              .latitude = random_between(-GEO_LATITUDE_MAX, GEO_LATITUDE_MAX)};
    if (random_below(8) == 0) point.longitude = longitudes[random_below(ARRAY_LEN(longitudes))];
    if (random_below(8) == 0) point.latitude = latitudes[random_below(ARRAY_LEN(latitudes))];
    return point;
}

/* From centimetres to beyond the whole Earth, with 0 and the awkward ones. */
static double random_size_m(void) {
    static const double sizes[] = {0,        1e-3,        0.6,         1.2,         20015086,
                                   20020740, 20020741.5,  20015086.79, 10010370,    10007543,
                                   2.1e7,    1e9,         1e300,       INFINITY,    19000000,
                                   20020000, 20020739.99, 20020700.5,  30000000000, 5e-9};
    if (random_below(6) == 0) return sizes[random_below(ARRAY_LEN(sizes))];
    return pow(10, random_between(-1, 7.6));
}

struct sample {
    struct geo_shape shape;
    struct geo_point vertices[VERTICES_MAX];
};

static void fill_polygon(struct sample *sample) {
    struct geo_point center = random_point();
    double reach = pow(10, random_between(-5, 2.3));
    sample->shape.vertex_count = 3 + random_below(VERTICES_MAX - 2);
    for (size_t i = 0; i < sample->shape.vertex_count; i++) {
        struct geo_point vertex = {
            .longitude = clamp(center.longitude + random_between(-reach, reach), 180),
            .latitude = clamp(center.latitude + random_between(-reach, reach), GEO_LATITUDE_MAX)};
        if (i > 0 && random_below(5) == 0) vertex.latitude = sample->vertices[i - 1].latitude;
        if (i > 0 && random_below(5) == 0) vertex.longitude = sample->vertices[i - 1].longitude;
        sample->vertices[i] = vertex;
    }
    sample->shape.vertices = sample->vertices;
    sample->shape.center = geo_polygon_center(sample->vertices, sample->shape.vertex_count);
}

static void make_sample(struct sample *sample) {
    sample->shape = (struct geo_shape){.kind = (enum geo_shape_kind)random_below(3)};
    sample->shape.center = geohash_decode(geohash_encode(random_point()));
    if (random_below(2) == 0) sample->shape.center = random_point();
    sample->shape.radius_m = random_size_m();
    sample->shape.width_m = random_size_m();
    sample->shape.height_m = random_size_m();
    if (sample->shape.kind == GEO_POLYGON) fill_polygon(sample);
}

/* Some way off in some direction, on the sphere. */
static struct geo_point point_at(struct geo_point from, double distance_m, double bearing) {
    double angle = distance_m / GEO_EARTH_RADIUS_M, latitude = geo_radians(from.latitude);
    double sine = sin(latitude) * cos(angle) + cos(latitude) * sin(angle) * cos(bearing);
    double there = asin(clamp(sine, 1));
    double turn =
        atan2(sin(bearing) * sin(angle) * cos(latitude), cos(angle) - sin(latitude) * sin(there));
    double longitude = from.longitude + geo_degrees(turn);
    if (longitude > 180) longitude -= 360;
    if (longitude < -180) longitude += 360;
    return (struct geo_point){.longitude = clamp(longitude, 180),
                              .latitude = clamp(geo_degrees(there), GEO_LATITUDE_MAX)};
}

static struct geo_point point_near_polygon(const struct sample *sample) {
    size_t i = random_below(sample->shape.vertex_count),
           next = i == 0 ? sample->shape.vertex_count - 1 : i - 1;
    struct geo_point a = sample->vertices[i], b = sample->vertices[next];
    double way = random_unit(), jitter = pow(10, random_between(-7, -1));
    double longitude = a.longitude + way * (b.longitude - a.longitude);
    double latitude = a.latitude + way * (b.latitude - a.latitude);
    return (struct geo_point){
        .longitude = clamp(longitude + random_between(-jitter, jitter), 180),
        .latitude = clamp(latitude + random_between(-jitter, jitter), GEO_LATITUDE_MAX)};
}

static struct geo_point point_near_box(const struct geo_shape *shape) {
    double half_height = fmin(shape->height_m / 2 / GEO_EARTH_RADIUS_M, 3);
    double half_width = fmin(shape->width_m / 2 / GEO_EARTH_RADIUS_M, 3);
    double spread = random_below(2) == 0 ? 1 : 1 + random_between(-1e-4, 1e-4);
    double up = geo_degrees(half_height) * random_between(-1, 1) * spread;
    if (random_below(3) == 0) up = copysign(geo_degrees(half_height) * spread, up);
    double latitude = clamp(shape->center.latitude + up, GEO_LATITUDE_MAX);
    double sine = sin(half_width / 2) / cos(geo_radians(latitude));
    double across = geo_degrees(2 * asin(clamp(sine, 1))) * spread;
    if (random_below(3) == 0) across *= random_unit();
    double longitude = shape->center.longitude + (random_below(2) == 0 ? across : -across);
    if (longitude > 180) longitude -= 360;
    if (longitude < -180) longitude += 360;
    return (struct geo_point){.longitude = clamp(longitude, 180), .latitude = latitude};
}

static uint64_t random_hash_for(const struct sample *sample) {
    const struct geo_shape *shape = &sample->shape;
    struct geo_point point = random_point();
    if (random_below(8) != 0) {
        double radius = fmin(shape->radius_m, 3e7) * (1 + random_between(-1, 1) * 1e-5);
        if (random_below(4) == 0) radius *= random_unit();
        if (random_below(4) == 0) radius += random_between(-3, 3);
        if (shape->kind == GEO_CIRCLE)
            point = point_at(shape->center, radius, random_between(0, 6.2832));
        else
            point = shape->kind == GEO_BOX ? point_near_box(shape) : point_near_polygon(sample);
    }
    /* As a score holds it. */
    return (uint64_t)(double)geohash_encode(point);
}

static const struct geo_range *find_range(const struct geo_cover *cover, uint64_t hash) {
    for (size_t i = 0; i < cover->count; i++)
        if (hash >= cover->ranges[i].first && hash < cover->ranges[i].end) return &cover->ranges[i];
    return NULL;
}

static void assert_ascending(const struct geo_cover *cover) {
    for (size_t i = 0; i < cover->count; i++) {
        assert_true(cover->ranges[i].first < cover->ranges[i].end);
        if (i > 0) assert_true(cover->ranges[i - 1].end <= cover->ranges[i].first);
    }
}

static void assert_agrees(const struct geo_shape *shape, const struct geo_outline *outline,
                          const struct geo_range *range, uint64_t hash) {
    double distance_m;
    bool is_in = geo_shape_contains(shape, geohash_decode(hash), &distance_m);
    if (!is_in) {
        assert_false(range != NULL && range->is_inside);
        return;
    }
    assert_true(geo_window_may_hold(&outline->window, hash));
    bool is_covered =
        range != NULL && !(distance_m < range->nearest_m) && !(distance_m > range->farthest_m);
    assert_true(is_covered);
}

static void a_covering_holds_every_point_of_its_shape(void **state) {
    (void)state;
    random_set_seed(11);
    for (int i = 0; i < SHAPES; i++) {
        struct sample sample;
        struct geo_outline outline;
        struct geo_cover cover;
        make_sample(&sample);
        geo_outline_init(&outline, &sample.shape);
        geo_cover_shape(&outline, &cover);
        assert_ascending(&cover);
        assert_true(cover.count <= GEO_COVER_RANGES + 3);
        for (int j = 0; j < POINTS; j++) {
            uint64_t hash = random_hash_for(&sample);
            assert_agrees(&sample.shape, &outline, find_range(&cover, hash), hash);
        }
    }
}

/* Follows a hash down until its range is inside or cannot be divided. */
static void follow_down(struct geo_outline *outline, const struct geo_cover *whole, uint64_t hash,
                        bool has_distances) {
    struct geo_cover cover = *whole;
    const struct geo_range *range = find_range(&cover, hash);
    for (int depth = 0; range != NULL && range->end - range->first > 1; depth++) {
        assert_true(depth < GEOHASH_STEPS + 1);
        if (range->is_inside && !has_distances) break;
        struct geo_range parent = *range;
        geo_cover_range(outline, &parent, has_distances, &cover);
        assert_ascending(&cover);
        if (cover.count > 0) {
            assert_true(cover.ranges[0].first >= parent.first);
            assert_true(cover.ranges[cover.count - 1].end <= parent.end);
        }
        range = find_range(&cover, hash);
        if (range != NULL) {
            bool is_smaller = range->end - range->first < parent.end - parent.first;
            assert_true(is_smaller || (range->is_inside && !has_distances));
            if (parent.is_inside) assert_true(range->is_inside);
        }
        assert_agrees(outline->shape, outline, range, hash);
    }
    assert_agrees(outline->shape, outline, range, hash);
}

static void finer_coverings_agree_down_to_single_points(void **state) {
    (void)state;
    random_set_seed(12);
    for (int i = 0; i < DEEP_SHAPES; i++) {
        struct sample sample;
        struct geo_outline outline;
        struct geo_cover cover;
        make_sample(&sample);
        geo_outline_init(&outline, &sample.shape);
        geo_cover_shape(&outline, &cover);
        for (int j = 0; j < DEEP_POINTS; j++)
            follow_down(&outline, &cover, random_hash_for(&sample), j % 2 == 0);
    }
}

static uint64_t covered_hashes(const struct geo_shape *shape) {
    struct geo_outline outline;
    struct geo_cover cover;
    uint64_t sum = 0;
    geo_outline_init(&outline, shape);
    geo_cover_shape(&outline, &cover);
    for (size_t i = 0; i < cover.count; i++) sum += cover.ranges[i].end - cover.ranges[i].first;
    return sum;
}

static void coverings_are_tight(void **state) {
    (void)state;
    random_set_seed(13);
    double covered = 0, enclosed = 0;
    for (int i = 0; i < 2000; i++) {
        struct geo_shape circle = {
            .kind = GEO_CIRCLE,
            .center = {.longitude = random_between(-170, 170), .latitude = random_between(-60, 60)},
            .radius_m = 50000};
        double half_height = geo_degrees(50000 / GEO_EARTH_RADIUS_M);
        double area = 3.14159265 * half_height * half_height /
                      cos(geo_radians(circle.center.latitude)) / (360 * 170.10225756);
        enclosed += area * 0x1p52;
        covered += (double)covered_hashes(&circle);
    }
    /* The square around a circle alone has 1.27 times its area. */
    assert_true(covered < 4 * enclosed);
}

static void a_radius_of_zero_needs_few_cells(void **state) {
    (void)state;
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {.longitude = 13, .latitude = 38}};
    assert_true(covered_hashes(&circle) <= 64);
}

static void the_whole_earth_is_one_range_that_needs_no_check(void **state) {
    (void)state;
    struct geo_shape circle = {.kind = GEO_CIRCLE, .radius_m = 3e7};
    struct geo_outline outline;
    struct geo_cover cover;
    geo_outline_init(&outline, &circle);
    geo_cover_shape(&outline, &cover);
    assert_int_equal(cover.count, 1);
    assert_true(cover.ranges[0].is_inside);
    assert_int_equal(cover.ranges[0].first, 0);
    assert_int_equal(cover.ranges[0].end, (uint64_t)1 << 54);
}

static void a_polygon_of_no_area_is_covered_by_little(void **state) {
    (void)state;
    const struct geo_point vertices[] = {{10, 10}, {10, 10}, {10, 10}};
    struct geo_shape polygon = {
        .kind = GEO_POLYGON, .center = {10, 10}, .vertices = vertices, .vertex_count = 3};
    assert_true(covered_hashes(&polygon) <= 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_covering_holds_every_point_of_its_shape),
        cmocka_unit_test(finer_coverings_agree_down_to_single_points),
        cmocka_unit_test(coverings_are_tight),
        cmocka_unit_test(a_radius_of_zero_needs_few_cells),
        cmocka_unit_test(the_whole_earth_is_one_range_that_needs_no_check),
        cmocka_unit_test(a_polygon_of_no_area_is_covered_by_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
