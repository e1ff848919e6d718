#include "foundation/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void comparing_follows_bytes_then_length(void **state) {
    (void)state;
    assert_true(bytes_compare(BYTES("a"), BYTES("b")) < 0);
    assert_true(bytes_compare(BYTES("b"), BYTES("ab")) > 0);
    assert_true(bytes_compare(BYTES("a"), BYTES("aa")) < 0);
    assert_true(bytes_compare(BYTES("\xff"), BYTES("a")) > 0);
    assert_int_equal(bytes_compare(BYTES(""), bytes_of(NULL, 0)), 0);
    assert_true(bytes_compare(bytes_of(NULL, 0), BYTES("a")) < 0);
}

static void only_ascii_letters_lose_their_case(void **state) {
    (void)state;
    assert_true(bytes_equal_nocase(BYTES("GeT"), BYTES("gEt")));
    assert_false(bytes_equal_nocase(BYTES("get"), BYTES("gets")));
    assert_false(bytes_equal_nocase(BYTES("@["), BYTES("`{")));
    assert_false(bytes_equal_nocase(BYTES("\xc4"), BYTES("\xe4")));
}

static void a_word_is_compared_whole(void **state) {
    (void)state;
    assert_true(bytes_is_word(BYTES("KeepTTL"), "keepttl"));
    assert_true(bytes_is_word(BYTES(""), ""));
    assert_false(bytes_is_word(BYTES("keep"), "keepttl"));
    assert_false(bytes_is_word(BYTES("keepttl2"), "keepttl"));
    assert_false(bytes_is_word(BYTES("nx\0"), "nx"));
}

static void prefixes_and_indexes_are_found(void **state) {
    (void)state;
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("ab")));
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("")));
    assert_false(bytes_starts_with(BYTES("a"), BYTES("ab")));
    assert_int_equal(bytes_index(BYTES("abcb"), 'b'), 1);
    assert_int_equal(bytes_index(BYTES("abc"), 'x'), 3);
    assert_int_equal(bytes_index(bytes_of(NULL, 0), 'x'), 0);
}

static void trimming_drops_space_at_both_ends(void **state) {
    (void)state;
    assert_true(bytes_equal(bytes_trim(BYTES(" \t a b\r\n")), BYTES("a b")));
    assert_int_equal(bytes_trim(BYTES(" \v\f ")).len, 0);
}

static void words_come_one_by_one(void **state) {
    (void)state;
    struct bytes rest = BYTES("  ab  c ");
    struct bytes word;
    assert_true(bytes_next_word(&rest, ' ', &word));
    assert_true(bytes_equal(word, BYTES("ab")));
    assert_true(bytes_next_word(&rest, ' ', &word));
    assert_true(bytes_equal(word, BYTES("c")));
    assert_false(bytes_next_word(&rest, ' ', &word));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing_follows_bytes_then_length),
        cmocka_unit_test(only_ascii_letters_lose_their_case),
        cmocka_unit_test(a_word_is_compared_whole),
        cmocka_unit_test(prefixes_and_indexes_are_found),
        cmocka_unit_test(trimming_drops_space_at_both_ends),
        cmocka_unit_test(words_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
