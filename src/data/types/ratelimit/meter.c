#include "data/types/ratelimit/meter.h"

#include "data/types/ratelimit/algorithm_private.h"
#include "data/types/ratelimit/varint.h"

/* --- parts under one policy and under another --- */

/* What a number of parts is measured against. */
struct frame {
    uint64_t limit; /* 1 where units are kept */
    uint64_t unit_parts;
};

static struct frame frame_of(const struct rate_policy *policy, enum meter_kind kind) {
    uint64_t limit = kind == METER_OF_SHARES ? (uint64_t)policy->limit : 1;
    return (struct frame){.limit = limit, .unit_parts = rate_period_us(policy)};
}

/* parts * (to.limit * to.unit_parts) / (from.limit * from.unit_parts), rounded down once. The
 * product has up to 232 bits, so limit and unit are dealt with one after the other and remainders
 * carried along: no step exceeds 127 bits. *is_exact: nothing was rounded away. */
static u128 scale_parts(u128 parts, struct frame from, struct frame to, bool *is_exact) {
    u128 units = parts / from.unit_parts * to.limit;
    u128 rest = units % from.limit * from.unit_parts + parts % from.unit_parts * to.limit;
    u128 scaled = units / from.limit * from.unit_parts + rest / from.limit;
    u128 carried = rest % from.limit * to.unit_parts;
    u128 fraction = scaled % from.unit_parts * to.unit_parts + carried / from.limit;
    *is_exact = carried % from.limit == 0 && fraction % from.unit_parts == 0;
    return scaled / from.unit_parts * to.unit_parts + fraction / from.unit_parts;
}

/* a * b < c * d, where the second factors are wide. */
static bool is_product_less(uint64_t a, u128 b, uint64_t c, u128 d) {
    u128 low_ab = (u128)a * (uint64_t)b, low_cd = (u128)c * (uint64_t)d;
    u128 high_ab = a * (b >> 64) + (low_ab >> 64), high_cd = c * (d >> 64) + (low_cd >> 64);
    if (high_ab != high_cd) return high_ab < high_cd;
    return (uint64_t)low_ab < (uint64_t)low_cd;
}

/* --- a meter at the moment of a call --- */

struct meter {
    u128 parts;
    u128 limit_parts;
    uint64_t unit_parts;
    uint64_t refill;
    int64_t seen_us;  /* the moment, or the latest seen when the clock has been set back */
    uint64_t late_us; /* by which the clock is behind it */
    /* Where `was_refill` is not 0, parts come back as the policy before has them: `was_parts` of
     * its own, seen under this one through scale_parts. */
    u128 was_parts;
    uint64_t was_refill;
    struct frame was_frame;
    struct frame frame;
};

static u128 parts_of(const struct meter_state *state) {
    return (u128)state->high << 64 | state->low;
}

static void set_parts(struct meter_state *state, u128 parts) {
    state->low = (uint64_t)parts;
    state->high = (uint64_t)(parts >> 64);
}

static u128 parts_after(u128 parts, uint64_t refill, uint64_t us) {
    u128 back = (u128)us * refill;
    return parts > back ? parts - back : 0;
}

/* Seen under another policy than it was stored with, parts come back at the faster of the two
 * rates: a raised one counts at once, and a lowered one does not outlast the key, which goes by the
 * old. */
static COLD void rescale(struct meter *meter, u128 stored, uint64_t passed_us,
                         const struct rate_policy *was, const struct rate_policy *policy,
                         enum meter_kind kind) {
    meter->frame = frame_of(policy, kind);
    meter->was_frame = frame_of(was, kind);
    bool is_exact;
    u128 whole = (u128)meter->frame.limit * meter->frame.unit_parts;
    u128 was_whole = (u128)meter->was_frame.limit * meter->was_frame.unit_parts;
    if (!is_product_less(meter->refill, was_whole, (uint64_t)was->refill, whole)) {
        stored = scale_parts(stored, meter->was_frame, meter->frame, &is_exact);
        meter->parts = parts_after(stored, meter->refill, passed_us);
        return;
    }
    meter->was_refill = (uint64_t)was->refill;
    meter->was_parts = parts_after(stored, meter->was_refill, passed_us);
    meter->parts = scale_parts(meter->was_parts, meter->was_frame, meter->frame, &is_exact);
}

static ALWAYS_INLINE void read_meter(struct meter *meter, const struct meter_state *state,
                                     const struct rate_policy *policy, int64_t now_us) {
    bool is_late = now_us < state->seen_us;
    meter->unit_parts = rate_period_us(policy);
    meter->refill = (uint64_t)policy->refill;
    meter->limit_parts = (u128)meter->unit_parts * (uint64_t)policy->limit;
    meter->seen_us = is_late ? state->seen_us : now_us;
    meter->late_us = is_late ? (uint64_t)state->seen_us - (uint64_t)now_us : 0;
    meter->was_refill = 0;
}

static ALWAYS_INLINE uint64_t passed_since(const struct meter *meter,
                                           const struct meter_state *state) {
    return (uint64_t)meter->seen_us - (uint64_t)state->seen_us;
}

/* --- times --- */

/* The most parts of the policy before that are seen as at most `parts` under this one. */
static COLD u128 unscale_parts(const struct meter *meter, u128 parts) {
    bool is_exact;
    u128 unscaled = scale_parts(parts + 1, meter->frame, meter->was_frame, &is_exact);
    return is_exact ? unscaled - 1 : unscaled;
}

