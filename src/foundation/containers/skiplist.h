/* Skip list: members in the order of (key, name), each with its rank. All lanes are unrolled: a
 * block holds a run of neighbours, so that a search reads one block a lane and a member costs
 * little more than its own 14 bytes.
 *
 * Keys are 64-bit numbers that the owner makes of scores so that they order alike. What a member
 * is only the owner knows, who orders members of one key by a function; a skip list reads them
 * no other way and owns none. A member is a pointer of 48 bits, and its low bits may mean
 * anything.
 *
 *      lane 2   [ A.......... ]                                     upper lanes: an entry a block
 *                 |         \                                       of the lane below
 *      lane 1   [ A...C... ]<->[ E...G... ]
 *                 |   |          |   |
 *      lane 0   [ ab ]<->[ cd ]<->[ ef ]<->[ gh ]                   the members
 *
 * A block is one allocation of 768 bytes, an allocator's size class, in any lane:
 *
 *      lane 0     | next | previous | count, lane | 53 keys |            53 members |
 *      above      | next | previous | count, lane | 26 keys | 26 spans | 26 members | 26 blocks |
 *                                                  8 bytes    8          6            6 bytes each
 *
 * An entry says of its block: the first key and first member in it and below it, and how many
 * members lie below (the span). So one descent finds a place and its rank, compares keys that
 * lie together, and reads a member only where keys are equal. Heights are not drawn by lot: every
 * block has its entry in the lane above. That bounds the worst search, and makes this a B+ tree
 * with counts as well.
 *
 * Invariants:
 * 1. members strictly ascend in (key, order) along lane 0;
 * 2. the entries of a lane describe the blocks of the lane below, one by one and exactly;
 * 3. the top lane is one block, with two entries or more unless it is lane 0;
 * 4. blocks are at least half full, but for the first and the last of a lane, which have one entry
 *    or more (ascending and descending insertion leave full blocks behind). */
#ifndef FOUNDATION_CONTAINERS_SKIPLIST_H
#define FOUNDATION_CONTAINERS_SKIPLIST_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "cells are the low bytes of a word");

enum {
#ifdef SKUA_TEST
    SKIPLIST_MEMBERS = 7, /* so that small tests split and merge */
    SKIPLIST_ENTRIES = 5,
#else
    SKIPLIST_MEMBERS = 53,
    SKIPLIST_ENTRIES = 26,
#endif
    SKIPLIST_CELL = 6, /* bytes of a pointer */
    SKIPLIST_PAD = 2,  /* a cell is read as a word of 8 */
};

/* To be read by the functions of this header alone. */
struct skiplist_block {
    struct skiplist_block *next, *previous; /* in its lane */
    uint16_t count;
    uint16_t lane;
    union {
        struct { /* lane 0 */
            uint64_t keys[SKIPLIST_MEMBERS];
            uint8_t members[SKIPLIST_MEMBERS * SKIPLIST_CELL + SKIPLIST_PAD];
        };
        struct {
            uint64_t keys[SKIPLIST_ENTRIES];
            uint64_t spans[SKIPLIST_ENTRIES];
            uint8_t members[SKIPLIST_ENTRIES * SKIPLIST_CELL + SKIPLIST_PAD];
            uint8_t blocks[SKIPLIST_ENTRIES * SKIPLIST_CELL + SKIPLIST_PAD];
        } upper;
    };
};

struct skiplist;

/* Less than, equal to or above 0 as the member stands before, at or behind the place that `bound`
 * describes, among members of one key. `context` is the list's. For insertion and its kin the bound
 * is another member. */
typedef int skiplist_order_function(const void *member, const void *bound, const void *context);

/* --- keys --- */

static inline uint64_t skiplist_key_of_i64(int64_t score) {
    return (uint64_t)score ^ (uint64_t)1 << 63;
}

static inline int64_t skiplist_i64_of_key(uint64_t key) {
    return (int64_t)(key ^ (uint64_t)1 << 63);
}

/* Not for NaN. Both zeros have one key. */
static inline uint64_t skiplist_key_of_double(double score) {
    double with_one_zero = score + 0.0;
    uint64_t bits;
    memcpy(&bits, &with_one_zero, sizeof(bits));
    return bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63;
}

