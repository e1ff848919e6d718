/* Reading or writing fields and changing their expiry in one step: HGETEX, HSETEX, HGETDEL. */
#include "commands/hash/fields.h"
#include "commands/hash/hash_commands.h"
#include "data/member_expiry.h"
#include "engine/collection_access.h"
#include "engine/effects.h"

/* --- options of HGETEX and HSETEX, in any order --- */

/* How many words a field takes: HGETEX names fields, HSETEX gives them values. */
enum { NAMES = 1, PAIRS = 2 };

struct lifetime_options {
    struct member_list fields;
    bool is_persist;       /* HGETEX PERSIST */
    bool is_keeping_due;   /* HSETEX KEEPTTL */
    bool is_only_new;      /* HSETEX FNX: none of the fields may be there */
    bool is_only_existing; /* HSETEX FXX: all of them must */
    int64_t due_ms;        /* 0: none was given */
};

static bool reject(struct call *call, const char *error) {
    reply_error(call, error);
    return false;
}

/* Only one of the options on the expiry may be given, and only once. */
static bool may_set_lifetime(struct call *call, uint32_t words,
                             const struct lifetime_options *options) {
    if (!options->is_persist && !options->is_keeping_due && options->due_ms == 0) return true;
    return reject(call,
                  words == NAMES
                      ? "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified"
                      : "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
}

static bool parse_lifetime_flag(struct call *call, uint32_t words, bool *flag,
                                const struct lifetime_options *options) {
    if (!may_set_lifetime(call, words, options)) return false;
    *flag = true;
    return true;
}

static bool parse_due(struct call *call, uint32_t *index, enum due_unit unit, int64_t *due_ms) {
    if (!argument_has_next(call, *index)) return reject(call, "ERR missing expire time");
    *index += 1;
    return member_due_parse(call, *index, unit, due_ms);
}

static bool parse_condition(struct call *call, bool *flag, const struct lifetime_options *options) {
    if (options->is_only_new || options->is_only_existing)
        return reject(call, "ERR Only one of FXX or FNX arguments can be specified");
    *flag = true;
    return true;
}

/* Reads the option at *index, which becomes the index of its last word. */
static bool parse_option(struct call *call, uint32_t *index, uint32_t words,
                         struct lifetime_options *options) {
    static const struct member_option_texts texts = {
        .keyword = "fields",
        .twice = "ERR FIELDS keyword specified multiple times",
        .too_short = "ERR wrong number of arguments",
        .bad_count = "ERR invalid number of fields",
        .missing = "ERR missing FIELDS argument",
    };
    enum due_unit unit;
    if (argument_is(call, *index, texts.keyword))
        return member_list_parse_option(call, index, words, &texts, &options->fields);
    if (argument_is_due_unit(call, *index, &unit))
        return may_set_lifetime(call, words, options) &&
               parse_due(call, index, unit, &options->due_ms);
    if (words == NAMES && argument_is(call, *index, "persist"))
        return parse_lifetime_flag(call, words, &options->is_persist, options);
    if (words == PAIRS && argument_is(call, *index, "keepttl"))
        return parse_lifetime_flag(call, words, &options->is_keeping_due, options);
    if (words == PAIRS && argument_is(call, *index, "fnx"))
        return parse_condition(call, &options->is_only_new, options);
    if (words == PAIRS && argument_is(call, *index, "fxx"))
        return parse_condition(call, &options->is_only_existing, options);
    return member_list_reject_argument(call, *index);
}

static bool parse_options(struct call *call, uint32_t words, struct lifetime_options *options) {
    *options = (struct lifetime_options){0};
    for (uint32_t i = 2; i < call->argc; i++) {
        if (!parse_option(call, &i, words, options)) return false;
    }
    return options->fields.items != NULL || reject(call, "ERR missing FIELDS argument");
}

/* --- HGETDEL and HGETEX --- */

static COLD void tell_deleted(struct call *call, const struct member_list *fields, uint32_t words) {
    call_effect_open(call, BYTES("HDEL"), call->args[1]);
    for (uint32_t i = 0; i < fields->count; i++) call_effect_add(call, fields->items[i * words]);
    call_effect_close(call);
}

/* Replies each value and deletes its field, one after the other: named again it is null. */
static void reply_and_delete(struct call *call, struct key key, struct found *found,
                             const struct member_list *fields) {
    size_t deleted = 0;
    reply_array(call, fields->count);
    for (uint32_t i = 0; i < fields->count; i++) {
        fields_reply_value(call, found->entry, fields->items[i]);
        if (found->entry != NULL)
            deleted += hash_delete(call->db, key, found, &fields->items[i], 1);
    }
    if (deleted == 0) return;
    collection_notify(call, KEY_EVENT_HASH, key, "hdel", found);
    if (effects_are_wanted(call)) tell_deleted(call, fields, NAMES);
}

static void hgetdel_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct member_list fields;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    if (fields_parse_last(call, 2, &fields)) reply_and_delete(call, key, &found, &fields);
}

/* Gives the fields that are there a due time, or with 0 takes it away; true when that changed
 * something. */
static bool set_dues(struct call *call, struct key key, struct found *found,
                     const struct member_list *fields, uint32_t words, int64_t due_ms) {
    bool has_changed = false;
    for (uint32_t i = 0; i < fields->count; i++) {
        struct bytes name = fields->items[i * words];
        struct hash_field field;
        if (!hash_get(found->entry, name, &field)) continue;
        if (due_ms == 0 && field.due_ms == 0) continue;
        hash_set_due(call->db, found, name, due_ms);
        has_changed = true;
    }
    if (has_changed) member_expiry_update(call->db, key, found->entry);
    return has_changed;
}

