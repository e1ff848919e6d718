/* BUCKET, a token bucket: starts full, `refill` tokens come back continuously in a period, and a
 * take removes its cost. What the meter keeps is the tokens that are missing from a full one.
 *
 * remaining: whole tokens in the bucket. UPTO takes those. DRAIN empties the bucket. A changed
 * capacity keeps how full the bucket is: half of 10 becomes half of 20. */
#include "data/types/ratelimit/meter.h"

const struct rate_methods rate_bucket_methods = {
    .word = "BUCKET",
    .state_bytes = sizeof(struct meter_state),
    .used_bytes = meter_used_bytes,
    .start = meter_start,
    .take = meter_take,
    .give = meter_give,
    .fresh_at_us = meter_fresh_at_us,
    .encode = meter_encode,
    .decode = meter_decode,
};
