/* Which keys a dump has had already: a set of their 64-bit hashes, open addressing, at most half
 * full. Two keys are taken for one with a chance of n² / 2^65: one in 4000 at a hundred million. The
 * hash is keyed with a random seed, so that it is not the same ones the next time.
 *
 * Keys wait in a short queue while their cache lines are fetched. */
#ifndef CHECK_KEY_SET_H
#define CHECK_KEY_SET_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

enum { KEY_SET_QUEUE_LEN = 32 };

/* The zeroed struct is an empty set. */
struct key_set {
    uint64_t *slots; /* 0: free */
    size_t count, cap;
    struct {
        uint64_t hash, offset;
    } queue[KEY_SET_QUEUE_LEN];
    size_t queued;
    uint64_t
        repeated_offset; /* of the first key that was there before; `count` others precede it */
};

void key_set_destroy(struct key_set *set);
/* A hint that so many keys will come. */
void key_set_reserve(struct key_set *set, uint64_t count);
/* False when this key, or one that was added shortly before, was there already. */
NODISCARD bool key_set_add(struct key_set *set, uint64_t database_number, struct bytes key,
                           uint64_t offset);
/* The same for all that still wait. */
NODISCARD bool key_set_settle(struct key_set *set);

#endif