static COLD void tell_lifetime(struct call *call, const struct lifetime_options *options) {
    const struct member_list *fields = &options->fields;
    call_effect_open(call, options->is_persist ? BYTES("HPERSIST") : BYTES("HPEXPIREAT"),
                     call->args[1]);
    if (!options->is_persist) call_effect_add_number(call, options->due_ms);
    call_effect_add(call, BYTES("FIELDS"));
    call_effect_add_number(call, fields->count);
    for (uint32_t i = 0; i < fields->count; i++) call_effect_add(call, fields->items[i]);
    call_effect_close(call);
}

static void hgetex_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct lifetime_options options;
    if (!parse_options(call, NAMES, &options)) return;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    const struct member_list *fields = &options.fields;
    if (options.due_ms != 0 && options.due_ms <= call_now_ms(call)) {
        reply_and_delete(call, key, &found, fields);
        return;
    }
    fields_reply_values(call, found.entry, fields->items, fields->count);
    if (found.entry == NULL || (options.due_ms == 0 && !options.is_persist)) return;
    if (!set_dues(call, key, &found, fields, NAMES, options.due_ms)) return;
    call_notify(call, KEY_EVENT_HASH, key.name, options.is_persist ? "hpersist" : "hexpire");
    if (effects_are_wanted(call)) tell_lifetime(call, &options);
}

/* --- HSETEX --- */

static bool condition_holds(const struct lifetime_options *options, const struct entry *entry) {
    if (!options->is_only_new && !options->is_only_existing) return true;
    for (uint32_t i = 0; i < options->fields.count; i++) {
        struct hash_field field;
        bool is_there = entry != NULL && hash_get(entry, options->fields.items[i * PAIRS], &field);
        if (is_there != options->is_only_existing) return false;
    }
    return true;
}

static void delete_again(struct call *call, struct key key, struct found *found,
                         const struct member_list *fields) {
    for (uint32_t i = 0; i < fields->count && found->entry != NULL; i++)
        (void)hash_delete(call->db, key, found, &fields->items[i * PAIRS], 1);
    collection_notify(call, KEY_EVENT_HASH, key, "hdel", found);
}

/* What came of it: without a due time to set or keep it was HSET. */
static COLD void tell_set(struct call *call, const struct lifetime_options *options) {
    const struct member_list *fields = &options->fields;
    bool is_plain = options->due_ms == 0 && !options->is_keeping_due;
    call_effect_open(call, is_plain ? BYTES("HSET") : BYTES("HSETEX"), call->args[1]);
    if (options->is_keeping_due) call_effect_add(call, BYTES("KEEPTTL"));
    if (options->due_ms != 0) {
        call_effect_add(call, BYTES("PXAT"));
        call_effect_add_number(call, options->due_ms);
    }
    if (!is_plain) {
        call_effect_add(call, BYTES("FIELDS"));
        call_effect_add_number(call, fields->count);
    }
    for (uint32_t i = 0; i < PAIRS * fields->count; i++) call_effect_add(call, fields->items[i]);
    call_effect_close(call);
}

static COLD void tell_set_or_deleted(struct call *call, const struct lifetime_options *options) {
    bool is_past = options->due_ms != 0 && options->due_ms <= call_now_ms(call);
    if (is_past)
        tell_deleted(call, &options->fields, PAIRS);
    else
        tell_set(call, options);
}

/* With a time that has passed, the fields are set and go at once, as the events tell. */
static void set_with_lifetime(struct call *call, struct key key, struct found *found,
                              const struct lifetime_options *options) {
    const struct member_list *fields = &options->fields;
    bool is_keeping_due = options->is_keeping_due || options->due_ms != 0;
    (void)hash_set(call->db, key, found, fields->items, fields->count,
                   is_keeping_due ? HASH_KEEP_DUE : 0);
    call_notify(call, KEY_EVENT_HASH, key.name, "hset");
    if (options->due_ms == 0) return;
    if (options->due_ms <= call_now_ms(call)) {
        delete_again(call, key, found, fields);
    } else {
        (void)set_dues(call, key, found, fields, PAIRS, options->due_ms);
        call_notify(call, KEY_EVENT_HASH, key.name, "hexpire");
    }
}

static void hsetex_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct lifetime_options options;
    if (!parse_options(call, PAIRS, &options)) return;
    if (!collection_find(call, key, VALUE_HASH, &found)) return;
    bool is_set = condition_holds(&options, found.entry);
    if (is_set) set_with_lifetime(call, key, &found, &options);
    if (is_set && effects_are_wanted(call)) tell_set_or_deleted(call, &options);
    reply_integer(call, is_set);
}

static const struct command_row rows[] = {
    {
        .name = "hgetdel",
        .handler = hgetdel_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW access delete")},
        .summary = "Returns the values of fields and deletes them.",
        .syntax = "key FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "hash",
    },
    {
        .name = "hgetex",
        .handler = hgetex_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Returns the values of fields and changes their expiry.",
        .syntax = "key [expiration(EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
                  "unix-time-milliseconds | PERSIST)] FIELDS fields(numfields:integer field...)",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "hash",
    },
    {
        .name = "hsetex",
        .handler = hsetex_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Sets fields of a hash with one condition and one expiry.",
        .syntax = "key [condition(FNX | FXX)] [expiration(EX seconds | PX milliseconds | EXAT "
                  "unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL)] FIELDS "
                  "fields(numfields:integer data(field value)...)",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "hash",
    },
};

const struct command_list hash_lifetime_commands = COMMAND_LIST(rows);
