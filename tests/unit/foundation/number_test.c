#include "foundation/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void integers_are_read_in_their_one_form(void **state) {
    (void)state;
    static const char *const refused[] = {"",
                                          "-",
                                          "-0",
                                          "+1",
                                          "01",
                                          "-01",
                                          " 1",
                                          "1 ",
                                          "1a",
                                          "0x1",
                                          "--1",
                                          "9223372036854775808",
                                          "-9223372036854775809",
                                          "99999999999999999999999"};
    int64_t value = 42;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(number_parse_i64(bytes_of_str(refused[i]), &value));
        assert_int_equal(value, 42);
    }
    assert_false(number_parse_i64(BYTES("1\0"), &value));
    assert_true(number_parse_i64(BYTES("0"), &value) && value == 0);
    assert_true(number_parse_i64(BYTES("-9223372036854775808"), &value) && value == INT64_MIN);
    assert_true(number_parse_i64(BYTES("9223372036854775807"), &value) && value == INT64_MAX);
    uint64_t magnitude;
    assert_true(number_parse_u64(BYTES("18446744073709551615"), &magnitude));
    assert_true(magnitude == UINT64_MAX);
    assert_false(number_parse_u64(BYTES("18446744073709551616"), &magnitude));
    assert_false(number_parse_u64(BYTES("-1"), &magnitude));
}

static void assert_i64_round_trip(int64_t value) {
    char out[NUMBER_I64_MAX_CHARS];
    char want[32];
    size_t len = number_format_i64(out, value);
    int64_t again;
    assert_int_equal(len, snprintf(want, sizeof(want), "%" PRId64, value));
    assert_memory_equal(out, want, len);
    assert_int_equal(number_i64_len(value), len);
    assert_true(number_parse_i64(bytes_of(out, len), &again) && again == value);
}

static void integers_survive_the_round_trip(void **state) {
    (void)state;
    int64_t power = 1;
    for (int digits = 0; digits < 19; digits++) {
        for (int64_t near = -2; near <= 2; near++) {
            assert_i64_round_trip(power + near);
            assert_i64_round_trip(-power + near);
        }
        if (digits < 18) power *= 10;
    }
    assert_i64_round_trip(INT64_MIN);
    assert_i64_round_trip(INT64_MAX);
}

static void sizes_take_units_of_both_kinds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"007", 7},
                {"5b", 5},
                {"1k", 1000},
                {"1KB", 1024},
                {"2m", 2000000},
                {"2Mb", 2097152},
                {"3g", 3000000000},
                {"3gB", 3221225472},
                {"18446744073709551615", UINT64_MAX}};
    static const char *const refused[] = {"",
                                          "-1",
                                          "k",
                                          "1t",
                                          "1 k",
                                          " 1",
                                          "1.5",
                                          "1kbb",
                                          "+1",
                                          "18446744073709551616",
                                          "18446744073709551615k"};
    uint64_t bytes;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(number_parse_size(bytes_of_str(good[i].text), &bytes));
        assert_true(bytes == good[i].bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(number_parse_size(bytes_of_str(refused[i]), &bytes));
    }
}

