/* See histogram.h for the layout. A bucket's index is (octave, step): the octave is the place of
 * the value's highest bit, the step the seven bits below it. */
#include "benchmark/histogram.h"

#include <string.h>

static uint32_t bucket_of(uint64_t value) {
    if (value < (1u << HISTOGRAM_STEP_BITS)) return (uint32_t)value;
    uint32_t shift = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    uint64_t index = ((uint64_t)shift << HISTOGRAM_STEP_BITS) + (value >> shift);
    return index < HISTOGRAM_BUCKETS ? (uint32_t)index : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_upper_end(uint32_t bucket) {
    if (bucket < (1u << HISTOGRAM_STEP_BITS)) return bucket;
    uint32_t shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t step = bucket - ((uint64_t)shift << HISTOGRAM_STEP_BITS);
    return ((step + 1) << shift) - 1;
}

void histogram_reset(struct histogram *histogram) {
    memset(histogram, 0, sizeof(*histogram));
}

void histogram_record(struct histogram *histogram, uint64_t value_ns, uint64_t times) {
    histogram->counts[bucket_of(value_ns)] += times;
    histogram->total += times;
    histogram->sum_ns += value_ns * times;
    if (times && value_ns > histogram->max_ns) histogram->max_ns = value_ns;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other) {
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) histogram->counts[i] += other->counts[i];
    histogram->total += other->total;
    histogram->sum_ns += other->sum_ns;
    if (other->max_ns > histogram->max_ns) histogram->max_ns = other->max_ns;
}

uint64_t histogram_percentile(const struct histogram *histogram, double fraction) {
    double wanted = fraction * (double)histogram->total;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen == 0 || (double)seen < wanted) continue;
        uint64_t value = bucket_upper_end(i);
        return value < histogram->max_ns ? value : histogram->max_ns;
    }
    return histogram->max_ns;
}

double histogram_mean(const struct histogram *histogram) {
    return histogram->total ? (double)histogram->sum_ns / (double)histogram->total : 0;
}
