/* What the files of the list type share: the limits, and a list as a run of slots whatever its
 * encoding. */
#ifndef DATA_TYPES_LIST_LIST_PRIVATE_H
#define DATA_TYPES_LIST_LIST_PRIVATE_H

#include "data/types/list/deque.h"

enum {
    LISTPACK_OVERHEAD = 7, /* header and end of a listpack */
    /* Of the eighths of a small list's block, how many may lie unused. */
    LIST_UNUSED_EIGHTHS = 5,
};

const struct block_limits *list_limits(void);
#ifdef SKUA_TEST
/* Blocks of that many bytes, so that small tests split and merge; a multiple of 16. */
void list_set_byte_limit(size_t bytes);
#endif

static inline bool list_is_packed(const struct entry *entry) {
    return entry->encoding == LIST_PACKED;
}

/* The block of a packed list, to be put back with list_set_only_slot after a change. */
static inline struct slot list_only_slot(const struct entry *entry) {
    struct block *block = entry_pointer(entry);
    return (struct slot){.block = block, .count = block->count};
}

static inline void list_set_only_slot(struct entry *entry, struct slot slot) {
    slot.block->count = (uint16_t)slot.count;
    entry_set_pointer(entry, slot.block);
}

static inline size_t list_block_count(const struct entry *entry) {
    return list_is_packed(entry) ? 1 : ((const struct deque *)entry_pointer(entry))->block_count;
}

static inline struct slot list_slot(const struct entry *entry, size_t block) {
    if (list_is_packed(entry)) return list_only_slot(entry);
    return *deque_slot(entry_pointer(entry), block);
}

/* Makes a packed list a deque when one listpack would not take so many values more, of so many
 * bytes together. */
void list_admit(struct entry *entry, size_t value_bytes, size_t value_count);
/* After elements went: a deque that has become small enough is one block again, and memory is
 * given back. */
void list_settle(struct entry *entry);
/* Deletes the key and clears found->entry. */
void list_delete_key(struct database *db, struct key key, struct found *found);

#endif
