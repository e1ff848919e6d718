/* When keys expire: EXPIRE and its kin, TTL and its kin, PERSIST. */
#include "commands/keys/key_commands.h"
#include "data/value_type.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/reply.h"

/* --- setting --- */

/* False, after the error reply, for a value whose due time follows from what it holds. */
static bool check_may_be_set(struct call *call, const struct found *found) {
    if (found->entry == NULL || LIKELY(!value_type_of(found->entry)->has_own_due)) return true;
    reply_error_printf(call, "ERR the expiry of a %s key follows from its value",
                       value_type_of(found->entry)->name);
    return false;
}

/* Under which circumstances EXPIRE sets a time. */
struct expire_condition {
    bool is_only_without; /* NX: the key has no due time */
    bool is_only_with;    /* XX */
    bool is_only_later;   /* GT: no due time counts as never */
    bool is_only_sooner;  /* LT */
};

static bool parse_condition_word(const struct call *call, uint32_t index,
                                 struct expire_condition *condition) {
    if (argument_is(call, index, "nx"))
        condition->is_only_without = true;
    else if (argument_is(call, index, "xx"))
        condition->is_only_with = true;
    else if (argument_is(call, index, "gt"))
        condition->is_only_later = true;
    else if (argument_is(call, index, "lt"))
        condition->is_only_sooner = true;
    else
        return false;
    return true;
}

static bool check_condition(struct call *call, const struct expire_condition *condition) {
    bool has_other =
        condition->is_only_with || condition->is_only_later || condition->is_only_sooner;
    if (condition->is_only_without && has_other) {
        reply_error(call, "ERR NX and XX, GT or LT options at the same time are not compatible");
        return false;
    }
    if (condition->is_only_later && condition->is_only_sooner) {
        reply_error(call, "ERR GT and LT options at the same time are not compatible");
        return false;
    }
    return true;
}

static bool parse_condition(struct call *call, struct expire_condition *condition) {
    *condition = (struct expire_condition){0};
    for (uint32_t i = 3; i < call->argc; i++) {
        if (parse_condition_word(call, i, condition)) continue;
        reply_error_printf(call, "ERR Unsupported option %.*s", (int)call->args[i].len,
                           call->args[i].data);
        return false;
    }
    return check_condition(call, condition);
}

/* `old_ms` is 0 for a key without a due time. */
static bool condition_holds(const struct expire_condition *condition, int64_t old_ms,
                            int64_t due_ms) {
    if (condition->is_only_without && old_ms != 0) return false;
    if (condition->is_only_with && old_ms == 0) return false;
    if (condition->is_only_later && (old_ms == 0 || due_ms <= old_ms)) return false;
    return !(condition->is_only_sooner && old_ms != 0 && due_ms >= old_ms);
}

/* A time that has passed deletes the key at once. */
static void apply_due(struct call *call, struct key key, struct found found, int64_t due_ms) {
    if (due_ms <= call_now_ms(call)) {
        database_delete(call->db, key, found);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
        CALL_EFFECT(call, BYTES("DEL"), key.name);
    } else {
        database_set_due(call->db, key, &found, due_ms);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
        call_effect_number(call, BYTES("PEXPIREAT"), key.name, due_ms);
    }
}

static void expire_in_unit(struct call *call, enum due_unit unit) {
    struct expire_condition condition;
    int64_t due_ms;
    if (!parse_condition(call, &condition) || !argument_due(call, 2, unit, true, &due_ms)) return;
    struct key key = call_key(call, 1);
    struct found found = database_use(call->db, key);
    if (!check_may_be_set(call, &found)) return;
    bool is_set =
        found.entry != NULL && condition_holds(&condition, entry_due_ms(found.entry), due_ms);
    if (is_set) apply_due(call, key, found, due_ms);
    reply_integer(call, is_set);
}

static void expire_command(struct call *call) {
    expire_in_unit(call, DUE_SECONDS);
}

static void pexpire_command(struct call *call) {
    expire_in_unit(call, DUE_MS);
}

static void expireat_command(struct call *call) {
    expire_in_unit(call, DUE_UNIX_SECONDS);
}

static void pexpireat_command(struct call *call) {
    expire_in_unit(call, DUE_UNIX_MS);
}

static void persist_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found = database_use(call->db, key);
    if (!check_may_be_set(call, &found)) return;
    bool had_due = found.entry != NULL && entry_due_word(found.entry) != 0;
    if (had_due) {
        database_set_due(call->db, key, &found, 0);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "persist");
    }
    reply_integer(call, had_due);
}

/* --- asking --- */

enum { NO_KEY = -2, NO_DUE = -1, MS_PER_SECOND = 1000 };

/* The key's due time in unix ms; replies NO_KEY or NO_DUE and returns false when there is none. */
static bool read_due(struct call *call, int64_t *due_ms) {
    const struct entry *entry = database_peek(call->db, call_key(call, 1));
    *due_ms = entry == NULL ? 0 : entry_due_ms(entry);
    if (*due_ms != 0) return true;
    reply_integer(call, entry == NULL ? NO_KEY : NO_DUE);
    return false;
}

static int64_t round_to_seconds(int64_t ms) {
    return ms / MS_PER_SECOND + (ms % MS_PER_SECOND >= MS_PER_SECOND / 2);
}

static void ttl_command(struct call *call) {
    int64_t due_ms;
    if (read_due(call, &due_ms)) reply_integer(call, round_to_seconds(due_ms - call_now_ms(call)));
}

static void pttl_command(struct call *call) {
    int64_t due_ms;
    if (read_due(call, &due_ms)) reply_integer(call, due_ms - call_now_ms(call));
}

static void expiretime_command(struct call *call) {
    int64_t due_ms;
    if (read_due(call, &due_ms)) reply_integer(call, round_to_seconds(due_ms));
}

static void pexpiretime_command(struct call *call) {
    int64_t due_ms;
    if (read_due(call, &due_ms)) reply_integer(call, due_ms);
}

static const struct command_row rows[] = {
    {
        .name = "expire",
        .handler = expire_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a key expire after seconds.",
        .syntax = "key seconds [condition(NX | XX | GT | LT)/7.0.0]",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "pexpire",
        .handler = pexpire_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a key expire after milliseconds.",
        .syntax = "key milliseconds [condition(NX | XX | GT | LT)/7.0.0]",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "generic",
    },
    {
        .name = "expireat",
        .handler = expireat_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a key expire at a Unix time in seconds.",
        .syntax = "key unix-time-seconds [condition(NX | XX | GT | LT)/7.0.0]",
        .complexity = "O(1)",
        .since = "1.2.0",
        .group = "generic",
    },
    {
        .name = "pexpireat",
        .handler = pexpireat_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a key expire at a Unix time in milliseconds.",
        .syntax = "key unix-time-milliseconds [condition(NX | XX | GT | LT)/7.0.0]",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "generic",
    },
    {
        .name = "ttl",
        .handler = ttl_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many seconds a key has left.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "pttl",
        .handler = pttl_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many milliseconds a key has left.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "generic",
    },
    {
        .name = "expiretime",
        .handler = expiretime_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the Unix time in seconds at which a key expires.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "7.0.0",
        .group = "generic",
    },
    {
        .name = "pexpiretime",
        .handler = pexpiretime_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the Unix time in milliseconds at which a key expires.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "7.0.0",
        .group = "generic",
    },
    {
        .name = "persist",
        .handler = persist_command,
        .arity = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Takes the expiry off a key.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "2.2.0",
        .group = "generic",
    },
};

const struct command_list key_expire_commands = COMMAND_LIST(rows);
