#include "data/types/list/list.h"

#include "data/types/list/list_private.h"

/* --- limits and encodings --- */

enum { COUNTED_MAX_BYTES = 8192, KIB = 1024 };

static struct block_limits limits = {
    .max_listpack = 8 * KIB,
    .max_count = SIZE_MAX,
    .max_alloc = 8 * KIB,
};

void list_set_limits(int64_t max_block) {
    bool is_counted = max_block >= 0;
    size_t bytes = is_counted       ? COUNTED_MAX_BYTES
                   : max_block < -5 ? 64 * KIB
                                    : (size_t)(2 * KIB) << -max_block;
    limits = (struct block_limits){
        .max_listpack = bytes,
        .max_count = !is_counted      ? SIZE_MAX
                     : max_block == 0 ? 1
                                      : (size_t)max_block,
        .max_alloc = bytes,
        .is_counted = is_counted,
    };
}

#ifdef SKUA_TEST
void list_set_byte_limit(size_t bytes) {
    limits =
        (struct block_limits){.max_listpack = bytes, .max_count = SIZE_MAX, .max_alloc = bytes};
}
#endif

const struct block_limits *list_limits(void) {
    return &limits;
}

static COLD void make_deque(struct entry *entry) {
    struct slot only = list_only_slot(entry);
    struct deque *deque = deque_new();
    if (only.count == 0)
        block_free(only.block);
    else
        deque_add_slot(deque, LIST_TAIL, only);
    entry->encoding = LIST_DEQUE;
    entry_set_pointer(entry, deque);
}

static ALWAYS_INLINE bool fits_listpack(const struct block *block, size_t value_bytes,
                                        size_t value_count) {
    return LISTPACK_OVERHEAD + block_bytes(block) + value_bytes <= limits.max_listpack &&
           block->count + value_count <= limits.max_count;
}

void list_admit(struct entry *entry, size_t value_bytes, size_t value_count) {
    if (list_is_packed(entry) && !fits_listpack(entry_pointer(entry), value_bytes, value_count))
        make_deque(entry);
}

static bool is_small(const struct deque *deque) {
    if (deque->block_count != 1) return false;
    const struct slot *slot = deque_slot(deque, 0);
    if (block_is_alone(slot->block)) return false;
    if (limits.is_counted) return slot->count <= limits.max_count / 2;
    return LISTPACK_OVERHEAD + block_bytes(slot->block) <= limits.max_listpack / 2;
}

static COLD void make_packed(struct entry *entry) {
    struct deque *deque = entry_pointer(entry);
    struct slot only = *deque_slot(deque, 0);
    deque_release(deque);
    entry->encoding = LIST_PACKED;
    list_set_only_slot(entry, only);
}

void list_settle(struct entry *entry) {
    if (!list_is_packed(entry)) {
        if (!is_small(entry_pointer(entry))) return;
        make_packed(entry);
    }
    struct slot only = list_only_slot(entry);
    slot_fit(&only, LIST_UNUSED_EIGHTHS);
    list_set_only_slot(entry, only);
}

/* --- reading --- */

size_t list_len(const struct entry *entry) {
    if (list_is_packed(entry)) return ((const struct block *)entry_pointer(entry))->count;
    return (size_t)((const struct deque *)entry_pointer(entry))->count;
}

struct list_position list_seek(const struct entry *entry, int64_t index) {
    size_t len = list_len(entry);
    struct list_position position = {.entry = entry};
    if (index < 0) index += (int64_t)len;
    if (index < 0 || (size_t)index >= len) return position;
    position.in_block = (size_t)index;
    if (!list_is_packed(entry))
        position.block = deque_find(entry_pointer(entry), &position.in_block);
    struct slot slot = list_slot(entry, position.block);
    position.at = slot_seek(&slot, position.in_block);
    return position;
}

/* To the first element towards an end of a block that may not be there. */
static void enter_block(struct list_position *position, size_t block, enum list_end towards) {
    position->at = NULL;
    if (block >= list_block_count(position->entry)) return;
    struct slot slot = list_slot(position->entry, block);
    position->block = block;
    position->in_block = towards == LIST_TAIL ? 0 : slot.count - 1;
    position->at = slot_seek(&slot, position->in_block);
}

