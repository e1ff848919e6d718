#include "engine/latency_histogram.h"

#include "foundation/clock.h"

/* The smallest number of ticks in a bucket. */
static uint64_t first_ticks(size_t bucket) {
    const size_t parts = (size_t)1 << LATENCY_PART_BITS;
    if (bucket < parts) return bucket;
    size_t shift = (bucket >> LATENCY_PART_BITS) - 1;
    return (uint64_t)(parts + bucket % parts) << shift;
}

static uint64_t first_ns(size_t bucket) {
    return clock_ticks_to_ns(first_ticks(bucket));
}

static uint64_t last_ns(size_t bucket) {
    uint64_t next_ns = first_ns(bucket + 1);
    return next_ns == 0 ? 0 : next_ns - 1;
}

uint64_t latency_histogram_total(const struct latency_histogram *histogram) {
    uint64_t sum = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) sum += histogram->counts[i];
    return sum;
}

uint64_t latency_histogram_count_until(const struct latency_histogram *histogram, uint64_t ns) {
    uint64_t sum = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS && last_ns(i) <= ns; i++) sum += histogram->counts[i];
    return sum;
}

uint64_t latency_histogram_percentile_ns(const struct latency_histogram *histogram,
                                         double percentile) {
    double part = percentile / 100 * (double)latency_histogram_total(histogram);
    uint64_t wanted = (uint64_t)(part + 0.5);
    if (wanted == 0) wanted = 1;
    uint64_t sum = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        sum += histogram->counts[i];
        if (sum >= wanted) return percentile > 0 ? last_ns(i) : first_ns(i);
    }
    return 0;
}