/* From the moment of the meter until at most `parts`, fewer than now, are owed. */
static ALWAYS_INLINE u128 us_until(const struct meter *meter, u128 parts) {
    if (LIKELY(meter->was_refill == 0)) return rate_divide_up(meter->parts - parts, meter->refill);
    return rate_divide_up(meter->was_parts - unscale_parts(meter, parts), meter->was_refill);
}

/* From the moment of the call. */
static int64_t ms_until(const struct meter *meter, u128 parts) {
    if (meter->parts <= parts) return 0;
    return rate_us_to_ms(us_until(meter, parts) + meter->late_us);
}

/* --- taking --- */

static int64_t room_of(const struct meter *meter) {
    if (meter->parts >= meter->limit_parts) return 0;
    return (int64_t)rate_divide(meter->limit_parts - meter->parts, meter->unit_parts);
}

/* From here on what is owed is of this policy. */
static void set_owed(struct meter *meter, u128 parts) {
    meter->parts = parts;
    meter->was_refill = 0;
}

static void deny(struct meter *meter, const struct rate_request *request,
                 struct rate_answer *answer) {
    if (request->mode == RATE_MODE_DRAIN)
        set_owed(meter, meter->parts > meter->limit_parts ? meter->parts : meter->limit_parts);
    if (answer->reason == RATE_REASON_TOO_BIG) return;
    u128 cost_parts = (u128)meter->unit_parts * (uint64_t)rate_least_cost(request);
    answer->retry_after_ms = ms_until(meter, meter->limit_parts - cost_parts);
}

void meter_charge(struct meter_state *state, enum meter_kind kind, const struct rate_policy *was,
                  const struct rate_policy *policy, const struct rate_request *request,
                  struct rate_answer *answer) {
    struct meter meter;
    read_meter(&meter, state, policy, request->now_us);
    uint64_t passed_us = passed_since(&meter, state);
    if (LIKELY(was == policy) || rate_policy_equal(was, policy))
        meter.parts = parts_after(parts_of(state), meter.refill, passed_us);
    else
        rescale(&meter, parts_of(state), passed_us, was, policy, kind);
    u128 before = meter.parts;
    if (rate_decide(policy, request, room_of(&meter), answer))
        set_owed(&meter, before + (u128)meter.unit_parts * (uint64_t)answer->granted);
    else
        deny(&meter, request, answer);
    if (kind == METER_OF_WAITS && answer->is_allowed)
        answer->delay_ms = rate_us_to_ms(rate_divide_up(before, meter.refill));
    if (LIKELY(meter.parts != 0)) {
        u128 wait_us = us_until(&meter, 0);
        answer->reset_after_ms = rate_us_to_ms(wait_us + meter.late_us);
        answer->fresh_at_us = rate_saturate(wait_us + (uint64_t)meter.seen_us);
    }
    bool is_changed = answer->is_allowed || request->mode == RATE_MODE_DRAIN;
    if (is_changed && !request->is_peek) {
        set_parts(state, meter.parts);
        state->seen_us = meter.seen_us;
    }
}

/* --- methods --- */

void meter_start(void *state, const struct rate_policy *policy, int64_t now_us) {
    (void)policy;
    *(struct meter_state *)state = (struct meter_state){.seen_us = now_us};
}

void meter_take(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                const struct rate_request *request, struct rate_answer *answer) {
    meter_charge(state, METER_OF_SHARES, was, policy, request, answer);
}

void meter_give(void *state, const struct rate_policy *policy, int64_t now_us, int64_t units) {
    struct meter_state *stored = state;
    struct meter meter;
    read_meter(&meter, stored, policy, now_us);
    u128 given = (u128)meter.unit_parts * (uint64_t)units;
    u128 parts = parts_after(parts_of(stored), meter.refill, passed_since(&meter, stored));
    set_parts(stored, parts > given ? parts - given : 0);
    stored->seen_us = meter.seen_us;
}

int64_t meter_fresh_at_us(const void *state, const struct rate_policy *policy, int64_t now_us) {
    (void)now_us;
    const struct meter_state *stored = state;
    u128 parts = parts_of(stored);
    if (parts == 0) return 0;
    u128 us = rate_divide_up(parts, (uint64_t)policy->refill);
    return rate_saturate(us + (uint64_t)stored->seen_us);
}

size_t meter_used_bytes(const void *state, const struct rate_policy *policy) {
    (void)policy;
    const struct meter_state *stored = state;
    return stored->high == 0 ? offsetof(struct meter_state, high) : sizeof(*stored);
}

void meter_encode(const void *state, struct buffer *out) {
    const struct meter_state *stored = state;
    varint_append(out, (uint64_t)stored->seen_us);
    varint_append(out, stored->low);
    varint_append(out, stored->high);
}

bool meter_read(struct meter_state *state, const struct rate_policy *policy, int64_t max_units,
                struct bytes bytes) {
    uint64_t seen_us = 0, low = 0, high = 0;
    if (!varint_take(&bytes, INT64_MAX, &seen_us) || !varint_take(&bytes, UINT64_MAX, &low) ||
        !varint_take(&bytes, UINT64_MAX, &high) || bytes.len != 0)
        return false;
    *state = (struct meter_state){.low = low, .seen_us = (int64_t)seen_us, .high = high};
    u128 max_parts = (u128)rate_period_us(policy) * (uint64_t)max_units;
    uint64_t max_high = (uint64_t)(max_parts >> 64);
    return high < max_high || (high == max_high && low <= (uint64_t)max_parts);
}

bool meter_decode(void *state, const struct rate_policy *policy, struct bytes bytes) {
    return meter_read(state, policy, policy->limit, bytes);
}
