/* Due times of members, whatever collection they are in: EXPIREMEMBER and its kin, under the names
 * and with the replies of KeyDB; FIELDEXPIRE and FIELDTTL, under those of Dragonfly.
 *
 * What differs from type to type stands in one table; a type that gets members with due times
 * gets a row. */
#include "commands/members/members_commands.h"
#include "data/member_expiry.h"
#include "data/types/hash/hash.h"
#include "data/types/set/set.h"
#include "data/types/zset/zset.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "engine/effects.h"

/* --- the types --- */

enum { NO_MEMBER = -1, NO_DUE = 0 };

struct member_type {
    enum value_type_id id;
    /* Unix ms, NO_DUE or NO_MEMBER. */
    int64_t (*due_ms)(const struct entry *entry, struct bytes member);
    void (*set_due)(struct database *db, struct found *found, struct bytes member, int64_t due_ms);
    size_t (*remove)(struct database *db, struct key key, struct found *found,
                     const struct bytes *members, size_t count);
    enum key_event_class event_class;
    const char *expire_event;
    const char *remove_event;
    const char *remove_command;
};

static int64_t find_field_due(const struct entry *entry, struct bytes name) {
    struct hash_field field;
    return hash_get(entry, name, &field) ? field.due_ms : NO_MEMBER;
}

static size_t remove_scored(struct database *db, struct key key, struct found *found,
                            const struct bytes *members, size_t count) {
    size_t removed = 0;
    for (size_t i = 0; i < count && found->entry != NULL; i++)
        removed += zset_remove(db, key, found, members[i]);
    return removed;
}

static const struct member_type types[] = {
    {VALUE_SET, set_due_ms, set_set_due, set_remove, KEY_EVENT_SET, "sexpire", "srem", "SREM"},
    {VALUE_HASH, find_field_due, hash_set_due, hash_delete, KEY_EVENT_HASH, "hexpire", "hdel",
     "HDEL"},
    {VALUE_ZSET, zset_due_ms, zset_set_due, remove_scored, KEY_EVENT_ZSET, "zexpire", "zrem",
     "ZREM"},
};

static const struct member_type *find_type(const struct entry *entry) {
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].id == entry->type) return &types[i];
    return NULL;
}

/* The row of a key that is there; NULL, after the error reply, when its type has no members. */
static const struct member_type *require_type(struct call *call, const struct entry *entry) {
    const struct member_type *type = find_type(entry);
    if (type == NULL) reply_error_wrong_type(call);
    return type;
}

/* --- setting --- */

/* A collection whose members get a due time, and what has been done to it so far. */
struct target {
    struct call *call;
    struct key key;
    struct found found;
    const struct member_type *type;
    int64_t due_ms;
    bool has_set;
    bool has_removed;
};

enum outcome { ABSENT, SET, REMOVED };

static COLD void tell_due(const struct target *target, struct bytes member) {
    struct call *call = target->call;
    call_effect_open(call, BYTES("PEXPIREMEMBERAT"), target->key.name);
    call_effect_add(call, member);
    call_effect_add_number(call, target->due_ms);
    call_effect_close(call);
}

static COLD void tell_removed(const struct target *target, struct bytes member) {
    struct bytes command = bytes_of_str(target->type->remove_command);
    CALL_EFFECT(target->call, command, target->key.name, member);
}

/* A time that has passed removes the member at once. */
static enum outcome expire_member(struct target *target, struct bytes member) {
    struct database *db = target->call->db;
    struct found *found = &target->found;
    if (found->entry == NULL || target->type->due_ms(found->entry, member) == NO_MEMBER)
        return ABSENT;
    if (target->due_ms > call_now_ms(target->call)) {
        target->type->set_due(db, found, member, target->due_ms);
        target->has_set = true;
        if (effects_are_wanted(target->call)) tell_due(target, member);
        return SET;
    }
    (void)target->type->remove(db, target->key, found, &member, 1);
    target->has_removed = true;
    if (effects_are_wanted(target->call)) tell_removed(target, member);
    return REMOVED;
}

static void finish(const struct target *target) {
    const struct member_type *type = target->type;
    if (target->has_set) {
        member_expiry_update(target->call->db, target->key, target->found.entry);
        call_notify(target->call, type->event_class, target->key.name, type->expire_event);
    }
    if (target->has_removed)
        collection_notify(target->call, type->event_class, target->key, type->remove_event,
                          &target->found);
}

/* False after the error reply. An absent key has no type and gets ABSENT for every member. */
static bool open_target(struct call *call, int64_t due_ms, struct target *target) {
    struct key key = call_key(call, 1);
    *target = (struct target){
        .call = call,
        .key = key,
        .found = database_use(call->db, key),
        .due_ms = due_ms,
    };
    if (target->found.entry == NULL) return true;
    target->type = require_type(call, target->found.entry);
    return target->type != NULL;
}

