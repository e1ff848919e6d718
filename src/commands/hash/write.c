/* Writing fields: HSET and its older forms, HDEL. */
#include "commands/hash/hash_commands.h"
#include "data/types/hash/hash.h"
#include "engine/collection_access.h"

enum { FIRST_PAIR = 2 };

/* Sets the pairs behind the key; false after an error reply. */
static bool set_pairs(struct call *call, size_t *added) {
    if (call->argc % 2 != 0) {
        reply_error_arity(call);
        return false;
    }
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_HASH, &found)) return false;
    *added =
        hash_set(call->db, key, &found, call->args + FIRST_PAIR, (call->argc - FIRST_PAIR) / 2, 0);
    call_notify(call, KEY_EVENT_HASH, key.name, "hset");
    return true;
}

static void hset_command(struct call *call) {
    size_t added;
    if (set_pairs(call, &added)) reply_integer(call, (int64_t)added);
}

static void hmset_command(struct call *call) {
    size_t added;
    if (set_pairs(call, &added)) reply_ok(call);
}

static void hsetnx_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct hash_field field;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    bool is_new = found.entry == NULL || !hash_get(found.entry, call->args[2], &field);
    if (is_new) {
        (void)hash_set(call->db, key, &found, call->args + FIRST_PAIR, 1, 0);
        call_notify(call, KEY_EVENT_HASH, key.name, "hset");
    }
    reply_integer(call, is_new);
}

static void hdel_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    size_t deleted = 0;
    if (found.entry != NULL)
        deleted = hash_delete(call->db, key, &found, call->args + 2, call->argc - 2);
    if (deleted != 0) collection_notify(call, KEY_EVENT_HASH, key, "hdel", &found);
    reply_integer(call, (int64_t)deleted);
}

static const struct command_row rows[] = {
    {
        .name = "hset",
        .handler = hset_command,
        .arity = -4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Sets fields of a hash.",
        .syntax = "key field_value(field value)...",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hmset",
        .handler = hmset_command,
        .arity = -4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Sets fields of a hash.",
        .syntax = "key field_value(field value)...",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
        .deprecated_since = "4.0.0",
        .replaced_by = "`HSET` with multiple field-value pairs",
    },
    {
        .name = "hsetnx",
        .handler = hsetnx_command,
        .arity = 4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Sets a field of a hash if it is not there.",
        .syntax = "key field value",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hdel",
        .handler = hdel_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Deletes fields of a hash, and the hash with its last one.",
        .syntax = "key field...",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
    },
};

const struct command_list hash_write_commands = COMMAND_LIST(rows);
