/* Splits a line into words as inline commands and configuration files write them.
 *
 * White space parts the words. "…" takes \n \r \t \b \a, \xHH and \ before any other byte; '…' takes
 * only \'. Quotes may begin inside a word but must end it. A NUL byte ends the line. */
#ifndef FOUNDATION_WORDS_H
#define FOUNDATION_WORDS_H

#include "foundation/bytes.h"
#include "foundation/check.h"

struct words {
    struct bytes *items; /* each with a NUL behind it */
    size_t count;
    char *storage; /* private: the block that holds their bytes */
};

/* Splits the line into `words`, which owns copies: give it to words_destroy. False, with nothing
 * to destroy, when a quote is not closed or is followed by anything but white space. */
NODISCARD bool words_split(struct bytes line, struct words *words);
void words_destroy(struct words *words);

#endif
