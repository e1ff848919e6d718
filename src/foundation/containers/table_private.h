/* Sizes of segments, shared by the files of the table.
 *
 * A segment has `lines` cache lines, the first its header. The ladder of sizes is the allocator's own:
 * every line count up to 8, then four steps to each doubling (10 12 14 16 20 24 28 32 ...), so an
 * allocation is never rounded up. */
#ifndef FOUNDATION_CONTAINERS_TABLE_PRIVATE_H
#define FOUNDATION_CONTAINERS_TABLE_PRIVATE_H

#include "foundation/containers/table_inline.h"

enum {
    TABLE_FEWEST_LINES = 2,
#ifdef SKUA_TEST
    TABLE_TOP_LINES = 14, /* so that small tests split and merge */
#else
    TABLE_TOP_LINES = 128,
#endif
    /* A cursor of 48 bits must tell apart depth bits and a fraction of 16. */
    TABLE_MAX_DEPTH = TABLE_CURSOR_BITS - 16,
    TABLE_MAX_BUCKETS = 0xffff,
};

static inline uint32_t table_ladder_step(uint32_t lines) {
    return lines < 8 ? 1 : 1u << (31 - __builtin_clz(lines) - 2);
}

static inline uint32_t table_lines_above(uint32_t lines) {
    return lines + table_ladder_step(lines);
}

static inline uint32_t table_lines_below(uint32_t lines) {
    return lines - table_ladder_step(lines - 1);
}

/* Elements that a segment of so many lines takes. The load of 0.83 was found by measuring: above it
 * searches soon read two lines. Less than all slots, but for a single bucket. */
static inline uint32_t table_capacity(uint32_t lines) {
    uint32_t buckets = lines - 1;
    return buckets * TABLE_SLOTS - buckets * 20 / 16;
}

/* The smallest size that takes `count` elements and leaves some room. */
static inline uint32_t table_lines_for(uint64_t count) {
    uint32_t lines = TABLE_FEWEST_LINES;
    while (table_capacity(lines) - table_capacity(lines) / 20 < count + 1)
        lines = table_lines_above(lines);
    return lines;
}

/* Removals of spilled elements after which a segment is rebuilt to clear their bits. */
static inline uint32_t table_stale_max(struct table_view view) {
    return view.bucket_count / 4 + 4;
}

/* A walk over the segments, in hash order. */
struct table_walk {
    const struct table *table;
    size_t next_word;
    struct table_view view; /* of the segment reached */
};

static inline struct table_walk table_walk_start(const struct table *table) {
    return (struct table_walk){.table = table};
}

static inline bool table_walk_next(struct table_walk *walk) {
    const struct table *table = walk->table;
    if (table->directory == NULL || walk->next_word >> table->depth != 0) return false;
    walk->view = table_view_of_word(table->directory[walk->next_word]);
    walk->next_word += (size_t)1 << (table->depth - walk->view.depth);
    return true;
}

#endif
