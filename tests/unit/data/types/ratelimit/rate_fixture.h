/* What the tests of rate algorithms share: requests, and random numbers of all sizes. */
#ifndef UNIT_DATA_TYPES_RATELIMIT_RATE_FIXTURE_H
#define UNIT_DATA_TYPES_RATELIMIT_RATE_FIXTURE_H

#include "data/types/ratelimit/algorithm.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define RATE_NOW_US ((int64_t)1700000000 * 1000 * 1000)
#define RATE_NOW_MAX_US ((int64_t)1 << 61)

/* How many steps a model test is to run: SKUA_MODEL_STEPS=n in the environment says otherwise. */
static inline uint64_t steps_to_run(uint64_t usual) {
    const char *text = getenv("SKUA_MODEL_STEPS");
    return text == NULL ? usual : strtoull(text, NULL, 10);
}

static inline struct rate_request request_of(int64_t now_us, int64_t cost, enum rate_mode mode) {
    return (struct rate_request){.now_us = now_us, .cost = cost, .mode = mode};
}

/* A take that is let in, or drains, tells what the state is then asked for. */
static inline void assert_tells_when_fresh(const struct rate_methods *methods, const void *state,
                                           const struct rate_policy *policy, int64_t now_us,
                                           const struct rate_answer *answer) {
    int64_t fresh_us = methods->fresh_at_us(state, policy, now_us);
    if (fresh_us > now_us)
        assert_int_equal(answer->fresh_at_us, fresh_us);
    else
        assert_true(answer->fresh_at_us <= now_us);
}

static inline int64_t random_between(int64_t min, int64_t max) {
    return min + (int64_t)random_below((uint64_t)(max - min) + 1);
}

/* 1 to max, all orders of magnitude alike. */
static inline int64_t random_size(int64_t max) {
    int64_t size = (int64_t)(random_u64() >> 1 >> random_below(63));
    return size < 1 ? 1 : size > max ? max : size;
}

static inline bool is_one_in(uint64_t n) {
    return random_below(n) == 0;
}

/* A moment after (sometimes before) another; `usual_us` is what passes mostly, at most. */
static inline int64_t random_later(int64_t now_us, int64_t usual_us) {
    int64_t step_us = random_between(0, usual_us);
    if (is_one_in(30)) step_us = random_size(RATE_NOW_MAX_US);
    if (is_one_in(12)) step_us = -step_us;
    if (is_one_in(8)) step_us = 0;
    if (now_us + step_us < 0 || now_us + step_us > RATE_NOW_MAX_US) return RATE_NOW_US;
    return now_us + step_us;
}

static inline enum rate_mode random_mode(void) {
    if (!is_one_in(3)) return RATE_MODE_ALL;
    return is_one_in(8) ? RATE_MODE_DRAIN : RATE_MODE_UPTO;
}

#endif
