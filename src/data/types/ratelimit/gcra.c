/* GCRA, the leaky bucket as a meter (ITU-T I.371): a take adds its cost to the debt, `count` units
 * of which leak away in a period, and conforms when the debt stays within burst + 1, the limit. In
 * the textbook's form the debt is a time, the theoretical arrival time less now; in units a changed
 * rate does not distort it.
 *
 * It decides as a BUCKET with that capacity does, which counts what is left instead of what is
 * owed.
 *
 * remaining: units below the limit. UPTO takes those. DRAIN fills the debt up. A changed burst
 * keeps the debt's share of the limit. */
#include "data/types/ratelimit/meter.h"

const struct rate_methods rate_gcra_methods = {
    .word = "GCRA",
    .state_bytes = sizeof(struct meter_state),
    .used_bytes = meter_used_bytes,
    .start = meter_start,
    .take = meter_take,
    .give = meter_give,
    .fresh_at_us = meter_fresh_at_us,
    .encode = meter_encode,
    .decode = meter_decode,
};
