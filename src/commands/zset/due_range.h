/* Ranges by score whose upper end may be NOW, the unix time in ms: a sorted set whose scores are
 * the times at which its members come due is a queue of delayed jobs. */
#ifndef COMMANDS_ZSET_DUE_RANGE_H
#define COMMANDS_ZSET_DUE_RANGE_H

#include "commands/zset/bounds.h"
#include "engine/call.h"
#include "foundation/check.h"

struct due_range {
    struct score_bounds bounds;
    bool is_until_now;
};

/* Reads "min NOW|max"; false after the error reply. */
NODISCARD bool due_range_read(struct call *call, uint32_t min_index, uint32_t max_index,
                              struct due_range *range);
/* Reads "NOW|max", from the lowest score on. */
NODISCARD bool due_range_read_max(struct call *call, uint32_t max_index, struct due_range *range);
/* Reads "[COUNT count]", all that is left from an index on; 1 when nothing is. */
NODISCARD bool due_range_read_count(struct call *call, uint32_t index, uint64_t *count);

/* The lowest ranks in the range, at most `max`; `entry` may be NULL. */
struct zset_ranks due_range_find(const struct due_range *range, const struct entry *entry,
                                 uint64_t max);
/* When none is: the unix ms at which the next member comes due; 0 when time alone brings none. */
int64_t due_range_next_ms(const struct due_range *range, const struct entry *entry);

#endif
