/* FIXED, a fixed window: so many units in each window, which begins with the first take, or,
 * aligned, with each multiple of its length since 1970.
 *
 * remaining: units left in this window. UPTO takes those. DRAIN uses them up. A changed limit is
 * held against the units taken. A changed length ends the window at the earlier of the two ends:
 * what is in favour of the user. */
#include "data/types/ratelimit/algorithm_private.h"
#include "data/types/ratelimit/varint.h"

struct fixed_state {
    int64_t count; /* taken in the window; 0: there is none */
    /* The window's begin; aligned: the latest take, by which windows of any length are told
     * apart. */
    int64_t mark_us;
};

static uint64_t end_of_window(const struct fixed_state *state, const struct rate_policy *policy) {
    uint64_t window_us = rate_period_us(policy), mark_us = (uint64_t)state->mark_us;
    if (policy->is_aligned) mark_us -= mark_us % window_us;
    return mark_us + window_us;
}

static uint64_t end_of_either(const struct fixed_state *state, const struct rate_policy *was,
                              const struct rate_policy *policy) {
    uint64_t end_us = end_of_window(state, policy);
    if (LIKELY(was == policy)) return end_us;
    uint64_t was_end_us = end_of_window(state, was);
    return was_end_us < end_us ? was_end_us : end_us;
}

/* Makes it the window of this moment, with nothing taken in a new one. A clock behind the mark
 * stands at it: the window is the same. */
static void enter_window(struct fixed_state *state, const struct rate_policy *policy,
                         uint64_t end_us, int64_t now_us) {
    bool is_new = state->count == 0 || (uint64_t)now_us >= end_us;
    if (is_new) state->count = 0;
    if (is_new || (policy->is_aligned && now_us > state->mark_us)) state->mark_us = now_us;
}

static int64_t ms_until(uint64_t then_us, int64_t now_us) {
    return rate_us_to_ms(then_us - (uint64_t)now_us);
}

static void start_window(void *state, const struct rate_policy *policy, int64_t now_us) {
    (void)policy;
    *(struct fixed_state *)state = (struct fixed_state){.mark_us = now_us};
}

static void take_units(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                       const struct rate_request *request, struct rate_answer *answer) {
    struct fixed_state *stored = state;
    struct fixed_state window = *stored;
    uint64_t end_us = end_of_either(&window, was, policy);
    enter_window(&window, policy, end_us, request->now_us);
    int64_t room = window.count < policy->limit ? policy->limit - window.count : 0;
    bool is_stored = rate_decide(policy, request, room, answer);
    if (!is_stored && request->mode == RATE_MODE_DRAIN) {
        window.count += room;
        is_stored = true;
    }
    window.count += answer->granted;
    if (is_stored) end_us = end_of_window(&window, policy);
    if (window.count != 0) {
        answer->reset_after_ms = ms_until(end_us, request->now_us);
        answer->fresh_at_us = rate_saturate(end_us);
    }
    if (answer->reason == RATE_REASON_LIMITED) answer->retry_after_ms = answer->reset_after_ms;
    if (is_stored && !request->is_peek) *stored = window;
}

static void give_units(void *state, const struct rate_policy *policy, int64_t now_us,
                       int64_t units) {
    struct fixed_state *window = state;
    enter_window(window, policy, end_of_window(window, policy), now_us);
    window->count = units < window->count ? window->count - units : 0;
}

static int64_t find_fresh_at_us(const void *state, const struct rate_policy *policy,
                                int64_t now_us) {
    (void)now_us;
    const struct fixed_state *window = state;
    return window->count == 0 ? 0 : rate_saturate(end_of_window(window, policy));
}

static void encode_window(const void *state, struct buffer *out) {
    const struct fixed_state *window = state;
    varint_append(out, (uint64_t)window->count);
    varint_append(out, (uint64_t)window->mark_us);
}

static bool decode_window(void *state, const struct rate_policy *policy, struct bytes bytes) {
    (void)policy;
    uint64_t count, mark_us;
    if (!varint_take(&bytes, (uint64_t)RATE_LIMIT_MAX, &count) ||
        !varint_take(&bytes, INT64_MAX, &mark_us) || bytes.len != 0)
        return false;
    *(struct fixed_state *)state =
        (struct fixed_state){.count = (int64_t)count, .mark_us = (int64_t)mark_us};
    return true;
}

const struct rate_methods rate_fixed_methods = {
    .word = "FIXED",
    .state_bytes = sizeof(struct fixed_state),
    .start = start_window,
    .take = take_units,
    .give = give_units,
    .fresh_at_us = find_fresh_at_us,
    .encode = encode_window,
    .decode = decode_window,
};
