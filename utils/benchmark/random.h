/* A small, fast, seeded source of random numbers for choosing keys (splitmix64, Steele, Lea and
 * Flood 2014). Not for secrets. Each thread owns one. */
#ifndef BENCHMARK_RANDOM_H
#define BENCHMARK_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random) {
    uint64_t mixed = (random->state += UINT64_C(0x9E3779B97F4A7C15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/* A number in [0, range), range > 0; the bias is below range / 2^64. */
static inline uint64_t random_below(struct random *random, uint64_t range) {
    return (uint64_t)(((unsigned __int128)random_next(random) * range) >> 64);
}

/* A number in [0, 1). */
static inline double random_unit(struct random *random) {
    return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

#endif
