/* Commands on many members: their cache misses overlap, a portion of the arguments at a time. */
#ifndef COMMANDS_ZSET_LOOK_AHEAD_H
#define COMMANDS_ZSET_LOOK_AHEAD_H

#include "data/types/zset/zset.h"
#include "engine/call.h"

enum { LOOK_AHEAD = 32 };

/* Called on each of the members in arguments [first, argc) in turn, before its look-up: fetches a
 * portion of them when one begins. A single member the batch has fetched already. */
static inline void look_ahead(const struct call *call, const struct entry *entry, uint32_t first,
                              uint32_t index) {
    uint32_t left = call->argc - index;
    if (LIKELY(left == 1) || (index - first) % LOOK_AHEAD != 0) return;
    zset_prefetch(entry, call->args + index, left < LOOK_AHEAD ? left : LOOK_AHEAD);
}

#endif
