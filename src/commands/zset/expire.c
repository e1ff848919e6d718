/* When members expire: ZEXPIRE and its kin, ZPERSIST; and asking for it: ZTTL and its kin. Names
 * and syntax are Garnet's, replies those of Redis's commands on fields of hashes. */
#include "commands/zset/zset_commands.h"
#include "data/member_expiry.h"
#include "data/types/zset/zset.h"
#include "engine/collection_access.h"
#include "engine/effects.h"
#include "engine/member_due_options.h"

enum { KEY = 1, DUE = 2, FIRST_OPTION = 3, LIST = 2 };

enum { NO_MEMBER = -1, NO_DUE = 0 }; /* of zset_due_ms */

static const struct member_list_texts list_texts = {
    .keyword = "members",
    .missing = "ERR Mandatory argument MEMBERS is missing or not at the right position",
    .bad_count = "ERR Number of members must be a positive integer",
    .not_all = "ERR The `nummembers` parameter must match the number of arguments",
};

static const struct member_option_texts option_texts = {
    .keyword = "members",
    .twice = "ERR MEMBERS keyword specified multiple times",
    .too_short = "ERR MEMBERS requires at least nummembers and one member argument",
    .bad_count = "ERR Parameter `numMembers` should be greater than 0",
    .missing = "ERR missing MEMBERS argument",
};

static int64_t find_due(const struct entry *entry, struct bytes member) {
    return entry == NULL ? NO_MEMBER : zset_due_ms(entry, member);
}

/* --- setting --- */

/* A time that has passed removes the member at once. */
static enum member_due_result apply_due(struct call *call, struct key key, struct found *found,
                                        struct bytes member, enum member_due_condition condition,
                                        int64_t due_ms) {
    int64_t old_ms = find_due(found->entry, member);
    if (old_ms == NO_MEMBER) return MEMBER_ABSENT;
    if (!member_due_condition_holds(condition, old_ms, due_ms)) return MEMBER_NOT_MET;
    if (due_ms > call_now_ms(call)) {
        zset_set_due(call->db, found, member, due_ms);
        return MEMBER_DUE_SET;
    }
    (void)zset_remove(call->db, key, found, member);
    return MEMBER_REMOVED;
}

/* The members are found by the same condition again, which no clock is part of. */
static COLD void tell_due(struct call *call, int64_t due_ms) {
    call_effect_open(call, BYTES("ZPEXPIREAT"), call->args[KEY]);
    call_effect_add_number(call, due_ms);
    call_effect_add_args(call, FIRST_OPTION, call->argc);
    call_effect_close(call);
}

static COLD void tell_removed(struct call *call, struct bytes member, bool is_first) {
    if (is_first) call_effect_open(call, BYTES("ZREM"), call->args[KEY]);
    call_effect_add(call, member);
}

static void expire_members(struct call *call, struct key key, struct found *found,
                           const struct member_due_options *options, int64_t due_ms) {
    const struct member_list *list = &options->list;
    bool has_set = false, has_removed = false;
    reply_array(call, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        enum member_due_result result =
            apply_due(call, key, found, list->items[i], options->condition, due_ms);
        if (result == MEMBER_REMOVED && effects_are_wanted(call))
            tell_removed(call, list->items[i], !has_removed);
        has_set |= result == MEMBER_DUE_SET;
        has_removed |= result == MEMBER_REMOVED;
        reply_integer(call, result);
    }
    if (has_set) {
        member_expiry_update(call->db, key, found->entry);
        call_notify(call, KEY_EVENT_ZSET, key.name, "zexpire");
        if (effects_are_wanted(call)) tell_due(call, due_ms);
    }
    call_effect_close(call);
    if (has_removed) collection_notify(call, KEY_EVENT_ZSET, key, "zrem", found);
}

static void expire_in_unit(struct call *call, enum due_unit unit) {
    struct member_due_options options;
    int64_t due_ms;
    struct key key = call_key(call, KEY);
    struct found found;
    if (!collection_find(call, key, VALUE_ZSET, &found)) return;
    if (!member_due_parse(call, DUE, unit, &due_ms) ||
        !member_due_parse_options(call, FIRST_OPTION, &option_texts, &options))
        return;
    expire_members(call, key, &found, &options, due_ms);
}

static void zexpire_command(struct call *call) {
    expire_in_unit(call, DUE_SECONDS);
}

static void zpexpire_command(struct call *call) {
    expire_in_unit(call, DUE_MS);
}

static void zexpireat_command(struct call *call) {
    expire_in_unit(call, DUE_UNIX_SECONDS);
}

