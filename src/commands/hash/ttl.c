/* Asking when fields expire: HTTL and its kin. */
#include "commands/hash/fields.h"
#include "commands/hash/hash_commands.h"
#include "engine/collection_access.h"

static int64_t ask_field(const struct call *call, const struct entry *entry, struct bytes name,
                         enum due_unit unit) {
    struct hash_field field;
    if (entry == NULL || !hash_get(entry, name, &field)) return MEMBER_ABSENT;
    if (field.due_ms == 0) return MEMBER_HAS_NO_DUE;
    return member_due_tell(field.due_ms, unit, call_now_ms(call));
}

static void reply_dues(struct call *call, enum due_unit unit) {
    const struct entry *entry;
    struct member_list fields;
    if (!collection_read(call, call_key(call, 1), VALUE_HASH, &entry)) return;
    if (!fields_parse_last(call, 2, &fields)) return;
    reply_array(call, fields.count);
    for (uint32_t i = 0; i < fields.count; i++)
        reply_integer(call, ask_field(call, entry, fields.items[i], unit));
}

static void httl_command(struct call *call) {
    reply_dues(call, DUE_SECONDS);
}

static void hpttl_command(struct call *call) {
    reply_dues(call, DUE_MS);
}

static void hexpiretime_command(struct call *call) {
    reply_dues(call, DUE_UNIX_SECONDS);
}

static void hpexpiretime_command(struct call *call) {
    reply_dues(call, DUE_UNIX_MS);
}

static const struct command_row rows[] = {
    {
        .name = "httl",
        .handler = httl_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many seconds fields have left.",
        .syntax = "key FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hpttl",
        .handler = hpttl_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many milliseconds fields have left.",
        .syntax = "key FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hexpiretime",
        .handler = hexpiretime_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the Unix times in seconds at which fields expire.",
        .syntax = "key FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hpexpiretime",
        .handler = hpexpiretime_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the Unix times in milliseconds at which fields expire.",
        .syntax = "key FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
};

const struct command_list hash_ttl_commands = COMMAND_LIST(rows);
