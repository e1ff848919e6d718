#include "engine/latency_histogram.h"

#include "foundation/clock.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SAMPLES = 2000, ROUNDS = 50 };

static struct latency_histogram *new_histogram(void) {
    struct latency_histogram *histogram = calloc(1, sizeof(*histogram));
    assert_non_null(histogram);
    return histogram;
}

static void buckets_follow_each_other_without_a_gap(void **state) {
    (void)state;
    size_t last = 0;
    for (uint64_t ticks = 0; ticks < 1 << 20; ticks++) {
        size_t bucket = latency_bucket_of(ticks);
        assert_true(bucket == last || bucket == last + 1);
        last = bucket;
    }
    assert_int_equal(latency_bucket_of(0), 0);
    assert_int_equal(latency_bucket_of(15), 15);
    assert_int_equal(latency_bucket_of(31), 31);
    assert_int_equal(latency_bucket_of(33), 32);
    assert_int_equal(latency_bucket_of(LATENCY_TICKS_MAX), LATENCY_BUCKETS - 1);
}

static void a_bucket_is_a_sixteenth_of_its_begin_wide(void **state) {
    (void)state;
    for (uint64_t ticks = 16; ticks < LATENCY_TICKS_MAX / 2; ticks += ticks / 7 + 1) {
        size_t bucket = latency_bucket_of(ticks);
        assert_true(latency_bucket_of(ticks + ticks / 16 + 1) > bucket);
        assert_true(latency_bucket_of(ticks - ticks / 32) >= bucket - 1);
    }
}

static void an_empty_histogram_has_no_percentiles(void **state) {
    (void)state;
    struct latency_histogram *histogram = new_histogram();
    assert_int_equal(latency_histogram_total(histogram), 0);
    assert_int_equal(latency_histogram_percentile_ns(histogram, 50), 0);
    assert_int_equal(latency_histogram_count_until(histogram, UINT64_MAX), 0);
    free(histogram);
}

static void one_sample_is_every_percentile(void **state) {
    (void)state;
    struct latency_histogram *histogram = new_histogram();
    latency_histogram_add(histogram, 1000000);
    uint64_t ns = clock_ticks_to_ns(1000000);
    for (int permille = 5; permille <= 1000; permille += 5) {
        uint64_t told_ns = latency_histogram_percentile_ns(histogram, permille / 10.0);
        assert_true(told_ns >= ns && told_ns <= ns + ns / 16);
    }
    uint64_t least_ns = latency_histogram_percentile_ns(histogram, 0);
    assert_true(least_ns <= ns && least_ns >= ns - ns / 16);
    free(histogram);
}

/* --- against sorted samples --- */

static int compare_ticks(const void *a, const void *b) {
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void check_percentiles(const struct latency_histogram *histogram, const uint64_t *sorted) {
    static const double percentiles[] = {1, 10, 50, 90, 99, 99.9, 100};
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
        size_t rank = (size_t)(percentiles[i] / 100 * SAMPLES + 0.5);
        uint64_t ns = clock_ticks_to_ns(sorted[rank == 0 ? 0 : rank - 1]);
        uint64_t told_ns = latency_histogram_percentile_ns(histogram, percentiles[i]);
        assert_true(told_ns + 1 >= ns && told_ns <= ns + ns / 16 + 2);
    }
}

static void check_counts(const struct latency_histogram *histogram, const uint64_t *sorted) {
    size_t sure = 0, possible = 0;
    for (uint64_t ns = 100; ns < 1000000000; ns *= 3) {
        while (sure < SAMPLES && clock_ticks_to_ns(sorted[sure]) * 17 / 16 + 2 <= ns) sure++;
        while (possible < SAMPLES && clock_ticks_to_ns(sorted[possible]) <= ns) possible++;
        uint64_t count = latency_histogram_count_until(histogram, ns);
        assert_true(count >= sure && count <= possible);
    }
}

static void percentiles_and_counts_are_those_of_the_samples(void **state) {
    (void)state;
    static uint64_t samples[SAMPLES];
    random_set_seed(7);
    for (int round = 0; round < ROUNDS; round++) {
        struct latency_histogram *histogram = new_histogram();
        for (size_t i = 0; i < SAMPLES; i++) {
            unsigned bits = (unsigned)random_below(LATENCY_TICK_BITS) + 1;
            samples[i] = random_below((uint64_t)1 << bits);
            latency_histogram_add(histogram, samples[i]);
        }
        qsort(samples, SAMPLES, sizeof(samples[0]), compare_ticks);
        assert_int_equal(latency_histogram_total(histogram), SAMPLES);
        check_percentiles(histogram, samples);
        check_counts(histogram, samples);
        free(histogram);
    }
}

static int start_clock(void **state) {
    (void)state;
    clock_ticks_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_follow_each_other_without_a_gap),
        cmocka_unit_test(a_bucket_is_a_sixteenth_of_its_begin_wide),
        cmocka_unit_test(an_empty_histogram_has_no_percentiles),
        cmocka_unit_test(one_sample_is_every_percentile),
        cmocka_unit_test(percentiles_and_counts_are_those_of_the_samples),
    };
    return cmocka_run_group_tests(tests, start_clock, NULL);
}
