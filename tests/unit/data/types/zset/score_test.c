#include "data/types/zset/score.h"

#include "foundation/hash.h"
#include "foundation/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct score parse(const char *text, enum score_kind kind) {
    struct score score;
    assert_true(score_parse(bytes_of_str(text), kind, &score));
    assert_int_equal(score.kind, kind);
    return score;
}

static void read_doubles_as_users_write_them(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"1", 1},           {"-2.5", -2.5},     {"+1", 1},         {".5", 0.5},
        {"5.", 5},          {"1e5", 1e5},       {"0x10", 16},      {"0x1p3", 8},
        {"inf", INFINITY},  {"+inf", INFINITY}, {"iNf", INFINITY}, {"-infinity", -INFINITY},
        {"1e-310", 1e-310}, {"0001", 1},        {"1e308", 1e308},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_true(parse(cases[i].text, SCORE_DOUBLE).number == cases[i].number);
}

static void refuse_what_is_no_double(void **state) {
    (void)state;
    static const char *const texts[] = {"",        " 1",  "1 ",  "1e",  "nan", "-nan",
                                        "1e400",   "0x",  "--1", "+-1", "1,5", "1e-400",
                                        "infinit", "one", "(1",  "1_0", "\t1"};
    struct score score;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(score_parse(bytes_of_str(texts[i]), SCORE_DOUBLE, &score));
    assert_false(score_parse(bytes_of("1\0", 2), SCORE_DOUBLE, &score));
}

static void read_only_canonical_integers_as_exact_scores(void **state) {
    (void)state;
    assert_int_equal(parse("9007199254740993", SCORE_INT64).integer, 9007199254740993);
    assert_int_equal(parse("-9223372036854775808", SCORE_INT64).integer, INT64_MIN);
    static const char *const texts[] = {"1.0", "+1", "01", "1e3", "inf", "9223372036854775808", ""};
    struct score score;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(score_parse(bytes_of_str(texts[i]), SCORE_INT64, &score));
}

static void assert_format(struct score score, const char *expected) {
    char text[SCORE_TEXT_MAX];
    size_t len = score_format(score, text);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
}

static void write_the_shortest_text(void **state) {
    (void)state;
    assert_format(score_of_double(3), "3");
    assert_format(score_of_double(0.1), "0.1");
    assert_format(score_of_double(-0.0), "-0");
    assert_format(score_of_double(INFINITY), "inf");
    assert_format(score_of_double(-INFINITY), "-inf");
    assert_format(score_of_double(1e21), "1e+21");
    assert_format(score_of_double(9007199254740992), "9007199254740992");
    assert_format(score_of_i64(INT64_MAX), "9223372036854775807");
    assert_format(score_of_i64(INT64_MIN), "-9223372036854775808");
}

static double random_double(void) {
    for (;;) {
        uint64_t bits = random_u64();
        double number;
        memcpy(&number, &bits, sizeof(number));
        if (!isnan(number)) return number;
    }
}

static void read_back_what_was_written(void **state) {
    (void)state;
    enum { STEPS = 100000 };
    for (int step = 0; step < STEPS; step++) {
        struct score scores[] = {score_of_double(random_double()),
                                 score_of_i64((int64_t)random_u64() >> random_below(64))};
        for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
            char text[SCORE_TEXT_MAX];
            struct score read, expected = scores[i];
            size_t len = score_format(expected, text);
            assert_true(score_parse(bytes_of(text, len), expected.kind, &read));
            assert_memory_equal(&read.cell, &expected.cell, sizeof(read.cell));
        }
    }
}

static int sign_of(int order) {
    return (order > 0) - (order < 0);
}

static void compare_as_the_numbers_do(void **state) {
    (void)state;
    assert_int_equal(score_compare(score_of_double(0.0), score_of_double(-0.0)), 0);
    assert_true(score_compare(score_of_i64(9007199254740992), score_of_i64(9007199254740993)) < 0);
    enum { STEPS = 100000 };
    for (int step = 0; step < STEPS; step++) {
        double a = random_double(), b = random_below(10) == 0 ? -a : random_double();
        int order = score_compare(score_of_double(a), score_of_double(b));
        assert_int_equal(sign_of(order), (a > b) - (a < b));
        int64_t m = (int64_t)random_u64(), n = (int64_t)random_u64();
        order = score_compare(score_of_i64(m), score_of_i64(n));
        assert_int_equal(sign_of(order), (m > n) - (m < n));
    }
}

static void add_unless_the_sum_is_none(void **state) {
    (void)state;
    struct score sum;
    assert_true(score_add(score_of_double(1.5), score_of_double(2), &sum));
    assert_true(sum.kind == SCORE_DOUBLE && sum.number == 3.5);
    assert_true(score_add(score_of_double(1e308), score_of_double(1e308), &sum));
    assert_true(isinf(sum.number));
    assert_false(score_add(score_of_double(INFINITY), score_of_double(-INFINITY), &sum));
    assert_true(score_add(score_of_i64(INT64_MAX - 1), score_of_i64(1), &sum));
    assert_true(sum.kind == SCORE_INT64 && sum.integer == INT64_MAX);
    assert_false(score_add(score_of_i64(INT64_MIN), score_of_i64(-1), &sum));
    assert_int_equal(sum.integer, INT64_MAX);
}

static void tell_either_kind_as_a_double(void **state) {
    (void)state;
    assert_true(score_to_double(score_of_double(0.25)) == 0.25);
    assert_true(score_to_double(score_of_i64(-7)) == -7);
}

int main(void) {
    hash_set_seed(1);
    random_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_doubles_as_users_write_them),
        cmocka_unit_test(refuse_what_is_no_double),
        cmocka_unit_test(read_only_canonical_integers_as_exact_scores),
        cmocka_unit_test(write_the_shortest_text),
        cmocka_unit_test(read_back_what_was_written),
        cmocka_unit_test(compare_as_the_numbers_do),
        cmocka_unit_test(add_unless_the_sum_is_none),
        cmocka_unit_test(tell_either_kind_as_a_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
