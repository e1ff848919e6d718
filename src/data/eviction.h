/* Eviction: which key goes first when memory runs out.
 *
 * A victim is the worst of a sample: neighbours in a random place of a table, read a bucket at a
 * time. Samples come from a database in proportion to its keys (to its keys with due times, for the
 * volatile policies). Rate limiters go last: what samples and a short walk on through the table
 * have found beside them goes first. */
#ifndef DATA_EVICTION_H
#define DATA_EVICTION_H

#include "data/keyspace.h"

#include <stdbool.h>
#include <stddef.h>

enum eviction_order {
    EVICTION_NONE,
    EVICTION_LEAST_RECENT,
    EVICTION_LEAST_FREQUENT,
    EVICTION_SOONEST_DUE,
    EVICTION_RANDOM,
};

struct eviction_policy {
    enum eviction_order order;
    bool is_volatile; /* only keys with a due time */
    size_t samples;   /* keys compared, at least 1 */
};

enum { EVICTION_MAX_SAMPLES = 64 };

/* Removes one key and fires "evicted". False when the policy allows none. Cost: O(samples); a
 * volatile policy over tables in which due times are rare reads on from where it last stood until
 * it has met one. */
bool eviction_remove_one(struct keyspace *keyspace, const struct eviction_policy *policy);

#endif