static void zpexpireat_command(struct call *call) {
    expire_in_unit(call, DUE_UNIX_MS);
}

static enum member_due_result persist(struct call *call, struct found *found, struct bytes member) {
    int64_t due_ms = find_due(found->entry, member);
    if (due_ms == NO_MEMBER) return MEMBER_ABSENT;
    if (due_ms == NO_DUE) return MEMBER_HAS_NO_DUE;
    zset_set_due(call->db, found, member, NO_DUE);
    return MEMBER_DUE_SET;
}

static void zpersist_command(struct call *call) {
    struct key key = call_key(call, KEY);
    struct found found;
    struct member_list list;
    bool has_changed = false;
    if (!collection_find(call, key, VALUE_ZSET, &found) ||
        !member_list_parse_last(call, LIST, &list_texts, &list))
        return;
    reply_array(call, list.count);
    for (uint32_t i = 0; i < list.count; i++) {
        enum member_due_result result = persist(call, &found, list.items[i]);
        has_changed |= result == MEMBER_DUE_SET;
        reply_integer(call, result);
    }
    if (!has_changed) return;
    member_expiry_update(call->db, key, found.entry);
    call_notify(call, KEY_EVENT_ZSET, key.name, "zpersist");
}

/* --- asking --- */

static int64_t ask_member(const struct call *call, const struct entry *entry, struct bytes member,
                          enum due_unit unit) {
    int64_t due_ms = find_due(entry, member);
    if (due_ms == NO_MEMBER) return MEMBER_ABSENT;
    if (due_ms == NO_DUE) return MEMBER_HAS_NO_DUE;
    return member_due_tell(due_ms, unit, call_now_ms(call));
}

static void reply_dues(struct call *call, enum due_unit unit) {
    const struct entry *entry;
    struct member_list list;
    if (!collection_read(call, call_key(call, KEY), VALUE_ZSET, &entry) ||
        !member_list_parse_last(call, LIST, &list_texts, &list))
        return;
    reply_array(call, list.count);
    for (uint32_t i = 0; i < list.count; i++)
        reply_integer(call, ask_member(call, entry, list.items[i], unit));
}

static void zttl_command(struct call *call) {
    reply_dues(call, DUE_SECONDS);
}

static void zpttl_command(struct call *call) {
    reply_dues(call, DUE_MS);
}

static void zexpiretime_command(struct call *call) {
    reply_dues(call, DUE_UNIX_SECONDS);
}

static void zpexpiretime_command(struct call *call) {
    reply_dues(call, DUE_UNIX_MS);
}

#define MEMBERS_SYNTAX "MEMBERS members(nummembers:integer member...)"
#define EXPIRE_SYNTAX "[condition(NX | XX | GT | LT)] " MEMBERS_SYNTAX

static const struct command_row rows[] = {
    {
        .name = "zexpire",
        .handler = zexpire_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW update")},
        .summary = "Lets members of a sorted set expire after seconds.",
        .syntax = "key seconds " EXPIRE_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpexpire",
        .handler = zpexpire_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW update")},
        .summary = "Lets members of a sorted set expire after milliseconds.",
        .syntax = "key milliseconds " EXPIRE_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zexpireat",
        .handler = zexpireat_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW update")},
        .summary = "Lets members of a sorted set expire at a Unix time in seconds.",
        .syntax = "key unix-time-seconds " EXPIRE_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpexpireat",
        .handler = zpexpireat_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW update")},
        .summary = "Lets members of a sorted set expire at a Unix time in milliseconds.",
        .syntax = "key unix-time-milliseconds " EXPIRE_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpersist",
        .handler = zpersist_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW update")},
        .summary = "Takes the expiry off members of a sorted set.",
        .syntax = "key " MEMBERS_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zttl",
        .handler = zttl_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many seconds members of a sorted set have left.",
        .syntax = "key " MEMBERS_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpttl",
        .handler = zpttl_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns how many milliseconds members of a sorted set have left.",
        .syntax = "key " MEMBERS_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zexpiretime",
        .handler = zexpiretime_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .summary = "Returns the Unix times in seconds at which members of a sorted set expire.",
        .syntax = "key " MEMBERS_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zpexpiretime",
        .handler = zpexpiretime_command,
        .arity = -5,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RO access")},
        .summary =
            "Returns the Unix times in milliseconds at which members of a sorted set expire.",
        .syntax = "key " MEMBERS_SYNTAX,
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_expire_commands = COMMAND_LIST(rows);