static void doubles_are_read_whole_or_not_at_all(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"5.", 5},
                {".5", 0.5},
                {"-1.25", -1.25},
                {"+3", 3},
                {"1e3", 1000},
                {"0x10", 16},
                {"inf", INFINITY},
                {"-Infinity", -INFINITY},
                {"0.1", 0.1},
                {"123456789012345678901234567890", 123456789012345678901234567890.0},
                {"1e-320", 1e-320},
                {"999999999999999", 999999999999999}};
    static const char *const refused[] = {"",     "-", ".",  "1.2.3", " 1",    "1 ",     "nan",
                                          "-nan", "a", "1e", "--1",   "1e999", "-1e999", "1e-999"};
    double value = 42;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(number_parse_double(bytes_of_str(refused[i]), &value));
        assert_true(value == 42);
    }
    assert_false(number_parse_double(BYTES("1\0"), &value));
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(number_parse_double(bytes_of_str(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    assert_true(number_parse_double(BYTES("-0"), &value) && value == 0 && signbit(value));
}

static void a_very_long_decimal_is_read(void **state) {
    (void)state;
    char text[1000];
    memset(text, '0', sizeof(text));
    text[1] = '.';
    text[999] = '1';
    long double wide;
    double value;
    assert_true(number_parse_long_double(bytes_of(text, sizeof(text)), &wide));
    assert_true(wide > 0);
    assert_false(number_parse_double(bytes_of(text, sizeof(text)), &value));
}

static void assert_double_text(double value, const char *want) {
    char out[NUMBER_DOUBLE_MAX_CHARS + 1];
    size_t len = number_format_double(out, value);
    assert_true(len <= NUMBER_DOUBLE_MAX_CHARS);
    out[len] = '\0';
    assert_string_equal(out, want);
}

static void doubles_are_written_as_short_as_they_can_be(void **state) {
    (void)state;
    assert_double_text(0, "0");
    assert_double_text(-0.0, "-0");
    assert_double_text(INFINITY, "inf");
    assert_double_text(-INFINITY, "-inf");
    assert_double_text((double)NAN, "nan");
    assert_double_text(1234567, "1234567");
    assert_double_text(0.1, "0.1");
    assert_double_text(-2.5, "-2.5");
    assert_double_text(0.1 + 0.2, "0.30000000000000004");
    assert_double_text(1.0 / 3, "0.3333333333333333");
    assert_double_text(0.0001, "0.0001");
    assert_double_text(0.00001, "1e-05");
    assert_double_text(0.000012345, "1.2345e-05");
    assert_double_text(1e16, "10000000000000000");
    assert_double_text(1e17, "1e+17");
    assert_double_text(123456789012345678.0, "1.2345678901234568e+17");
    assert_double_text(9007199254740993.0, "9007199254740992");
    assert_double_text(-18014398509481992.0, "-18014398509481992");
    assert_double_text(1e21, "1e+21");
    assert_double_text(5e-324, "5e-324");
    assert_double_text(DBL_MAX, "1.7976931348623157e+308");
    assert_double_text(DBL_MIN, "2.2250738585072014e-308");
}

/* Halfway cases go to the even digit; beside a power of two the gap below is half as wide. */
static void the_nearest_of_the_shortest_is_written(void **state) {
    (void)state;
    assert_double_text(841930858543523.75, "841930858543523.8");
    assert_double_text(0x1p-44, "5.684341886080802e-14");
    assert_double_text(9.5367431640625e-07, "9.5367431640625e-07");
    assert_double_text(0x1p-1074 * 3, "1.5e-323");
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void every_double_reads_back(void **state) {
    (void)state;
    uint64_t random = 88172645463325252U;
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = next_random(&random);
        double value;
        double again;
        memcpy(&value, &bits, sizeof(value));
        if (i % 2 == 1) value = (double)(int64_t)bits / pow(10, (double)(bits % 22));
        if (isnan(value)) continue;
        char out[NUMBER_DOUBLE_MAX_CHARS];
        size_t len = number_format_double(out, value);
        assert_true(number_parse_double(bytes_of(out, len), &again));
        assert_true(again == value);
    }
}

static void assert_long_double_text(long double value, const char *want) {
    char out[NUMBER_LONG_DOUBLE_MAX_CHARS + 1];
    size_t len = number_format_long_double(out, value);
    out[len] = '\0';
    assert_string_equal(out, want);
}

static void long_doubles_are_written_for_humans(void **state) {
    (void)state;
    assert_long_double_text(0, "0");
    assert_long_double_text(-0.0L, "0");
    assert_long_double_text(-1e-20L, "0");
    assert_long_double_text(5000, "5000");
    assert_long_double_text(-3.5L, "-3.5");
    assert_long_double_text(10.1L, "10.1");
    assert_long_double_text(5010 + 0.1L, "5010.10000000000000009");
    char out[NUMBER_LONG_DOUBLE_MAX_CHARS];
    assert_int_equal(number_format_long_double(out, -LDBL_MAX), 4934);
}

static void overflowing_sums_leave_the_result_alone(void **state) {
    (void)state;
    int64_t result = 7;
    assert_false(number_add_i64(INT64_MAX, 1, &result));
    assert_false(number_mul_i64(INT64_MIN, -1, &result));
    assert_int_equal(result, 7);
    assert_true(number_add_i64(INT64_MAX, -1, &result) && result == INT64_MAX - 1);
    assert_true(number_mul_i64(-3, 4, &result) && result == -12);
}

/* A digit at a time. */
static bool parse_slowly(struct bytes text, uint64_t *value) {
    if (text.len == 0 || (text.data[0] == '0' && text.len > 1)) return false;
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        if (__builtin_mul_overflow(*value, 10U, value)) return false;
        if (__builtin_add_overflow(*value, (uint64_t)(text.data[i] - '0'), value)) return false;
    }
    return true;
}

static uint64_t draw(uint64_t *seed) {
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 33;
}

/* In blocks of exactly their size, so that a sanitizer sees what is read behind them. */
static void texts_of_every_length_are_read_as_by_hand(void **state) {
    (void)state;
    enum { ROUNDS = 300000, LONGEST = 21 };
    uint64_t seed = 1;
    int read = 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = draw(&seed) % (LONGEST + 1);
        char *text = malloc(len + (len == 0));
        assert_non_null(text);
        for (size_t i = 0; i < len; i++) {
            uint64_t drawn = draw(&seed);
            text[i] = (char)(drawn % 64 == 0 ? drawn >> 8 : '0' + (drawn >> 8) % 10);
        }
        uint64_t value = 0, expected = 0;
        bool is_number = parse_slowly(bytes_of(text, len), &expected);
        assert_int_equal(number_parse_u64(bytes_of(text, len), &value), is_number);
        if (is_number) assert_true(value == expected);
        read += is_number;
        free(text);
    }
    assert_true(read > ROUNDS / 3);
}

static void numbers_are_written_as_by_printf(void **state) {
    (void)state;
    for (int bits = 0; bits <= 64; bits++) {
        for (uint64_t i = 0; i < 2000; i++) {
            uint64_t value = (bits == 64 ? 0 : UINT64_C(1) << bits) + i - 1000;
            char text[32], expected[32];
            size_t len = number_format_u64(text, value);
            assert_int_equal(len, snprintf(expected, sizeof(expected), "%" PRIu64, value));
            assert_memory_equal(text, expected, len);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_in_their_one_form),
        cmocka_unit_test(integers_survive_the_round_trip),
        cmocka_unit_test(texts_of_every_length_are_read_as_by_hand),
        cmocka_unit_test(numbers_are_written_as_by_printf),
        cmocka_unit_test(sizes_take_units_of_both_kinds),
        cmocka_unit_test(doubles_are_read_whole_or_not_at_all),
        cmocka_unit_test(a_very_long_decimal_is_read),
        cmocka_unit_test(doubles_are_written_as_short_as_they_can_be),
        cmocka_unit_test(the_nearest_of_the_shortest_is_written),
        cmocka_unit_test(every_double_reads_back),
        cmocka_unit_test(long_doubles_are_written_for_humans),
        cmocka_unit_test(overflowing_sums_leave_the_result_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
