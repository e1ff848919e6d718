#include "foundation/containers/skiplist_private.h"
#include "foundation/mem.h"

static void verify_order(const struct skiplist *list, struct skiplist_position before,
                         struct skiplist_position behind) {
    CHECK(skiplist_key(before) <= skiplist_key(behind));
    if (skiplist_key(before) < skiplist_key(behind)) return;
    CHECK(list->order(skiplist_member(before), skiplist_member(behind), list->context) < 0);
    CHECK(list->order(skiplist_member(behind), skiplist_member(before), list->context) > 0);
}

/* Invariant 1. */
static void verify_members(const struct skiplist *list) {
    struct skiplist_position before = skiplist_at(list, 0), position = before;
    CHECK(skiplist_is_inside(position) == (list->count != 0));
    for (uint64_t rank = 0; rank < list->count; rank++) {
        CHECK(skiplist_is_inside(position));
        if (rank != 0) verify_order(list, before, position);
        before = position;
        skiplist_next(&position);
    }
    CHECK(!skiplist_is_inside(position));
}

static const uint8_t *members_of(const struct skiplist_block *block) {
    return block->lane == 0 ? block->members : block->upper.members;
}

/* Invariant 2, for one entry. */
static void verify_entry(const struct skiplist_block *block, uint32_t slot,
                         struct skiplist_block *child) {
    uint64_t span = 0;
    for (uint32_t i = 0; i < child->count; i++)
        span += child->lane == 0 ? 1 : child->upper.spans[i];
    CHECK(skiplist_child(block, slot) == child);
    CHECK(block->upper.spans[slot] == span);
    CHECK(block->keys[slot] == child->keys[0]);
    CHECK(skiplist_read_cell(block->upper.members, slot) ==
          skiplist_read_cell(members_of(child), 0));
}

/* Invariant 4. */
static void verify_filling(const struct skiplist_block *block) {
    bool is_at_end = block->previous == NULL || block->next == NULL;
    uint32_t capacity = block->lane == 0 ? SKIPLIST_MEMBERS : SKIPLIST_ENTRIES;
    CHECK(block->count <= capacity);
    CHECK(block->count >= (is_at_end ? 1 : capacity / 2));
}

/* The blocks of a lane and those that their entries name; returns how many blocks it has. */
static size_t verify_lane(const struct skiplist_block *first) {
    size_t blocks = 0;
    struct skiplist_block *child = first->lane == 0 ? NULL : skiplist_child(first, 0);
    CHECK(first->previous == NULL);
    for (const struct skiplist_block *block = first; block != NULL; block = block->next, blocks++) {
        CHECK(block->lane == first->lane);
        CHECK(block->next == NULL || block->next->previous == block);
        verify_filling(block);
        for (uint32_t slot = 0; slot < block->count && block->lane != 0; slot++) {
            verify_entry(block, slot, child);
            child = child->next;
        }
    }
    CHECK(child == NULL);
    return blocks;
}

static uint64_t count_members(const struct skiplist_block *top) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < top->count; i++) count += top->lane == 0 ? 1 : top->upper.spans[i];
    return count;
}

void skiplist_verify(const struct skiplist *list) {
    const struct skiplist_block *top = list->top;
    size_t blocks = 1;
    CHECK(top->lane + 1u == list->lanes && top->next == NULL);
    CHECK(top->lane == 0 || top->count >= 2);
    CHECK(count_members(top) == list->count);
    if (list->count != 0) blocks = verify_lane(top);
    for (const struct skiplist_block *first = top; first->lane != 0;) {
        first = skiplist_child(first, 0);
        blocks += verify_lane(first);
    }
    CHECK(list->used_bytes ==
          mem_good_size(sizeof(*list)) + blocks * mem_good_size(sizeof(struct skiplist_block)));
    verify_members(list);
}
