/* Changing lists within: LSET LINSERT LREM LTRIM. */
#include "commands/list/elements.h"
#include "commands/list/index_range.h"
#include "commands/list/list_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

static void lset_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t index;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    if (found.entry == NULL) {
        reply_error_no_key(call);
        return;
    }
    if (!argument_i64(call, 2, &index) || !elements_check_len(call, 3, 4)) return;
    struct list_position position = list_seek(found.entry, index);
    if (position.at == NULL) {
        reply_error(call, "ERR index out of range");
        return;
    }
    list_replace(&found, position, call->args[3]);
    reply_ok(call);
    call_notify(call, KEY_EVENT_LIST, key.name, "lset");
}

/* --- LINSERT --- */

static bool read_side(struct call *call, enum list_end *side) {
    bool is_before = argument_is(call, 2, "before");
    if (!is_before && !argument_is(call, 2, "after")) {
        reply_error_syntax(call);
        return false;
    }
    *side = is_before ? LIST_HEAD : LIST_TAIL;
    return true;
}

/* The first element that is equal to the value; at NULL when none is. */
static struct list_position find_element(const struct entry *entry, struct bytes value) {
    struct packed_item item = packed_item_of(value);
    struct list_position position = list_seek(entry, 0);
    while (position.at != NULL && !packed_is(position.at, &item)) list_step(&position, LIST_TAIL);
    return position;
}

static void linsert_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    enum list_end side;
    if (!read_side(call, &side) || !elements_check_len(call, 3, 5)) return;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    if (found.entry == NULL) {
        reply_integer(call, 0);
        return;
    }
    struct list_position pivot = find_element(found.entry, call->args[3]);
    if (pivot.at == NULL) {
        reply_integer(call, -1);
        return;
    }
    list_insert(&found, pivot, side, call->args[4]);
    reply_integer(call, (int64_t)list_len(found.entry));
    call_notify(call, KEY_EVENT_LIST, key.name, "linsert");
}

/* --- LREM --- */

static void lrem_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t count;
    if (!argument_i64(call, 2, &count) || !elements_check_len(call, 3, 4)) return;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    if (found.entry == NULL) {
        reply_integer(call, 0);
        return;
    }
    enum list_end from = count < 0 ? LIST_TAIL : LIST_HEAD;
    size_t max = count < 0 ? 0 - (size_t)count : (size_t)count;
    size_t removed = list_remove_equal(call->db, key, &found, from, call->args[3], max);
    reply_integer(call, (int64_t)removed);
    if (removed != 0) collection_notify(call, KEY_EVENT_LIST, key, "lrem", &found);
}

/* --- LTRIM --- */

static void trim(struct call *call, struct key key, struct found *found, int64_t start,
                 int64_t stop) {
    struct index_range range;
    if (index_range_of(start, stop, list_len(found->entry), &range)) {
        list_trim(call->db, key, found, range.first, range.first + range.count - 1);
        return;
    }
    database_delete(call->db, key, *found);
    found->entry = NULL;
}

static void ltrim_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t start, stop;
    if (!argument_i64(call, 2, &start) || !argument_i64(call, 3, &stop)) return;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    reply_ok(call);
    if (found.entry == NULL) return;
    trim(call, key, &found, start, stop);
    collection_notify(call, KEY_EVENT_LIST, key, "ltrim", &found);
}

static const struct command_row rows[] = {
    {
        .name = "lset",
        .handler = lset_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Sets an element of a list by its index.",
        .syntax = "key index element",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "linsert",
        .handler = linsert_command,
        .arity = 5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Inserts an element before or after another.",
        .syntax = "key where(BEFORE | AFTER) pivot element",
        .complexity = "O(N)",
        .since = "2.2.0",
        .group = "list",
    },
    {
        .name = "lrem",
        .handler = lrem_command,
        .arity = 4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes equal elements from a list.",
        .syntax = "key count element",
        .complexity = "O(N+M)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "ltrim",
        .handler = ltrim_command,
        .arity = 4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Keeps a range of a list's elements and removes the others.",
        .syntax = "key start stop",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
};

const struct command_list list_edit_commands = COMMAND_LIST(rows);
