/* The bit-parallel LCS against the plain table of numbers, walked back as Redis walks it. */
#include "foundation/lcs.h"

#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROUNDS = 1500, TEXT_MAX = 150 };

static unsigned table[TEXT_MAX + 1][TEXT_MAX + 1];

static void model_fill(struct bytes a, struct bytes b) {
    for (size_t i = 0; i <= a.len; i++) {
        for (size_t j = 0; j <= b.len; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = 0;
            } else if (a.data[i - 1] == b.data[j - 1]) {
                table[i][j] = table[i - 1][j - 1] + 1;
            } else {
                unsigned up = table[i - 1][j], left = table[i][j - 1];
                table[i][j] = up > left ? up : left;
            }
        }
    }
}

/* The pairs of matching positions from the last to the first; returns how many. */
static size_t model_walk(struct bytes a, struct bytes b, size_t (*pairs)[2]) {
    size_t count = 0;
    for (size_t i = a.len, j = b.len; i > 0 && j > 0;) {
        if (a.data[i - 1] == b.data[j - 1]) {
            pairs[count][0] = --i;
            pairs[count++][1] = --j;
        } else if (table[i - 1][j] > table[i][j - 1]) {
            i--;
        } else {
            j--;
        }
    }
    return count;
}

static void check_against_model(struct bytes a, struct bytes b) {
    size_t pairs[TEXT_MAX][2] = {0};
    model_fill(a, b);
    size_t count = model_walk(a, b, pairs);

    size_t length;
    assert_true(lcs_length(a, b, &length));
    assert_int_equal(length, count);

    struct lcs lcs;
    assert_true(lcs_open(&lcs, a, b));
    assert_int_equal(lcs.length, count);
    struct lcs_match match;
    size_t seen = 0;
    while (lcs_next_match(&lcs, 0, &match)) {
        assert_int_equal(match.a_last - match.a_first, match.b_last - match.b_first);
        for (size_t i = match.a_last - match.a_first + 1; i-- > 0; seen++) {
            assert_true(seen < count);
            assert_int_equal(pairs[seen][0], match.a_first + i);
            assert_int_equal(pairs[seen][1], match.b_first + i);
        }
        /* A run that could go on would have: two runs never touch in both strings. */
        if (seen < count) {
            assert_false(pairs[seen][0] + 1 == match.a_first &&
                         pairs[seen][1] + 1 == match.b_first);
        }
    }
    assert_int_equal(seen, count);

    char text[TEXT_MAX];
    lcs_write_text(&lcs, text);
    for (size_t i = 0; i < count; i++) assert_int_equal(text[count - 1 - i], a.data[pairs[i][0]]);
    lcs_close(&lcs);
}

static void length_runs_and_text_agree_with_the_plain_table(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 63, 64, 65, 127, 128, 129};
    static const uint64_t alphabets[] = {1, 2, 4, 26, 256};
    char a[TEXT_MAX], b[TEXT_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t letters = alphabets[random_below(ARRAY_LEN(alphabets))];
        size_t a_len = random_below(2) ? random_below(TEXT_MAX) : lengths[random_below(8)];
        size_t b_len = random_below(2) ? random_below(TEXT_MAX) : lengths[random_below(8)];
        for (size_t i = 0; i < a_len; i++) a[i] = (char)random_below(letters);
        for (size_t i = 0; i < b_len; i++) b[i] = (char)random_below(letters);
        check_against_model(bytes_of(a, a_len), bytes_of(b, b_len));
    }
}

static void runs_come_from_the_end_and_short_ones_can_be_left_out(void **state) {
    (void)state;
    struct lcs lcs;
    struct lcs_match match;
    assert_true(lcs_open(&lcs, BYTES("ohmytext"), BYTES("mynewtext")));
    assert_int_equal(lcs.length, 6);
    assert_true(lcs_next_match(&lcs, 0, &match));
    assert_int_equal(match.a_first, 4);
    assert_int_equal(match.a_last, 7);
    assert_int_equal(match.b_first, 5);
    assert_int_equal(match.b_last, 8);
    assert_true(lcs_next_match(&lcs, 2, &match));
    assert_int_equal(match.a_first, 2);
    assert_int_equal(match.b_first, 0);
    assert_false(lcs_next_match(&lcs, 0, &match));
    char text[6];
    lcs_write_text(&lcs, text);
    assert_memory_equal(text, "mytext", 6);
    lcs_close(&lcs);

    assert_true(lcs_open(&lcs, BYTES("ohmytext"), BYTES("mynewtext")));
    assert_true(lcs_next_match(&lcs, 4, &match));
    assert_false(lcs_next_match(&lcs, 4, &match));
    lcs_close(&lcs);
}

static void the_need_for_memory_is_told_and_never_wraps(void **state) {
    (void)state;
    assert_int_equal(lcs_memory_bytes(0, 0), 0);
    assert_int_equal(lcs_memory_bytes(9, 64), 10 * 8 + 64 * 8);
    assert_int_equal(lcs_memory_bytes(9, 65), 10 * 16 + 65 * 16);
    assert_true(lcs_memory_bytes(SIZE_MAX, 1) == SIZE_MAX);
    assert_true(lcs_memory_bytes(SIZE_MAX / 2, SIZE_MAX / 2) == SIZE_MAX);
    assert_int_equal(lcs_length_memory_bytes(1000000, 64), 64 * 8 + 8);
    assert_int_equal(lcs_length_memory_bytes(1000, 1000), lcs_length_memory_bytes(1000, 2000));
}

#if defined(SKUA_TEST)
static void without_memory_it_says_so_and_leaks_nothing(void **state) {
    (void)state;
    struct lcs lcs;
    size_t length, before = mem_used_bytes();
    for (uint64_t nth = 1; nth <= 2; nth++) {
        mem_fail_nth_try(nth);
        assert_false(lcs_open(&lcs, BYTES("abc"), BYTES("bcd")));
        mem_fail_nth_try(nth);
        assert_false(lcs_length(BYTES("abc"), BYTES("bcd"), &length));
    }
    mem_fail_nth_try(0);
    assert_true(lcs_length(BYTES("abc"), BYTES("bcd"), &length));
    assert_int_equal(mem_used_bytes(), before);
}
#endif

static int start(void **state) {
    (void)state;
    mem_start();
    random_set_seed(11);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_runs_and_text_agree_with_the_plain_table),
        cmocka_unit_test(runs_come_from_the_end_and_short_ones_can_be_left_out),
        cmocka_unit_test(the_need_for_memory_is_told_and_never_wraps),
#if defined(SKUA_TEST)
        cmocka_unit_test(without_memory_it_says_so_and_leaks_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
