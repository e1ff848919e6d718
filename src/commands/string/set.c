/* Writing whole strings: SET and its older forms. */
#include "commands/string/compare.h"
#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/fence.h"
#include "engine/prefetch.h"
#include "engine/string_access.h"
#include "foundation/number.h"

/* What stands behind key and value. */
struct set_options {
    bool is_only_new;      /* NX */
    bool is_only_existing; /* XX */
    bool has_get;
    bool is_keeping_due;
    bool wants_fence; /* FENCE: the reply is a fencing token */
    struct comparison comparison;
    uint32_t due_index; /* of the argument; 0: none */
    enum due_unit unit;
};

/* An option may be given again, the last one counts; another one of its kind may not. */
static bool may_take_condition(const struct set_options *options, bool is_same) {
    bool has_other = options->is_only_new || options->is_only_existing ||
                     options->comparison.kind != COMPARE_NONE;
    return is_same || !has_other;
}

static bool parse_flag(struct call *call, uint32_t index, struct set_options *options) {
    if (argument_is(call, index, "get")) {
        options->has_get = true;
    } else if (argument_is(call, index, "nx") &&
               may_take_condition(options, options->is_only_new)) {
        options->is_only_new = true;
    } else if (argument_is(call, index, "xx") &&
               may_take_condition(options, options->is_only_existing)) {
        options->is_only_existing = true;
    } else if (argument_is(call, index, "keepttl") && options->due_index == 0) {
        options->is_keeping_due = true;
    } else if (argument_is(call, index, "fence")) {
        options->wants_fence = true;
    } else {
        return false;
    }
    return true;
}

static bool parse_due(struct call *call, uint32_t index, struct set_options *options) {
    enum due_unit unit;
    if (!argument_is_due_unit(call, index, &unit) || options->is_keeping_due) return false;
    if (options->due_index != 0 && options->unit != unit) return false;
    options->unit = unit;
    options->due_index = index + 1;
    return true;
}

static bool parse_comparison(struct call *call, uint32_t index, struct set_options *options) {
    enum compare_kind kind;
    if (!compare_parse_kind(call->args[index], &kind)) return false;
    if (!may_take_condition(options, options->comparison.kind == kind)) return false;
    options->comparison = (struct comparison){kind, call->args[index + 1]};
    return true;
}

/* A token is for who has just taken a lock. */
static bool may_want_fence(const struct set_options *options) {
    return options->is_only_new && !options->has_get;
}

static bool parse_set(struct call *call, uint32_t first, struct set_options *options) {
    for (uint32_t i = first; i < call->argc; i++) {
        if (parse_flag(call, i, options)) continue;
        if (!argument_has_next(call, i)) return false;
        if (!parse_due(call, i, options) && !parse_comparison(call, i, options)) return false;
        i++;
    }
    return !options->wants_fence || may_want_fence(options);
}

static bool may_set(const struct set_options *options, const struct entry *entry) {
    if (options->is_only_new) return entry == NULL;
    if (options->is_only_existing) return entry != NULL;
    return compare_holds(&options->comparison, entry);
}

static void store(struct call *call, struct key key, struct found *found, struct bytes value,
                  const struct set_options *options, int64_t due_ms) {
    unsigned flags = STRING_OVERWRITES | (options->is_keeping_due ? STRING_KEEP_DUE : 0);
    if (due_ms != 0) flags |= STRING_WANT_DUE;
    string_store(call->db, key, found, value, flags);
    if (due_ms != 0) database_set_due(call->db, key, found, due_ms);
    call_notify(call, KEY_EVENT_STRING, key.name, "set");
    if (due_ms != 0) call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
}

/* The string commands that read the old value mind its type; plain SET replaces any. */
static bool minds_type(const struct set_options *options) {
    return options->has_get || options->comparison.kind != COMPARE_NONE;
}

/* Tokens stay larger in another life of the data. */
static void reply_token(struct call *call) {
    int64_t token = fence_next(call->engine);
    if (effects_are_wanted(call)) {
        char digits[NUMBER_I64_MAX_CHARS];
        CALL_EFFECT(call, BYTES("FENCE.RAISE"), bytes_of(digits, number_format_i64(digits, token)));
    }
    reply_integer(call, token);
}

static void reply_is_set(struct call *call, const struct set_options *options) {
    if (options->wants_fence)
        reply_token(call);
    else if (!options->has_get)
        reply_ok(call);
}

