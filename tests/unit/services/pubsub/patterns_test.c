/* The index of patterns: which are asked, and that none is missed. */
#include "services/pubsub/patterns.h"

#include "foundation/glob.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "services/pubsub/pubsub_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct topic *new_pattern(const char *text) {
    size_t len = strlen(text);
    struct topic *pattern = mem_alloc(sizeof(*pattern) + len);
    *pattern = (struct topic){.kind = TOPIC_PATTERN, .len = len};
    memcpy(pattern->name, text, len);
    return pattern;
}

static void count_match(struct topic *pattern, void *context) {
    (void)pattern;
    (*(size_t *)context)++;
}

static size_t count_matches(struct pattern_index *index, const char *channel) {
    size_t count = 0;
    pattern_index_match(index, bytes_of_str(channel), count_match, &count);
    return count;
}

static void patterns_with_other_beginnings_are_not_asked(void **state) {
    enum { PATTERNS = 100 * 1000 };
    static struct topic *patterns[PATTERNS];
    struct pattern_index index;
    char text[64];
    (void)state;
    pattern_index_init(&index);
    for (int i = 0; i < PATTERNS; i++) {
        snprintf(text, sizeof(text), "user:%d:*", i);
        patterns[i] = new_pattern(text);
        pattern_index_add(&index, patterns[i]);
    }
    assert_int_equal(count_matches(&index, "user:4711:login"), 1);
    assert_int_equal(count_matches(&index, "user:none"), 0);
    assert_int_equal(count_matches(&index, ""), 0);
    assert_int_equal(index.comparisons, 1);
    assert_int_equal(index.lengths.count, 5);
    for (int i = 0; i < PATTERNS; i++) {
        pattern_index_remove(&index, patterns[i]);
        mem_free(patterns[i]);
    }
    assert_int_equal(index.lengths.count, 0);
    pattern_index_destroy(&index);
}

/* --- against asking every pattern --- */

static const char *const texts[] = {
    "",       "*",    "a",      "a*", "ab*", "a?c", "?b",   "[ab]*", "\\a", "a\\*", "*c",    "abc",
    "ab[c-]", "abc*", "abcd*e", "b",  "b*b", "ab?", "ab\\", "a**",   "**",  "?*",   "ab[^c]"};
enum { TEXTS = ARRAY_LEN(texts), LETTERS = 5, MAX_LEN = 5 };

static size_t count_naively(const bool *is_in, const char *channel) {
    size_t count = 0;
    for (size_t i = 0; i < TEXTS; i++)
        count += is_in[i] && glob_match(bytes_of_str(texts[i]), bytes_of_str(channel));
    return count;
}

static void compare_all_channels(struct pattern_index *index, const bool *is_in) {
    static const char letters[LETTERS] = {'a', 'b', 'c', '*', '\\'};
    char channel[MAX_LEN + 1] = {0};
    for (int number = 0; number < LETTERS * LETTERS * LETTERS * LETTERS; number++) {
        int rest = number;
        size_t len = (size_t)number % MAX_LEN;
        for (size_t i = 0; i < MAX_LEN; i++, rest /= LETTERS)
            channel[i] = i < len ? letters[rest % LETTERS] : '\0';
        assert_int_equal(count_matches(index, channel), count_naively(is_in, channel));
    }
}

static void every_matching_pattern_is_found_while_they_come_and_go(void **state) {
    enum { STEPS = 600 };
    struct topic *patterns[TEXTS];
    bool is_in[TEXTS] = {false};
    struct pattern_index index;
    unsigned seed = 1;
    (void)state;
    pattern_index_init(&index);
    for (size_t i = 0; i < TEXTS; i++) patterns[i] = new_pattern(texts[i]);
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1103515245u + 12345u;
        size_t which = (seed >> 16) % TEXTS;
        if (is_in[which])
            pattern_index_remove(&index, patterns[which]);
        else
            pattern_index_add(&index, patterns[which]);
        is_in[which] = !is_in[which];
        compare_all_channels(&index, is_in);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        if (is_in[i]) pattern_index_remove(&index, patterns[i]);
        mem_free(patterns[i]);
    }
    pattern_index_destroy(&index);
}

static int start(void **state) {
    (void)state;
    mem_start();
    hash_set_seed(1);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_with_other_beginnings_are_not_asked),
        cmocka_unit_test(every_matching_pattern_is_found_while_they_come_and_go),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
