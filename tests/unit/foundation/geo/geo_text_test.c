/* Degrees and distances as text, against the C library. */
#include "foundation/geo/geo_text.h"

#include "foundation/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *degrees_text(double value) {
    static char text[GEO_TEXT_MAX + 1];
    text[geo_format_degrees(text, value)] = '\0';
    return text;
}

static const char *distance_text(double value) {
    static char text[GEO_TEXT_MAX + 1];
    text[geo_format_distance(text, value)] = '\0';
    return text;
}

static const char *expected_degrees(double value) {
    static char text[GEO_TEXT_MAX + 1];
    int len = snprintf(text, sizeof(text), "%.17f", value);
    while (text[len - 1] == '0') len--;
    if (text[len - 1] == '.') len--;
    text[len] = '\0';
    return strcmp(text, "-0") == 0 ? "0" : text;
}

static const char *expected_distance(double value) {
    static char text[GEO_TEXT_MAX + 1];
    snprintf(text, sizeof(text), "%.4f", value);
    return text;
}

static void degrees_drop_trailing_zeros(void **state) {
    (void)state;
    assert_string_equal(degrees_text(180), "180");
    assert_string_equal(degrees_text(-180), "-180");
    assert_string_equal(degrees_text(13.361389338970184), "13.36138933897018433");
    assert_string_equal(degrees_text(85.05112878), "85.0511287799999991");
    assert_string_equal(degrees_text(0.5), "0.5");
    assert_string_equal(degrees_text(-0.0), "0");
    assert_string_equal(degrees_text(-1e-300), "0");
    assert_string_equal(degrees_text(1e-17), "0.00000000000000001");
}

static void any_degrees_are_as_the_library_prints_them(void **state) {
    (void)state;
    random_set_seed(3);
    for (int i = 0; i < 200000; i++) {
        double value = (random_unit() - 0.5) * 400 * pow(2, -(double)random_below(80));
        assert_string_equal(degrees_text(value), expected_degrees(value));
    }
}

static void any_distance_is_as_the_library_prints_it(void **state) {
    (void)state;
    random_set_seed(4);
    for (int i = 0; i < 200000; i++) {
        double value = random_unit() * 3e7 * pow(2, -(double)random_below(60));
        assert_string_equal(distance_text(value), expected_distance(value));
    }
}

static void ties_round_to_even(void **state) {
    (void)state;
    assert_string_equal(distance_text(0.00003125), "0.0000");
    assert_string_equal(distance_text(0.03125), "0.0312");
    assert_string_equal(distance_text(0.09375), "0.0938");
    assert_string_equal(distance_text(0.99996), "1.0000");
}

static void unusual_distances_are_printed_too(void **state) {
    (void)state;
    assert_string_equal(distance_text(0), "0.0000");
    assert_string_equal(distance_text(1e300), expected_distance(1e300));
    assert_string_equal(distance_text((double)INFINITY), "inf");
    assert_string_equal(distance_text(0x1p53), "9007199254740992.0000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(degrees_drop_trailing_zeros),
        cmocka_unit_test(any_degrees_are_as_the_library_prints_them),
        cmocka_unit_test(any_distance_is_as_the_library_prints_it),
        cmocka_unit_test(ties_round_to_even),
        cmocka_unit_test(unusual_distances_are_printed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
