/* The list's own struct, the path of a descent and what stands in blocks, for the files of the skip
 * list: skiplist.c searches and changes, skiplist_balance.c keeps blocks filled. */
#ifndef FOUNDATION_CONTAINERS_SKIPLIST_PRIVATE_H
#define FOUNDATION_CONTAINERS_SKIPLIST_PRIVATE_H

#include "foundation/containers/skiplist.h"

_Static_assert(offsetof(struct skiplist_block, keys) == offsetof(struct skiplist_block, upper.keys),
               "keys are read without asking for the lane");

enum { SKIPLIST_MAX_LANES = 32 };

struct skiplist {
    struct skiplist_block *top;
    uint64_t count;
    skiplist_order_function *order;
    const void *context;
    size_t used_bytes;
    uint32_t lanes;
};

struct skiplist_step {
    struct skiplist_block *block;
    uint32_t slot;
};

/* The way from the top lane down to a place: steps[lane + 1] is the entry of steps[lane].block. */
struct skiplist_path {
    struct skiplist_step steps[SKIPLIST_MAX_LANES];
};

static inline void *skiplist_read_cell(const uint8_t *cells, uint32_t slot) {
    uint64_t word;
    memcpy(&word, cells + (size_t)slot * SKIPLIST_CELL, sizeof(word));
    return (void *)(uintptr_t)(word & 0xffffffffffffu);
}

static inline void skiplist_write_cell(uint8_t *cells, uint32_t slot, const void *pointer) {
    memcpy(cells + (size_t)slot * SKIPLIST_CELL, &pointer, SKIPLIST_CELL);
}

static inline struct skiplist_block *skiplist_child(const struct skiplist_block *block,
                                                    uint32_t slot) {
    return skiplist_read_cell(block->upper.blocks, slot);
}

/* An empty block that is in no lane yet. */
struct skiplist_block *skiplist_new_block(struct skiplist *list, uint32_t lane);
void skiplist_remove_entries(struct skiplist_block *block, uint32_t slot, uint32_t count);
/* The first entry of the path's block in `lane` is another: says so to the lanes above. */
void skiplist_tell_first(const struct skiplist *list, const struct skiplist_path *path,
                         uint32_t lane);

/* Makes room about a full block of lane 0; the path is void afterwards. A new descent may have
 * to ask again, a lane at most each time. */
void skiplist_relieve(struct skiplist *list, struct skiplist_path *path);
/* Restores the invariants after removals from the path's block of lane 0; the path is void
 * afterwards. */
void skiplist_settle(struct skiplist *list, const struct skiplist_path *path);

#endif
