/* MHGET: fields of several hashes in one call. */
#include "commands/hash/fields.h"
#include "commands/hash/hash_commands.h"
#include "engine/collection_access.h"
#include "engine/prefetch.h"

enum { FIRST_KEY = 2 };

/* The keys stand from FIRST_KEY on; *end is the index behind them. */
static bool parse_keys(struct call *call, uint32_t *end) {
    int64_t count;
    if (!argument_i64_in(call, 1, 1, INT64_MAX, &count, "ERR numkeys should be greater than 0"))
        return false;
    if (count > call->argc - FIRST_KEY) {
        reply_error(call, "ERR Number of keys can't be greater than number of args");
        return false;
    }
    *end = FIRST_KEY + (uint32_t)count;
    return true;
}

static bool check_types(struct call *call, uint32_t end) {
    struct key keys[PREFETCH_MAX_KEYS];
    for (uint32_t index = FIRST_KEY; index < end;) {
        size_t count = prefetch_keys(call, index, end, 1, keys);
        for (size_t i = 0; i < count; i++) {
            const struct entry *entry = database_peek(call->db, keys[i]);
            if (entry == NULL || entry->type == VALUE_HASH) continue;
            reply_error_wrong_type(call);
            return false;
        }
        index += (uint32_t)count;
    }
    return true;
}

/* The keys that exist are known to be hashes. */
static void reply_hashes(struct call *call, uint32_t end, const struct member_list *fields) {
    struct key keys[PREFETCH_MAX_KEYS];
    reply_array(call, end - FIRST_KEY);
    for (uint32_t index = FIRST_KEY; index < end;) {
        size_t count = prefetch_keys(call, index, end, 1, keys);
        for (size_t i = 0; i < count; i++) {
            const struct entry *entry = database_read(call->db, keys[i]);
            fields_reply_values(call, entry, fields->items, fields->count);
        }
        index += (uint32_t)count;
    }
}

static void mhget_command(struct call *call) {
    uint32_t end;
    struct member_list fields;
    if (!parse_keys(call, &end) || !fields_parse_last(call, end, &fields)) return;
    if (check_types(call, end)) reply_hashes(call, end, &fields);
}

static const struct command_row rows[] = {
    {
        .name = "mhget",
        .handler = mhget_command,
        .arity = -6,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Returns the values of the same fields of several hashes.",
        .syntax = "numkeys key... FIELDS fields(numfields:integer field...)",
        .complexity = "O(N*M)",
        .since = "8.0.0",
        .group = "hash",
    },
};

const struct command_list hash_multi_commands = COMMAND_LIST(rows);
