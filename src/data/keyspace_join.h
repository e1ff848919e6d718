/* Two keyspaces with as many databases: data that were loaded beside those in use take their place, or
 * join them. */
#ifndef DATA_KEYSPACE_JOIN_H
#define DATA_KEYSPACE_JOIN_H

#include "data/keyspace.h"
#include "foundation/check.h"

#include <stdbool.h>

/* Each holds what the other held. Fires KEY_EVENT_ALL_KEYS for every database of `keyspace` before,
 * with the keys that go, and after, with those that have come. Cost: O(databases). */
void keyspace_exchange(struct keyspace *keyspace, struct keyspace *other);
/* True when some key is in the same database of both. */
bool keyspace_has_common_key(struct keyspace *keyspace, const struct keyspace *other);
/* Moves all keys of `other`, which is empty then, to the same databases of `keyspace`, where they
 * replace what is there. Fires KEY_EVENT_ALL_KEYS before and after. Cost: O(keys). */
void keyspace_move_all(struct keyspace *keyspace, struct keyspace *other);

#endif
