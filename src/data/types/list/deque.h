/* Deque of blocks: a ring of slots, so that blocks come and go at either end in O(1), and a walk
 * over all counts reads memory in order.
 *
 *      slots  | slot | slot | (free) … (free) | slot | slot |      power of two; block i is at
 *                            ^ first + block_count ^ first         (first + i) & mask
 *
 * Invariants: no block is empty; `count` is the sum of the slots'. Blocks between the ends were
 * full when they were left behind, or come from edits in the middle: what those leave is merged
 * with a neighbour when both fit in three quarters of a block (so that a split is not undone by
 * the next removal), and memory is given back when half of a block lies unused. */
#ifndef DATA_TYPES_LIST_DEQUE_H
#define DATA_TYPES_LIST_DEQUE_H

#include "data/types/list/block.h"

struct deque {
    struct slot *slots;
    uint64_t count; /* elements */
    size_t first;
    size_t mask; /* of the ring's size */
    size_t block_count;
};

static inline struct slot *deque_slot(const struct deque *deque, size_t block) {
    return &deque->slots[(deque->first + block) & deque->mask];
}

static inline struct slot *deque_end_slot(const struct deque *deque, enum list_end end) {
    return deque_slot(deque, end == LIST_HEAD ? 0 : deque->block_count - 1);
}

/* Without blocks: nobody keeps it so. */
struct deque *deque_new(void);
void deque_free(struct deque *deque);
/* Frees the deque without its blocks. */
void deque_release(struct deque *deque);
struct deque *deque_copy(const struct deque *deque);
size_t deque_used_bytes(const struct deque *deque, size_t samples);

/* The number of the block that holds the element at `index`, which becomes the element's number
 * in the block. Cost: reads the slots from the nearer end on. */
size_t deque_find(const struct deque *deque, size_t *index);

/* Takes a block with its elements in at an end. */
void deque_add_slot(struct deque *deque, enum list_end end, struct slot slot);
void deque_push(struct deque *deque, enum list_end end, const struct packed_item *item,
                const struct block_limits *limits);
/* Drops `count` elements, fewer than there are, from an end. */
void deque_drop(struct deque *deque, enum list_end end, size_t count);

/* --- edits in the middle: deque_edit.c --- */

/* Puts an item before the element of that number in a block, or behind its last. */
void deque_insert(struct deque *deque, size_t block, size_t index, const struct packed_item *item,
                  const struct block_limits *limits);
void deque_replace(struct deque *deque, size_t block, size_t index, const struct packed_item *item,
                   const struct block_limits *limits);
/* Removes `count` elements from one on; some must be left. */
void deque_remove(struct deque *deque, size_t block, size_t index, size_t count,
                  const struct block_limits *limits);
/* Removes up to `max` elements equal to the item, looking from an end; returns how many. May
 * leave no block. */
size_t deque_remove_equal(struct deque *deque, const struct packed_item *item, enum list_end from,
                          size_t max, const struct block_limits *limits);
/* Opens a place for a slot before that of a number, moving those on the shorter side; removes
 * some likewise. */
struct slot *deque_open(struct deque *deque, size_t block);
void deque_close(struct deque *deque, size_t block, size_t count);

#endif
