/* Members of one set: SADD SREM SMOVE, SCARD SISMEMBER SMISMEMBER SMEMBERS. */
#include "commands/set/set_commands.h"
#include "data/member_expiry.h"
#include "data/types/set/set.h"
#include "engine/collection_access.h"

static void sadd_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_SET, &found)) return;
    size_t added = set_add(call->db, key, &found, call->args + 2, call->argc - 2);
    if (added != 0) call_notify(call, KEY_EVENT_SET, key.name, "sadd");
    reply_integer(call, (int64_t)added);
}

static void srem_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_SET, &found)) return;
    size_t removed = 0;
    if (found.entry != NULL)
        removed = set_remove(call->db, key, &found, call->args + 2, call->argc - 2);
    if (removed != 0) collection_notify(call, KEY_EVENT_SET, key, "srem", &found);
    reply_integer(call, (int64_t)removed);
}

/* --- SMOVE --- */

/* Adds a member that another set has lost, with the due time it had there; one that is there
 * already stays as it is. */
static void add_moved(struct call *call, struct key key, struct bytes member, int64_t due_ms) {
    struct found found = database_find(call->db, key);
    if (set_add(call->db, key, &found, &member, 1) == 0) return;
    if (due_ms != 0) {
        set_set_due(call->db, &found, member, due_ms);
        member_expiry_update(call->db, key, found.entry);
    }
    call_notify(call, KEY_EVENT_SET, key.name, "sadd");
}

static void move_member(struct call *call, struct key source, struct found *from,
                        struct key destination) {
    struct bytes member = call->args[3];
    int64_t due_ms = set_due_ms(from->entry, member);
    (void)set_remove(call->db, source, from, &member, 1);
    collection_notify(call, KEY_EVENT_SET, source, "srem", from);
    add_moved(call, destination, member, due_ms);
}

static void smove_command(struct call *call) {
    struct key source = call_key(call, 1);
    struct key destination = call_key(call, 2);
    struct found from, to;
    if (!collection_find(call, source, VALUE_SET, &from)) return;
    /* Without a source the destination's type does not matter. */
    if (from.entry == NULL) {
        reply_integer(call, 0);
        return;
    }
    if (!collection_find(call, destination, VALUE_SET, &to)) return;
    bool has_member = set_has(from.entry, call->args[3]);
    if (has_member && from.entry != to.entry) {
        from = database_find(call->db, source);
        move_member(call, source, &from, destination);
    }
    reply_integer(call, has_member);
}

/* --- asking --- */

static void scard_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_SET, &entry)) return;
    reply_integer(call, entry == NULL ? 0 : (int64_t)set_len(entry));
}

static void sismember_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_SET, &entry)) return;
    reply_integer(call, entry != NULL && set_has(entry, call->args[2]));
}

static void smismember_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_SET, &entry)) return;
    const struct bytes *members = call->args + 2;
    size_t count = call->argc - 2;
    if (entry != NULL) set_prefetch(entry, members, count);
    reply_array(call, count);
    for (size_t i = 0; i < count; i++)
        reply_integer(call, entry != NULL && set_has(entry, members[i]));
}

static bool reply_member(void *context, struct bytes member) {
    reply_bulk(context, member);
    return true;
}

static void smembers_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_SET, &entry)) return;
    reply_set(call, entry == NULL ? 0 : set_len(entry));
    if (entry != NULL) set_for_each(entry, reply_member, call);
}

static const struct command_row rows[] = {
    {
        .name = "sadd",
        .handler = sadd_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds members to a set.",
        .syntax = "key member...",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "srem",
        .handler = srem_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes members from a set.",
        .syntax = "key member...",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "smove",
        .handler = smove_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves a member from one set to another.",
        .syntax = "source destination member",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "scard",
        .handler = scard_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns how many members a set has.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "sismember",
        .handler = sismember_command,
        .arity = 3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Tells whether a set has a member.",
        .syntax = "key member",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "smismember",
        .handler = smismember_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Tells of several members whether a set has them.",
        .syntax = "key member...",
        .complexity = "O(N)",
        .since = "6.2.0",
        .group = "set",
    },
    {
        .name = "smembers",
        .handler = smembers_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns every member of a set.",
        .syntax = "key",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
};

const struct command_list set_member_commands = COMMAND_LIST(rows);