static void expire_one(struct call *call, enum due_unit unit) {
    int64_t due_ms;
    struct target target;
    if (!argument_due(call, 3, unit, true, &due_ms) || !open_target(call, due_ms, &target)) return;
    enum outcome outcome = expire_member(&target, call->args[2]);
    finish(&target);
    reply_integer(call, outcome != ABSENT);
}

static bool parse_unit(struct call *call, enum due_unit *unit) {
    *unit = DUE_SECONDS;
    if (call->argc == 4) return true;
    if (call->argc == 5 && argument_is(call, 4, "s")) return true;
    *unit = DUE_MS;
    if (call->argc == 5 && argument_is(call, 4, "ms")) return true;
    reply_error(call, call->argc == 5 ? "ERR Invalid unit arg" : "ERR Invalid number of arguments");
    return false;
}

static void expiremember_command(struct call *call) {
    enum due_unit unit;
    if (parse_unit(call, &unit)) expire_one(call, unit);
}

static void expirememberat_command(struct call *call) {
    expire_one(call, DUE_UNIX_SECONDS);
}

static void pexpirememberat_command(struct call *call) {
    expire_one(call, DUE_UNIX_MS);
}

/* --- FIELDEXPIRE --- */

static bool parse_seconds(struct call *call, int64_t *due_ms) {
    int64_t seconds;
    if (!argument_i64(call, 2, &seconds)) return false;
    /* Zero is allowed, and passes at once. */
    return argument_due(call, 2, DUE_SECONDS, seconds == 0, due_ms);
}

static void fieldexpire_command(struct call *call) {
    static const int replies[] = {[ABSENT] = -2, [SET] = 1, [REMOVED] = 2};
    int64_t due_ms;
    struct target target;
    if (!parse_seconds(call, &due_ms) || !open_target(call, due_ms, &target)) return;
    reply_array(call, call->argc - 3);
    for (uint32_t i = 3; i < call->argc; i++)
        reply_integer(call, replies[expire_member(&target, call->args[i])]);
    finish(&target);
}

/* --- FIELDTTL --- */

enum { TTL_NO_DUE = -1, TTL_NO_KEY = -2, TTL_NO_MEMBER = -3, MS_PER_SECOND = 1000 };

/* Rounded up: a member that is there has at least a second. */
static int64_t seconds_left(const struct call *call, int64_t due_ms) {
    int64_t left_ms = due_ms - call_now_ms(call);
    return left_ms / MS_PER_SECOND + (left_ms % MS_PER_SECOND != 0);
}

static void fieldttl_command(struct call *call) {
    const struct entry *entry = database_peek(call->db, call_key(call, 1));
    if (entry == NULL) {
        reply_integer(call, TTL_NO_KEY);
        return;
    }
    const struct member_type *type = require_type(call, entry);
    if (type == NULL) return;
    int64_t due_ms = type->due_ms(entry, call->args[2]);
    if (due_ms == NO_MEMBER)
        reply_integer(call, TTL_NO_MEMBER);
    else
        reply_integer(call, due_ms == NO_DUE ? TTL_NO_DUE : seconds_left(call, due_ms));
}

static const struct command_row rows[] = {
    {
        .name = "expiremember",
        .handler = expiremember_command,
        .arity = -4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a member of a set or sorted set or a field of a hash expire after a time.",
        .syntax = "key member delay:integer [unit(S | MS)]",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "generic",
    },
    {
        .name = "expirememberat",
        .handler = expirememberat_command,
        .arity = 4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a member of a set or sorted set or a field of a hash expire at a Unix "
                   "time in seconds.",
        .syntax = "key member unix-time-seconds",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "generic",
    },
    {
        .name = "pexpirememberat",
        .handler = pexpirememberat_command,
        .arity = 4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets a member of a set or sorted set or a field of a hash expire at a Unix "
                   "time in milliseconds.",
        .syntax = "key member unix-time-milliseconds",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "generic",
    },
    {
        .name = "fieldexpire",
        .handler = fieldexpire_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SET | CATEGORY_HASH | CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets members of a set or sorted set or fields of a hash expire after seconds.",
        .syntax = "key seconds field...",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "generic",
    },
    {
        .name = "fieldttl",
        .handler = fieldttl_command,
        .arity = 3,
        .member_index = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many seconds a member of a set or sorted set or a field of a hash "
                   "has left.",
        .syntax = "key field",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "generic",
    },
};

const struct command_list member_expire_commands = COMMAND_LIST(rows);
