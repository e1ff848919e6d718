/* The nodes of a stream. A node's listpack is first looked through as a listpack, so that the walk
 * over its elements asks only what they mean. Deleted entries stay in their node: their ids may be
 * above the last id, which XSETID can set back, and so out of order. */
#include "data/types/stream/stream_form.h"
#include "foundation/containers/listpack.h"

#include <endian.h>

enum node_flag {
    ENTRY_IS_DELETED = 1 << 0,
    ENTRY_HAS_NODE_FIELDS = 1 << 1,
    ENTRY_FLAGS = ENTRY_IS_DELETED | ENTRY_HAS_NODE_FIELDS,
};

struct cursor {
    const char *at, *end;
};

struct node {
    struct cursor cursor;
    struct stream_id id;
    uint64_t entry_count, deleted_count, field_count;
    const char *fields;
};

struct stream_entry {
    struct stream_id id;
    bool is_deleted;
    uint64_t field_count;
    const char *fields; /* the node's; NULL: each stands in front of its value */
    const char *values;
};

struct stream_id stream_id_load(const char *at) {
    uint64_t halves[2];
    memcpy(halves, at, sizeof(halves));
    return (struct stream_id){be64toh(halves[0]), be64toh(halves[1])};
}

/* --- elements --- */

static bool take_integer(struct cursor *cursor, int64_t *integer) {
    if (cursor->at == cursor->end) return false;
    struct packed_value value = packed_read(cursor->at);
    if (value.data != NULL) return false;
    cursor->at += packed_size(cursor->at);
    *integer = value.integer;
    return true;
}

static bool take_number(struct cursor *cursor, uint64_t *number) {
    int64_t integer;
    if (!take_integer(cursor, &integer) || integer < 0) return false;
    *number = (uint64_t)integer;
    return true;
}

static bool take_this_number(struct cursor *cursor, uint64_t wanted) {
    uint64_t number;
    return take_number(cursor, &number) && number == wanted;
}

static bool pass_elements(struct cursor *cursor, uint64_t count) {
    for (; count != 0 && cursor->at != cursor->end; count--) cursor->at += packed_size(cursor->at);
    return count == 0;
}

/* --- nodes and entries --- */

static bool take_node_head(struct node *node) {
    struct cursor *cursor = &node->cursor;
    if (!take_number(cursor, &node->entry_count) || !take_number(cursor, &node->deleted_count) ||
        !take_number(cursor, &node->field_count))
        return false;
    node->fields = cursor->at;
    return pass_elements(cursor, node->field_count) && take_this_number(cursor, 0);
}

static bool take_id(struct node *node, struct stream_id *id) {
    int64_t ms, seq;
    if (!take_integer(&node->cursor, &ms) || !take_integer(&node->cursor, &seq)) return false;
    *id = (struct stream_id){node->id.ms + (uint64_t)ms, node->id.seq + (uint64_t)seq};
    return true;
}

static bool take_entry(struct node *node, struct stream_entry *entry) {
    enum { HEAD_ELEMENTS = 3 };
    struct cursor *cursor = &node->cursor;
    uint64_t flags;
    if (!take_number(cursor, &flags) || flags > ENTRY_FLAGS || !take_id(node, &entry->id))
        return false;
    bool has_node_fields = (flags & ENTRY_HAS_NODE_FIELDS) != 0;
    entry->is_deleted = (flags & ENTRY_IS_DELETED) != 0;
    entry->field_count = node->field_count;
    if (!has_node_fields && !take_number(cursor, &entry->field_count)) return false;
    entry->fields = has_node_fields ? node->fields : NULL;
    entry->values = cursor->at;
    if (!pass_elements(cursor, entry->field_count)) return false;
    if (has_node_fields) return take_this_number(cursor, HEAD_ELEMENTS + entry->field_count);
    return pass_elements(cursor, entry->field_count) &&
           take_this_number(cursor, HEAD_ELEMENTS + 1 + 2 * entry->field_count);
}

static const char *visit_element(const struct stream_visitor *visitor, const char *at) {
    char scratch[PACKED_SCRATCH];
    struct packed_value value = packed_read(at);
    visitor->visit_text(visitor->context, packed_text(&value, scratch));
    return at + packed_size(at);
}

static void visit_entry(const struct stream_visitor *visitor, const struct stream_entry *entry) {
    const char *field = entry->fields, *at = entry->values;
    visitor->visit_id(visitor->context, entry->id);
    for (uint64_t i = 0; i < entry->field_count; i++) {
        if (field == NULL)
            at = visit_element(visitor, at);
        else
            field = visit_element(visitor, field);
        at = visit_element(visitor, at);
    }
}

/* False when the entry is out of order. */
static bool add_entry(struct stream_nodes *nodes, const struct node *node,
                      const struct stream_entry *entry) {
    if (stream_id_is_below(entry->id, node->id) || !stream_id_is_below(nodes->last, entry->id))
        return false;
    nodes->last = entry->id;
    nodes->len++;
    return true;
}

static bool take_entries(struct node *node, struct stream_nodes *nodes,
                         const struct stream_visitor *visitor) {
    struct stream_entry entry;
    while (node->cursor.at != node->cursor.end) {
        if (!take_entry(node, &entry)) return false;
        uint64_t *left = entry.is_deleted ? &node->deleted_count : &node->entry_count;
        if ((*left)-- == 0) return false;
        if (entry.is_deleted) continue;
        if (!add_entry(nodes, node, &entry)) return false;
        if (visitor != NULL) visit_entry(visitor, &entry);
    }
    return node->entry_count == 0 && node->deleted_count == 0;
}

static bool take_node(struct bytes listpack, struct stream_nodes *nodes,
                      const struct stream_visitor *visitor) {
    if (!listpack_validate(listpack, 1)) return false;
    struct node node = {
        .cursor = {listpack.data + LISTPACK_HEADER, listpack.data + listpack.len - 1},
        .id = nodes->master,
    };
    return take_node_head(&node) && take_entries(&node, nodes, visitor);
}

/* --- reading --- */

static void read_node_id(struct rdb_reader *reader, struct stream_nodes *nodes) {
    static const char what[] = "a stream node's id";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes bytes = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return;
    if (bytes.len != STREAM_ID_BYTES) {
        rdb_fail(reader, offset, what, "%zu bytes", bytes.len);
        return;
    }
    struct stream_id id = stream_id_load(bytes.data);
    if (!stream_id_is_below(nodes->master, id))
        rdb_fail(reader, offset, what, "one that is not above the one before");
    nodes->master = id;
}

void stream_nodes_read(struct rdb_reader *reader, struct stream_nodes *nodes,
                       const struct stream_visitor *visitor) {
    enum { NODE_MIN_BYTES = 2 }; /* either string may be compressed */
    static const char what[] = "a stream's node";
    *nodes = (struct stream_nodes){0};
    uint64_t count = rdb_read_amount(reader, NODE_MIN_BYTES, "a number of stream nodes");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        read_node_id(reader, nodes);
        uint64_t offset = rdb_reader_offset(reader);
        struct bytes listpack = rdb_read_string(reader, what);
        if (!rdb_has_failed(reader) && !take_node(listpack, nodes, visitor))
            rdb_fail(reader, offset, what, "%zu bytes that are none", listpack.len);
    }
}
