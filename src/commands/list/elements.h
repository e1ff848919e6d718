/* What the commands on lists share: the ends they name, elements as replies, taking from an end. */
#ifndef COMMANDS_LIST_ELEMENTS_H
#define COMMANDS_LIST_ELEMENTS_H

#include "data/types/list/list.h"
#include "engine/call.h"
#include "engine/first_of_keys.h"
#include "engine/reply.h"

/* LEFT or RIGHT, any case; false after the syntax error. */
NODISCARD bool elements_read_end(struct call *call, uint32_t index, enum list_end *end);

static inline enum list_end elements_other_end(enum list_end end) {
    return end == LIST_HEAD ? LIST_TAIL : LIST_HEAD;
}

/* Checks that arguments [first, end) are short enough to be elements; false after the error. */
NODISCARD bool elements_check_len(struct call *call, uint32_t first, uint32_t end);

static inline void elements_reply_one(struct call *call, const struct list_position *position) {
    char scratch[PACKED_SCRATCH];
    struct packed_value value = list_read(position);
    reply_bulk(call, packed_text(&value, scratch));
}

/* `count` elements as an array, from a position on towards an end. */
void elements_reply(struct call *call, struct list_position position, size_t count,
                    enum list_end towards);
/* The element at an end of a list that is there. */
struct list_position elements_at(const struct found *found, enum list_end end);
/* Removes `count` elements, which were replied, from an end, with the events. */
void elements_drop(struct call *call, struct key key, struct found *found, enum list_end end,
                   size_t count);
/* The events of a key from which elements were taken, "del" included, or to which they came. */
void elements_notify_pop(struct call *call, struct key key, const struct found *found,
                         enum list_end end);
void elements_notify_push(struct call *call, struct key key, enum list_end end);

/* For LMPOP and BLMPOP: reads "numkeys key… LEFT|RIGHT [COUNT count]" from an index on; false after
 * an error. Then replies a list's name and its elements, and removes those. */
NODISCARD bool elements_read_several(struct call *call, uint32_t index,
                                     struct first_of_keys *wanted);
void elements_take_several(struct call *call, struct key key, struct found *found,
                           const struct first_of_keys *wanted);

#endif
