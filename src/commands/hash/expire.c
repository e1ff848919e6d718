/* When fields expire: HEXPIRE and its kin, HPERSIST. */
#include "commands/hash/fields.h"
#include "commands/hash/hash_commands.h"
#include "data/member_expiry.h"
#include "engine/collection_access.h"
#include "engine/effects.h"

static const struct member_option_texts option_texts = {
    .keyword = "fields",
    .twice = "ERR FIELDS keyword specified multiple times",
    .too_short = "ERR FIELDS requires at least numfields and one field argument",
    .bad_count = "ERR Parameter `numFields` should be greater than 0",
    .missing = "ERR missing FIELDS argument",
};

/* A time that has passed deletes the field at once. */
static enum member_due_result apply_due(struct call *call, struct key key, struct found *found,
                                        struct bytes name, enum member_due_condition condition,
                                        int64_t due_ms) {
    struct hash_field field;
    if (found->entry == NULL || !hash_get(found->entry, name, &field)) return MEMBER_ABSENT;
    if (!member_due_condition_holds(condition, field.due_ms, due_ms)) return MEMBER_NOT_MET;
    if (due_ms > call_now_ms(call)) {
        hash_set_due(call->db, found, name, due_ms);
        return MEMBER_DUE_SET;
    }
    (void)hash_delete(call->db, key, found, &name, 1);
    return MEMBER_REMOVED;
}

/* The fields are found by the same condition again, which no clock is part of. */
static COLD void tell_due(struct call *call, int64_t due_ms) {
    call_effect_open(call, BYTES("HPEXPIREAT"), call->args[1]);
    call_effect_add_number(call, due_ms);
    call_effect_add_args(call, 3, call->argc);
    call_effect_close(call);
}

static COLD void tell_deleted(struct call *call, struct bytes name, bool is_first) {
    if (is_first) call_effect_open(call, BYTES("HDEL"), call->args[1]);
    call_effect_add(call, name);
}

static void expire_fields(struct call *call, struct key key, struct found *found,
                          const struct member_due_options *options, int64_t due_ms) {
    const struct member_list *fields = &options->list;
    bool has_set = false, has_deleted = false;
    reply_array(call, fields->count);
    for (uint32_t i = 0; i < fields->count; i++) {
        enum member_due_result result =
            apply_due(call, key, found, fields->items[i], options->condition, due_ms);
        if (result == MEMBER_REMOVED && effects_are_wanted(call))
            tell_deleted(call, fields->items[i], !has_deleted);
        has_set |= result == MEMBER_DUE_SET;
        has_deleted |= result == MEMBER_REMOVED;
        reply_integer(call, result);
    }
    if (has_set) {
        member_expiry_update(call->db, key, found->entry);
        call_notify(call, KEY_EVENT_HASH, key.name, "hexpire");
        if (effects_are_wanted(call)) tell_due(call, due_ms);
    }
    call_effect_close(call);
    if (has_deleted) collection_notify(call, KEY_EVENT_HASH, key, "hdel", found);
}

static void expire_in_unit(struct call *call, enum due_unit unit) {
    struct member_due_options options;
    int64_t due_ms;
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    if (!member_due_parse(call, 2, unit, &due_ms) ||
        !member_due_parse_options(call, 3, &option_texts, &options))
        return;
    expire_fields(call, key, &found, &options, due_ms);
}

static void hexpire_command(struct call *call) {
    expire_in_unit(call, DUE_SECONDS);
}

static void hpexpire_command(struct call *call) {
    expire_in_unit(call, DUE_MS);
}

static void hexpireat_command(struct call *call) {
    expire_in_unit(call, DUE_UNIX_SECONDS);
}

static void hpexpireat_command(struct call *call) {
    expire_in_unit(call, DUE_UNIX_MS);
}

static enum member_due_result persist(struct call *call, struct found *found, struct bytes name) {
    struct hash_field field;
    if (found->entry == NULL || !hash_get(found->entry, name, &field)) return MEMBER_ABSENT;
    if (field.due_ms == 0) return MEMBER_HAS_NO_DUE;
    hash_set_due(call->db, found, name, 0);
    return MEMBER_DUE_SET;
}

static void hpersist_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct member_list fields;
    bool has_changed = false;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    if (!fields_parse_last(call, 2, &fields)) return;
    reply_array(call, fields.count);
    for (uint32_t i = 0; i < fields.count; i++) {
        enum member_due_result result = persist(call, &found, fields.items[i]);
        has_changed |= result == MEMBER_DUE_SET;
        reply_integer(call, result);
    }
    if (!has_changed) return;
    member_expiry_update(call->db, key, found.entry);
    call_notify(call, KEY_EVENT_HASH, key.name, "hpersist");
}

static const struct command_row rows[] = {
    {
        .name = "hexpire",
        .handler = hexpire_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets fields expire after seconds.",
        .syntax =
            "key seconds [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hpexpire",
        .handler = hpexpire_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets fields expire after milliseconds.",
        .syntax = "key milliseconds [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer "
                  "field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hexpireat",
        .handler = hexpireat_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets fields expire at a Unix time in seconds.",
        .syntax =
            "key unix-time-seconds [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer "
            "field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hpexpireat",
        .handler = hpexpireat_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Lets fields expire at a Unix time in milliseconds.",
        .syntax = "key unix-time-milliseconds [condition(NX | XX | GT | LT)] FIELDS "
                  "fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
    {
        .name = "hpersist",
        .handler = hpersist_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Takes the expiry off fields.",
        .syntax = "key FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "7.4.0",
        .group = "hash",
    },
};

const struct command_list hash_expire_commands = COMMAND_LIST(rows);
