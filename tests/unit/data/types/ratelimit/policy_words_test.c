/* Policies as users write them. */
#include "data/types/ratelimit/policy_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_words(struct rate_policy policy, const char *expected) {
    struct buffer text = {0};
    rate_policy_append(&policy, &text);
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
}

static void each_algorithm_has_its_words(void **state) {
    (void)state;
    assert_words((struct rate_policy){.algorithm = RATE_NONE}, "");
    assert_words(
        (struct rate_policy){.algorithm = RATE_BUCKET, .limit = 1, .refill = 2, .period_ms = 3},
        "BUCKET 1 2 3");
    assert_words(
        (struct rate_policy){.algorithm = RATE_GCRA, .limit = 1, .refill = 2, .period_ms = 3},
        "GCRA 0 2 3");
    assert_words(
        (struct rate_policy){.algorithm = RATE_LEAKY, .limit = 1, .refill = 2, .period_ms = 3},
        "LEAKY 1 2 3");
    assert_words((struct rate_policy){.algorithm = RATE_FIXED, .limit = 1, .period_ms = 3},
                 "FIXED 1 3");
    assert_words(
        (struct rate_policy){
            .algorithm = RATE_FIXED, .limit = 1, .period_ms = 3, .is_aligned = true},
        "FIXED 1 3 ALIGNED");
    assert_words(
        (struct rate_policy){.algorithm = RATE_SLIDING, .limit = 1, .period_ms = 3, .buckets = 1},
        "SLIDING 1 3");
    assert_words(
        (struct rate_policy){.algorithm = RATE_SLIDING, .limit = 1, .period_ms = 3, .buckets = 64},
        "SLIDING 1 3 BUCKETS 64");
    assert_words((struct rate_policy){.algorithm = RATE_LOG, .limit = 1, .period_ms = 3},
                 "LOG 1 3");
    assert_words((struct rate_policy){.algorithm = RATE_CONCURRENT, .limit = 1, .period_ms = 3},
                 "CONCURRENT 1 3");
}

static void the_largest_numbers_fit(void **state) {
    (void)state;
    assert_words((struct rate_policy){.algorithm = RATE_BUCKET,
                                      .limit = RATE_LIMIT_MAX,
                                      .refill = RATE_LIMIT_MAX,
                                      .period_ms = RATE_PERIOD_MAX_MS},
                 "BUCKET 9007199254740992 9007199254740992 9007199254740992");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_has_its_words),
        cmocka_unit_test(the_largest_numbers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