/* Whatever it depended on has been decided. */
static COLD void tell_set(struct call *call, struct bytes value, const struct set_options *options,
                          int64_t due_ms) {
    bool is_plain = call->argc == 3 && !options->has_get;
    if (is_plain) return;
    call_effect_open(call, BYTES("SET"), call->args[1]);
    call_effect_add(call, value);
    if (options->is_keeping_due) call_effect_add(call, BYTES("KEEPTTL"));
    if (due_ms != 0) {
        call_effect_add(call, BYTES("PXAT"));
        call_effect_add_number(call, due_ms);
    }
    call_effect_close(call);
}

static void run_set(struct call *call, struct bytes value, const struct set_options *options,
                    int64_t due_ms) {
    struct key key = call_key(call, 1);
    struct found found = database_use(call->db, key);
    if (options->has_get) (void)database_count_read(call->db, key, found.entry);
    if (minds_type(options) && found.entry != NULL && found.entry->type != VALUE_STRING) {
        reply_error_wrong_type(call);
        return;
    }
    if (options->has_get) string_access_reply(call, found.entry);
    if (!may_set(options, found.entry)) {
        if (!options->has_get) reply_null(call);
        return;
    }
    store(call, key, &found, value, options, due_ms);
    if (UNLIKELY(effects_are_wanted(call))) tell_set(call, value, options, due_ms);
    reply_is_set(call, options);
}

static void set_command(struct call *call) {
    struct set_options options = {0};
    if (!parse_set(call, 3, &options)) {
        reply_error_syntax(call);
        return;
    }
    int64_t due_ms = 0;
    if (options.due_index != 0 &&
        !argument_due(call, options.due_index, options.unit, false, &due_ms))
        return;
    if (!compare_check_operand(call, &options.comparison)) return;
    run_set(call, call->args[2], &options, due_ms);
}

static void set_with_due(struct call *call, enum due_unit unit) {
    struct set_options options = {0};
    int64_t due_ms;
    if (argument_due(call, 2, unit, false, &due_ms)) run_set(call, call->args[3], &options, due_ms);
}

/* With GET the old value is read too. */
static int64_t find_set_keys(const struct bytes *args, uint32_t argc,
                             struct key_position *positions, size_t max) {
    bool has_get = false;
    for (uint32_t i = 3; i < argc; i++) has_get |= bytes_is_word(args[i], "get");
    if (max > 0)
        positions[0] =
            (struct key_position){.index = 1, .flags = has_get ? "RW access update" : "OW update"};
    return 1;
}

static void setex_command(struct call *call) {
    set_with_due(call, DUE_SECONDS);
}

static void psetex_command(struct call *call) {
    set_with_due(call, DUE_MS);
}

static void setnx_command(struct call *call) {
    struct set_options options = {0};
    struct key key = call_key(call, 1);
    struct found found = database_use(call->db, key);
    bool is_new = found.entry == NULL;
    if (is_new) store(call, key, &found, call->args[2], &options, 0);
    reply_integer(call, is_new);
}

static void getset_command(struct call *call) {
    struct set_options options = {.has_get = true};
    run_set(call, call->args[2], &options, 0);
}

static const struct command_row rows[] = {
    {
        .name = "set",
        .handler = set_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update variable_flags")},
        .find_keys = find_set_keys,
        .summary = "Sets the string value of a key.",
        .syntax = "key value [condition(NX | XX | IFEQ ifeq-value/8.4.0 | IFNE ifne-value/8.4.0 | "
                  "IFDEQ ifdeq-digest/8.4.0 | IFDNE ifdne-digest/8.4.0)/2.6.12] [GET/6.2.0] "
                  "[expiration(EX seconds/2.6.12 | PX milliseconds/2.6.12 | EXAT "
                  "unix-time-seconds/6.2.0 | PXAT unix-time-milliseconds/6.2.0 | KEEPTTL/6.0.0)] "
                  "[FENCE/8.0.0]",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "setex",
        .handler = setex_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "OW update")},
        .summary = "Sets a string that expires after seconds.",
        .syntax = "key seconds value",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "string",
    },
    {
        .name = "psetex",
        .handler = psetex_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "OW update")},
        .summary = "Sets a string that expires after milliseconds.",
        .syntax = "key milliseconds value",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "string",
    },
    {
        .name = "setnx",
        .handler = setnx_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "OW insert")},
        .summary = "Sets a string if the key does not exist.",
        .syntax = "key value",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "getset",
        .handler = getset_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Replaces a string and returns the old one.",
        .syntax = "key value",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
        .deprecated_since = "6.2.0",
        .replaced_by = "`SET` with the `!GET` argument",
    },
};

const struct command_list string_set_commands = COMMAND_LIST(rows);
