/* A histogram of how long calls took, cheap enough to be kept for every one of them.
 *
 * It counts ticks of foundation/clock.h as they are measured; only who reads it turns them into
 * nanoseconds. Each octave is cut into 16 buckets, so that a bucket is a sixteenth as wide as where
 * it begins:
 *
 *      ticks    0 1 2 … 15 | 16 17 … 31 | 32-33 34-35 … 62-63 | 64-67 … | …    up to 2^35
 *      bucket   0 1 2 … 15 | 16 17 … 31 | 32    33    … 47    | 48    … | … 511
 *
 * 2^35 ticks are about ten seconds. */
#ifndef ENGINE_LATENCY_HISTOGRAM_H
#define ENGINE_LATENCY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    LATENCY_PART_BITS = 4, /* of the parts of an octave */
    LATENCY_TICK_BITS = 35,
    LATENCY_BUCKETS = (LATENCY_TICK_BITS - LATENCY_PART_BITS + 1) << LATENCY_PART_BITS,
};

/* More are counted as so many. */
#define LATENCY_TICKS_MAX (((uint64_t)1 << LATENCY_TICK_BITS) - 1)

/* Zeroed at start. */
struct latency_histogram {
    uint64_t counts[LATENCY_BUCKETS];
};

static inline size_t latency_bucket_of(uint64_t ticks) {
    unsigned top_bit = 63 ^ (unsigned)__builtin_clzll(ticks | 1 << LATENCY_PART_BITS);
    unsigned shift = top_bit - LATENCY_PART_BITS;
    return ((size_t)shift << LATENCY_PART_BITS) + (size_t)(ticks >> shift);
}

/* `ticks` is at most LATENCY_TICKS_MAX. Cost: 9 instructions. */
static inline void latency_histogram_add(struct latency_histogram *histogram, uint64_t ticks) {
    histogram->counts[latency_bucket_of(ticks)]++;
}

uint64_t latency_histogram_total(const struct latency_histogram *histogram);
/* How many took at most so long; those whose bucket reaches beyond it are not counted. */
uint64_t latency_histogram_count_until(const struct latency_histogram *histogram, uint64_t ns);
/* What `percentile` (0 to 100) of them took at most, in ns: the end of its bucket, for 0 its
 * begin. */
uint64_t latency_histogram_percentile_ns(const struct latency_histogram *histogram,
                                         double percentile);

#endif
