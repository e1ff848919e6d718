/* Meters: what has been taken and has not come back yet, exactly. BUCKET, GCRA and LEAKY are meters
 * that read it in their own ways: tokens that are missing, debt, requests that wait.
 *
 * It is counted in parts. A unit has as many parts as the period has microseconds, so that `refill`
 * units in a period are `refill` parts in a microsecond: every sum is one of integers, and nothing
 * is ever rounded but when a changed policy rescales (down: in favour of the user).
 *
 *      parts <= limit * period_us < 2^116
 *
 * Policies below 2^64 parts, that is nearly all of them, need no `high`: it stands last, where
 * meter_used_bytes leaves it out. */
#ifndef DATA_TYPES_RATELIMIT_METER_H
#define DATA_TYPES_RATELIMIT_METER_H

#include "data/types/ratelimit/algorithm.h"
#include "foundation/check.h"

struct meter_state {
    uint64_t low; /* of the parts owed at `seen_us` */
    int64_t seen_us;
    uint64_t high;
};

enum meter_kind {
    METER_OF_SHARES, /* a changed limit keeps the share owed: full stays full, fresh stays fresh */
    METER_OF_WAITS,  /* it keeps the units, perhaps above the limit; takes answer delay_ms */
};

/* Takes as struct rate_methods says. A changed rate counts from the last take on where it is the
 * faster of the two; else from this one on. */
void meter_charge(struct meter_state *state, enum meter_kind kind, const struct rate_policy *was,
                  const struct rate_policy *policy, const struct rate_request *request,
                  struct rate_answer *answer);
/* Reads a state of at most `max_units`. */
NODISCARD bool meter_read(struct meter_state *state, const struct rate_policy *policy,
                          int64_t max_units, struct bytes bytes);

/* Methods that all meters have in common; meter_take and meter_decode are those of
 * METER_OF_SHARES. */
void meter_start(void *state, const struct rate_policy *policy, int64_t now_us);
void meter_take(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                const struct rate_request *request, struct rate_answer *answer);
void meter_give(void *state, const struct rate_policy *policy, int64_t now_us, int64_t units);
int64_t meter_fresh_at_us(const void *state, const struct rate_policy *policy, int64_t now_us);
size_t meter_used_bytes(const void *state, const struct rate_policy *policy);
void meter_encode(const void *state, struct buffer *out);
bool meter_decode(void *state, const struct rate_policy *policy, struct bytes bytes);

#endif
