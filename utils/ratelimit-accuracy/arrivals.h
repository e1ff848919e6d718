/* Arrivals: patterns of requests that a limiter is judged by, from harmless to hostile. All are
 * measured in windows and limits, and the same for every algorithm: they depend on the seed
 * alone. */
#ifndef RATELIMIT_ACCURACY_ARRIVALS_H
#define RATELIMIT_ACCURACY_ARRIVALS_H

#include "ratelimit-accuracy/judge.h"

struct arrival_pattern {
    const char *name;
    const char *explanation;
    void (*play)(struct judge *judge, int64_t windows);
};

enum { ARRIVAL_PATTERNS = 6 };

extern const struct arrival_pattern arrival_patterns[ARRIVAL_PATTERNS];

#endif
