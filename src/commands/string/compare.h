/* Conditions on the value that a key holds: IFEQ IFNE IFDEQ IFDNE of SET and DELEX. */
#ifndef COMMANDS_STRING_COMPARE_H
#define COMMANDS_STRING_COMPARE_H

#include "data/entry.h"
#include "engine/call.h"

enum compare_kind {
    COMPARE_NONE,
    COMPARE_EQUAL,
    COMPARE_DIFFERENT,
    COMPARE_DIGEST_EQUAL,
    COMPARE_DIGEST_DIFFERENT,
};

struct comparison {
    enum compare_kind kind;
    struct bytes operand; /* the value, or its digest in hexadecimal; borrowed */
};

enum { COMPARE_DIGEST_CHARS = 16 };

/* True when the word names a condition. */
bool compare_parse_kind(struct bytes word, enum compare_kind *kind);
/* False, after the error reply, when a digest is wanted and the operand is none. */
bool compare_check_operand(struct call *call, const struct comparison *comparison);
/* Whether the condition holds for a string entry; an absent key (NULL) equals nothing and differs
 * from everything. */
bool compare_holds(const struct comparison *comparison, const struct entry *entry);

#endif
