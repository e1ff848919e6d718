/* Judges an algorithm by exact logs of moments.
 *
 *      window      the moments (t - length, t]
 *      too many    of those let in, so many would have to be left out for no window to hold more
 *                  than the limit (each is, in turn, that finds the window full of the others)
 *      too few     of those denied, so many would have found room, each of them and of those let in
 *                  taking its own
 *
 * A request counts at the moment at which it may go on: with LEAKY that is after its delay, which
 * is told in whole ms and so gets a ms of grace. */
#ifndef RATELIMIT_ACCURACY_JUDGE_H
#define RATELIMIT_ACCURACY_JUDGE_H

#include "data/types/ratelimit/algorithm.h"

#include <stddef.h>

struct verdicts {
    uint64_t requests;
    uint64_t too_many;
    uint64_t too_few;
    int64_t most_in_window;
    double differences; /* |used by its own count - in the window| / in the window, summed up */
    uint64_t difference_count;
};

/* Moments in order. */
struct moments {
    int64_t *us;
    size_t count;
    size_t cap;
};

struct judge {
    struct rate_policy policy;
    struct verdicts verdicts; /* of all limiters judged */
    void *state;
    struct moments granted;
    struct moments kept;   /* granted without those too many */
    struct moments filled; /* granted with those too few */
};

void judge_init(struct judge *judge, const struct rate_policy *policy);
void judge_destroy(struct judge *judge);
/* From here on it is another limiter, never used. */
void judge_renew(struct judge *judge, int64_t now_us);
/* One request; `now_us` does not go back. */
void judge_ask(struct judge *judge, int64_t now_us);

#endif
