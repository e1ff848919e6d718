/* Commands that take from the first of several keys that has anything: LMPOP, BLPOP, ZMPOP and
 * their kin. */
#ifndef ENGINE_FIRST_OF_KEYS_H
#define ENGINE_FIRST_OF_KEYS_H

#include "data/value_type.h"
#include "engine/call.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

struct first_of_keys {
    enum value_type_id type;
    uint32_t first_key; /* index of the argument */
    uint32_t key_count;
    uint32_t end; /* 0 or 1: which of its two ends to take from */
    uint64_t max; /* elements, at least 1 */
};

/* Reads "numkeys key… END [COUNT count]" from an index on, END being one of two words; false after
 * the error reply. Sets all but the type. */
NODISCARD bool first_of_keys_read(struct call *call, uint32_t index, const char *const end_words[2],
                                  struct first_of_keys *wanted);

/* Takes from a key that is there, of the type: replies, removes, fires the events. */
typedef void first_of_keys_function(struct call *call, struct key key, struct found *found,
                                    const struct first_of_keys *wanted);

/* Calls `take` for the first key that is there. True when it did, or when one that comes first is
 * of another type, which was replied; false, without a reply, when there is none. */
NODISCARD bool first_of_keys_take(struct call *call, const struct first_of_keys *wanted,
                                  first_of_keys_function *take);
/* The same, and waits for the keys when none is there: for handlers of blocking commands. */
void first_of_keys_take_or_wait(struct call *call, const struct first_of_keys *wanted,
                                int64_t timeout_ms, first_of_keys_function *take);
/* "key… timeout" from argument 1 on: takes one element from an end, or waits. */
void first_of_keys_take_one_or_wait(struct call *call, enum value_type_id type, uint32_t end,
                                    first_of_keys_function *take);

#endif
