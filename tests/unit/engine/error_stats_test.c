/* Errors counted by code, in bounded memory whatever peers send. */
#include "engine/error_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t count_of(const struct error_stats *stats, const char *code, int *places) {
    uint64_t count = 0;
    *places = 0;
    for (uint32_t i = 0; i < stats->code_count; i++) {
        if (!bytes_equal(bytes_of_str(stats->counts[i].code), bytes_of_str(code))) continue;
        count += stats->counts[i].count;
        ++*places;
    }
    return count;
}

static void assert_count(const struct error_stats *stats, const char *code, uint64_t expected) {
    int places;
    assert_int_equal(count_of(stats, code, &places), expected);
    assert_true(places <= 1);
}

static void errors_count_under_their_first_word(void **state) {
    (void)state;
    struct error_stats stats = {0};
    error_stats_note(&stats, BYTES("ERR no such key"));
    error_stats_note(&stats, BYTES("ERR"));
    error_stats_note(&stats, BYTES("WRONGTYPE Operation against"));
    assert_count(&stats, "ERR", 2);
    assert_count(&stats, "WRONGTYPE", 1);
    assert_int_equal(stats.total, 3);
    error_stats_reset(&stats);
    assert_int_equal(stats.total, 0);
    assert_int_equal(stats.code_count, 0);
}

static void texts_without_a_code_count_as_other(void **state) {
    (void)state;
    struct error_stats stats = {0};
    error_stats_note(&stats, BYTES(""));
    error_stats_note(&stats, BYTES(" x"));
    error_stats_note(&stats, BYTES("A_CODE_OF_THIRTY_TWO_CHARACTERS_ x"));
    error_stats_note(&stats, BYTES("A_CODE_OF_THIRTY_ONE_CHARACTERS x"));
    assert_count(&stats, "OTHER", 3);
    assert_count(&stats, "A_CODE_OF_THIRTY_ONE_CHARACTERS", 1);
}

static void fill(struct error_stats *stats, int count) {
    for (int i = 0; i < count; i++) {
        char text[32];
        int len = snprintf(text, sizeof(text), "C%d text", i);
        error_stats_note(stats, bytes_of(text, (size_t)len));
    }
}

static void too_many_codes_count_together(void **state) {
    (void)state;
    for (int is_other_first = 0; is_other_first < 2; is_other_first++) {
        struct error_stats stats = {0};
        if (is_other_first) error_stats_note(&stats, BYTES(""));
        fill(&stats, 1000);
        fill(&stats, 1000);
        assert_true(stats.code_count <= ERROR_STATS_MAX);
        assert_count(&stats, "C0", 2);
        int places;
        uint64_t other = count_of(&stats, "OTHER", &places);
        assert_int_equal(places, 1);
        assert_int_equal(other, stats.total - 2 * (uint64_t)(stats.code_count - 1));
        assert_int_equal(stats.total, 2000 + is_other_first);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_count_under_their_first_word),
        cmocka_unit_test(texts_without_a_code_count_as_other),
        cmocka_unit_test(too_many_codes_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
