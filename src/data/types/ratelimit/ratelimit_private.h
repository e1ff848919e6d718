/* What the files of this folder share about the two forms of a limiter (ratelimit_form.c).
 *
 *      LIMITER_INLINE, the entry's tail
 *      | algorithm 4 bits, flags 4 | buckets | [blocked] | limit refill period | state |
 *             1                         1         8         3 * 4, wide 3 * 8
 *
 * `blocked` is there with FORM_HAS_BLOCK alone. A policy whose numbers all fit in 32 bits is not
 * wide. Of the state the tail has what used_bytes asked for when the entry was made, or more. So a
 * key of 16 bytes with a BUCKET in it takes 62 bytes, due time included.
 *
 *      LIMITER_OUTSIDE, *word: struct limiter_block */
#ifndef DATA_TYPES_RATELIMIT_RATELIMIT_PRIVATE_H
#define DATA_TYPES_RATELIMIT_RATELIMIT_PRIVATE_H

#include "data/types/ratelimit/ratelimit.h"

enum { LIMITER_STATE_MAX = 128, LIMITER_STATE_ALIGNMENT = 16 };

struct limiter_block {
    struct rate_policy policy;
    int64_t blocked_until_ms;
    _Alignas(LIMITER_STATE_ALIGNMENT) unsigned char state[];
};

/* A limiter taken out of its entry to work on. */
struct limiter {
    struct rate_policy policy;
    int64_t blocked_until_ms;    /* 0: not blocked */
    struct limiter_block *block; /* where the entry's state lies outside; else NULL */
    /* Of one that was loaded from an entry's tail: that, and its part that holds the state. Else
     * NULL. */
    char *tail, *tail_state;
    size_t tail_state_len;
    /* In the block, or in `room`; without an algorithm there is none. */
    void *state;
    _Alignas(LIMITER_STATE_ALIGNMENT) unsigned char room[LIMITER_STATE_MAX];
};

/* NULL without an algorithm. */
static inline const struct rate_methods *limiter_methods(const struct rate_policy *policy) {
    return policy->algorithm == RATE_NONE ? NULL : rate_methods_of(policy->algorithm);
}

/* A limiter that was never used, in no entry. Its state may own memory: limiter_save takes that
 * over, or the caller gives it to limiter_drop. */
void limiter_start(struct limiter *limiter, const struct rate_policy *policy, int64_t now_us);
void limiter_drop(struct limiter *limiter);
/* The state is a copy, or in the block, where it is changed in place. */
void limiter_load(struct limiter *limiter, const struct entry *entry);
/* Puts the state back alone, where policy and block are those that were loaded. False, with nothing
 * done, when it was not loaded or its place is too small: then only limiter_save can. */
NODISCARD bool limiter_save_state(const struct limiter *limiter);
/* Puts the limiter back: into the entry where it fits, else into one that takes its place. */
void limiter_save(struct found *found, struct limiter *limiter);
/* A new entry for it, with a place for a due time. */
struct entry *limiter_new_entry(struct bytes key, struct limiter *limiter);
/* Unix ms from which on it equals one that was never used and is not blocked. */
int64_t limiter_due_ms(const struct limiter *limiter, int64_t now_us);

#endif
