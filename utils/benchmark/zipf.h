/* Zipf-distributed numbers: rank k of 1..count comes up in proportion to 1 / k^theta. Sampling is
 * rejection-inversion (W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from
 * monotone discrete distributions", 1996): constant time, no table, any theta > 0. */
#ifndef BENCHMARK_ZIPF_H
#define BENCHMARK_ZIPF_H

#include <stdint.h>

#include "benchmark/random.h"

struct zipf {
    uint64_t count;
    double theta;
    double integral_at_start; /* H(3/2) - 1: where the inverted range begins */
    double integral_at_end;   /* H(count + 1/2) */
    double shortcut;          /* a candidate this close above its rank needs no test */
};

/* Prepares sampling of `count` > 0 ranks with exponent `theta` > 0. */
void zipf_init(struct zipf *zipf, uint64_t count, double theta);

/* Draws a rank, counted from 0: 0 is the most frequent, count - 1 the rarest. */
uint64_t zipf_next(const struct zipf *zipf, struct random *random);

#endif
