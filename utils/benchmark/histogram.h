/* A latency histogram: counts of nanosecond values in logarithmic buckets, each octave cut into
 * 128 equal steps, so that every percentile is exact to within 0.8 % from 1 ns to 34 seconds
 * and beyond (larger values share the last bucket; the maximum is kept exactly).
 *
 *   value    0 … 127       one bucket each
 *   value  128 … 255       128 buckets of 1
 *   value  256 … 511       128 buckets of 2, and so on
 */
#ifndef BENCHMARK_HISTOGRAM_H
#define BENCHMARK_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEP_BITS = 7,
    HISTOGRAM_OCTAVES = 28,
    HISTOGRAM_BUCKETS = (HISTOGRAM_OCTAVES + 1) << HISTOGRAM_STEP_BITS,
};

struct histogram {
    uint64_t total;
    uint64_t sum_ns;
    uint64_t max_ns;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *histogram);

/* Counts `times` values of `value_ns`. */
void histogram_record(struct histogram *histogram, uint64_t value_ns, uint64_t times);

/* Adds all of `other` to `histogram`. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The least value that `fraction` (0 to 1) of all recorded values do not exceed, rounded up to its
 * bucket's upper end, never above the maximum; 0 when nothing was recorded. O(buckets). */
uint64_t histogram_percentile(const struct histogram *histogram, double fraction);

double histogram_mean(const struct histogram *histogram);

#endif
