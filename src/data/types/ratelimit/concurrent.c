/* CONCURRENT, leases held at once. A take holds its cost under its token until the lease ends, by
 * RELEASE or by its time: it is held while now < end.
 *
 * A token that holds a lease already renews it: the lease then has the new cost and the new end.
 * That is let in where the new cost fits beside the other leases, and always where it is no more
 * than the lease has: a limit lowered below what is held ends no lease.
 *
 * remaining: limit less the units held. UPTO holds as much of the cost as fits, a renewal at least
 * what it has of it. DRAIN is as ALL: there is nobody whose leases those units could be. GIVE,
 * which names no token, takes units off the leases that end last, and ends those that have none
 * left.
 *
 * Leases that have ended stay until the next call that changes something, and count for nothing.
 *
 * Invariants: 1. `units` is the sum of all leases, those that have ended included; 2. latest_us is
 * the latest moment that changed anything. */
#include "data/types/ratelimit/concurrent.h"

#include "data/types/ratelimit/algorithm_private.h"
#include "data/types/ratelimit/leases.h"
#include "data/types/ratelimit/varint.h"

_Static_assert(RATE_LOG_LIMIT_MAX - 1 <= 0xffffff, "a lease has 24 bits for its units");
_Static_assert(RATE_TOKEN_MAX <= UINT8_MAX, "a lease has a byte for it");

struct concurrent_state {
    int64_t latest_us;
    int64_t units;
    struct leases leases;
};

/* --- what is held --- */

static int64_t later_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* The units of leases that have ended; *count is how many those are. */
static int64_t count_ended(const struct concurrent_state *state, int64_t now_us, uint32_t *count) {
    int64_t units = 0;
    *count = 0;
    struct lease_walk walk = leases_walk(&state->leases);
    for (const struct lease *lease; (lease = lease_walk_next(&walk)) != NULL; ++*count) {
        if (lease->end_us > now_us) break;
        units += lease_units(lease);
    }
    return units;
}

static struct lease *find_held(const struct concurrent_state *state, int64_t now_us,
                               struct bytes token) {
    struct lease *lease = leases_find(&state->leases, token);
    return lease != NULL && lease->end_us > now_us ? lease : NULL;
}

static void remove_lease(struct concurrent_state *state, struct lease *lease) {
    state->units -= lease_units(lease);
    leases_remove(&state->leases, lease);
}

static struct lease *find_first(const struct concurrent_state *state) {
    struct lease_walk walk = leases_walk(&state->leases);
    return lease_walk_next(&walk);
}

/* Removes what has ended: the moment is one that changes something. */
static void enter_moment(struct concurrent_state *state, int64_t now_us) {
    state->latest_us = now_us;
    for (struct lease *first; (first = find_first(state)) != NULL && first->end_us <= now_us;)
        remove_lease(state, first);
}

static int64_t find_lease_end(int64_t now_us, int64_t lease_ms) {
    return rate_saturate((u128)(uint64_t)now_us + (u128)(uint64_t)lease_ms * 1000);
}

/* --- taking --- */

/* The moment at which those other than `own` have no more than `target` of the `others` units that
 * they have now. */
static int64_t find_ending(const struct concurrent_state *state, const struct lease *own,
                           int64_t now_us, int64_t others, int64_t target) {
    struct lease_walk walk = leases_walk(&state->leases);
    while (others > target) {
        const struct lease *lease = lease_walk_next(&walk);
        CHECK(lease != NULL);
        if (lease == own || lease->end_us <= now_us) continue;
        others -= lease_units(lease);
        now_us = others > target ? now_us : lease->end_us;
    }
    return now_us;
}

/* The end of all leases, were `own` (may be NULL) to end at `own_end_us`. */
static int64_t find_last_end(const struct concurrent_state *state, const struct lease *own,
                             int64_t own_end_us) {
    const struct lease *last = leases_last_but(&state->leases, own);
    return last == NULL ? own_end_us : later_of(last->end_us, own_end_us);
}

