/* Putting a sorted set that was made apart in a key's place: what the STORE commands end with. */
#ifndef COMMANDS_ZSET_STORING_H
#define COMMANDS_ZSET_STORING_H

#include "data/types/zset/zset.h"
#include "engine/call.h"

/* Stores what was built, replies its length and fires the event, or "del" when nothing was built
 * and the key was there. Frees the builder. */
void storing_put(struct call *call, struct key destination, struct zset_builder *builder,
                 const char *event);

#endif
