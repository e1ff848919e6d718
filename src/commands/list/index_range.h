/* Ranges as LRANGE and LTRIM name them: two indexes, both included, counted from the end when
 * negative. */
#ifndef COMMANDS_LIST_INDEX_RANGE_H
#define COMMANDS_LIST_INDEX_RANGE_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_range {
    size_t first;
    size_t count; /* at least 1 */
};

/* The part of [start, stop] that lies within a list of `len` elements; false when there is none. */
NODISCARD bool index_range_of(int64_t start, int64_t stop, size_t len, struct index_range *range);

#endif
