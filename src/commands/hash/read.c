/* Reading fields: HGET and its kin that change nothing. */
#include "commands/hash/fields.h"
#include "commands/hash/hash_commands.h"
#include "engine/collection_access.h"

/* Looks the call's key up for a reader. */
static bool read_hash(struct call *call, const struct entry **entry) {
    return collection_read(call, call_key(call, 1), VALUE_HASH, entry);
}

static void hget_command(struct call *call) {
    const struct entry *entry;
    if (read_hash(call, &entry)) fields_reply_value(call, entry, call->args[2]);
}

static void hmget_command(struct call *call) {
    const struct entry *entry;
    if (read_hash(call, &entry)) fields_reply_values(call, entry, call->args + 2, call->argc - 2);
}

static void hstrlen_command(struct call *call) {
    const struct entry *entry;
    struct hash_field field;
    if (!read_hash(call, &entry)) return;
    bool has_field = entry != NULL && hash_get(entry, call->args[2], &field);
    reply_integer(call, has_field ? (int64_t)field.value.len : 0);
}

static void hexists_command(struct call *call) {
    const struct entry *entry;
    struct hash_field field;
    if (!read_hash(call, &entry)) return;
    reply_integer(call, entry != NULL && hash_get(entry, call->args[2], &field));
}

static void hlen_command(struct call *call) {
    const struct entry *entry;
    if (read_hash(call, &entry)) reply_integer(call, entry == NULL ? 0 : (int64_t)hash_len(entry));
}

static void reply_name(void *context, const struct hash_field *field) {
    reply_bulk(context, field->name);
}

static void reply_value(void *context, const struct hash_field *field) {
    reply_bulk(context, field->value);
}

static void reply_pair(void *context, const struct hash_field *field) {
    reply_bulk(context, field->name);
    reply_bulk(context, field->value);
}

static void hgetall_command(struct call *call) {
    const struct entry *entry;
    if (!read_hash(call, &entry)) return;
    reply_map(call, entry == NULL ? 0 : hash_len(entry));
    if (entry != NULL) hash_for_each(entry, reply_pair, call);
}

static void reply_each(struct call *call, hash_visit_function *reply_part) {
    const struct entry *entry;
    if (!read_hash(call, &entry)) return;
    reply_array(call, entry == NULL ? 0 : hash_len(entry));
    if (entry != NULL) hash_for_each(entry, reply_part, call);
}

static void hkeys_command(struct call *call) {
    reply_each(call, reply_name);
}

static void hvals_command(struct call *call) {
    reply_each(call, reply_value);
}

static const struct command_row rows[] = {
    {
        .name = "hget",
        .handler = hget_command,
        .arity = 3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the value of a field.",
        .syntax = "key field",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hmget",
        .handler = hmget_command,
        .arity = -3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the values of several fields.",
        .syntax = "key field...",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hstrlen",
        .handler = hstrlen_command,
        .arity = 3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns the length of a field's value.",
        .syntax = "key field",
        .complexity = "O(1)",
        .since = "3.2.0",
        .group = "hash",
    },
    {
        .name = "hexists",
        .handler = hexists_command,
        .arity = 3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Tells whether a field exists.",
        .syntax = "key field",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hlen",
        .handler = hlen_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns how many fields a hash has.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hgetall",
        .handler = hgetall_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns all fields of a hash with their values.",
        .syntax = "key",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hkeys",
        .handler = hkeys_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns all fields of a hash.",
        .syntax = "key",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hvals",
        .handler = hvals_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns all values in a hash.",
        .syntax = "key",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "hash",
    },
};

const struct command_list hash_read_commands = COMMAND_LIST(rows);
