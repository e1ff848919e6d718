/* Writing several strings at once: MSET and MSETNX. */
#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/prefetch.h"
#include "engine/string_access.h"

enum { PAIR = 2 };

/* True when any of `count` keys from argument `first` on, every second one, exists. */
static bool any_exists(struct call *call, uint32_t first, uint32_t end) {
    struct key keys[PREFETCH_MAX_KEYS];
    for (uint32_t index = first; index < end;) {
        size_t count = prefetch_keys(call, index, end, PAIR, keys);
        for (size_t i = 0; i < count; i++) {
            if (database_find(call->db, keys[i]).entry != NULL) return true;
        }
        index += PAIR * (uint32_t)count;
    }
    return false;
}

static void store_pairs(struct call *call, uint32_t first, uint32_t end) {
    struct key keys[PREFETCH_MAX_KEYS];
    for (uint32_t index = first; index < end;) {
        size_t count = prefetch_keys(call, index, end, PAIR, keys);
        for (size_t i = 0; i < count; i++, index += PAIR) {
            struct found found = database_use(call->db, keys[i]);
            string_store(call->db, keys[i], &found, call->args[index + 1], STRING_OVERWRITES);
            call_notify(call, KEY_EVENT_STRING, keys[i].name, "set");
        }
    }
}

static bool check_pairs(struct call *call) {
    if (call->argc % PAIR == 1) return true;
    reply_error_arity(call);
    return false;
}

static void mset_command(struct call *call) {
    if (!check_pairs(call)) return;
    store_pairs(call, 1, call->argc);
    reply_ok(call);
}

static void msetnx_command(struct call *call) {
    if (!check_pairs(call)) return;
    bool is_free = !any_exists(call, 1, call->argc);
    if (is_free) store_pairs(call, 1, call->argc);
    reply_integer(call, is_free);
}

/* --- MSETEX --- */

struct msetex_options {
    bool is_only_new;
    bool is_only_existing;
    bool is_keeping_due;
    uint32_t due_index;
    enum due_unit unit;
};

static bool parse_msetex(struct call *call, uint32_t first, struct msetex_options *options) {
    for (uint32_t i = first; i < call->argc; i++) {
        bool has_condition = options->is_only_new || options->is_only_existing;
        bool has_lifetime = options->is_keeping_due || options->due_index != 0;
        if (argument_is(call, i, "nx") && !has_condition)
            options->is_only_new = true;
        else if (argument_is(call, i, "xx") && !has_condition)
            options->is_only_existing = true;
        else if (argument_is(call, i, "keepttl") && !has_lifetime)
            options->is_keeping_due = true;
        else if (argument_is_due_unit(call, i, &options->unit) && !has_lifetime &&
                 argument_has_next(call, i))
            options->due_index = ++i;
        else
            return false;
    }
    return true;
}

/* Whether the keys are there, or all are not, as the condition wants. */
static bool may_store(struct call *call, uint32_t end, const struct msetex_options *options) {
    if (options->is_only_new) return !any_exists(call, 2, end);
    if (!options->is_only_existing) return true;
    for (uint32_t i = 2; i < end; i += PAIR) {
        if (database_find(call->db, call_key(call, i)).entry == NULL) return false;
    }
    return true;
}

static COLD void tell_msetex(struct call *call, uint32_t end, const struct msetex_options *options,
                             int64_t due_ms) {
    bool is_plain = !options->is_keeping_due && due_ms == 0;
    call_effect_open(call, is_plain ? BYTES("MSET") : BYTES("MSETEX"),
                     call->args[is_plain ? 2 : 1]);
    call_effect_add_args(call, is_plain ? 3 : 2, end);
    if (options->is_keeping_due) call_effect_add(call, BYTES("KEEPTTL"));
    if (due_ms != 0) {
        call_effect_add(call, BYTES("PXAT"));
        call_effect_add_number(call, due_ms);
    }
    call_effect_close(call);
}

static void store_with_lifetime(struct call *call, uint32_t end,
                                const struct msetex_options *options, int64_t due_ms) {
    unsigned flags = STRING_OVERWRITES | (options->is_keeping_due ? STRING_KEEP_DUE : 0);
    if (due_ms != 0) flags |= STRING_WANT_DUE;
    for (uint32_t i = 2; i < end; i += PAIR) {
        struct key key = call_key(call, i);
        struct found found = database_use(call->db, key);
        string_store(call->db, key, &found, call->args[i + 1], flags);
        if (due_ms != 0) database_set_due(call->db, key, &found, due_ms);
        call_notify(call, KEY_EVENT_STRING, key.name, "set");
        if (due_ms != 0) call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
    }
    if (effects_are_wanted(call)) tell_msetex(call, end, options, due_ms);
}

static void msetex_command(struct call *call) {
    int64_t pairs, due_ms = 0;
    struct msetex_options options = {0};
    if (!argument_i64_in(call, 1, 1, INT32_MAX, &pairs, "ERR invalid numkeys value")) return;
    if (pairs > (call->argc - 2) / PAIR) {
        reply_error(call, "ERR wrong number of key-value pairs");
        return;
    }
    uint32_t end = 2 + PAIR * (uint32_t)pairs;
    if (!parse_msetex(call, end, &options)) {
        reply_error_syntax(call);
        return;
    }
    if (options.due_index != 0 &&
        !argument_due(call, options.due_index, options.unit, false, &due_ms))
        return;
    bool is_stored = may_store(call, end, &options);
    if (is_stored) store_with_lifetime(call, end, &options, due_ms);
    reply_integer(call, is_stored);
}

static const struct command_row rows[] = {
    {
        .name = "mset",
        .handler = mset_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEYS_EVERY_SECOND(1, "OW update")},
        .tips = "request_policy:multi_shard response_policy:all_succeeded",
        .summary = "Sets several keys.",
        .syntax = "data(key value)...",
        .complexity = "O(N)",
        .since = "1.0.1",
        .group = "string",
    },
    {
        .name = "msetnx",
        .handler = msetnx_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEYS_EVERY_SECOND(1, "OW insert")},
        .tips = "request_policy:multi_shard response_policy:agg_min",
        .summary = "Sets several keys if none of them exists.",
        .syntax = "data(key value)...",
        .complexity = "O(N)",
        .since = "1.0.1",
        .group = "string",
    },
    {
        .name = "msetex",
        .handler = msetex_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEYS_COUNTED_EVERY_SECOND(1, "OW update")},
        .tips = "request_policy:multi_shard response_policy:all_succeeded",
        .summary = "Sets several keys with one condition and one expiry.",
        .syntax = "numkeys data(key value)... [condition(NX | XX)] [expiration(EX seconds | PX "
                  "milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL)]",
        .complexity = "O(N)",
        .since = "8.4.0",
        .group = "string",
    },
};

const struct command_list string_multi_commands = COMMAND_LIST(rows);
