/* Lists in RDB form: a listpack a block. A list that is read becomes a deque of the same nodes where
 * the limits allow them, and a packed list when there is just one. */
#include "data/types/list/list_rdb.h"

#include "data/rdb/legacy.h"
#include "data/types/list/list_private.h"
#include "foundation/containers/listpack.h"

uint8_t list_rdb_type(const struct entry *entry) {
    (void)entry;
    return RDB_LIST_OF_LISTPACKS;
}

/* --- saving --- */

/* Puts the head and the end of a listpack around elements. */
static void write_listpack(struct rdb_writer *writer, struct bytes elements, size_t count) {
    size_t len = LISTPACK_OVERHEAD + elements.len;
    uint32_t len_word = (uint32_t)len;
    uint16_t count_word = count < UINT16_MAX ? (uint16_t)count : UINT16_MAX;
    char *blob = rdb_writer_blob(writer, len);
    memcpy(blob, &len_word, sizeof(len_word));
    memcpy(blob + sizeof(len_word), &count_word, sizeof(count_word));
    memcpy(blob + LISTPACK_HEADER, elements.data, elements.len);
    blob[len - 1] = (char)PACKED_END;
    rdb_write_string(writer, bytes_of(blob, len));
}

static void save_block(struct rdb_writer *writer, const struct slot *slot) {
    const char *first = block_first(slot->block);
    bool is_alone = block_is_alone(slot->block);
    size_t bytes = is_alone ? packed_size(first) : block_bytes(slot->block);
    if (bytes > LISTPACK_BYTES_MAX - LISTPACK_OVERHEAD) {
        struct packed_value value = packed_read(first);
        rdb_write_length(writer, RDB_NODE_PLAIN);
        rdb_write_packed(writer, &value);
    } else {
        rdb_write_length(writer, RDB_NODE_LISTPACK);
        write_listpack(writer, bytes_of(first, bytes), slot->count);
    }
}

void list_save(const struct entry *entry, struct rdb_writer *writer) {
    size_t block_count = list_block_count(entry);
    rdb_write_length(writer, block_count);
    for (size_t i = 0; i < block_count; i++) {
        struct slot slot = list_slot(entry, i);
        save_block(writer, &slot);
    }
}

/* --- loading --- */

static void push_text(struct deque *deque, struct bytes text) {
    struct packed_item item = packed_item_of(text);
    deque_push(deque, LIST_TAIL, &item, list_limits());
}

/* A node as a block of its own, elements and all; false when the limits do not allow it. */
static bool push_block(struct deque *deque, const char *listpack, size_t count) {
    const struct block_limits *limits = list_limits();
    size_t bytes = listpack_bytes(listpack) - LISTPACK_OVERHEAD;
    size_t alloc = block_alloc_for(bytes);
    if (alloc > limits->max_alloc || count > limits->max_count || count > UINT16_MAX) return false;
    struct slot slot = {.block = block_new(alloc, LIST_TAIL), .count = count};
    memcpy(slot.block->data, listpack + LISTPACK_HEADER, bytes);
    slot.block->end = (uint32_t)bytes;
    deque_add_slot(deque, LIST_TAIL, slot);
    return true;
}

/* A listpack that was found to be well-formed; none is added by an empty one. */
static void push_listpack(struct deque *deque, const char *listpack) {
    size_t count = listpack_count(listpack);
    if (count == 0 || push_block(deque, listpack, count)) return;
    for (const char *at = listpack_first(listpack); at != NULL; at = listpack_next(listpack, at)) {
        char scratch[PACKED_SCRATCH];
        struct packed_value value = packed_read(at);
        push_text(deque, packed_text(&value, scratch));
    }
}

static void load_listpack(struct rdb_reader *reader, struct deque *deque) {
    static const char what[] = "a list's listpack";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes blob = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return;
    if (listpack_validate(blob, 1))
        push_listpack(deque, blob.data);
    else
        rdb_fail(reader, offset, what, "%zu bytes that are none", blob.len);
}

static void load_ziplist(struct rdb_reader *reader, struct deque *deque) {
    static const char what[] = "a list's ziplist";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes blob = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return;
    char *listpack = legacy_ziplist_to_listpack(blob);
    if (listpack == NULL) {
        rdb_fail(reader, offset, what, "%zu bytes that are none", blob.len);
        return;
    }
    push_listpack(deque, listpack);
    listpack_free(listpack);
}

static void load_element(struct rdb_reader *reader, struct deque *deque) {
    struct bytes text = rdb_read_element(reader, "a list's element");
    if (!rdb_has_failed(reader)) push_text(deque, text);
}

/* Redis gives such a node to big elements only, and takes an empty one for a fault. */
static void load_plain_node(struct rdb_reader *reader, struct deque *deque) {
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes text = rdb_read_element(reader, "a list's element");
    if (rdb_has_failed(reader)) return;
    if (text.len == 0)
        rdb_fail(reader, offset, "a list's node", "an empty one");
    else
        push_text(deque, text);
}

static void load_node(struct rdb_reader *reader, struct deque *deque) {
    static const char what[] = "a list's node";
    uint64_t offset = rdb_reader_offset(reader), kind = rdb_read_length(reader, what);
    if (kind == RDB_NODE_LISTPACK)
        load_listpack(reader, deque);
    else if (kind == RDB_NODE_PLAIN)
        load_plain_node(reader, deque);
    else
        rdb_fail(reader, offset, what, "one of kind %llu", (unsigned long long)kind);
}

static void load_nodes(struct rdb_reader *reader, struct deque *deque, uint8_t rdb_type) {
    if (rdb_type == RDB_LIST_ZIPLIST) {
        load_ziplist(reader, deque);
        return;
    }
    bool is_plain = rdb_type == RDB_LIST;
    uint64_t count = rdb_read_count(reader, 1, "a number of elements or nodes of a list");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        if (is_plain)
            load_element(reader, deque);
        else if (rdb_type == RDB_LIST_OF_ZIPLISTS)
            load_ziplist(reader, deque);
        else
            load_node(reader, deque);
    }
}

static bool fits_one_block(const struct deque *deque) {
    const struct block_limits *limits = list_limits();
    if (deque->block_count != 1) return false;
    const struct slot *slot = deque_slot(deque, 0);
    return !block_is_alone(slot->block) && slot->count <= limits->max_count &&
           LISTPACK_OVERHEAD + block_bytes(slot->block) <= limits->max_listpack;
}

/* The deque becomes the entry's. */
static struct entry *new_entry(const struct rdb_target *target, struct deque *deque) {
    struct entry_shape shape = {.has_word = true, .has_due = target->has_due};
    struct entry *entry = entry_new(target->key, shape);
    entry->type = VALUE_LIST;
    if (fits_one_block(deque)) {
        entry->encoding = LIST_PACKED;
        list_set_only_slot(entry, *deque_slot(deque, 0));
        deque_release(deque);
    } else {
        entry->encoding = LIST_DEQUE;
        entry_set_pointer(entry, deque);
    }
    return entry;
}

struct entry *list_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target) {
    uint64_t offset = rdb_reader_offset(reader);
    struct deque *deque = deque_new();
    load_nodes(reader, deque, rdb_type);
    if (deque->count == 0) rdb_fail(reader, offset, "a list", "one without elements");
    if (!rdb_has_failed(reader)) return new_entry(target, deque);
    deque_free(deque);
    return NULL;
}
