#include "data/types/list/block.h"

#include "foundation/mem.h"

_Static_assert(BLOCK_HEADER == 12, "three elements of 10 bytes take one allocation of 48");

/* --- life --- */

size_t block_alloc_for(size_t bytes) {
    enum { EXACT_MAX = 128 }; /* up to here each multiple of a unit is a size of the allocator */
    size_t alloc = (BLOCK_HEADER + bytes + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT;
    return alloc <= EXACT_MAX ? alloc : mem_good_size(alloc) / BLOCK_UNIT * BLOCK_UNIT;
}

struct block *block_new(size_t alloc, enum list_end end) {
    CHECK(alloc / BLOCK_UNIT <= UINT16_MAX && alloc % BLOCK_UNIT == 0);
    struct block *block = mem_alloc(alloc);
    block->units = (uint16_t)(alloc / BLOCK_UNIT);
    block->count = 0;
    block->begin = block->end = end == LIST_HEAD ? (uint32_t)block_cap(block) : 0;
    return block;
}

static struct block *new_block_alone(size_t size) {
    struct block *block = mem_alloc(BLOCK_HEADER + size);
    *block = (struct block){.end = BLOCK_ALONE};
    return block;
}

void block_free(struct block *block) {
    mem_free(block);
}

size_t block_used_bytes(const struct block *block) {
    return mem_usable_size(block);
}

struct slot slot_of_item(const struct packed_item *item, const struct block_limits *limits) {
    struct slot slot = {.count = 1};
    if (item->size > block_max_bytes(limits)) {
        slot.block = new_block_alone(item->size);
    } else {
        slot.block = block_new(block_alloc_for(item->size), LIST_TAIL);
        slot.block->end = (uint32_t)item->size;
    }
    packed_put(slot.block->data, item);
    return slot;
}

struct slot slot_copy(const struct slot *slot) {
    struct slot copy = {.count = slot->count};
    const struct block *block = slot->block;
    size_t bytes = block_bytes(block);
    if (block_is_alone(block)) {
        bytes = packed_size(block->data);
        copy.block = new_block_alone(bytes);
    } else {
        copy.block = block_new(block_alloc_for(bytes), LIST_TAIL);
        copy.block->end = (uint32_t)bytes;
    }
    memcpy(copy.block->data, block_first(block), bytes);
    return copy;
}

/* --- room --- */

/* Lays the elements at another offset, in another block when `alloc` is not this one's size. */
static void relocate(struct slot *slot, size_t alloc, size_t begin) {
    struct block *old = slot->block;
    size_t bytes = block_bytes(old);
    if (alloc == block_alloc(old)) {
        memmove(old->data + begin, block_first(old), bytes);
    } else {
        slot->block = block_new(alloc, LIST_TAIL);
        memcpy(slot->block->data + begin, block_first(old), bytes);
        mem_free(old);
    }
    slot->block->begin = (uint32_t)begin;
    slot->block->end = (uint32_t)(begin + bytes);
}

/* Bytes that are to be free after elements were moved, so that they are not soon moved again. */
static size_t slack_of(size_t bytes) {
    enum { CHEAP_BYTES = 128 };
    return bytes < CHEAP_BYTES ? 0 : bytes / 8;
}

/* The room goes to the side that asked for it; the other keeps some of what it has, so that
 * pushes at both ends in turn do not move everything each time. */
static void move_room(struct slot *slot, size_t alloc, enum list_end end, size_t size) {
    const struct block *block = slot->block;
    size_t free_bytes = alloc - BLOCK_HEADER - block_bytes(block);
    size_t other = end == LIST_HEAD ? block_cap(block) - block->end : block->begin;
    size_t share = (free_bytes - size) / 4;
    if (other > share) other = share;
    relocate(slot, alloc, end == LIST_HEAD ? free_bytes - other : other);
}

/* The size of block to grow to for `size` bytes more, over max_alloc only where it must be. */
static size_t grown_alloc(size_t bytes, size_t size, size_t max_alloc) {
    size_t alloc = block_alloc_for(bytes + size + slack_of(bytes));
    if (alloc <= max_alloc) return alloc;
    size_t least = block_alloc_for(bytes + size);
    return least < max_alloc ? max_alloc : least;
}

bool slot_make_room(struct slot *slot, enum list_end end, size_t size, size_t max_alloc) {
    const struct block *block = slot->block;
    size_t bytes = block_bytes(block);
    size_t alloc = block_alloc(block);
    if (block_cap(block) - bytes < size + slack_of(bytes)) {
        size_t grown = grown_alloc(bytes, size, max_alloc);
        if (grown > max_alloc || grown <= alloc) return false;
        alloc = grown;
    }
    move_room(slot, alloc, end, size);
    return true;
}

/* Opens a gap before `at` and returns where it begins. Elements on its shorter side make way
 * when there is room. */
static char *open_gap(struct slot *slot, const char *at, size_t size, size_t max_alloc) {
    size_t before = (size_t)(at - block_first(slot->block));
    size_t bytes = block_bytes(slot->block);
    enum list_end end = before < bytes - before ? LIST_HEAD : LIST_TAIL;
    const size_t room[2] = {
        [LIST_HEAD] = slot->block->begin, [LIST_TAIL] = block_cap(slot->block) - slot->block->end};
    if (room[end] < size && room[1 - end] >= size) {
        end = 1 - end;
    } else if (room[end] < size) {
        bool has_room = block_cap(slot->block) - bytes >= size;
        size_t alloc = has_room ? block_alloc(slot->block) : grown_alloc(bytes, size, max_alloc);
        move_room(slot, alloc, end, size);
    }
    struct block *block = slot->block;
    char *first = block_first(block);
    if (end == LIST_HEAD) {
        memmove(first - size, first, before);
        block->begin -= (uint32_t)size;
        return first - size + before;
    }
    memmove(first + before + size, first + before, bytes - before);
    block->end += (uint32_t)size;
    return first + before;
}

/* Takes the bytes [from, to) away and returns where what was behind them now begins. */
static char *close_gap(struct block *block, char *from, char *to) {
    size_t before = (size_t)(from - block_first(block));
    size_t behind = (size_t)(block_end(block) - to);
    size_t size = (size_t)(to - from);
    if (before < behind) {
        memmove(to - before, from - before, before);
        block->begin += (uint32_t)size;
        return to;
    }
    memmove(from, to, behind);
    block->end -= (uint32_t)size;
    return from;
}

void slot_fit(struct slot *slot, size_t eighths) {
    const struct block *block = slot->block;
    if (block_is_alone(block)) return;
    size_t unused = block_cap(block) - block_bytes(block);
    if (unused * 8 <= block_alloc(block) * eighths) return;
    size_t alloc = block_alloc_for(block_bytes(block));
    if (alloc < block_alloc(block)) relocate(slot, alloc, 0);
}

/* --- elements --- */

static char *seek_forward(char *at, size_t count) {
    for (; count != 0; count--) at += packed_size(at);
    return at;
}

char *slot_seek(const struct slot *slot, size_t index) {
    if (index <= (slot->count - 1) / 2) return seek_forward(block_first(slot->block), index);
    char *at = block_end(slot->block);
    for (size_t left = slot->count - index; left != 0; left--) at -= packed_size_before(at);
    return at;
}

void slot_drop(struct slot *slot, enum list_end end, size_t count) {
    struct block *block = slot->block;
    slot->count -= count;
    if (count == 1 && end == LIST_HEAD) {
        block->begin += (uint32_t)packed_size(block_first(block));
    } else if (count == 1) {
        block->end -= (uint32_t)packed_size_before(block_end(block));
    } else {
        struct slot whole = {.block = block, .count = slot->count + count};
        char *cut = slot_seek(&whole, end == LIST_HEAD ? count : slot->count);
        *(end == LIST_HEAD ? &block->begin : &block->end) = (uint32_t)(cut - block->data);
    }
}

void slot_insert(struct slot *slot, size_t index, const struct packed_item *item,
                 size_t max_alloc) {
    char *at = index == slot->count ? block_end(slot->block) : slot_seek(slot, index);
    packed_put(open_gap(slot, at, item->size, max_alloc), item);
    slot->count++;
}

void slot_replace(struct slot *slot, size_t index, const struct packed_item *item,
                  size_t max_alloc) {
    char *at = slot_seek(slot, index);
    size_t old_size = packed_size(at);
    if (item->size > old_size)
        at = open_gap(slot, at, item->size - old_size, max_alloc);
    else if (item->size < old_size)
        at = close_gap(slot->block, at, at + (old_size - item->size));
    packed_put(at, item);
}

void slot_cut(struct slot *slot, size_t index, size_t count) {
    char *from = slot_seek(slot, index);
    bool is_to_end = index + count == slot->count;
    char *to = is_to_end ? block_end(slot->block) : seek_forward(from, count);
    close_gap(slot->block, from, to);
    slot->count -= count;
}

static size_t count_equal(const struct slot *slot, const struct packed_item *item) {
    size_t equal = 0;
    const char *at = block_first(slot->block);
    for (size_t i = 0; i < slot->count; i++) {
        equal += packed_is(at, item);
        at += packed_size(at);
    }
    return equal;
}

/* Takes out `count` of the equal elements, after leaving `skip` of them. */
static void compact(struct slot *slot, const struct packed_item *item, size_t skip, size_t count) {
    char *read = block_first(slot->block);
    char *write = read;
    for (size_t i = 0; i < slot->count; i++) {
        size_t size = packed_size(read);
        bool goes = count != 0 && packed_is(read, item);
        if (goes && skip != 0) {
            skip--;
            goes = false;
        }
        if (goes) {
            count--;
        } else {
            if (write != read) memmove(write, read, size);
            write += size;
        }
        read += size;
    }
    slot->block->end = (uint32_t)(write - slot->block->data);
}

size_t slot_remove_equal(struct slot *slot, const struct packed_item *item, enum list_end from,
                         size_t max) {
    size_t equal = count_equal(slot, item);
    if (equal == 0) return 0;
    size_t count = equal < max ? equal : max;
    if (count < slot->count) compact(slot, item, from == LIST_TAIL ? equal - count : 0, count);
    slot->count -= count;
    return count;
}

struct slot slot_split(struct slot *slot, size_t index) {
    struct block *block = slot->block;
    char *at = slot_seek(slot, index);
    size_t bytes = (size_t)(block_end(block) - at);
    struct slot right = {.block = block_new(block_alloc_for(bytes), LIST_TAIL),
                         .count = slot->count - index};
    memcpy(right.block->data, at, bytes);
    right.block->end = (uint32_t)bytes;
    block->end -= (uint32_t)bytes;
    slot->count = index;
    return right;
}

void slot_merge(struct slot *left, struct slot *right, size_t max_alloc) {
    size_t bytes = block_bytes(right->block);
    char *to = open_gap(left, block_end(left->block), bytes, max_alloc);
    memcpy(to, block_first(right->block), bytes);
    left->count += right->count;
    block_free(right->block);
    *right = (struct slot){0};
}

void slot_verify(const struct slot *slot) {
    const struct block *block = slot->block;
    CHECK(slot->count != 0);
    size_t size;
    if (block_is_alone(block)) {
        CHECK(slot->count == 1 && block->begin == 0 && block->end == BLOCK_ALONE);
        return;
    }
    CHECK(block->begin < block->end && block->end <= block_cap(block));
    const char *at = block_first(block);
    for (size_t i = 0; i < slot->count; i++) {
        CHECK(packed_validate(at, block_end(block), &size));
        at += size;
    }
    CHECK(at == block_end(block));
}
