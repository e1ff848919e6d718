/* Rejection-inversion: h(x) = x^-theta is a hat over the ranks' probabilities, H its integral and
 * inv_H the inverse of that. A uniform point u under the hat gives x = inv_H(u), rounded to the
 * nearest rank k; k is kept unless u lies in the sliver where the hat stands above k's bar.
 * H and its inverse are written with log1p and expm1 so that they stay exact near theta = 1. */
#include "benchmark/zipf.h"

#include <math.h>

/* (e^x - 1) / x, continued through x = 0. */
static double expm1_ratio(double x) {
    return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x / 2;
}

/* log(1 + x) / x, continued through x = 0. */
static double log1p_ratio(double x) {
    return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x / 2;
}

static double hat(const struct zipf *zipf, double x) {
    return exp(-zipf->theta * log(x));
}

static double hat_integral(const struct zipf *zipf, double x) {
    double log_x = log(x);
    return expm1_ratio((1 - zipf->theta) * log_x) * log_x;
}

static double hat_integral_inverse(const struct zipf *zipf, double area) {
    double scaled = area * (1 - zipf->theta);
    if (scaled < -1) scaled = -1; /* rounding may pass the pole by one step */
    return exp(log1p_ratio(scaled) * area);
}

void zipf_init(struct zipf *zipf, uint64_t count, double theta) {
    zipf->count = count;
    zipf->theta = theta;
    zipf->integral_at_start = hat_integral(zipf, 1.5) - 1;
    zipf->integral_at_end = hat_integral(zipf, (double)count + 0.5);
    zipf->shortcut = 2 - hat_integral_inverse(zipf, hat_integral(zipf, 2.5) - hat(zipf, 2));
}

uint64_t zipf_next(const struct zipf *zipf, struct random *random) {
    double area_range = zipf->integral_at_start - zipf->integral_at_end;
    for (;;) {
        double area = zipf->integral_at_end + random_unit(random) * area_range;
        double x = hat_integral_inverse(zipf, area);
        double rank = floor(x + 0.5);
        if (rank < 1) rank = 1;
        if (rank > (double)zipf->count) rank = (double)zipf->count;
        if (rank - x <= zipf->shortcut ||
            area >= hat_integral(zipf, rank + 0.5) - hat(zipf, rank)) {
            return (uint64_t)rank - 1;
        }
    }
}
