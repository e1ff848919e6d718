#include "data/types/list/deque.h"

#include "foundation/mem.h"

enum { RING_MIN = 4 };

/* --- the ring --- */

static size_t ring_size(const struct deque *deque) {
    return deque->mask + 1;
}

static void resize_ring(struct deque *deque, size_t size) {
    struct slot *slots = mem_alloc(size * sizeof(*slots));
    for (size_t i = 0; i < deque->block_count; i++) slots[i] = *deque_slot(deque, i);
    mem_free(deque->slots);
    deque->slots = slots;
    deque->first = 0;
    deque->mask = size - 1;
}

static void grow_ring(struct deque *deque) {
    if (deque->block_count == ring_size(deque)) resize_ring(deque, ring_size(deque) * 2);
}

static void shrink_ring(struct deque *deque) {
    if (ring_size(deque) > RING_MIN && deque->block_count < ring_size(deque) / 4)
        resize_ring(deque, ring_size(deque) / 2);
}

struct slot *deque_open(struct deque *deque, size_t block) {
    grow_ring(deque);
    size_t behind = deque->block_count++ - block;
    if (block < behind) {
        deque->first--;
        for (size_t i = 0; i < block; i++) *deque_slot(deque, i) = *deque_slot(deque, i + 1);
    } else {
        for (size_t i = block + behind; i > block; i--)
            *deque_slot(deque, i) = *deque_slot(deque, i - 1);
    }
    return deque_slot(deque, block);
}

void deque_close(struct deque *deque, size_t block, size_t count) {
    if (count == 0) return;
    size_t behind = deque->block_count - block - count;
    if (block < behind) {
        for (size_t i = block; i-- > 0;) *deque_slot(deque, i + count) = *deque_slot(deque, i);
        deque->first += count;
    } else {
        for (size_t i = block; i < block + behind; i++)
            *deque_slot(deque, i) = *deque_slot(deque, i + count);
    }
    deque->block_count -= count;
    shrink_ring(deque);
}

/* --- life --- */

struct deque *deque_new(void) {
    struct deque *deque = mem_alloc(sizeof(*deque));
    *deque =
        (struct deque){.slots = mem_alloc(RING_MIN * sizeof(struct slot)), .mask = RING_MIN - 1};
    return deque;
}

void deque_release(struct deque *deque) {
    mem_free(deque->slots);
    mem_free(deque);
}

void deque_free(struct deque *deque) {
    for (size_t i = 0; i < deque->block_count; i++) block_free(deque_slot(deque, i)->block);
    deque_release(deque);
}

struct deque *deque_copy(const struct deque *deque) {
    struct deque *copy = mem_alloc(sizeof(*copy));
    *copy = *deque;
    copy->first = 0;
    copy->slots = mem_alloc(ring_size(deque) * sizeof(struct slot));
    for (size_t i = 0; i < deque->block_count; i++)
        copy->slots[i] = slot_copy(deque_slot(deque, i));
    return copy;
}

size_t deque_used_bytes(const struct deque *deque, size_t samples) {
    size_t bytes = 0, blocks = 0, elements = 0;
    while (blocks < deque->block_count && (samples == 0 || elements < samples)) {
        const struct slot *slot = deque_slot(deque, blocks++);
        bytes += block_used_bytes(slot->block);
        elements += slot->count;
    }
    return mem_usable_size(deque) + mem_usable_size(deque->slots) +
           (size_t)((double)bytes / (double)blocks * (double)deque->block_count);
}

/* --- reading --- */

size_t deque_find(const struct deque *deque, size_t *index) {
    size_t block = 0, left = *index;
    if (left < deque->count / 2) {
        for (; left >= deque_slot(deque, block)->count; block++)
            left -= deque_slot(deque, block)->count;
        *index = left;
        return block;
    }
    left = (size_t)deque->count - left; /* elements from the wanted one on */
    for (block = deque->block_count - 1; left > deque_slot(deque, block)->count; block--)
        left -= deque_slot(deque, block)->count;
    *index = deque_slot(deque, block)->count - left;
    return block;
}

/* --- the ends --- */

void deque_add_slot(struct deque *deque, enum list_end end, struct slot slot) {
    grow_ring(deque);
    if (end == LIST_HEAD) deque->first--;
    deque->block_count++;
    deque->count += slot.count;
    *deque_end_slot(deque, end) = slot;
}

/* The size of a new block at an end. Where elements are counted their sizes are those of the
 * neighbour, most likely. */
static size_t end_alloc(const struct slot *neighbour, size_t size,
                        const struct block_limits *limits) {
    if (!limits->is_counted) return limits->max_alloc;
    size_t bytes = neighbour == NULL ? 0 : block_bytes(neighbour->block);
    if (bytes < size) bytes = size;
    if (bytes > block_max_bytes(limits)) return limits->max_alloc;
    size_t alloc = block_alloc_for(bytes);
    return alloc < limits->max_alloc ? alloc : limits->max_alloc;
}

static COLD void push_block(struct deque *deque, enum list_end end, const struct packed_item *item,
                            const struct block_limits *limits) {
    struct slot *neighbour = deque->block_count == 0 ? NULL : deque_end_slot(deque, end);
    struct slot slot = {0};
    if (item->size > block_max_bytes(limits)) {
        slot = slot_of_item(item, limits);
    } else {
        slot.block = block_new(end_alloc(neighbour, item->size, limits), end);
        CHECK(slot_push(&slot, end, item, limits->max_alloc));
    }
    if (neighbour != NULL) slot_fit(neighbour, 1);
    deque_add_slot(deque, end, slot);
}

void deque_push(struct deque *deque, enum list_end end, const struct packed_item *item,
                const struct block_limits *limits) {
    if (LIKELY(deque->block_count != 0)) {
        struct slot *slot = deque_end_slot(deque, end);
        if (slot_admits(slot, item->size, limits) &&
            LIKELY(slot_push(slot, end, item, limits->max_alloc))) {
            deque->count++;
            return;
        }
    }
    push_block(deque, end, item, limits);
}

void deque_drop(struct deque *deque, enum list_end end, size_t count) {
    deque->count -= count;
    for (;;) {
        struct slot *slot = deque_end_slot(deque, end);
        if (LIKELY(slot->count > count)) {
            if (count != 0) slot_drop(slot, end, count);
            return;
        }
        count -= slot->count;
        block_free(slot->block);
        deque_close(deque, end == LIST_HEAD ? 0 : deque->block_count - 1, 1);
    }
}
