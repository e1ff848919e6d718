/* Keeps blocks filled. A block that is full, or has few entries left, shares with its
 * neighbours: the entries of up to four blocks are laid out anew, evenly, in as many blocks, one
 * more or fewer. Neighbours are blocks whose entries stand in one block of the lane above, so
 * that nothing but that block must be told.
 *
 * The figures were found by measuring: with four blocks, a million random insertions leave
 * blocks 0.88 full, and as many random insertions as removals keep them 0.83 full; with two
 * blocks it was 0.83 and 0.73. */
#include "foundation/containers/skiplist_private.h"
#include "foundation/mem.h"

enum { RUN_MAX = 4 };

/* A run with less room than this, beside a place in each block, is full: evening it out would
 * soon be to do again. */
static uint32_t least_room(uint32_t capacity) {
    return capacity / 12;
}

/* A block with fewer entries than this may be laid out in fewer blocks with its neighbours. */
static uint32_t few_entries(uint32_t capacity) {
    return capacity * 11 / 16;
}

/* Entries that blocks get at most then: some room is left for the next insertions. */
static uint32_t joined_entries(uint32_t capacity) {
    return capacity - capacity / 17;
}

/* --- entries --- */

struct skiplist_block *skiplist_new_block(struct skiplist *list, uint32_t lane) {
    struct skiplist_block *block = mem_alloc(sizeof(*block));
    block->next = block->previous = NULL;
    block->count = 0;
    block->lane = (uint16_t)lane;
    list->used_bytes += mem_good_size(sizeof(*block));
    return block;
}

static void free_block(struct skiplist *list, struct skiplist_block *block) {
    list->used_bytes -= mem_good_size(sizeof(*block));
    mem_free(block);
}

static uint32_t capacity_of(const struct skiplist_block *block) {
    return block->lane == 0 ? SKIPLIST_MEMBERS : SKIPLIST_ENTRIES;
}

/* Where the entries of a block, or of several laid out in a row, stand. */
struct columns {
    uint64_t *keys, *spans; /* `spans` and `blocks` NULL: of lane 0 */
    uint8_t *members, *blocks;
};

static struct columns columns_of(struct skiplist_block *block) {
    if (block->lane == 0) return (struct columns){.keys = block->keys, .members = block->members};
    return (struct columns){.keys = block->upper.keys,
                            .spans = block->upper.spans,
                            .members = block->upper.members,
                            .blocks = block->upper.blocks};
}

static void copy_cells(uint8_t *to, uint32_t to_slot, const uint8_t *from, uint32_t from_slot,
                       uint32_t count) {
    memmove(to + (size_t)to_slot * SKIPLIST_CELL, from + (size_t)from_slot * SKIPLIST_CELL,
            (size_t)count * SKIPLIST_CELL);
}

/* The two may overlap. */
static void copy_entries(struct columns to, uint32_t to_slot, struct columns from,
                         uint32_t from_slot, uint32_t count) {
    memmove(to.keys + to_slot, from.keys + from_slot, count * sizeof(to.keys[0]));
    copy_cells(to.members, to_slot, from.members, from_slot, count);
    if (to.spans == NULL || from.spans == NULL) return;
    memmove(to.spans + to_slot, from.spans + from_slot, count * sizeof(to.spans[0]));
    copy_cells(to.blocks, to_slot, from.blocks, from_slot, count);
}

void skiplist_remove_entries(struct skiplist_block *block, uint32_t slot, uint32_t count) {
    struct columns columns = columns_of(block);
    copy_entries(columns, slot, columns, slot + count, block->count - slot - count);
    block->count = (uint16_t)(block->count - count);
}

/* --- what the lane above knows --- */

static void copy_first(struct skiplist_block *parent, uint32_t slot, struct skiplist_block *child) {
    parent->upper.keys[slot] = child->keys[0];
    skiplist_write_cell(parent->upper.members, slot,
                        skiplist_read_cell(columns_of(child).members, 0));
}

/* Writes the entry of `child` anew. */
static void describe(struct skiplist_block *parent, uint32_t slot, struct skiplist_block *child) {
    uint64_t span = child->lane == 0 ? child->count : 0;
    for (uint32_t i = 0; i < child->count && child->lane != 0; i++) span += child->upper.spans[i];
    copy_first(parent, slot, child);
    skiplist_write_cell(parent->upper.blocks, slot, child);
    parent->upper.spans[slot] = span;
}

void skiplist_tell_first(const struct skiplist *list, const struct skiplist_path *path,
                         uint32_t lane) {
    for (; lane + 1 < list->lanes; lane++) {
        const struct skiplist_step *above = &path->steps[lane + 1];
        copy_first(above->block, above->slot, path->steps[lane].block);
        if (above->slot != 0) return;
    }
}

