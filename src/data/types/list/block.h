/* Block: packed elements in one allocation, with free room in front of them and behind them.
 *
 *      0        4      8       10      12
 *      +--------+------+-------+-------+----------+----------+----------+
 *      | begin  | end  | units | count | free     | elements | free     |     16 * units bytes
 *      +--------+------+-------+-------+----------+----------+----------+
 *                                      0          begin      end        block_cap
 *
 * A push takes from the free room on its side. When that is used up, the elements are moved
 * within the block, provided that an eighth of their size is free afterwards, or to a larger
 * block; so pushes at either end, and pushes at one with pops at the other, move a bounded
 * number of bytes for each byte pushed. An element that is too large for a block of several has
 * one for itself: units 0, end BLOCK_ALONE, and just the bytes that it takes.
 *
 * A slot is a block with its count, and what the functions here work on. Whoever keeps no slots
 * keeps the count in the block (the field is nobody else's). Slots are not empty but where it is
 * said. */
#ifndef DATA_TYPES_LIST_BLOCK_H
#define DATA_TYPES_LIST_BLOCK_H

#include "data/types/list/list.h"

struct block {
    uint32_t begin; /* offset of the first element in `data` */
    uint32_t end;   /* behind the last */
    uint16_t units;
    uint16_t count;
    char data[];
};

struct slot {
    struct block *block;
    size_t count;
};

enum { BLOCK_HEADER = offsetof(struct block, data), BLOCK_UNIT = 16 };
#define BLOCK_ALONE UINT32_MAX

/* What list-max-listpack-size comes to. */
struct block_limits {
    size_t max_listpack; /* bytes of a listpack, its header and end included */
    size_t max_count;    /* elements of a block */
    size_t max_alloc;    /* bytes of a block of several elements, header included */
    bool is_counted;     /* max_count was set, not max_listpack */
};

static inline size_t block_alloc(const struct block *block) {
    return (size_t)block->units * BLOCK_UNIT;
}

/* Bytes that a block which is not alone has for elements. */
static inline size_t block_cap(const struct block *block) {
    return block_alloc(block) - BLOCK_HEADER;
}

/* Bytes of elements; more than any limit when the block is alone. */
static inline size_t block_bytes(const struct block *block) {
    return block->end - block->begin;
}

static inline bool block_is_alone(const struct block *block) {
    return block->units == 0;
}

static inline char *block_first(const struct block *block) {
    return (char *)(uintptr_t)block->data + block->begin;
}

static inline char *block_end(const struct block *block) {
    return (char *)(uintptr_t)block->data + block->end;
}

/* Bytes to allocate for so many bytes of elements. */
size_t block_alloc_for(size_t bytes);
/* Empty, `alloc` bytes in all (from block_alloc_for, or a limit), its room on the side where
 * `end` is. */
struct block *block_new(size_t alloc, enum list_end end);
void block_free(struct block *block);
/* Bytes that the block takes, rounding included. */
size_t block_used_bytes(const struct block *block);

static inline size_t block_max_bytes(const struct block_limits *limits) {
    return limits->max_alloc - BLOCK_HEADER;
}

/* True when the limits let the block take another element of that size. */
static inline bool slot_admits(const struct slot *slot, size_t size,
                               const struct block_limits *limits) {
    return block_bytes(slot->block) + size <= block_max_bytes(limits) &&
           slot->count < limits->max_count;
}

/* A block of just this element. */
struct slot slot_of_item(const struct packed_item *item, const struct block_limits *limits);
struct slot slot_copy(const struct slot *slot);

/* The element of that number, below the count. Cost: walks from the nearer end. */
char *slot_seek(const struct slot *slot, size_t index);
/* Makes room for a push where it is cheap enough; false when another block is better. The slot
 * may be empty. */
NODISCARD bool slot_make_room(struct slot *slot, enum list_end end, size_t size, size_t max_alloc);

/* Pushes where room is made cheaply within max_alloc bytes, and else returns false. The slot may
 * be empty. */
NODISCARD static inline bool slot_push(struct slot *slot, enum list_end end,
                                       const struct packed_item *item, size_t max_alloc) {
    struct block *block = slot->block;
    size_t room = end == LIST_HEAD ? block->begin : block_cap(block) - block->end;
    if (UNLIKELY(room < item->size)) {
        if (!slot_make_room(slot, end, item->size, max_alloc)) return false;
        block = slot->block;
    }
    if (end == LIST_HEAD) {
        block->begin -= (uint32_t)item->size;
        packed_put(block->data + block->begin, item);
    } else {
        packed_put(block->data + block->end, item);
        block->end += (uint32_t)item->size;
    }
    slot->count++;
    return true;
}

/* Drops `count` elements, fewer than there are, from an end. */
void slot_drop(struct slot *slot, enum list_end end, size_t count);
/* Puts an element before the one of that number, or behind the last. */
void slot_insert(struct slot *slot, size_t index, const struct packed_item *item, size_t max_alloc);
void slot_replace(struct slot *slot, size_t index, const struct packed_item *item,
                  size_t max_alloc);
/* Removes `count` elements, fewer than there are, from a number on. */
void slot_cut(struct slot *slot, size_t index, size_t count);
/* Removes those equal to the item, the first `max` of them or (from the tail) the last; returns
 * how many. A slot of which all went has count 0 and is to be freed. */
size_t slot_remove_equal(struct slot *slot, const struct packed_item *item, enum list_end from,
                         size_t max);
/* Moves the elements from a number on (neither 0 nor the count) to a block of their own. */
struct slot slot_split(struct slot *slot, size_t index);
/* Moves all elements of the right slot behind those of the left, and frees its block. */
void slot_merge(struct slot *left, struct slot *right, size_t max_alloc);
/* Gives memory back when more than `eighths` eighths of the block lie unused. */
void slot_fit(struct slot *slot, size_t eighths);
/* Checks the form of a block that is a whole list or part of one; for tests. */
void slot_verify(const struct slot *slot);

#endif
