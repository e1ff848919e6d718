/* LEAKY, the leaky bucket as a queue: what is let in waits until all that came before has leaked
 * out, at `leak` units in a period, and is told so (delay_ms; 0 into an empty queue). A queue in
 * which the cost finds no place denies.
 *
 * remaining: free places. UPTO takes those. DRAIN fills the queue. What waits stays as it is when
 * the capacity changes, above a lowered one too: it has been let in. When the clock was set back
 * delays count as if it stood still until it is back. */
#include "data/types/ratelimit/meter.h"

static void take_place(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                       const struct rate_request *request, struct rate_answer *answer) {
    meter_charge(state, METER_OF_WAITS, was, policy, request, answer);
}

static bool decode_queue(void *state, const struct rate_policy *policy, struct bytes bytes) {
    return meter_read(state, policy, RATE_LIMIT_MAX, bytes);
}

const struct rate_methods rate_leaky_methods = {
    .word = "LEAKY",
    .state_bytes = sizeof(struct meter_state),
    .used_bytes = meter_used_bytes,
    .start = meter_start,
    .take = take_place,
    .give = meter_give,
    .fresh_at_us = meter_fresh_at_us,
    .encode = meter_encode,
    .decode = decode_queue,
};
