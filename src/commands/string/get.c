/* Reading strings: GET and its kin that change nothing but due times. */
#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/prefetch.h"
#include "engine/string_access.h"

static void get_command(struct call *call) {
    const struct entry *entry;
    if (string_access_read(call, call_key(call, 1), &entry)) string_access_reply(call, entry);
}

static void mget_command(struct call *call) {
    reply_array(call, call->argc - 1);
    struct key keys[PREFETCH_MAX_KEYS];
    for (uint32_t index = 1; index < call->argc;) {
        size_t count = prefetch_keys(call, index, call->argc, 1, keys);
        for (size_t i = 0; i < count; i++) {
            const struct entry *entry = database_read(call->db, keys[i]);
            bool is_string = entry != NULL && entry->type == VALUE_STRING;
            string_access_reply(call, is_string ? entry : NULL);
        }
        index += (uint32_t)count;
    }
}

static void strlen_command(struct call *call) {
    const struct entry *entry;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    reply_integer(call, entry == NULL ? 0 : (int64_t)string_len(entry));
}

/* Both ends may count from the end; what lies outside is cut off. */
static struct bytes cut_range(struct bytes value, int64_t start, int64_t end) {
    int64_t len = (int64_t)value.len;
    if (start < 0 && end < 0 && start > end) return BYTES("");
    if (start < 0) start = start + len < 0 ? 0 : start + len;
    if (end < 0) end = end + len < 0 ? 0 : end + len;
    if (end >= len) end = len - 1;
    if (start > end || len == 0) return BYTES("");
    return bytes_of(value.data + start, (size_t)(end - start + 1));
}

static void getrange_command(struct call *call) {
    int64_t start, end;
    if (!argument_i64(call, 2, &start) || !argument_i64(call, 3, &end)) return;
    const struct entry *entry;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    if (entry == NULL) {
        reply_bulk(call, BYTES(""));
        return;
    }
    char scratch[STRING_SCRATCH];
    reply_bulk(call, cut_range(string_view(entry, scratch), start, end));
}

static void getdel_command(struct call *call) {
    struct key key = call_key(call, 1);
    const struct entry *entry;
    if (!string_access_read(call, key, &entry)) return;
    string_access_reply(call, entry);
    if (entry == NULL) return;
    database_delete(call->db, key, database_find(call->db, key));
    call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
    CALL_EFFECT(call, BYTES("DEL"), key.name);
}

/* What GETEX is to do with the due time. */
struct getex_options {
    bool is_persist;
    uint32_t due_index; /* of the argument; 0: none */
    enum due_unit unit;
};

/* An option may be given again, the last one counts; another one may not. */
static bool parse_getex(struct call *call, struct getex_options *options) {
    *options = (struct getex_options){0};
    for (uint32_t i = 2; i < call->argc; i++) {
        enum due_unit unit;
        if (argument_is(call, i, "persist") && options->due_index == 0) {
            options->is_persist = true;
        } else if (argument_is_due_unit(call, i, &unit) && argument_has_next(call, i) &&
                   !options->is_persist && (options->due_index == 0 || options->unit == unit)) {
            options->unit = unit;
            options->due_index = ++i;
        } else {
            return false;
        }
    }
    return true;
}

static void apply_getex(struct call *call, struct key key, const struct getex_options *options,
                        int64_t due_ms) {
    struct found found = database_find(call->db, key);
    if (options->is_persist) {
        if (entry_due_word(found.entry) == 0) return;
        database_set_due(call->db, key, &found, 0);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "persist");
        CALL_EFFECT(call, BYTES("PERSIST"), key.name);
    } else if (due_ms <= call_now_ms(call)) {
        database_delete(call->db, key, found);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
        CALL_EFFECT(call, BYTES("DEL"), key.name);
    } else {
        database_set_due(call->db, key, &found, due_ms);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
        call_effect_number(call, BYTES("PEXPIREAT"), key.name, due_ms);
    }
}

static void getex_command(struct call *call) {
    struct getex_options options;
    if (!parse_getex(call, &options)) {
        reply_error_syntax(call);
        return;
    }
    struct key key = call_key(call, 1);
    const struct entry *entry;
    if (!string_access_read(call, key, &entry)) return;
    int64_t due_ms = 0;
    if (entry != NULL && options.due_index != 0 &&
        !argument_due(call, options.due_index, options.unit, false, &due_ms))
        return;
    string_access_reply(call, entry);
    if (entry != NULL && (options.is_persist || due_ms != 0))
        apply_getex(call, key, &options, due_ms);
}

static const struct command_row rows[] = {
    {
        .name = "get",
        .handler = get_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the string value of a key.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "mget",
        .handler = mget_command,
        .arity = -2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEYS_FROM(1, "RO access")},
        .tips = "request_policy:multi_shard",
        .summary = "Returns the string values of several keys.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "strlen",
        .handler = strlen_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns the length of a string.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.2.0",
        .group = "string",
    },
    {
        .name = "getrange",
        .handler = getrange_command,
        .arity = 4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns a part of a string.",
        .syntax = "key start end",
        .complexity = "O(N)",
        .since = "2.4.0",
        .group = "string",
    },
    {
        .name = "substr",
        .handler = getrange_command,
        .arity = 4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns a part of a string.",
        .syntax = "key start end",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "string",
        .deprecated_since = "2.0.0",
        .replaced_by = "`GETRANGE`",
    },
    {
        .name = "getdel",
        .handler = getdel_command,
        .arity = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access delete")},
        .summary = "Returns a string value and deletes the key.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "string",
    },
    {
        .name = "getex",
        .handler = getex_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Returns a string value and changes its expiry.",
        .syntax = "key [expiration(EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
                  "unix-time-milliseconds | PERSIST)]",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "string",
    },
};

const struct command_list string_get_commands = COMMAND_LIST(rows);
