/* Edits in the middle of a list. */
#include "data/types/list/list_private.h"

void list_insert(struct found *found, struct list_position position, enum list_end side,
                 struct bytes value) {
    struct entry *entry = found->entry;
    struct packed_item item = packed_item_of(value);
    size_t index = position.in_block + (side == LIST_TAIL);
    list_admit(entry, value.len, 1);
    if (list_is_packed(entry)) {
        struct slot only = list_only_slot(entry);
        slot_insert(&only, index, &item, SIZE_MAX);
        list_set_only_slot(entry, only);
    } else {
        deque_insert(entry_pointer(entry), position.block, index, &item, list_limits());
    }
}

/* The new value is asked for as one more, as Redis does. */
void list_replace(struct found *found, struct list_position position, struct bytes value) {
    struct entry *entry = found->entry;
    struct packed_item item = packed_item_of(value);
    list_admit(entry, value.len, 1);
    if (list_is_packed(entry)) {
        struct slot only = list_only_slot(entry);
        slot_replace(&only, position.in_block, &item, SIZE_MAX);
        list_set_only_slot(entry, only);
    } else {
        deque_replace(entry_pointer(entry), position.block, position.in_block, &item,
                      list_limits());
    }
    list_settle(entry);
}

void list_remove(struct database *db, struct key key, struct found *found,
                 struct list_position position, size_t count) {
    struct entry *entry = found->entry;
    if (count == 0) return;
    if (count == list_len(entry)) {
        list_delete_key(db, key, found);
        return;
    }
    if (list_is_packed(entry)) {
        struct slot only = list_only_slot(entry);
        slot_cut(&only, position.in_block, count);
        list_set_only_slot(entry, only);
    } else {
        deque_remove(entry_pointer(entry), position.block, position.in_block, count, list_limits());
    }
    list_settle(entry);
}

static size_t remove_equal(struct entry *entry, const struct packed_item *item, enum list_end from,
                           size_t max) {
    if (!list_is_packed(entry))
        return deque_remove_equal(entry_pointer(entry), item, from, max, list_limits());
    struct slot only = list_only_slot(entry);
    size_t removed = slot_remove_equal(&only, item, from, max);
    list_set_only_slot(entry, only);
    return removed;
}

size_t list_remove_equal(struct database *db, struct key key, struct found *found,
                         enum list_end from, struct bytes value, size_t max) {
    struct entry *entry = found->entry;
    struct packed_item item = packed_item_of(value);
    size_t removed = remove_equal(entry, &item, from, max == 0 ? SIZE_MAX : max);
    if (list_len(entry) == 0)
        list_delete_key(db, key, found);
    else if (removed != 0)
        list_settle(entry);
    return removed;
}
