/* Searching and changing. An operation is one descent from the top lane to a block of lane 0;
 * changes keep its path, to correct the entries on the way. */
#include "foundation/containers/skiplist_private.h"
#include "foundation/mem.h"

enum { CACHE_LINE = 64 };

/* --- searching --- */

/* What a search looks for: the place of a bound among the members of a key. */
struct target {
    uint64_t key;
    const void *self;  /* a member known to be at the bound, recognised without being read */
    const void *bound; /* NULL: before all members of the key */
    skiplist_order_function *order;
    const void *context;
    int limit; /* members are passed whose order() is below it: 0 before the bound, 1 up to it */
};

/* The target that leads to a member that is there, or to the place of a new one. */
static struct target target_member(const struct skiplist *list, uint64_t key, const void *self,
                                   const void *bound) {
    return (struct target){.key = key,
                           .self = self,
                           .bound = bound,
                           .order = list->order,
                           .context = list->context,
                           .limit = 1};
}

/* How many of the ascending keys are below `key`, without a branch that could be guessed wrong. */
static ALWAYS_INLINE uint32_t count_below(const uint64_t *keys, uint32_t count, uint64_t key) {
    const uint64_t *base = keys;
    if (UNLIKELY(count == 0)) return 0;
    while (count > 1) {
        uint32_t half = count / 2;
        base += half & -(uint64_t)(base[half - 1] < key);
        count -= half;
    }
    return (uint32_t)(base - keys) + (*base < key);
}

static bool is_passed(const struct target *target, const void *member) {
    return member == target->self ||
           target->order(member, target->bound, target->context) < target->limit;
}

/* The first slot from `low` on, where the target's key begins, that the target does not pass.
 * Members lie anywhere in memory: both that may be asked next are fetched meanwhile. */
