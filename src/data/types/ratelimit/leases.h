/* Leases held of a CONCURRENT limiter: found by their token, walked in the order of (end, token).
 * Each is one allocation.
 *
 *      up to LEASES_FEW    an array of pointers in order, read through for a token
 *      more                a hash table of the tokens and a skip list of the order
 *
 * 16 bytes of token take 40 bytes among few leases and some 60 among many. */
#ifndef DATA_TYPES_RATELIMIT_LEASES_H
#define DATA_TYPES_RATELIMIT_LEASES_H

#include "foundation/bytes.h"
#include "foundation/containers/skiplist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
#ifdef SKUA_TEST
    LEASES_FEW = 6, /* so that small tests change the form */
#else
    LEASES_FEW = 24,
#endif
};

#define LEASE_UNITS_MAX ((int64_t)1 << 24)

struct lease {
    int64_t end_us;            /* held while now < end_us */
    uint32_t units_below : 24; /* one less than its units */
    uint32_t token_len : 8;
    char token[];
};

struct lease_index;

/* Zeroed it is valid, and empty. It may be moved as bytes. */
struct leases {
    uint32_t count;
    uint32_t cap; /* of the array; 0: there is an index, or nothing */
    union {
        struct lease **array;
        struct lease_index *index;
    };
    size_t lease_bytes; /* what the leases' allocations occupy */
};

static inline int64_t lease_units(const struct lease *lease) {
    return (int64_t)lease->units_below + 1;
}

static inline struct bytes lease_token(const struct lease *lease) {
    return bytes_of(lease->token, lease->token_len);
}

void leases_destroy(struct leases *leases);
/* `copy` is overwritten. */
void leases_copy(const struct leases *leases, struct leases *copy);
size_t leases_used_bytes(const struct leases *leases);

/* Fetches them into cache ahead of a use, where they are few: step 0 what leads to them, step 1 the
 * leases. False: there is no further step. */
bool leases_prefetch(const struct leases *leases, unsigned step);

/* NULL when there is none. */
struct lease *leases_find(const struct leases *leases, struct bytes token);
/* Adds one of a token that has none, of at most 255 bytes. O(log n), and so are those below. */
void leases_add(struct leases *leases, struct bytes token, int64_t end_us, int64_t units);
void leases_change(struct leases *leases, struct lease *lease, int64_t end_us, int64_t units);
void leases_remove(struct leases *leases, struct lease *lease);
/* The last in order but for `other` (may be NULL); NULL when there is none. */
struct lease *leases_last_but(const struct leases *leases, const struct lease *other);

/* A walk in order; valid until the leases change. */
struct lease_walk {
    struct lease *const *at, *const *end;
    struct skiplist_position position;
};

struct lease_walk leases_walk(const struct leases *leases);
/* The next one; NULL behind the last. */
struct lease *lease_walk_next(struct lease_walk *walk);

#endif
