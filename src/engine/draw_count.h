/* How many random members a command is to show: the arguments of SRANDMEMBER, HRANDFIELD and
 * ZRANDMEMBER behind the key. */
#ifndef ENGINE_DRAW_COUNT_H
#define ENGINE_DRAW_COUNT_H

#include "engine/call.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

struct draw_count {
    uint64_t count;
    bool is_distinct; /* else with repetition */
    bool has_values;  /* the word stood behind the count */
};

/* Reads "count [WORD]", a negative count being one with repetition; `word` NULL: none may follow.
 * With repetition a small collection can give a reply of any size, so more than 2^26 draws are
 * refused. False after the error reply. */
NODISCARD bool draw_count_read(struct call *call, const char *word, struct draw_count *drawn);
/* The draws from a collection of that length (0: it is absent). */
uint64_t draw_count_cut(const struct draw_count *drawn, uint64_t len);

#endif