/* Puts an empty block behind the one at `slot` in its lane, and a place for its entry into
 * `parent`, which has room. */
static void add_block(struct skiplist *list, struct skiplist_block *parent, uint32_t slot) {
    struct skiplist_block *left = skiplist_child(parent, slot);
    struct skiplist_block *block = skiplist_new_block(list, left->lane);
    struct columns columns = columns_of(parent);
    block->previous = left;
    block->next = left->next;
    if (block->next != NULL) block->next->previous = block;
    left->next = block;
    copy_entries(columns, slot + 2, columns, slot + 1, parent->count - slot - 1);
    skiplist_write_cell(parent->upper.blocks, slot + 1, block);
    parent->count++;
}

/* Takes a block without entries, or whose entries are elsewhere, out of its lane and of
 * `parent`. */
static void drop_block(struct skiplist *list, struct skiplist_block *parent, uint32_t slot) {
    struct skiplist_block *block = skiplist_child(parent, slot);
    if (block->previous != NULL) block->previous->next = block->next;
    if (block->next != NULL) block->next->previous = block->previous;
    skiplist_remove_entries(parent, slot, 1);
    free_block(list, block);
}

/* --- laying out --- */

struct scratch {
    uint64_t keys[RUN_MAX * SKIPLIST_MEMBERS], spans[RUN_MAX * SKIPLIST_ENTRIES];
    uint8_t members[RUN_MAX * SKIPLIST_MEMBERS * SKIPLIST_CELL];
    uint8_t blocks[RUN_MAX * SKIPLIST_ENTRIES * SKIPLIST_CELL];
};

/* Neighbours: the blocks of `count` entries of `parent` from `slot` on. */
struct run {
    struct skiplist_block *parent;
    uint32_t slot, count;
};

/* The neighbours of a block and itself: as many as there are, but no more than RUN_MAX. */
static struct run run_about(const struct skiplist_step *above) {
    uint32_t count = above->block->count;
    uint32_t slot = above->slot < RUN_MAX / 2 ? 0 : above->slot - RUN_MAX / 2;
    if (count <= RUN_MAX) return (struct run){above->block, 0, count};
    if (slot > count - RUN_MAX) slot = count - RUN_MAX;
    return (struct run){above->block, slot, RUN_MAX};
}

/* In lane 0 the spans say it, so that the blocks need not be read. */
static uint32_t count_entries(struct run run) {
    uint64_t total = 0;
    for (uint32_t i = run.slot; i < run.slot + run.count; i++)
        total += run.parent->lane == 1 ? run.parent->upper.spans[i]
                                       : skiplist_child(run.parent, i)->count;
    return (uint32_t)total;
}

static void gather(struct run run, struct columns scratch) {
    uint32_t gathered = 0;
    for (uint32_t i = 0; i < run.count; i++) {
        struct skiplist_block *block = skiplist_child(run.parent, run.slot + i);
        copy_entries(scratch, gathered, columns_of(block), 0, block->count);
        gathered += block->count;
    }
}

/* Fills the blocks of a run with `total` entries, evenly. */
static void scatter(struct run run, struct columns scratch, uint32_t total) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < run.count; i++) {
        struct skiplist_block *block = skiplist_child(run.parent, run.slot + i);
        uint32_t end = total * (i + 1) / run.count;
        copy_entries(columns_of(block), 0, scratch, taken, end - taken);
        block->count = (uint16_t)(end - taken);
        describe(run.parent, run.slot + i, block);
        taken = end;
    }
}

/* The most blocks, up to `blocks`, that `total` entries fill by half. */
static uint32_t limit_blocks(uint32_t total, uint32_t blocks, uint32_t capacity) {
    while (blocks > 1 && total / blocks < capacity / 2) blocks--;
    return blocks;
}

/* Lays the entries of a run out in `new_count` blocks. */
static void lay_out(struct skiplist *list, struct run run, uint32_t new_count) {
    struct scratch scratch;
    bool is_ground = skiplist_child(run.parent, run.slot)->lane == 0;
    struct columns columns = {.keys = scratch.keys,
                              .spans = is_ground ? NULL : scratch.spans,
                              .members = scratch.members,
                              .blocks = is_ground ? NULL : scratch.blocks};
    uint32_t total = count_entries(run);
    gather(run, columns);
    for (; run.count < new_count; run.count++) add_block(list, run.parent, run.slot);
    for (; run.count > new_count; run.count--) drop_block(list, run.parent, run.slot);
    scatter(run, columns, total);
}

