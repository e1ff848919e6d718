#include "foundation/buffer.h"
#include "foundation/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Splits the line and joins the words with '|'. */
static void assert_words(struct bytes line, const char *want) {
    struct words words;
    struct buffer joined = {0};
    assert_true(words_split(line, &words));
    for (size_t i = 0; i < words.count; i++) {
        assert_int_equal(words.items[i].data[words.items[i].len], '\0');
        if (i > 0) buffer_append_char(&joined, '|');
        buffer_append_bytes(&joined, words.items[i]);
    }
    words_destroy(&words);
    assert_string_equal(buffer_c_str(&joined), want);
    buffer_destroy(&joined);
}

static void white_space_parts_words(void **state) {
    (void)state;
    assert_words(BYTES("set a b"), "set|a|b");
    assert_words(BYTES("  set\t a \r\n"), "set|a");
    assert_words(BYTES(""), "");
    assert_words(bytes_of(NULL, 0), "");
    assert_words(BYTES(" \v\f "), "");
    assert_words(BYTES("a\vb \vc"), "a\vb|c");
}

static void double_quotes_keep_spaces_and_take_escapes(void **state) {
    (void)state;
    assert_words(BYTES("\"a b\" c"), "a b|c");
    assert_words(BYTES("\"\\n\\r\\t\\b\\a\\\"\\\\\\q\""), "\n\r\t\b\a\"\\q");
    assert_words(BYTES("\"\\x41\\xfFz\\xg1\\x4\""), "A\xffzxg1x4");
    assert_words(BYTES("ab\"cd\" e"), "abcd|e");
    assert_words(BYTES("\"it's\""), "it's");
}

static void single_quotes_take_only_their_own_escape(void **state) {
    (void)state;
    assert_words(BYTES("'a b' 'c\\'d' '\\n\"'"), "a b|c'd|\\n\"");
}

static void empty_quotes_are_a_word(void **state) {
    (void)state;
    struct words words;
    assert_true(words_split(BYTES("\"\" '' x"), &words));
    assert_int_equal(words.count, 3);
    assert_int_equal(words.items[0].len, 0);
    assert_int_equal(words.items[1].len, 0);
    words_destroy(&words);
}

static void unbalanced_quotes_are_refused(void **state) {
    (void)state;
    static const char *const lines[] = {"\"",     "'",     "a \"b",   "a 'b",  "\"a\"b",     "'a'b",
                                        "\"\"\"", "\"a\\", "\"a\\\"", "'a\\'", "a b\"c\"'d'"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct words words;
        assert_false(words_split(bytes_of_str(lines[i]), &words));
        assert_int_equal(words.count, 0);
        assert_null(words.items);
    }
}

static void a_zero_byte_ends_the_line(void **state) {
    (void)state;
    struct words words;
    assert_words(BYTES("a b\0 c"), "a|b");
    assert_false(words_split(BYTES("\"a\0\""), &words));
    assert_true(words_split(BYTES("\"a\\x00b\""), &words));
    assert_int_equal(words.items[0].len, 3);
    words_destroy(&words);
}

static void a_line_of_many_words_splits(void **state) {
    (void)state;
    static char line[20000];
    struct words words;
    for (size_t i = 0; i < sizeof(line); i++) {
        line[i] = i % 2 == 0 ? 'x' : ' ';
    }
    assert_true(words_split(bytes_of(line, sizeof(line)), &words));
    assert_int_equal(words.count, sizeof(line) / 2);
    assert_true(bytes_equal(words.items[9999], BYTES("x")));
    words_destroy(&words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_parts_words),
        cmocka_unit_test(double_quotes_keep_spaces_and_take_escapes),
        cmocka_unit_test(single_quotes_take_only_their_own_escape),
        cmocka_unit_test(empty_quotes_are_a_word),
        cmocka_unit_test(unbalanced_quotes_are_refused),
        cmocka_unit_test(a_zero_byte_ends_the_line),
        cmocka_unit_test(a_line_of_many_words_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
