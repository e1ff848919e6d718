/* What the data may take of the machine's memory: maxmemory and what to do when it is reached. */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include "engine/feature.h"

#include <stdbool.h>
#include <stdint.h>

/* maxmemory; 0: no limit. */
uint64_t memory_max_bytes(const struct engine *engine);
/* Evicts keys until used memory is under the limit. False when the policy has nothing to evict and
 * it is still over. What commands have added since the last call is evicted whole, so that they
 * never outrun it; what a lowered maxmemory leaves above the limit goes in slices with the commands
 * and rounds that follow, and the answer is true meanwhile, as while clients over maxmemory-clients
 * are about to go: they go before keys do. */
bool memory_make_room(struct engine *engine);
/* The last call has left something to evict for the next round, which should come at once. */
bool memory_has_more_to_evict(void);

/* maxmemory, maxmemory-policy, maxmemory-samples, lfu-log-factor, lfu-decay-time. */
extern const struct feature memory_feature;

#endif
