/* Lists: a deque of packed blocks.
 *
 * A block holds packed elements (foundation/containers/packed.h) with free room in front of them
 * and behind them, so that pushes at either end move nothing. A small list is one block; a
 * longer one a ring of slots, each a block with its count:
 *
 *      encoding      entry's word points to          OBJECT ENCODING
 *      LIST_PACKED   struct block (block.h)          listpack
 *      LIST_DEQUE    struct deque, a ring (deque.h)  quicklist
 *
 * Blocks are limited by list-max-listpack-size (bytes or elements); an element larger than the
 * limit has a block for itself. A list becomes a deque when one listpack within the limit would
 * not take what is added, and one block again when it has just one left, filled to half the
 * limit or less: the rule of Redis 7.2 (which adds the bare lengths of the new values to the
 * listpack's).
 *
 * Lists are never empty: removing the last element deletes the key, which the functions that
 * remove say by leaving found->entry NULL. The caller fires the events, "del" included. Values
 * that are passed in may not lie in the list they go to. */
#ifndef DATA_TYPES_LIST_LIST_H
#define DATA_TYPES_LIST_LIST_H

#include "data/database.h"
#include "data/value_type.h"
#include "foundation/containers/packed.h"

enum list_encoding { LIST_PACKED, LIST_DEQUE };
enum list_end { LIST_HEAD, LIST_TAIL };

extern const struct value_type list_value_type;

/* list-max-listpack-size: elements of a block (of 8 KiB at most) when positive, -1 .. -5 for 4,
 * 8, 16, 32, 64 KiB; 0 counts as 1, and less than -5 as -5. -2 until it is called. Holds for
 * what is added from then on. */
void list_set_limits(int64_t max_block);

size_t list_len(const struct entry *entry);

/* Where an element stands. Valid until the list changes. */
struct list_position {
    const struct entry *entry;
    char *at;        /* the packed element; NULL: outside */
    size_t block;    /* number of its block, from the head */
    size_t in_block; /* its number in the block */
};

/* The element at an index, counted from the end when negative. Cost: O(blocks), 16 bytes read a
 * block, and a walk in one block from its nearer end. */
struct list_position list_seek(const struct entry *entry, int64_t index);
/* To the neighbour towards an end; at NULL past it. O(1). */
void list_step(struct list_position *position, enum list_end towards);
static inline struct packed_value list_read(const struct list_position *position) {
    return packed_read(position->at);
}

/* Pushes the values one after the other; makes the key (due time none) when found->entry is
 * NULL. */
void list_push(struct database *db, struct key key, struct found *found, enum list_end end,
               const struct bytes *values, size_t count);
/* Removes `count` elements (at most the length) from an end, after they were read. */
void list_drop(struct database *db, struct key key, struct found *found, enum list_end end,
               size_t count);
/* Keeps the elements [start, end] (indexes from the head, start <= end, within the list). */
void list_trim(struct database *db, struct key key, struct found *found, size_t start, size_t end);
/* Removes `count` elements from a position on towards the tail. */
void list_remove(struct database *db, struct key key, struct found *found,
                 struct list_position position, size_t count);
/* Removes up to `max` (0: all) elements equal to the value, looking from an end; returns how
 * many. */
size_t list_remove_equal(struct database *db, struct key key, struct found *found,
                         enum list_end from, struct bytes value, size_t max);
/* Puts another value in the place of one. */
void list_replace(struct found *found, struct list_position position, struct bytes value);
/* Puts a value beside an element: on its side towards the head or the tail. */
void list_insert(struct found *found, struct list_position position, enum list_end side,
                 struct bytes value);
/* A list made of values, in place of what the key had (any type, freed; due time gone); count >= 1.
 * The values may lie in what the key had. */
void list_store(struct database *db, struct key key, struct found *found,
                const struct bytes *values, size_t count);

/* Checks every invariant of a list; for tests. */
void list_verify(const struct entry *entry);

#endif
