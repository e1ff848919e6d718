/* Intset: a sorted set of integers in one allocation, byte for byte Redis's format.
 *
 *      +---------------+------------+------------------------------+
 *      | width, 32     | count, 32  | integers, ascending          |
 *      +---------------+------------+------------------------------+
 *
 * The width, 2, 4 or 8 bytes, is what the largest integer that ever came in needed. All is
 * little-endian. Functions that change it may move it. Cost: O(log n) to find, a memmove to
 * change. */
#ifndef FOUNDATION_CONTAINERS_INTSET_H
#define FOUNDATION_CONTAINERS_INTSET_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

char *intset_new(void);
void intset_free(char *intset);
char *intset_copy(const char *intset);

size_t intset_bytes(const char *intset);
size_t intset_count(const char *intset);
/* `index` is below the count. */
int64_t intset_at(const char *intset, size_t index);
/* True when it is there. *index becomes its place, or the one where it would stand. */
bool intset_find(const char *intset, int64_t value, size_t *index);
/* *is_new tells whether it was absent. */
char *intset_add(char *intset, int64_t value, bool *is_new);
char *intset_remove_at(char *intset, size_t index);

/* For bytes from outside: whole, of a known width, ascending. */
NODISCARD bool intset_validate(struct bytes bytes);

#endif
