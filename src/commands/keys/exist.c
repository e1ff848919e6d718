/* Whether keys exist, and making them not: DEL UNLINK EXISTS TOUCH TYPE. */
#include "commands/keys/key_commands.h"
#include "data/value_type.h"
#include "engine/engine.h"
#include "engine/prefetch.h"
#include "engine/reply.h"

/* Does something to one key; true when the key counts. */
typedef bool key_action(struct call *call, struct key key);

/* Acts on every argument, some keys fetched into cache ahead, and replies with how many count. */
static void act_on_keys(struct call *call, key_action *act) {
    struct key keys[PREFETCH_MAX_KEYS];
    int64_t counted = 0;
    for (uint32_t index = 1; index < call->argc;) {
        size_t count = prefetch_keys(call, index, call->argc, 1, keys);
        for (size_t i = 0; i < count; i++) counted += act(call, keys[i]);
        index += (uint32_t)count;
    }
    reply_integer(call, counted);
}

static bool delete_key(struct call *call, struct key key) {
    struct found found = database_find(call->db, key);
    if (found.entry == NULL) return false;
    database_delete(call->db, key, found);
    call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
    return true;
}

static bool check_exists(struct call *call, struct key key) {
    return database_peek(call->db, key) != NULL;
}

static bool touch_key(struct call *call, struct key key) {
    return database_read(call->db, key) != NULL;
}

/* DEL and UNLINK: what takes long to free is freed beside the commands. */
static void delete_command(struct call *call) {
    act_on_keys(call, delete_key);
}

static void exists_command(struct call *call) {
    act_on_keys(call, check_exists);
}

/* It is there to move access clocks, so it does also for a client that asked for CLIENT NO-TOUCH. */
static void touch_command(struct call *call) {
    call->engine->keyspace->is_touch_off = false;
    act_on_keys(call, touch_key);
}

static void type_command(struct call *call) {
    const struct entry *entry = database_peek(call->db, call_key(call, 1));
    reply_simple(call, entry == NULL ? "none" : value_type_of(entry)->name);
}

static const struct command_row rows[] = {
    {
        .name = "del",
        .handler = delete_command,
        .arity = -2,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEYS_FROM(1, "RM delete")},
        .tips = "request_policy:multi_shard response_policy:agg_sum",
        .summary = "Deletes keys.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "unlink",
        .handler = delete_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEYS_FROM(1, "RM delete")},
        .tips = "request_policy:multi_shard response_policy:agg_sum",
        .summary = "Deletes keys and frees their values in the background.",
        .syntax = "key...",
        .complexity = "O(1)",
        .since = "4.0.0",
        .group = "generic",
    },
    {
        .name = "exists",
        .handler = exists_command,
        .arity = -2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEYS_FROM(1, "RO")},
        .tips = "request_policy:multi_shard response_policy:agg_sum",
        .summary = "Counts how many of the keys exist.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "touch",
        .handler = touch_command,
        .arity = -2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEYS_FROM(1, "RO")},
        .tips = "request_policy:multi_shard response_policy:agg_sum",
        .summary = "Renews the access time of keys.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "3.2.1",
        .group = "generic",
    },
    {
        .name = "type",
        .handler = type_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns the type of a key's value.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
};

const struct command_list key_exist_commands = COMMAND_LIST(rows);
