/* What the algorithms share: wide arithmetic, how much of a request is let in, times rounded up. */
#ifndef DATA_TYPES_RATELIMIT_ALGORITHM_PRIVATE_H
#define DATA_TYPES_RATELIMIT_ALGORITHM_PRIVATE_H

#include "data/types/ratelimit/algorithm.h"
#include "foundation/check.h"

typedef unsigned __int128 u128;

enum { RATE_US_PER_MS = 1000 };

/* Fits: RATE_PERIOD_MAX_MS is chosen so. */
static inline uint64_t rate_period_us(const struct rate_policy *policy) {
    return (uint64_t)policy->period_ms * RATE_US_PER_MS;
}

/* Nearly all numbers are of 64 bits, which the processor divides by itself. */
static inline u128 rate_divide(u128 a, uint64_t b) {
    if (LIKELY(a >> 64 == 0)) return (uint64_t)a / b;
    return a / b;
}

static inline u128 rate_divide_up(u128 a, uint64_t b) {
    if (LIKELY(a >> 64 == 0)) return (u128)((uint64_t)a / b) + ((uint64_t)a % b != 0);
    return a / b + (a % b != 0);
}

/* A number as those give it who have 64 bits for it. */
static inline int64_t rate_saturate(u128 value) {
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* Rounded up, so that the time is never earlier than the truth. */
static inline int64_t rate_us_to_ms(u128 us) {
    return rate_saturate(rate_divide_up(us, RATE_US_PER_MS));
}

/* From now until a moment; 0 when it has come. */
static inline int64_t rate_ms_until(u128 moment_us, int64_t now_us) {
    u128 now = (uint64_t)now_us;
    return moment_us <= now ? 0 : rate_us_to_ms(moment_us - now);
}

/* The least that a take must get to be allowed. */
static inline int64_t rate_least_cost(const struct rate_request *request) {
    return request->mode == RATE_MODE_UPTO ? 1 : request->cost;
}

/* Fills in the answer to a take where `room` units (0 or more) could be had at once; but for the
 * times, which are 0, and retry_after_ms -1 where it is too big. True when it is allowed. */
static inline bool rate_decide(const struct rate_policy *policy, const struct rate_request *request,
                               int64_t room, struct rate_answer *answer) {
    int64_t granted = request->cost;
    if (UNLIKELY(granted > room)) granted = request->mode == RATE_MODE_UPTO ? room : 0;
    *answer = (struct rate_answer){
        .is_allowed = granted != 0,
        .limit = policy->limit,
        .remaining = room - granted,
        .granted = granted,
    };
    if (LIKELY(granted != 0)) return true;
    if (request->mode == RATE_MODE_DRAIN) answer->remaining = 0;
    bool is_too_big = rate_least_cost(request) > policy->limit;
    answer->reason = is_too_big ? RATE_REASON_TOO_BIG : RATE_REASON_LIMITED;
    answer->retry_after_ms = is_too_big ? -1 : 0;
    return false;
}

#endif
