#include "commands/list/carry.h"

#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "foundation/buffer.h"
#include "foundation/mem.h"

enum { SOURCE = 1, DESTINATION = 2, CHUNK = 16 };

/* --- arguments --- */

bool carry_read_ends(struct call *call, struct carry *carry) {
    *carry = (struct carry){.count = 1};
    return elements_read_end(call, 3, &carry->from) && elements_read_end(call, 4, &carry->to);
}

bool carry_read_how_many(struct call *call, uint32_t index, struct carry *carry) {
    int64_t count;
    carry->is_array = true;
    if (index == call->argc) return true;
    carry->is_exact = argument_is(call, index, "exactly");
    carry->is_bulk = argument_is(call, call->argc - 1, "bulk");
    bool has_selector = carry->is_exact || argument_is(call, index, "count");
    bool has_order = carry->is_bulk || argument_is(call, call->argc - 1, "obo");
    if (call->argc != index + 3 || !has_selector || !has_order) {
        reply_error_syntax(call);
        return false;
    }
    if (!argument_i64_in(call, index + 1, 1, INT64_MAX, &count,
                         "ERR count should be greater than 0"))
        return false;
    carry->count = (size_t)count;
    return true;
}

/* --- in the order of pushing --- */

/* The elements to be moved, in the order in which they are pushed. */
struct walk {
    struct list_position position;
    enum list_end towards;
    size_t left;
};

static struct walk begin_walk(const struct entry *entry, const struct carry *carry, size_t count) {
    bool is_inward = !carry->is_bulk || carry->from != carry->to;
    size_t depth = is_inward ? 0 : count - 1;
    int64_t index = (int64_t)depth;
    return (struct walk){
        .position = list_seek(entry, carry->from == LIST_HEAD ? index : -1 - index),
        .towards = is_inward ? elements_other_end(carry->from) : carry->from,
        .left = count,
    };
}

static struct packed_value next_value(struct walk *walk) {
    struct packed_value value = list_read(&walk->position);
    list_step(&walk->position, walk->towards);
    walk->left--;
    return value;
}

/* --- between two lists --- */

static void push_chunk(struct call *call, struct key key, struct found *found, enum list_end to,
                       struct walk *walk) {
    struct bytes values[CHUNK];
    char scratch[CHUNK][PACKED_SCRATCH];
    size_t count = 0;
    for (; count < CHUNK && walk->left != 0; count++) {
        struct packed_value value = next_value(walk);
        values[count] = packed_text(&value, scratch[count]);
    }
    list_push(call->db, key, found, to, values, count);
}

static void carry_across(struct call *call, struct key key, struct found *target,
                         const struct entry *source, const struct carry *carry, size_t count) {
    struct walk walk = begin_walk(source, carry, count);
    while (walk.left != 0) push_chunk(call, key, target, carry->to, &walk);
}

/* --- within one list --- */

/* Elements copied out of a list, because pushing to it moves what it holds. */
struct copies {
    struct buffer text;
    struct bytes *values;
};

static void copy_elements(struct walk walk, struct copies *copies) {
    size_t count = walk.left;
    *copies = (struct copies){.values = mem_alloc(count * sizeof(*copies->values))};
    for (size_t i = 0; i < count; i++) {
        char scratch[PACKED_SCRATCH];
        struct packed_value value = next_value(&walk);
        struct bytes text = packed_text(&value, scratch);
        buffer_append_bytes(&copies->text, text);
        copies->values[i].len = text.len;
    }
    const char *at = copies->text.data;
    for (size_t i = 0; i < count; i++) {
        copies->values[i].data = at;
        if (at != NULL) at += copies->values[i].len;
    }
}

static void free_copies(struct copies *copies) {
    buffer_destroy(&copies->text);
    mem_free(copies->values);
}

/* Removes the elements whose copies now stand at the end `to`. */
static void drop_originals(struct call *call, struct key key, struct found *found,
                           const struct carry *carry, size_t count, size_t old_len) {
    if (carry->from != carry->to) {
        list_drop(call->db, key, found, carry->from, count);
        return;
    }
    size_t first = carry->from == LIST_HEAD ? count : old_len - count;
    list_remove(call->db, key, found, list_seek(found->entry, (int64_t)first), count);
}

static void carry_within(struct call *call, struct key key, struct found *found,
                         const struct carry *carry, size_t count) {
    size_t len = list_len(found->entry);
    bool is_one_end = carry->from == carry->to;
    bool is_reversed = is_one_end && !carry->is_bulk && count > 1;
    if (!is_reversed && (is_one_end || count == len)) return;
    struct copies copies;
    copy_elements(begin_walk(found->entry, carry, count), &copies);
    list_push(call->db, key, found, carry->to, copies.values, count);
    drop_originals(call, key, found, carry, count, len);
    free_copies(&copies);
}

/* --- the whole --- */

static void reply_moved(struct call *call, const struct entry *entry, const struct carry *carry,
                        size_t count) {
    int64_t first = carry->to == LIST_HEAD ? 0 : -(int64_t)count;
    struct list_position position = list_seek(entry, first);
    if (carry->is_array)
        elements_reply(call, position, count, LIST_TAIL);
    else
        elements_reply_one(call, &position);
}

static void move_across(struct call *call, struct key source_key, const struct entry *source,
                        struct key key, struct found *target, const struct carry *carry,
                        size_t count) {
    carry_across(call, key, target, source, carry, count);
    reply_moved(call, target->entry, carry, count);
    elements_notify_push(call, key, carry->to);
    struct found found = database_find(call->db, source_key);
    elements_drop(call, source_key, &found, carry->from, count);
}

bool carry_run(struct call *call, const struct carry *carry) {
    struct key source_key = call_key(call, SOURCE), key = call_key(call, DESTINATION);
    struct found source, target;
    if (!collection_find(call, source_key, VALUE_LIST, &source)) return true;
    if (source.entry == NULL) return false;
    size_t len = list_len(source.entry);
    if (carry->is_exact && len < carry->count) return false;
    size_t count = carry->count < len ? carry->count : len;
    if (!collection_find(call, key, VALUE_LIST, &target)) return true;
    if (source.entry != target.entry) {
        move_across(call, source_key, source.entry, key, &target, carry, count);
        return true;
    }
    carry_within(call, key, &target, carry, count);
    reply_moved(call, target.entry, carry, count);
    elements_notify_push(call, key, carry->to);
    elements_notify_pop(call, key, &target, carry->from);
    return true;
}
