/* Tracked keys: which sessions have read which key, by the key's name alone whatever its database.
 *
 * A key is one allocation, its sessions by the low 32 bits of their ids in ascending order:
 *
 *      | name length | count | name | 0 to 3 bytes unused | id | id | …   4 bytes each
 *
 * so that a name of 16 bytes read by one session takes 32 bytes and its place in the table. A
 * session that ends is not looked for: its ids go when the key does, when a key's allocation would
 * have to grow, or when a sweep comes by. */
#ifndef SERVICES_TRACKING_TRACKED_KEYS_H
#define SERVICES_TRACKING_TRACKED_KEYS_H

#include "data/database.h"
#include "foundation/containers/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker;

struct tracked_key {
    uint32_t len;
    uint32_t count;
    char name[];
};

/* True when there is no session any more with such an id. */
typedef bool tracked_is_gone(const void *context, uint32_t id);

struct tracked_keys {
    struct table table;
    uint64_t item_count; /* ids of all keys */
    tracked_is_gone *is_gone;
    const void *context;
    uint64_t sweep_cursor;
};

void tracked_keys_init(struct tracked_keys *keys, tracked_is_gone *is_gone, const void *context);
/* Forgets everything, on the worker when that is much and there is one. Empty afterwards. */
void tracked_keys_clear(struct tracked_keys *keys, struct worker *worker);

/* Notes that the session has read the key; again is nothing new. */
void tracked_keys_add(struct tracked_keys *keys, struct key key, uint32_t id);
/* Takes the key out; the caller frees it with mem_free. NULL when nobody has read it. */
struct tracked_key *tracked_keys_take(struct tracked_keys *keys, struct bytes name);
/* The same with one drawn at random; there is one. */
struct tracked_key *tracked_keys_take_random(struct tracked_keys *keys);

/* Drops ids that are gone, and keys without others, from about `max_keys` keys, beginning where the
 * last sweep ended; true when it has come to the end of the table. */
bool tracked_keys_sweep(struct tracked_keys *keys, size_t max_keys);

static inline struct bytes tracked_key_name(const struct tracked_key *key) {
    return bytes_of(key->name, key->len);
}

/* Its `count` ids. */
uint32_t *tracked_key_ids(struct tracked_key *key);

static inline uint64_t tracked_keys_count(const struct tracked_keys *keys) {
    return keys->table.count;
}

#endif
