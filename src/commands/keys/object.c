/* OBJECT: how values are held, and how often they are used. Asking is no use. */
#include "commands/keys/key_commands.h"
#include "data/value_type.h"
#include "engine/engine.h"
#include "engine/reply.h"

/* The entry of argument 2; replies null and returns NULL when there is none. */
static const struct entry *find_object(struct call *call) {
    const struct entry *entry = database_find(call->db, call_key(call, 2)).entry;
    if (entry == NULL) reply_null(call);
    return entry;
}

static void object_encoding_command(struct call *call) {
    const struct entry *entry = find_object(call);
    if (entry != NULL) reply_bulk_str(call, value_type_of(entry)->encoding_name(entry));
}

static void object_refcount_command(struct call *call) {
    if (find_object(call) != NULL) reply_integer(call, 1);
}

static void object_idletime_command(struct call *call) {
    const struct entry *entry = find_object(call);
    if (entry == NULL) return;
    if (call->engine->keyspace->access.is_lfu) {
        reply_error(call, "ERR An LFU maxmemory policy is selected, idle time not tracked. Please "
                          "note that when switching between policies at runtime LRU and LFU data "
                          "will take some time to adjust.");
        return;
    }
    reply_integer(call, (int64_t)access_idle_seconds(entry, call_now_ms(call)));
}

static void object_freq_command(struct call *call) {
    const struct entry *entry = find_object(call);
    if (entry == NULL) return;
    const struct access_policy *policy = &call->engine->keyspace->access;
    if (!policy->is_lfu) {
        reply_error(call, "ERR An LFU maxmemory policy is not selected, access frequency not "
                          "tracked. Please note that when switching between policies at runtime "
                          "LRU and LFU data will take some time to adjust.");
        return;
    }
    reply_integer(call, access_frequency(entry, policy, call_now_ms(call)));
}

static void object_help_command(struct call *call) {
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
        NULL,
    };
    reply_help(call, lines);
}

static const struct command_row object_subcommands[] = {
    {
        .name = "encoding",
        .handler = object_encoding_command,
        .arity = 3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(2, "RO")},
        .tips = "nondeterministic_output",
        .summary = "Returns how a value is stored inside.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.2.3",
        .group = "generic",
    },
    {
        .name = "freq",
        .handler = object_freq_command,
        .arity = 3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(2, "RO")},
        .tips = "nondeterministic_output",
        .summary = "Returns the access counter of a key.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "4.0.0",
        .group = "generic",
    },
    {
        .name = "help",
        .handler = object_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_KEYSPACE,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "generic",
    },
    {
        .name = "idletime",
        .handler = object_idletime_command,
        .arity = 3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(2, "RO")},
        .tips = "nondeterministic_output",
        .summary = "Returns the seconds since a key was last used.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.2.3",
        .group = "generic",
    },
    {
        .name = "refcount",
        .handler = object_refcount_command,
        .arity = 3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(2, "RO")},
        .tips = "nondeterministic_output",
        .summary = "Returns the reference count of a value.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.2.3",
        .group = "generic",
    },
};

static const struct command_row rows[] = {
    {
        .name = "object",
        .arity = -2,
        .subcommands = object_subcommands,
        .subcommand_count = ARRAY_LEN(object_subcommands),
        .summary = "Commands about how values are held.",
        .complexity = "Depends on subcommand.",
        .since = "2.2.3",
        .group = "generic",
    },
};

const struct command_list key_object_commands = COMMAND_LIST(rows);
