#include "foundation/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
struct example {
    const char *pattern;
    const char *text;
    bool is_match;
};

static void assert_examples(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        if (glob_match(bytes_of_str(e->pattern), bytes_of_str(e->text)) != e->is_match) {
            fail_msg("pattern '%s', text '%s'", e->pattern, e->text);
        }
    }
}

static void stars_and_question_marks_match(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"a", "a", true},          {"a", "b", false},         {"a", "aa", false},
        {"*", "abc", true},        {"a*", "a", true},         {"a*", "abc", true},
        {"*c", "abc", true},       {"*b", "abc", false},      {"a**c", "abbc", true},
        {"a*b*c", "axbxbc", true}, {"a*b*c", "axbxb", false}, {"?", "a", true},
        {"?", "", false},          {"a?c", "abc", true},      {"*?", "", false},
        {"*a*a*a", "aaa", true},   {"*a*a*a", "aa", false},   {"*ab", "aab", true},
    };
    assert_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

static void classes_match_members_ranges_and_their_absence(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"[abc]", "b", true},      {"[abc]", "d", false}, {"[^abc]", "d", true},
        {"[^abc]", "a", false},    {"[a-c]", "b", true},  {"[a-c]", "d", false},
        {"[z-a]", "m", true},      {"[a-]", "_", true},   {"[-a]", "-", true},
        {"x[a-c]*", "xbcd", true}, {"[]a]", "a", false},  {"[]", "a", false},
        {"[^]", "a", true},        {"[a^]", "^", true},   {"[]a]", "a]", false},
    };
    assert_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

static void unfinished_patterns_match_as_redis_does(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"[a", "a", true},    {"[a", "b", false},      {"[^", "b", true},      {"[", "[", false},
        {"[a-", "-", true},   {"[\\]]", "]", true},    {"[\\", "\\", true},    {"\\", "\\", true},
        {"a\\", "a\\", true}, {"\\*", "*", true},      {"\\*", "a", false},    {"\\a", "a", true},
        {"*\\", "x\\", true}, {"[\\a-c]", "b", false}, {"[\\a-c]", "-", true},
    };
    assert_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

/* Redis compares no pattern with an empty text but the empty one. */
static void only_an_empty_pattern_matches_an_empty_text(void **state) {
    (void)state;
    assert_true(glob_match(BYTES(""), BYTES("")));
    assert_false(glob_match(BYTES("*"), BYTES("")));
    assert_false(glob_match(BYTES("**"), bytes_of(NULL, 0)));
    assert_false(glob_match(BYTES(""), BYTES("a")));
}

static void case_counts_only_where_asked(void **state) {
    (void)state;
    assert_false(glob_match(BYTES("MAX*"), BYTES("maxmemory")));
    assert_true(glob_match_nocase(BYTES("MAX*"), BYTES("maxmemory")));
    assert_true(glob_match_nocase(BYTES("[A-C]x"), BYTES("bX")));
    assert_true(glob_match_nocase(BYTES("[AB]"), BYTES("b")));
    assert_false(glob_match_nocase(BYTES("[AB]"), BYTES("c")));
}

static void bytes_of_any_value_match(void **state) {
    (void)state;
    assert_true(glob_match(BYTES("a\0*"), BYTES("a\0b")));
    assert_false(glob_match(BYTES("a\0b"), BYTES("a\0c")));
    assert_true(glob_match(BYTES("[\x80-\xff]"), BYTES("\xc0")));
}

/* With exponential back-tracking this would not end. */
static void a_hostile_pattern_ends_soon(void **state) {
    (void)state;
    static char pattern[2001];
    static char text[10001];
    for (size_t i = 0; i < 2000; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    memset(text, 'a', 10000);
    assert_true(glob_match(bytes_of_str(pattern), bytes_of_str(text)));
    pattern[1999] = 'b';
    assert_false(glob_match(bytes_of_str(pattern), bytes_of_str(text)));
}

static void a_literal_holds_no_special_character(void **state) {
    (void)state;
    assert_true(glob_is_literal(BYTES("maxmemory-]^")));
    assert_true(glob_is_literal(BYTES("")));
    assert_false(glob_is_literal(BYTES("a*")));
    assert_false(glob_is_literal(BYTES("a?")));
    assert_false(glob_is_literal(BYTES("[a")));
    assert_false(glob_is_literal(BYTES("a\\")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_and_question_marks_match),
        cmocka_unit_test(classes_match_members_ranges_and_their_absence),
        cmocka_unit_test(unfinished_patterns_match_as_redis_does),
        cmocka_unit_test(only_an_empty_pattern_matches_an_empty_text),
        cmocka_unit_test(case_counts_only_where_asked),
        cmocka_unit_test(bytes_of_any_value_match),
        cmocka_unit_test(a_hostile_pattern_ends_soon),
        cmocka_unit_test(a_literal_holds_no_special_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