static void hold_units(struct concurrent_state *state, int64_t now_us, struct lease *own,
                       struct bytes token, int64_t end_us, int64_t units) {
    enter_moment(state, now_us);
    state->units += units;
    if (own == NULL) {
        leases_add(&state->leases, token, end_us, units);
        return;
    }
    state->units -= lease_units(own);
    leases_change(&state->leases, own, end_us, units);
}

static void take_lease(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                       const struct rate_request *request, struct rate_answer *answer) {
    (void)was;
    struct concurrent_state *concurrent = state;
    int64_t now_us = later_of(request->now_us, concurrent->latest_us);
    struct lease *own = find_held(concurrent, now_us, request->token);
    int64_t own_units = own == NULL ? 0 : lease_units(own);
    uint32_t ended;
    int64_t others = concurrent->units - count_ended(concurrent, now_us, &ended) - own_units;
    int64_t room = later_of(policy->limit - others, own_units);
    bool is_allowed = rate_decide(policy, request, room, answer);
    int64_t held = others + (is_allowed ? answer->granted : own_units);
    answer->remaining = later_of(policy->limit - held, 0);
    if (answer->reason == RATE_REASON_LIMITED) {
        int64_t target = policy->limit - rate_least_cost(request);
        int64_t ending_us = find_ending(concurrent, own, now_us, others, target);
        answer->retry_after_ms = rate_ms_until((u128)ending_us, request->now_us);
    }
    int64_t own_end_us = own == NULL ? 0 : own->end_us;
    if (is_allowed) own_end_us = find_lease_end(now_us, policy->period_ms);
    int64_t last_us = find_last_end(concurrent, own, own_end_us);
    if (last_us > now_us) {
        answer->reset_after_ms = rate_ms_until((u128)last_us, request->now_us);
        answer->fresh_at_us = last_us;
    }
    if (is_allowed && !request->is_peek)
        hold_units(concurrent, now_us, own, request->token, own_end_us, answer->granted);
}

/* --- leases --- */

bool rate_concurrent_release(void *state, int64_t now_us, struct bytes token) {
    struct concurrent_state *concurrent = state;
    now_us = later_of(now_us, concurrent->latest_us);
    struct lease *lease = find_held(concurrent, now_us, token);
    if (lease == NULL) return false;
    enter_moment(concurrent, now_us);
    remove_lease(concurrent, lease);
    return true;
}

bool rate_concurrent_renew(void *state, int64_t now_us, struct bytes token, int64_t lease_ms) {
    struct concurrent_state *concurrent = state;
    now_us = later_of(now_us, concurrent->latest_us);
    struct lease *lease = find_held(concurrent, now_us, token);
    if (lease == NULL) return false;
    enter_moment(concurrent, now_us);
    int64_t end_us = find_lease_end(now_us, lease_ms);
    leases_change(&concurrent->leases, lease, end_us, lease_units(lease));
    return true;
}

int64_t rate_concurrent_held(const void *state, int64_t now_us) {
    const struct concurrent_state *concurrent = state;
    uint32_t ended;
    count_ended(concurrent, later_of(now_us, concurrent->latest_us), &ended);
    return concurrent->leases.count - ended;
}

/* --- the other methods --- */

static void start_concurrent(void *state, const struct rate_policy *policy, int64_t now_us) {
    (void)policy;
    *(struct concurrent_state *)state = (struct concurrent_state){.latest_us = now_us};
}

static void give_units(void *state, const struct rate_policy *policy, int64_t now_us,
                       int64_t units) {
    (void)policy;
    struct concurrent_state *concurrent = state;
    enter_moment(concurrent, later_of(now_us, concurrent->latest_us));
    while (units > 0 && concurrent->leases.count != 0) {
        struct lease *lease = leases_last_but(&concurrent->leases, NULL);
        int64_t held = lease_units(lease);
        if (held > units) {
            leases_change(&concurrent->leases, lease, lease->end_us, held - units);
            concurrent->units -= units;
        } else {
            remove_lease(concurrent, lease);
        }
        units -= held;
    }
}

