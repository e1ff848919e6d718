/* Geohashes: what a real redis-server answered for these points. */
#include "foundation/geo/geohash.h"

#include "foundation/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct geo_point point_of(double longitude, double latitude) {
    return (struct geo_point){.longitude = longitude, .latitude = latitude};
}

static void points_have_the_scores_that_redis_gives_them(void **state) {
    (void)state;
    assert_int_equal(geohash_encode(point_of(13.361389, 38.115556)), 3479099956230698);
    assert_int_equal(geohash_encode(point_of(15.087269, 37.502669)), 3479447370796909);
    assert_int_equal(geohash_encode(point_of(-180, -85.05112878)), 0);
    assert_int_equal(geohash_encode(point_of(180, 0)), 10133099161583616);
    assert_int_equal(geohash_encode(point_of(0, 85.05112878)), 6755399441055744);
    assert_int_equal(geohash_encode(point_of(180, 85.05112878)), 13510798882111488);
}

static void texts_are_those_of_redis(void **state) {
    (void)state;
    static const struct {
        uint64_t hash;
        const char *text;
    } samples[] = {
        {3479099956230698, "sqc8b49rny0"},  {3479447370796909, "sqdtr74hyu0"},
        {13510798882111488, "bp05b5048p0"}, {0, "00bh0hbj200"},
        {10133099161583616, "80000000000"}, {6755399441055744, "up05b5048p0"},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        char text[GEOHASH_TEXT_LEN];
        geohash_format(samples[i].hash, text);
        assert_memory_equal(text, samples[i].text, GEOHASH_TEXT_LEN);
    }
}

static void a_point_decodes_to_the_middle_of_its_cell(void **state) {
    (void)state;
    random_set_seed(1);
    for (int i = 0; i < 200000; i++) {
        struct geo_point point = point_of((random_unit() - 0.5) * 2 * GEO_LONGITUDE_MAX,
                                          (random_unit() - 0.5) * 2 * GEO_LATITUDE_MAX);
        uint64_t hash = geohash_encode(point);
        struct geo_point decoded = geohash_decode(hash);
        assert_true(fabs(decoded.longitude - point.longitude) <= 2.7e-6);
        assert_true(fabs(decoded.latitude - point.latitude) <= 1.3e-6);
        assert_int_equal(geohash_encode(decoded), hash);
        assert_true(hash >> GEOHASH_BITS == 0);
    }
}

static void the_upper_limits_decode_to_themselves(void **state) {
    (void)state;
    struct geo_point corner = geohash_decode(13510798882111488);
    assert_true(corner.longitude == GEO_LONGITUDE_MAX && corner.latitude == GEO_LATITUDE_MAX);
    assert_true(geohash_decode(UINT64_MAX).longitude == GEO_LONGITUDE_MAX);
}

static void every_score_stands_for_some_hash(void **state) {
    (void)state;
    assert_int_equal(geohash_of_score(1.5), 1);
    assert_int_equal(geohash_of_score(-1), UINT64_MAX);
    assert_int_equal(geohash_of_score(-0.5), 0);
    assert_int_equal(geohash_of_score(0x1p63), (uint64_t)1 << 63);
    assert_int_equal(geohash_of_score(1e300), 0);
    assert_int_equal(geohash_of_score((double)INFINITY), 0);
    assert_int_equal(geohash_of_score(-1e300), (uint64_t)1 << 63);
    assert_int_equal(geohash_of_score((double)-INFINITY), (uint64_t)1 << 63);
}

static void bits_take_turns(void **state) {
    (void)state;
    random_set_seed(2);
    assert_int_equal(geohash_interleave(1, 0), 2);
    assert_int_equal(geohash_interleave(0, 1), 1);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_u64();
        uint32_t x, y;
        geohash_separate(bits, &x, &y);
        assert_int_equal(geohash_interleave(x, y), bits);
    }
}

static void points_beyond_the_limits_are_not_valid(void **state) {
    (void)state;
    assert_true(geo_point_is_valid(point_of(180, 85.05112878)));
    assert_true(geo_point_is_valid(point_of(-180, -85.05112878)));
    assert_false(geo_point_is_valid(point_of(180.0000001, 0)));
    assert_false(geo_point_is_valid(point_of(0, -85.0511288)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_have_the_scores_that_redis_gives_them),
        cmocka_unit_test(texts_are_those_of_redis),
        cmocka_unit_test(a_point_decodes_to_the_middle_of_its_cell),
        cmocka_unit_test(the_upper_limits_decode_to_themselves),
        cmocka_unit_test(every_score_stands_for_some_hash),
        cmocka_unit_test(bits_take_turns),
        cmocka_unit_test(points_beyond_the_limits_are_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
