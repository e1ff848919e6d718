/* Rate algorithms: each is a pure function of (state, now, policy, cost) to (state, answer), with
 * no clock inside, in integer arithmetic with 128-bit intermediates, in a file of its own. The
 * table of their methods is the only way to them.
 *
 * Time is unix time in us, not negative. A state never sees it go back: `now_us` below the latest
 * moment that a state has seen counts as that moment, so that a clock set back grants nothing;
 * times in answers count from the true `now_us` all the same. What does not fit in 64 bits is
 * answered as INT64_MAX: every valid policy works.
 *
 * States are kept in units and never in time, so that a changed policy rescales: what the old limit
 * allowed a raised one allows too. A denied take leaves the policy remembered as it was too, and so
 * the moment at which the key goes: from the moment at which a state is fresh under `was` on, it is
 * fresh under every policy, and `retry_after_ms` knows. */
#ifndef DATA_TYPES_RATELIMIT_ALGORITHM_H
#define DATA_TYPES_RATELIMIT_ALGORITHM_H

#include "data/types/ratelimit/policy.h"
#include "foundation/buffer.h"
#include "foundation/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rate_mode {
    RATE_MODE_ALL,  /* all of the cost or nothing */
    RATE_MODE_UPTO, /* as much of it as fits; denied where not one unit does, never as too big */
    /* All or nothing, and a denial, a cost that is too big too, empties the limiter: it is as if all
     * that could be had had been taken. The times in the answer are those after that. */
    RATE_MODE_DRAIN,
};

struct rate_request {
    int64_t now_us;
    int64_t cost;
    enum rate_mode mode;
    bool is_peek;       /* changes nothing, and answers what a take would */
    struct bytes token; /* CONCURRENT: which lease; empty elsewhere */
};

enum rate_reason { RATE_REASON_OK, RATE_REASON_LIMITED, RATE_REASON_TOO_BIG, RATE_REASON_BLOCKED };

/* Times in ms are rounded up, so that they are never earlier than the truth. */
struct rate_answer {
    bool is_allowed;
    enum rate_reason reason;
    int64_t limit;
    int64_t remaining;      /* units that could be had at once after this call */
    int64_t retry_after_ms; /* 0 when allowed, -1 with RATE_REASON_TOO_BIG only */
    int64_t reset_after_ms; /* until the state equals a fresh one; 0: it does */
    int64_t granted;        /* of the cost; 0: it is denied */
    int64_t delay_ms;       /* LEAKY: how long to wait before going on; 0 elsewhere */
    /* Of a take that is let in or drains: what the method fresh_at_us tells from then on. */
    int64_t fresh_at_us;
};

struct rate_methods {
    const char *word;   /* as users write it: "BUCKET" */
    size_t state_bytes; /* of the state's struct; it may be moved as bytes */
    /* How many of them must be kept, from the first: those behind are zero, or are not looked at.
     * They are handed back as zeros. NULL: all of them. For states that are not outside. Both
     * numbers are multiples of 8. */
    size_t (*used_bytes)(const void *state, const struct rate_policy *policy);
    /* True for states that own memory outside of their struct: their struct is then an allocation
     * of its own, and the five methods at the end are there. Else they are NULL. */
    bool is_outside;
    /* With is_outside, of the policies whose states own nothing outside (SLIDING with one bucket):
     * their struct may lie inline. It is moved, as bytes, to an allocation of its own after a take
     * with a policy that is none of these, and need never come back. NULL: there are none. */
    bool (*is_inline)(const struct rate_policy *policy);
    /* Writes the state of a limiter that was never used. */
    void (*start)(void *state, const struct rate_policy *policy, int64_t now_us);
    /* `was` is the policy remembered: equal to `policy` unless limits have changed; of the same
     * algorithm. A take that is let in leaves the state as one of `policy`, which is remembered
     * then; so does every take with RATE_MODE_DRAIN, whatever it changes. Any other denied take,
     * and a peek, leaves the state, and what is remembered, as they were. */
    void (*take)(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                 const struct rate_request *request, struct rate_answer *answer);
    /* Gives `units` back, never beyond what a fresh one holds. */
    void (*give)(void *state, const struct rate_policy *policy, int64_t now_us, int64_t units);
    /* Unix time in us from which on the state equals a fresh one; <= now_us: it does already. */
    int64_t (*fresh_at_us)(const void *state, const struct rate_policy *policy, int64_t now_us);
    /* The state as bytes that decode reads on any machine, and back: false when they are not what
     * encode writes for this policy (they come from outside: every field is checked). Both read
     * and write the whole of what is given. */
    void (*encode)(const void *state, struct buffer *out);
    bool (*decode)(void *state, const struct rate_policy *policy, struct bytes bytes);
    void (*destroy)(void *state);
    void (*copy)(const void *source, void *target);
    size_t (*outside_bytes)(const void *state); /* beside the struct */
    bool (*is_costly_to_free)(const void *state);
    /* Fetches what lies outside into cache ahead of a take, as the slot of struct value_type: step 0
     * may read the struct. */
    bool (*prefetch)(const void *state, unsigned step);
};

/* The methods of an algorithm. */
const struct rate_methods *rate_methods_of(enum rate_algorithm algorithm);
/* The algorithm of that word in any case; false when there is none. */
bool rate_algorithm_by_word(struct bytes word, enum rate_algorithm *algorithm);

/* One a file: bucket.c, gcra.c, leaky.c, fixed.c, sliding.c, log.c, concurrent.c. */
extern const struct rate_methods rate_bucket_methods;
extern const struct rate_methods rate_gcra_methods;
extern const struct rate_methods rate_leaky_methods;
extern const struct rate_methods rate_fixed_methods;
extern const struct rate_methods rate_sliding_methods;
extern const struct rate_methods rate_log_methods;
extern const struct rate_methods rate_concurrent_methods;

#endif
