/* The list's vtable, and its self-check. */
#include "data/types/list/list_private.h"
#include "data/types/list/list_rdb.h"
#include "data/value_digest.h"

static void free_list(struct entry *entry) {
    if (list_is_packed(entry))
        block_free(entry_pointer(entry));
    else
        deque_free(entry_pointer(entry));
}

static void copy_list(const struct entry *source, struct entry *target) {
    if (list_is_packed(source)) {
        struct slot only = list_only_slot(source);
        list_set_only_slot(target, slot_copy(&only));
    } else {
        entry_set_pointer(target, deque_copy(entry_pointer(source)));
    }
}

static bool is_list_costly(const struct entry *entry) {
    enum { COSTLY_BLOCKS = 64 };
    return list_block_count(entry) > COSTLY_BLOCKS;
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    if (list_is_packed(entry)) return block_used_bytes(entry_pointer(entry));
    return deque_used_bytes(entry_pointer(entry), samples);
}

static void digest_list(const struct entry *entry, unsigned char digest[VALUE_DIGEST_BYTES]) {
    struct list_position position = list_seek(entry, 0);
    for (; position.at != NULL; list_step(&position, LIST_TAIL)) {
        char scratch[PACKED_SCRATCH];
        struct packed_value value = list_read(&position);
        value_digest_mix(digest, packed_text(&value, scratch));
    }
}

static const char *name_encoding(const struct entry *entry) {
    return list_is_packed(entry) ? "listpack" : "quicklist";
}

/* Of a length that an RDB file writes in front of what it tells. */
static size_t rdb_length_size(size_t length) {
    if (length < 1 << 6) return 1;
    if (length < 1 << 14) return 2;
    return length <= UINT32_MAX ? 5 : 9;
}

/* A list is written as blocks: of each its kind, its length and a listpack, or an element that
 * is alone. */
static size_t measure_serialized(const struct entry *entry) {
    size_t block_count = list_block_count(entry);
    size_t size = rdb_length_size(block_count);
    for (size_t i = 0; i < block_count; i++) {
        const struct block *block = list_slot(entry, i).block;
        size_t bytes = LISTPACK_OVERHEAD + block_bytes(block);
        if (block_is_alone(block)) bytes = packed_read(block_first(block)).len;
        size += 1 + rdb_length_size(bytes) + bytes;
    }
    return size;
}

const struct value_type list_value_type = {
    .name = "list",
    .free_value = free_list,
    .copy_value = copy_list,
    .is_costly_to_free = is_list_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_list,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = list_rdb_type,
    .save = list_save,
    .load = list_load,
};

void list_verify(const struct entry *entry) {
    CHECK(entry->type == VALUE_LIST && entry_has(entry, ENTRY_HAS_WORD));
    size_t count = 0, block_count = list_block_count(entry);
    for (size_t i = 0; i < block_count; i++) {
        struct slot slot = list_slot(entry, i);
        slot_verify(&slot);
        count += slot.count;
    }
    CHECK(count == list_len(entry) && count != 0);
    if (list_is_packed(entry)) {
        CHECK(!block_is_alone(entry_pointer(entry)));
        return;
    }
    const struct deque *deque = entry_pointer(entry);
    CHECK((deque->mask & (deque->mask + 1)) == 0 && deque->block_count <= deque->mask + 1);
}