/* The score, but for the sign of a zero. */
static inline double skiplist_double_of_key(uint64_t key) {
    uint64_t bits = key >> 63 != 0 ? key & ~((uint64_t)1 << 63) : ~key;
    double score;
    memcpy(&score, &bits, sizeof(score));
    return score;
}

/* --- the list --- */

/* `order` orders members of the same key; `context` is handed to it and stays valid. */
struct skiplist *skiplist_new(skiplist_order_function *order, const void *context);
/* Any thread may. The members stay, and are not read. */
void skiplist_free(struct skiplist *list);
uint64_t skiplist_count(const struct skiplist *list);
/* What the list occupies, without its members. */
size_t skiplist_used_bytes(const struct skiplist *list);

/* Adds a member that is not there. Cost: O(log n), at worst one split a lane. */
void skiplist_insert(struct skiplist *list, uint64_t key, void *member);
/* Removes a member that is there; O(log n). It is read only when other members have its key. */
void skiplist_remove(struct skiplist *list, uint64_t key, const void *member);
/* The same member under another key. Cheap where it stays in its block, else a removal and an
 * insertion. */
void skiplist_move(struct skiplist *list, uint64_t old_key, uint64_t new_key, void *member);
/* The member's allocation has moved: the same place now holds `new_member`. `old_member` is not
 * read. */
void skiplist_replace(struct skiplist *list, uint64_t key, const void *old_member,
                      void *new_member);
/* Adds a member behind all that are there, leaving full blocks: to build a list from members in
 * order. O(1) on average. */
void skiplist_append(struct skiplist *list, uint64_t key, void *member);
/* Removes the members of ranks [start, start + count), which exist, each shown to `on_removed`
 * (unless NULL) first, in order; it may free the member but not use the list. O(log n + count). */
void skiplist_remove_range(struct skiplist *list, uint64_t start, uint64_t count,
                           void (*on_removed)(void *member, void *context), void *context);

/* --- places --- */

/* A place in the order; valid until the list changes. `block` NULL: outside. */
struct skiplist_position {
    const struct skiplist_block *block;
    uint32_t slot;
};

static inline bool skiplist_is_inside(struct skiplist_position position) {
    return position.block != NULL;
}

static inline void *skiplist_member(struct skiplist_position position) {
    uint64_t word;
    memcpy(&word, position.block->members + (size_t)position.slot * SKIPLIST_CELL, sizeof(word));
    return (void *)(uintptr_t)(word & 0xffffffffffffu);
}

static inline uint64_t skiplist_key(struct skiplist_position position) {
    return position.block->keys[position.slot];
}

/* One step in order, or against it, from inside; from the last member, or the first, to outside. */
static inline void skiplist_next(struct skiplist_position *position) {
    if (LIKELY(++position->slot < position->block->count)) return;
    position->block = position->block->next;
    position->slot = 0;
}

static inline void skiplist_previous(struct skiplist_position *position) {
    if (UNLIKELY(position->slot == 0)) {
        position->block = position->block->previous;
        position->slot = position->block == NULL ? 1 : position->block->count;
    }
    position->slot--;
}

/* The position of a rank (0 the lowest); outside when there is none. O(log n). */
struct skiplist_position skiplist_at(const struct skiplist *list, uint64_t rank);
/* The rank of a member that is there. O(log n). It is read only when other members have its key. */
uint64_t skiplist_rank(const struct skiplist *list, uint64_t key, const void *member);
/* The first position at or behind (key, bound), and its rank (outside and the count when there is
 * none). `bound` NULL: the first of the key or a later one; else `order` (of this bound, not the
 * list's) says which members of that key stand before it. O(log n). */
struct skiplist_position skiplist_seek(const struct skiplist *list, uint64_t key, const void *bound,
                                       skiplist_order_function *order, uint64_t *rank);

/* Checks every invariant at the head of this file; for tests. Cost: reads the whole list. */
void skiplist_verify(const struct skiplist *list);

#endif
