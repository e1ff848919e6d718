/* When fields expire: HEXPIRE and its kin, HPERSIST. */
#include "commands/hash/fields.h"
#include "commands/hash/hash_commands.h"
#include "data/member_expiry.h"
#include "engine/collection_access.h"

/* What is replied for each field. */
enum field_result {
    NO_FIELD = -2,
    NO_DUE = -1, /* HPERSIST: it had none */
    NOT_MET = 0, /* the condition */
    DONE = 1,
    DELETED = 2, /* the time has passed */
};

enum condition {
    ALWAYS,
    ONLY_WITHOUT, /* NX: the field has no due time */
    ONLY_WITH,    /* XX */
    ONLY_LATER,   /* GT: no due time counts as never */
    ONLY_SOONER,  /* LT */
};

struct expire_options {
    struct field_list fields;
    enum condition condition;
};

static bool parse_condition_word(const struct call *call, uint32_t index,
                                 enum condition *condition) {
    static const struct {
        const char *word;
        enum condition condition;
    } words[] = {
        {"nx", ONLY_WITHOUT},
        {"xx", ONLY_WITH},
        {"gt", ONLY_LATER},
        {"lt", ONLY_SOONER},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!argument_is(call, index, words[i].word)) continue;
        *condition = words[i].condition;
        return true;
    }
    return false;
}

static bool reject(struct call *call, const char *error) {
    reply_error(call, error);
    return false;
}

/* A condition and FIELDS, in any order. */
static bool parse_options(struct call *call, uint32_t first, struct expire_options *options) {
    static const struct fields_errors errors = {
        .too_short = "ERR FIELDS requires at least numfields and one field argument",
        .bad_count = "ERR Parameter `numFields` should be greater than 0",
    };
    *options = (struct expire_options){.condition = ALWAYS};
    bool is_ambiguous = false;
    for (uint32_t i = first; i < call->argc; i++) {
        enum condition condition;
        if (argument_is(call, i, "fields")) {
            if (!fields_parse_option(call, &i, 1, &errors, &options->fields)) return false;
        } else if (parse_condition_word(call, i, &condition)) {
            is_ambiguous |= options->condition != ALWAYS && options->condition != condition;
            options->condition = condition;
        } else {
            return fields_reject_argument(call, i);
        }
    }
    if (options->fields.items == NULL) return reject(call, "ERR missing FIELDS argument");
    if (is_ambiguous) return reject(call, "ERR Multiple condition flags specified");
    return true;
}

/* `old_ms` is 0 for a field without a due time. */
static bool condition_holds(enum condition condition, int64_t old_ms, int64_t due_ms) {
    switch (condition) {
    case ALWAYS: return true;
    case ONLY_WITHOUT: return old_ms == 0;
    case ONLY_WITH: return old_ms != 0;
    case ONLY_LATER: return old_ms != 0 && due_ms > old_ms;
    case ONLY_SOONER: return old_ms == 0 || due_ms < old_ms;
    }
    return false;
}

/* A time that has passed deletes the field at once. */
static enum field_result apply_due(struct call *call, struct key key, struct found *found,
                                   struct bytes name, enum condition condition, int64_t due_ms) {
    struct hash_field field;
    if (found->entry == NULL || !hash_get(found->entry, name, &field)) return NO_FIELD;
    if (!condition_holds(condition, field.due_ms, due_ms)) return NOT_MET;
    if (due_ms > call_now_ms(call)) {
        hash_set_due(call->db, found, name, due_ms);
        return DONE;
    }
    (void)hash_delete(call->db, key, found, &name, 1);
    return DELETED;
}

static void expire_fields(struct call *call, struct key key, struct found *found,
                          const struct expire_options *options, int64_t due_ms) {
    const struct field_list *fields = &options->fields;
    bool has_set = false, has_deleted = false;
    reply_array(call, fields->count);
    for (uint32_t i = 0; i < fields->count; i++) {
        enum field_result result =
            apply_due(call, key, found, fields->items[i], options->condition, due_ms);
        has_set |= result == DONE;
        has_deleted |= result == DELETED;
        reply_integer(call, result);
    }
    if (has_set) {
        member_expiry_update(call->db, key, found->entry);
        call_notify(call, KEY_EVENT_HASH, key.name, "hexpire");
    }
    if (has_deleted) collection_notify(call, KEY_EVENT_HASH, key, "hdel", found);
}

static void expire_in_unit(struct call *call, enum due_unit unit) {
    struct expire_options options;
    int64_t due_ms;
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    if (!fields_parse_due(call, 2, unit, &due_ms) || !parse_options(call, 3, &options)) return;
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

static enum field_result persist(struct call *call, struct found *found, struct bytes name) {
    struct hash_field field;
    if (found->entry == NULL || !hash_get(found->entry, name, &field)) return NO_FIELD;
    if (field.due_ms == 0) return NO_DUE;
    hash_set_due(call->db, found, name, 0);
    return DONE;
}

static void hpersist_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct field_list fields;
    bool has_changed = false;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    if (!fields_parse_last(call, 2, &fields)) return;
    reply_array(call, fields.count);
    for (uint32_t i = 0; i < fields.count; i++) {
        enum field_result result = persist(call, &found, fields.items[i]);
        has_changed |= result == DONE;
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
