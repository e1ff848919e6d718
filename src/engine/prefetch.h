/* Look-ups of many keys in one command, with their cache misses overlapped. */
#ifndef ENGINE_PREFETCH_H
#define ENGINE_PREFETCH_H

#include "engine/call.h"

enum { PREFETCH_MAX_KEYS = 32 };

/* Hashes up to PREFETCH_MAX_KEYS of the call's arguments from `index` on, every `step`-th below
 * `end`, fetches their buckets and entries into cache, and stores them in `keys`. Returns how many. */
size_t prefetch_keys(const struct call *call, uint32_t index, uint32_t end, uint32_t step,
                     struct key keys[PREFETCH_MAX_KEYS]);

#endif
