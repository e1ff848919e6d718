/* Edits in the middle of a deque: blocks that are full are split, blocks that became sparse
 * merge. */
#include "data/types/list/deque.h"

/* --- keeping blocks filled --- */

static size_t three_quarters(size_t limit) {
    return limit - limit / 4;
}

static bool can_merge(const struct slot *left, const struct slot *right,
                      const struct block_limits *limits) {
    return block_bytes(left->block) + block_bytes(right->block) <=
               three_quarters(block_max_bytes(limits)) &&
           left->count + right->count <= three_quarters(limits->max_count);
}

/* Takes out the slots that have become empty (their blocks freed) and merges neighbours, from
 * one before block `from` to the one at `to`. */
static void tidy(struct deque *deque, size_t from, size_t to, const struct block_limits *limits) {
    if (from != 0) from--;
    if (to >= deque->block_count) to = deque->block_count - 1;
    size_t kept = from;
    for (size_t i = from; i <= to; i++) {
        struct slot *slot = deque_slot(deque, i);
        if (slot->count == 0) continue;
        struct slot *last = kept == from ? NULL : deque_slot(deque, kept - 1);
        if (last != NULL && can_merge(last, slot, limits))
            slot_merge(last, slot, limits->max_alloc);
        else
            *deque_slot(deque, kept++) = *slot;
    }
    deque_close(deque, kept, to + 1 - kept);
}

/* --- inserting --- */

/* The slot among the two sides of a place between blocks that takes the item: `*index` in it. */
static struct slot *find_admitting(struct deque *deque, size_t block, size_t *index, size_t size,
                                   const struct block_limits *limits) {
    struct slot *slot = deque_slot(deque, block);
    if (slot_admits(slot, size, limits)) return slot;
    if (*index == 0 && block != 0) {
        struct slot *left = deque_slot(deque, block - 1);
        if (!slot_admits(left, size, limits)) return NULL;
        *index = left->count;
        return left;
    }
    if (*index == slot->count && block + 1 < deque->block_count) {
        struct slot *right = deque_slot(deque, block + 1);
        if (!slot_admits(right, size, limits)) return NULL;
        *index = 0;
        return right;
    }
    return NULL;
}

/* The smaller half takes the item when it can, else the item gets a block between them. */
static void insert_split(struct deque *deque, size_t block, size_t index,
                         const struct packed_item *item, const struct block_limits *limits) {
    struct slot right = slot_split(deque_slot(deque, block), index);
    *deque_open(deque, block + 1) = right;
    struct slot *left = deque_slot(deque, block);
    bool is_left_smaller = block_bytes(left->block) <= block_bytes(right.block);
    struct slot *smaller = is_left_smaller ? left : deque_slot(deque, block + 1);
    slot_fit(left, 4);
    if (slot_admits(smaller, item->size, limits))
        slot_insert(smaller, is_left_smaller ? index : 0, item, limits->max_alloc);
    else
        *deque_open(deque, block + 1) = slot_of_item(item, limits);
}

void deque_insert(struct deque *deque, size_t block, size_t index, const struct packed_item *item,
                  const struct block_limits *limits) {
    size_t place = index;
    struct slot *slot = find_admitting(deque, block, &place, item->size, limits);
    deque->count++;
    if (slot != NULL) {
        slot_insert(slot, place, item, limits->max_alloc);
        return;
    }
    if (index == 0)
        *deque_open(deque, block) = slot_of_item(item, limits);
    else if (index == deque_slot(deque, block)->count)
        *deque_open(deque, block + 1) = slot_of_item(item, limits);
    else
        insert_split(deque, block, index, item, limits);
    tidy(deque, block, block + 3, limits);
}

void deque_replace(struct deque *deque, size_t block, size_t index, const struct packed_item *item,
                   const struct block_limits *limits) {
    struct slot *slot = deque_slot(deque, block);
    size_t old_size = packed_size(slot_seek(slot, index));
    if (slot->count == 1) {
        block_free(slot->block);
        *slot = slot_of_item(item, limits);
    } else if (block_bytes(slot->block) - old_size + item->size <= block_max_bytes(limits)) {
        slot_replace(slot, index, item, limits->max_alloc);
        slot_fit(slot, 4);
    } else {
        slot_cut(slot, index, 1);
        deque->count--;
        deque_insert(deque, block, index, item, limits);
        return;
    }
    if (item->size < old_size) tidy(deque, block, block + 1, limits);
}

/* --- removing --- */

void deque_remove(struct deque *deque, size_t block, size_t index, size_t count,
                  const struct block_limits *limits) {
    size_t first_block = block;
    deque->count -= count;
    for (; count != 0; block++, index = 0) {
        struct slot *slot = deque_slot(deque, block);
        size_t here = slot->count - index;
        if (here > count) here = count;
        count -= here;
        if (here == slot->count) {
            block_free(slot->block);
            *slot = (struct slot){0};
        } else {
            slot_cut(slot, index, here);
            slot_fit(slot, 4);
        }
    }
    tidy(deque, first_block, block, limits);
}

static size_t remove_from_slot(struct slot *slot, const struct packed_item *item,
                               enum list_end from, size_t max) {
    size_t removed = slot_remove_equal(slot, item, from, max);
    if (slot->count == 0)
        block_free(slot->block);
    else if (removed != 0)
        slot_fit(slot, 4);
    return removed;
}

size_t deque_remove_equal(struct deque *deque, const struct packed_item *item, enum list_end from,
                          size_t max, const struct block_limits *limits) {
    size_t removed = 0, lowest = deque->block_count, highest = 0;
    for (size_t i = 0; i < deque->block_count && removed < max; i++) {
        size_t block = from == LIST_HEAD ? i : deque->block_count - 1 - i;
        size_t here = remove_from_slot(deque_slot(deque, block), item, from, max - removed);
        if (here == 0) continue;
        removed += here;
        if (block < lowest) lowest = block;
        if (block > highest) highest = block;
    }
    deque->count -= removed;
    if (removed != 0) tidy(deque, lowest, highest + 1, limits);
    return removed;
}