static int64_t find_fresh_moment(const void *state, const struct rate_policy *policy,
                                 int64_t now_us) {
    (void)policy;
    const struct concurrent_state *concurrent = state;
    int64_t last_us = find_last_end(concurrent, NULL, 0);
    return last_us <= later_of(now_us, concurrent->latest_us) ? 0 : last_us;
}

static void encode_concurrent(const void *state, struct buffer *out) {
    const struct concurrent_state *concurrent = state;
    varint_append(out, (uint64_t)concurrent->latest_us);
    int64_t last_us = 0;
    struct lease_walk walk = leases_walk(&concurrent->leases);
    for (const struct lease *lease; (lease = lease_walk_next(&walk)) != NULL;) {
        varint_append(out, (uint64_t)(lease->end_us - last_us));
        varint_append(out, (uint64_t)lease_units(lease));
        varint_append(out, lease->token_len);
        buffer_append_bytes(out, lease_token(lease));
        last_us = lease->end_us;
    }
}

/* Reads one lease and adds it behind the others. */
static bool take_coded_lease(struct concurrent_state *state, struct bytes *bytes,
                             const struct lease *last) {
    uint64_t since, units, token_len;
    uint64_t last_us = last == NULL ? 0 : (uint64_t)last->end_us;
    uint64_t units_left = (uint64_t)(RATE_LOG_LIMIT_MAX - state->units);
    if (!varint_take(bytes, INT64_MAX - last_us, &since) ||
        !varint_take(bytes, units_left, &units) || !varint_take(bytes, RATE_TOKEN_MAX, &token_len))
        return false;
    if (units == 0 || token_len == 0 || token_len > bytes->len) return false;
    struct bytes token = bytes_of(bytes->data, token_len);
    *bytes = bytes_of(bytes->data + token_len, bytes->len - token_len);
    bool is_behind = last == NULL || since != 0 || bytes_compare(lease_token(last), token) < 0;
    if (!is_behind || leases_find(&state->leases, token) != NULL) return false;
    leases_add(&state->leases, token, (int64_t)(last_us + since), (int64_t)units);
    state->units += (int64_t)units;
    return true;
}

static void destroy_concurrent(void *state) {
    leases_destroy(&((struct concurrent_state *)state)->leases);
}

static bool decode_concurrent(void *state, const struct rate_policy *policy, struct bytes bytes) {
    (void)policy;
    uint64_t latest;
    if (!varint_take(&bytes, INT64_MAX, &latest)) return false;
    struct concurrent_state concurrent = {.latest_us = (int64_t)latest};
    while (bytes.len != 0) {
        const struct lease *last = leases_last_but(&concurrent.leases, NULL);
        if (!take_coded_lease(&concurrent, &bytes, last)) {
            destroy_concurrent(&concurrent);
            return false;
        }
    }
    memcpy(state, &concurrent, sizeof(concurrent));
    return true;
}

static void copy_concurrent(const void *source, void *target) {
    const struct concurrent_state *concurrent = source;
    struct concurrent_state copy = *concurrent;
    leases_copy(&concurrent->leases, &copy.leases);
    memcpy(target, &copy, sizeof(copy));
}

static size_t count_outside_bytes(const void *state) {
    return leases_used_bytes(&((const struct concurrent_state *)state)->leases);
}

static bool is_costly_to_free(const void *state) {
    enum { COSTLY_LEASES = 64 };
    return ((const struct concurrent_state *)state)->leases.count > COSTLY_LEASES;
}

static bool prefetch_leases(const void *state, unsigned step) {
    return leases_prefetch(&((const struct concurrent_state *)state)->leases, step);
}

const struct rate_methods rate_concurrent_methods = {
    .word = "CONCURRENT",
    .state_bytes = sizeof(struct concurrent_state),
    .is_outside = true,
    .start = start_concurrent,
    .take = take_lease,
    .give = give_units,
    .fresh_at_us = find_fresh_moment,
    .encode = encode_concurrent,
    .decode = decode_concurrent,
    .destroy = destroy_concurrent,
    .copy = copy_concurrent,
    .outside_bytes = count_outside_bytes,
    .is_costly_to_free = is_costly_to_free,
    .prefetch = prefetch_leases,
};
