/* What the commands share that take members from an end of a sorted set. */
#ifndef COMMANDS_ZSET_POPPING_H
#define COMMANDS_ZSET_POPPING_H

#include "data/types/zset/zset.h"
#include "engine/call.h"
#include "engine/first_of_keys.h"
#include "foundation/check.h"

enum zset_end { ZSET_MIN, ZSET_MAX };

/* Removes up to `count` members (at least 1) from an end, from there inwards, each shown to `visit`
 * with the call as context, and fires the events. */
void popping_take(struct call *call, struct key key, struct found *found, enum zset_end end,
                  uint64_t count, zset_visit_function *visit);

/* For ZMPOP and BZMPOP: reads "numkeys key… MIN|MAX [COUNT count]" from an index on; false after an
 * error. Then replies a set's name and its members, and removes those. */
NODISCARD bool popping_read_several(struct call *call, uint32_t index,
                                    struct first_of_keys *wanted);
void popping_take_several(struct call *call, struct key key, struct found *found,
                          const struct first_of_keys *wanted);

#endif