void list_step(struct list_position *position, enum list_end towards) {
    if (towards == LIST_HEAD) {
        if (position->in_block == 0) {
            enter_block(position, position->block - 1, LIST_HEAD);
        } else {
            position->in_block--;
            position->at -= packed_size_before(position->at);
        }
    } else if (position->in_block + 1 == list_slot(position->entry, position->block).count) {
        enter_block(position, position->block + 1, LIST_TAIL);
    } else {
        position->in_block++;
        position->at += packed_size(position->at);
    }
}

/* --- pushing --- */

static ALWAYS_INLINE void push_value(struct entry *entry, enum list_end end, struct bytes value) {
    struct packed_item item = packed_item_of(value);
    if (list_is_packed(entry)) {
        if (LIKELY(fits_listpack(entry_pointer(entry), value.len, 1))) {
            struct slot only = list_only_slot(entry);
            CHECK(slot_push(&only, end, &item, SIZE_MAX));
            list_set_only_slot(entry, only);
            return;
        }
        make_deque(entry);
    }
    deque_push(entry_pointer(entry), end, &item, &limits);
}

static void push_values(struct entry *entry, enum list_end end, const struct bytes *values,
                        size_t count) {
    for (size_t i = 0; i < count; i++) push_value(entry, end, values[i]);
}

/* Bytes that the values take in a block, or some more than any packed list has. */
static size_t sum_packed(const struct bytes *values, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count && sum <= limits.max_listpack; i++)
        sum += packed_item_of(values[i]).size;
    return sum;
}

/* An entry of its own, its list empty but with room for the values. */
static struct entry *new_entry(struct bytes name, enum list_end end, const struct bytes *values,
                               size_t count) {
    struct entry *entry = entry_new(name, (struct entry_shape){.has_word = true});
    entry->type = VALUE_LIST;
    entry->encoding = LIST_PACKED;
    size_t bytes = sum_packed(values, count);
    if (bytes > limits.max_listpack) bytes = 0;
    entry_set_pointer(entry, block_new(block_alloc_for(bytes), end));
    return entry;
}

static size_t sum_lengths(const struct bytes *values, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i].len;
    return sum;
}

void list_push(struct database *db, struct key key, struct found *found, enum list_end end,
               const struct bytes *values, size_t count) {
    if (LIKELY(found->entry != NULL)) {
        if (count > 1) list_admit(found->entry, sum_lengths(values, count), count);
        push_values(found->entry, end, values, count);
        return;
    }
    struct entry *entry = new_entry(key.name, end, values, count);
    list_admit(entry, sum_lengths(values, count), count);
    push_values(entry, end, values, count);
    *found = database_add(db, key, entry);
}

void list_store(struct database *db, struct key key, struct found *found,
                const struct bytes *values, size_t count) {
    struct entry *fresh = new_entry(key.name, LIST_TAIL, values, count);
    push_values(fresh, LIST_TAIL, values, count);
    int old_type = database_found_type(found);
    database_store(db, key, found, fresh);
    database_report_overwrite(db, key.name, old_type, VALUE_LIST);
}

/* --- dropping --- */

void list_delete_key(struct database *db, struct key key, struct found *found) {
    database_delete(db, key, *found);
    found->entry = NULL;
}

/* `count` is not 0, and some elements stay. */
static ALWAYS_INLINE void drop_some(struct entry *entry, enum list_end end, size_t count) {
    if (list_is_packed(entry)) {
        struct slot only = list_only_slot(entry);
        slot_drop(&only, end, count);
        slot_fit(&only, LIST_UNUSED_EIGHTHS);
        list_set_only_slot(entry, only);
    } else {
        struct deque *deque = entry_pointer(entry);
        deque_drop(deque, end, count);
        if (UNLIKELY(deque->block_count == 1)) list_settle(entry);
    }
}

void list_drop(struct database *db, struct key key, struct found *found, enum list_end end,
               size_t count) {
    size_t len = list_len(found->entry);
    CHECK(count <= len);
    if (UNLIKELY(count == len))
        list_delete_key(db, key, found);
    else if (count != 0)
        drop_some(found->entry, end, count);
}

void list_trim(struct database *db, struct key key, struct found *found, size_t start, size_t end) {
    size_t len = list_len(found->entry);
    CHECK(start <= end && end < len);
    list_drop(db, key, found, LIST_TAIL, len - 1 - end);
    CHECK(found->entry != NULL);
    list_drop(db, key, found, LIST_HEAD, start);
}