/* --- room for more --- */

/* Puts a lane with one block above the top. */
static void raise_top(struct skiplist *list, struct skiplist_path *path) {
    CHECK(list->lanes < SKIPLIST_MAX_LANES);
    struct skiplist_block *top = skiplist_new_block(list, list->lanes);
    top->count = 1;
    describe(top, 0, list->top);
    path->steps[list->lanes++] = (struct skiplist_step){top, 0};
    list->top = top;
}

/* Leaves `left_count` entries in a block and moves the others into a new one behind it. */
static void split_at(struct skiplist *list, const struct skiplist_step *above,
                     uint32_t left_count) {
    struct skiplist_block *left = skiplist_child(above->block, above->slot);
    add_block(list, above->block, above->slot);
    struct skiplist_block *right = left->next;
    copy_entries(columns_of(right), 0, columns_of(left), left_count, left->count - left_count);
    right->count = (uint16_t)(left->count - left_count);
    left->count = (uint16_t)left_count;
    describe(above->block, above->slot, left);
    describe(above->block, above->slot + 1, right);
}

/* One block more. At an end of the lane the full block stays nearly full, for those who insert in
 * order. */
static void split(struct skiplist *list, const struct skiplist_step *step,
                  const struct skiplist_step *above, struct run run) {
    const struct skiplist_block *block = step->block;
    if (block->next == NULL && step->slot + 1u >= block->count)
        split_at(list, above, block->count - 1u);
    else if (block->previous == NULL && step->slot == 0)
        split_at(list, above, 1);
    else
        lay_out(list, run, run.count + 1);
}

/* False when the run is too full for that to make room. Where both ends of the lane are in it, it
 * may have too few entries for all its blocks. */
static bool even_out(struct skiplist *list, struct run run, uint32_t capacity) {
    uint32_t total = count_entries(run);
    if (total + least_room(capacity) > run.count * (capacity - 1)) return false;
    lay_out(list, run, limit_blocks(total, run.count, capacity));
    return true;
}

/* A split needs room above: where there is none, the block above is relieved in its place. */
void skiplist_relieve(struct skiplist *list, struct skiplist_path *path) {
    for (uint32_t lane = 0;; lane++) {
        const struct skiplist_step *step = &path->steps[lane], *above = step + 1;
        if (lane + 1 == list->lanes) raise_top(list, path);
        struct run run = run_about(above);
        if (even_out(list, run, capacity_of(step->block))) return;
        if (above->block->count < SKIPLIST_ENTRIES) {
            split(list, step, above, run);
            return;
        }
    }
}

/* --- room for less --- */

static void lower_top(struct skiplist *list) {
    while (list->lanes > 1 && list->top->count == 1) {
        struct skiplist_block *below = skiplist_child(list->top, 0);
        free_block(list, list->top);
        list->top = below;
        list->lanes--;
    }
}

/* In how many blocks a run should be laid out, no more than it has. */
static uint32_t count_blocks_wanted(struct run run, uint32_t capacity) {
    uint32_t total = count_entries(run), each = joined_entries(capacity);
    uint32_t blocks = (total + each - 1) / each;
    return limit_blocks(total, blocks < run.count ? blocks : run.count, capacity);
}

/* Lays a block that has few entries out anew with its neighbours, where that spares a block or this
 * one has too few. One at an end of its lane may drain, for those who remove in order. True when a
 * block was dropped. */
static bool share(struct skiplist *list, const struct skiplist_step *above,
                  const struct skiplist_block *block) {
    struct run run = run_about(above);
    uint32_t capacity = capacity_of(block);
    uint32_t wanted = count_blocks_wanted(run, capacity);
    bool is_at_end = block->previous == NULL || block->next == NULL;
    bool is_too_empty = block->count < capacity / 2 && !is_at_end;
    if (wanted < run.count || is_too_empty) lay_out(list, run, wanted);
    return wanted < run.count;
}

void skiplist_settle(struct skiplist *list, const struct skiplist_path *path) {
    for (uint32_t lane = 0; lane + 1 < list->lanes; lane++) {
        const struct skiplist_block *block = path->steps[lane].block;
        const struct skiplist_step *above = &path->steps[lane + 1];
        if (block->count >= few_entries(capacity_of(block))) break;
        if (block->count == 0) {
            drop_block(list, above->block, above->slot);
            if (above->slot == 0 && above->block->count != 0)
                skiplist_tell_first(list, path, lane + 1);
        } else if (!share(list, above, block)) {
            break;
        }
    }
    lower_top(list);
}