static __attribute__((noinline)) uint32_t pass_equal_keys(const uint64_t *keys, uint32_t count,
                                                          const uint8_t *members, uint32_t low,
                                                          const struct target *target) {
    uint32_t high = target->key == UINT64_MAX ? count : count_below(keys, count, target->key + 1);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        mem_prefetch(skiplist_read_cell(members, low + (high - low) / 4));
        mem_prefetch(skiplist_read_cell(members, low + (high - low) * 3 / 4));
        if (is_passed(target, skiplist_read_cell(members, middle)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static ALWAYS_INLINE uint32_t count_passed(const struct skiplist_block *block,
                                           const uint8_t *members, const struct target *target) {
    uint32_t count = block->count;
    uint32_t slot = count_below(block->keys, count, target->key);
    if (slot < count && UNLIKELY(block->keys[slot] == target->key) && target->bound != NULL)
        slot = pass_equal_keys(block->keys, count, members, slot, target);
    return slot;
}

static ALWAYS_INLINE void prefetch_range(const struct skiplist_block *block, size_t size) {
    for (size_t at = 0; at < size; at += CACHE_LINE) mem_prefetch((const char *)block + at);
}

static ALWAYS_INLINE uint64_t sum_spans(const struct skiplist_block *block, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += block->upper.spans[i];
    return sum;
}

/* The block of lane 0 that holds the target's place: the last whose first member is passed. `path`
 * and `rank` (of the block's first member) may be NULL. */
static ALWAYS_INLINE struct skiplist_block *descend(const struct skiplist *list,
                                                    const struct target *target,
                                                    struct skiplist_path *path, uint64_t *rank) {
    struct skiplist_block *block = list->top;
    for (uint32_t lane = list->lanes - 1; lane > 0; lane--) {
        uint32_t slot = count_passed(block, block->upper.members, target);
        slot -= slot != 0;
        struct skiplist_block *child = skiplist_child(block, slot);
        if (path != NULL && lane == 1)
            prefetch_range(child, sizeof(*child));
        else
            prefetch_range(child, offsetof(struct skiplist_block, members));
        if (rank != NULL) *rank += sum_spans(block, slot);
        if (path != NULL) path->steps[lane] = (struct skiplist_step){block, slot};
        block = child;
    }
    return block;
}

/* The slot of a member that is there. Its address says where, so that no member is read. */
static uint32_t find_member(const struct skiplist_block *block, const struct target *target) {
    uint32_t slot = count_below(block->keys, block->count, target->key);
    while (slot < block->count && skiplist_read_cell(block->members, slot) != target->self) slot++;
    CHECK(slot < block->count && block->keys[slot] == target->key);
    return slot;
}

static void descend_to_member(struct skiplist *list, const struct target *target,
                              struct skiplist_path *path) {
    struct skiplist_block *block = descend(list, target, path, NULL);
    path->steps[0] = (struct skiplist_step){block, find_member(block, target)};
}

uint64_t skiplist_rank(const struct skiplist *list, uint64_t key, const void *member) {
    struct target target = target_member(list, key, member, member);
    uint64_t rank = 0;
    const struct skiplist_block *block = descend(list, &target, NULL, &rank);
    return rank + find_member(block, &target);
}

struct skiplist_position skiplist_seek(const struct skiplist *list, uint64_t key, const void *bound,
                                       skiplist_order_function *order, uint64_t *rank) {
    struct target target = {.key = key, .bound = bound, .order = order, .context = list->context};
    *rank = 0;
    const struct skiplist_block *block = descend(list, &target, NULL, rank);
    uint32_t slot = count_passed(block, block->members, &target);
    *rank += slot;
    if (slot < block->count) return (struct skiplist_position){block, slot};
    return (struct skiplist_position){block->next, 0};
}

/* The block of lane 0 that holds `rank`, which becomes the rank within it. `path` may be NULL. */
static ALWAYS_INLINE struct skiplist_block *
descend_to_rank(const struct skiplist *list, struct skiplist_path *path, uint64_t *rank) {
    struct skiplist_block *block = list->top;
    for (uint32_t lane = list->lanes - 1; lane > 0; lane--) {
        const uint64_t *spans = block->upper.spans;
        uint32_t slot = 0;
        for (; *rank >= spans[slot]; slot++) *rank -= spans[slot];
        if (path != NULL) path->steps[lane] = (struct skiplist_step){block, slot};
        block = skiplist_child(block, slot);
        mem_prefetch(block);
        if (lane > 1) mem_prefetch(block->upper.spans);
    }
    return block;
}

struct skiplist_position skiplist_at(const struct skiplist *list, uint64_t rank) {
    if (rank >= list->count) return (struct skiplist_position){NULL, 0};
    const struct skiplist_block *block = descend_to_rank(list, NULL, &rank);
    return (struct skiplist_position){block, (uint32_t)rank};
}

/* --- changing --- */

static ALWAYS_INLINE void add_to_spans(const struct skiplist *list,
                                       const struct skiplist_path *path, uint64_t difference) {
    for (uint32_t lane = 1; lane < list->lanes; lane++)
        path->steps[lane].block->upper.spans[path->steps[lane].slot] += difference;
}

/* Puts a member into a block that has room. */
static ALWAYS_INLINE void put_member(struct skiplist_block *block, uint32_t slot, uint64_t key,
                                     const void *member) {
    uint8_t *cell = block->members + (size_t)slot * SKIPLIST_CELL;
    uint32_t behind = block->count - slot;
    memmove(block->keys + slot + 1, block->keys + slot, behind * sizeof(key));
    memmove(cell + SKIPLIST_CELL, cell, (size_t)behind * SKIPLIST_CELL);
    block->keys[slot] = key;
    skiplist_write_cell(block->members, slot, member);
    block->count++;
}

/* Adds a member at the path's place, whose block has room. */
static ALWAYS_INLINE void insert_at(struct skiplist *list, const struct skiplist_path *path,
                                    uint64_t key, const void *member) {
    put_member(path->steps[0].block, path->steps[0].slot, key, member);
    list->count++;
    add_to_spans(list, path, 1);
    if (path->steps[0].slot == 0) skiplist_tell_first(list, path, 0);
}

void skiplist_insert(struct skiplist *list, uint64_t key, void *member) {
    struct target target = target_member(list, key, NULL, member);
    struct skiplist_path path;
    struct skiplist_block *block = descend(list, &target, &path, NULL);
    for (;;) {
        path.steps[0] = (struct skiplist_step){block, count_passed(block, block->members, &target)};
        if (LIKELY(block->count < SKIPLIST_MEMBERS)) break;
        skiplist_relieve(list, &path);
        block = descend(list, &target, &path, NULL);
    }
    insert_at(list, &path, key, member);
}

static void descend_to_end(const struct skiplist *list, struct skiplist_path *path) {
    struct skiplist_block *block = list->top;
    for (uint32_t lane = list->lanes - 1; lane > 0; lane--) {
        path->steps[lane] = (struct skiplist_step){block, block->count - 1u};
        block = skiplist_child(block, block->count - 1u);
    }
    path->steps[0] = (struct skiplist_step){block, block->count};
}

void skiplist_append(struct skiplist *list, uint64_t key, void *member) {
    struct skiplist_path path;
    descend_to_end(list, &path);
    while (path.steps[0].block->count == SKIPLIST_MEMBERS) {
        skiplist_relieve(list, &path);
        descend_to_end(list, &path);
    }
    const struct skiplist_step *end = &path.steps[0];
    CHECK(end->slot == 0 || end->block->keys[end->slot - 1] <= key);
    insert_at(list, &path, key, member);
}

/* Removes `count` members from the path's place on, all in its block. */
static void remove_at(struct skiplist *list, const struct skiplist_path *path, uint32_t count) {
    struct skiplist_block *block = path->steps[0].block;
    uint32_t slot = path->steps[0].slot;
    skiplist_remove_entries(block, slot, count);
    list->count -= count;
    add_to_spans(list, path, -(uint64_t)count);
    if (slot == 0 && block->count != 0) skiplist_tell_first(list, path, 0);
    skiplist_settle(list, path);
}

void skiplist_remove(struct skiplist *list, uint64_t key, const void *member) {
    struct target target = target_member(list, key, member, member);
    struct skiplist_path path;
    descend_to_member(list, &target, &path);
    remove_at(list, &path, 1);
}

void skiplist_remove_range(struct skiplist *list, uint64_t start, uint64_t count,
                           void (*on_removed)(void *member, void *context), void *context) {
    CHECK(start <= list->count && count <= list->count - start);
    while (count > 0) {
        struct skiplist_path path;
        uint64_t slot = start;
        struct skiplist_block *block = descend_to_rank(list, &path, &slot);
        path.steps[0] = (struct skiplist_step){block, (uint32_t)slot};
        uint32_t here = block->count - (uint32_t)slot;
        if (here > count) here = (uint32_t)count;
        for (uint32_t i = 0; i < here && on_removed != NULL; i++)
            on_removed(skiplist_read_cell(block->members, (uint32_t)slot + i), context);
        remove_at(list, &path, here);
        count -= here;
    }
}

/* The entry, in the path's block of lane 1, of the block where the target belongs; false when that
 * is elsewhere or would take more reading to tell. */
static bool find_sibling(const struct skiplist_path *path, const struct target *target,
                         uint32_t *slot) {
    const struct skiplist_block *parent = path->steps[1].block;
    uint32_t passed = count_passed(parent, parent->upper.members, target);
    if (passed == 0) return false;
    *slot = passed - 1;
    return passed < parent->count || parent->next == NULL || target->key < parent->next->keys[0];
}

/* Moves the member at `slot` to the target's place in the same block. */
static uint32_t move_within(struct skiplist_block *block, uint32_t slot,
                            const struct target *target) {
    uint32_t passed = count_passed(block, block->members, target);
    uint32_t new_slot = passed > slot ? passed - 1 : passed;
    uint8_t *cells = block->members;
    uint32_t first = slot < new_slot ? slot : new_slot;
    uint32_t distance = slot < new_slot ? new_slot - slot : slot - new_slot;
    uint32_t to = first + (slot > new_slot), from = first + (slot < new_slot);
    memmove(block->keys + to, block->keys + from, distance * sizeof(block->keys[0]));
    memmove(cells + (size_t)to * SKIPLIST_CELL, cells + (size_t)from * SKIPLIST_CELL,
            (size_t)distance * SKIPLIST_CELL);
    block->keys[new_slot] = target->key;
    skiplist_write_cell(cells, new_slot, target->bound);
    return new_slot;
}

/* Moves the path's member into the block at `slot` of the same parent; false when that is full. */
static bool move_to_sibling(struct skiplist *list, const struct skiplist_path *path, uint32_t slot,
                            const struct target *target) {
    const struct skiplist_step *from = &path->steps[0], *above = &path->steps[1];
    struct skiplist_block *sibling = skiplist_child(above->block, slot);
    if (above->block->upper.spans[slot] == SKIPLIST_MEMBERS) return false;
    prefetch_range(sibling, sizeof(*sibling));
    above->block->upper.spans[above->slot]--;
    above->block->upper.spans[slot]++;
    skiplist_remove_entries(from->block, from->slot, 1);
    put_member(sibling, count_passed(sibling, sibling->members, target), target->key,
               target->bound);
    if (from->slot == 0 && from->block->count != 0) skiplist_tell_first(list, path, 0);
    skiplist_settle(list, path);
    return true;
}

/* Moves the path's member to the target's place, if that is in the same block or in one of the same
 * parent. */
static bool move_nearby(struct skiplist *list, const struct skiplist_path *path,
                        const struct target *target) {
    if (list->lanes > 1) {
        uint32_t slot;
        if (!find_sibling(path, target, &slot)) return false;
        if (slot != path->steps[1].slot) return move_to_sibling(list, path, slot, target);
    }
    uint32_t old_slot = path->steps[0].slot;
    uint32_t new_slot = move_within(path->steps[0].block, old_slot, target);
    if (old_slot == 0 || new_slot == 0) skiplist_tell_first(list, path, 0);
    return true;
}

void skiplist_move(struct skiplist *list, uint64_t old_key, uint64_t new_key, void *member) {
    struct target old_target = target_member(list, old_key, member, member);
    struct target new_target = target_member(list, new_key, NULL, member);
    struct skiplist_path path;
    descend_to_member(list, &old_target, &path);
    if (old_key == new_key || move_nearby(list, &path, &new_target)) return;
    remove_at(list, &path, 1);
    skiplist_insert(list, new_key, member);
}

void skiplist_replace(struct skiplist *list, uint64_t key, const void *old_member,
                      void *new_member) {
    struct target target = target_member(list, key, old_member, new_member);
    struct skiplist_path path;
    descend_to_member(list, &target, &path);
    skiplist_write_cell(path.steps[0].block->members, path.steps[0].slot, new_member);
    if (path.steps[0].slot == 0) skiplist_tell_first(list, &path, 0);
}

/* --- the list --- */

struct skiplist *skiplist_new(skiplist_order_function *order, const void *context) {
    struct skiplist *list = mem_alloc_zeroed(sizeof(*list));
    list->order = order;
    list->context = context;
    list->used_bytes = mem_good_size(sizeof(*list));
    list->top = skiplist_new_block(list, 0);
    list->lanes = 1;
    return list;
}

void skiplist_free(struct skiplist *list) {
    struct skiplist_block *first = list->top;
    while (first != NULL) {
        struct skiplist_block *below = first->lane == 0 ? NULL : skiplist_child(first, 0);
        for (struct skiplist_block *block = first; block != NULL;) {
            struct skiplist_block *next = block->next;
            mem_free(block);
            block = next;
        }
        first = below;
    }
    mem_free(list);
}

uint64_t skiplist_count(const struct skiplist *list) {
    return list->count;
}

size_t skiplist_used_bytes(const struct skiplist *list) {
    return list->used_bytes;
}
