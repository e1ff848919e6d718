/* Shapes and distances. The figures are those of a real redis-server. */
#include "foundation/geo/shape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct geo_point point_of(double longitude, double latitude) {
    return (struct geo_point){.longitude = longitude, .latitude = latitude};
}

static bool holds(const struct geo_shape *shape, double longitude, double latitude) {
    double distance_m;
    return geo_shape_contains(shape, point_of(longitude, latitude), &distance_m);
}

static void distances_are_those_of_redis(void **state) {
    (void)state;
    struct geo_point palermo = geohash_decode(3479099956230698);
    struct geo_point catania = geohash_decode(3479447370796909);
    char text[32];
    snprintf(text, sizeof(text), "%.4f", geo_distance_m(palermo, catania));
    assert_string_equal(text, "166274.1516");
    assert_true(geo_distance_m(palermo, palermo) == 0);
}

static void the_way_over_the_antimeridian_is_short(void **state) {
    (void)state;
    assert_true(geo_distance_m(point_of(179.99, 0), point_of(-179.99, 0)) < 2300);
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = point_of(179.99, 0), .radius_m = 3000};
    assert_true(holds(&circle, -179.99, 0));
    assert_false(holds(&circle, -179.9, 0));
}

static void a_circle_holds_its_edge(void **state) {
    (void)state;
    struct geo_point center = point_of(10, 20), place = point_of(11, 21);
    struct geo_shape circle = {
        .kind = GEO_CIRCLE, .center = center, .radius_m = geo_distance_m(center, place)};
    assert_true(holds(&circle, 11, 21));
    circle.radius_m = nextafter(circle.radius_m, 0);
    assert_false(holds(&circle, 11, 21));
    circle.radius_m = 0;
    assert_true(holds(&circle, 10, 20));
}

static void a_box_is_measured_at_the_latitude_of_the_point(void **state) {
    (void)state;
    struct geo_shape box = {
        .kind = GEO_BOX, .center = point_of(0, 60), .width_m = 200000, .height_m = 400000};
    assert_true(holds(&box, 1.75, 60));
    assert_false(holds(&box, 1.9, 60));
    assert_true(holds(&box, 1.85, 61.5)); /* a degree is shorter there */
    assert_false(holds(&box, 1.75, 58.3));
    assert_false(holds(&box, 0, 62));
}

static void a_polygon_may_be_concave(void **state) {
    (void)state;
    const struct geo_point vertices[] = {{0, 0}, {10, 0}, {10, 10}, {5, 2}, {0, 10}};
    struct geo_shape polygon = {.kind = GEO_POLYGON, .vertices = vertices, .vertex_count = 5};
    assert_true(holds(&polygon, 1, 5));
    assert_true(holds(&polygon, 9, 5));
    assert_true(holds(&polygon, 5, 1));
    assert_false(holds(&polygon, 5, 5));
    assert_false(holds(&polygon, 11, 5));
    assert_false(holds(&polygon, -1, 5));
}

static void the_centre_of_a_polygon_is_the_mean_on_the_sphere(void **state) {
    (void)state;
    const struct geo_point vertices[] = {{-10, -10}, {10, -10}, {10, 10}, {-10, 10}};
    struct geo_point center = geo_polygon_center(vertices, 4);
    assert_true(fabs(center.longitude) < 1e-9 && fabs(center.latitude) < 1e-9);
    const struct geo_point cap[] = {{0, 80}, {90, 80}, {180, 80}, {-90, 80}};
    assert_true(geo_polygon_center(cap, 4).latitude > 89.999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_redis),
        cmocka_unit_test(the_way_over_the_antimeridian_is_short),
        cmocka_unit_test(a_circle_holds_its_edge),
        cmocka_unit_test(a_box_is_measured_at_the_latitude_of_the_point),
        cmocka_unit_test(a_polygon_may_be_concave),
        cmocka_unit_test(the_centre_of_a_polygon_is_the_mean_on_the_sphere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
