/* The sets that a command of set algebra works on. */
#ifndef COMMANDS_SET_SOURCES_H
#define COMMANDS_SET_SOURCES_H

#include "data/types/set/set.h"
#include "engine/call.h"
#include "foundation/check.h"

struct sources {
    const struct entry **sets; /* owned; NULL for an absent key */
    size_t count;
};

/* Looks up the keys in arguments [first, end), at least one. False, with nothing to free, after
 * the error reply when one of them is no set. Entries are valid until a key is changed. */
NODISCARD bool sources_read(struct call *call, uint32_t first, uint32_t end,
                            struct sources *sources);
void sources_free(struct sources *sources);

#endif
