/* Moving elements from an end of one list to an end of another: what LMOVE, RPOPLPUSH, LMOVEM and
 * their blocking forms do.
 *
 * The order in which several arrive: one by one, each lands on top of the one before it; in bulk
 * they keep the order they had. The two differ only when both ends are the same:
 *
 *      source a b c d        one by one     destination c b a …
 *      LEFT LEFT 3           in bulk        destination a b c … */
#ifndef COMMANDS_LIST_CARRY_H
#define COMMANDS_LIST_CARRY_H

#include "commands/list/elements.h"

/* The source is args[1], the destination args[2]. */
struct carry {
    enum list_end from;
    enum list_end to;
    size_t count;
    bool is_exact; /* `count` elements or none; else at most so many */
    bool is_bulk;
    bool is_array; /* the reply is an array, in the destination's order */
};

/* Reads LEFT|RIGHT LEFT|RIGHT at args[3] and args[4] for one element; false after an error. */
NODISCARD bool carry_read_ends(struct call *call, struct carry *carry);
/* Reads "[COUNT count | EXACTLY count  OBO | BULK]", all that is left from an index on, and makes
 * the reply an array; false after an error. */
NODISCARD bool carry_read_how_many(struct call *call, uint32_t index, struct carry *carry);
/* Moves and replies, or replies an error. False, without a reply, when the source is too short. */
NODISCARD bool carry_run(struct call *call, const struct carry *carry);

#endif
