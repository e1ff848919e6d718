/* INCREX: a counter with bounds and a lifetime, in one step. */
#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/string_access.h"
#include "foundation/number.h"

#include <float.h>
#include <math.h>

/* Everything behind the key; indexes are of arguments, 0 where there is none. */
struct increx_options {
    bool is_float;
    bool is_saturating;
    bool is_persist;
    bool is_only_without_due; /* ENX */
    uint32_t increment_index;
    uint32_t lower_index;
    uint32_t upper_index;
    uint32_t due_index;
    enum due_unit unit;
};

/* What came of it. Nothing is stored unless is_applied. */
struct increx_result {
    bool is_applied;
    int64_t integer, integer_delta;
    long double number, number_delta;
};

static bool take_flag(bool *flag) {
    bool is_new = !*flag;
    *flag = true;
    return is_new;
}

/* No option may be given twice. */
static bool parse_flag(struct call *call, uint32_t index, struct increx_options *options) {
    if (argument_is(call, index, "saturate")) return take_flag(&options->is_saturating);
    if (argument_is(call, index, "enx")) return take_flag(&options->is_only_without_due);
    if (!argument_is(call, index, "persist") || options->due_index != 0) return false;
    return take_flag(&options->is_persist);
}

static bool take_index(uint32_t *field, uint32_t index) {
    if (*field != 0) return false;
    *field = index;
    return true;
}

static bool parse_operand(struct call *call, uint32_t index, struct increx_options *options) {
    uint32_t operand = index + 1;
    if (argument_is(call, index, "byint")) return take_index(&options->increment_index, operand);
    if (argument_is(call, index, "byfloat")) {
        options->is_float = true;
        return take_index(&options->increment_index, operand);
    }
    if (argument_is(call, index, "lbound")) return take_index(&options->lower_index, operand);
    if (argument_is(call, index, "ubound")) return take_index(&options->upper_index, operand);
    if (argument_is_due_unit(call, index, &options->unit) && !options->is_persist)
        return take_index(&options->due_index, operand);
    return false;
}

static bool parse_options(struct call *call, struct increx_options *options) {
    for (uint32_t i = 2; i < call->argc; i++) {
        if (parse_flag(call, i, options)) continue;
        if (!argument_has_next(call, i) || !parse_operand(call, i, options)) {
            reply_error_syntax(call);
            return false;
        }
        i++;
    }
    if (options->is_only_without_due && options->is_persist) {
        reply_error_syntax(call);
        return false;
    }
    if (options->is_only_without_due && options->due_index == 0) {
        reply_error(call, "ERR ENX flag requires an expiration");
        return false;
    }
    return true;
}

static bool read_i64(struct call *call, uint32_t index, const char *what, int64_t *value) {
    if (index == 0 || number_parse_i64(call->args[index], value)) return true;
    reply_error_printf(call, "ERR %s is not an integer or out of range", what);
    return false;
}

static bool read_float(struct call *call, uint32_t index, const char *what, long double *value) {
    if (index == 0 || number_parse_long_double(call->args[index], value)) return true;
    reply_error_printf(call, "ERR %s is not a valid float", what);
    return false;
}

static bool reject_bounds(struct call *call) {
    reply_error(call, "ERR LBOUND can't be greater than UBOUND");
    return false;
}

static bool add_integers(struct call *call, const struct increx_options *options,
                         const struct entry *entry, struct increx_result *result) {
    int64_t value = 0, delta = 1, lower = INT64_MIN, upper = INT64_MAX;
    if (!read_i64(call, options->increment_index, "Increment", &delta) ||
        !read_i64(call, options->lower_index, "LBOUND", &lower) ||
        !read_i64(call, options->upper_index, "UBOUND", &upper))
        return false;
    if (lower > upper) return reject_bounds(call);
    if (entry != NULL && !string_get_i64(entry, &value)) {
        reply_error_not_integer(call);
        return false;
    }
    __int128 sum = (__int128)value + delta;
    __int128 bounded = sum < lower ? lower : sum > upper ? upper : sum;
    result->is_applied = bounded == sum || options->is_saturating;
    result->integer = result->is_applied ? (int64_t)bounded : value;
    __int128 applied = (__int128)result->integer - value;
    /* From one end of the range to the other is more than the reply can say. */
    result->integer_delta = applied > INT64_MAX   ? INT64_MAX
                            : applied < INT64_MIN ? INT64_MIN
                                                  : (int64_t)applied;
    return true;
}

static bool add_floats(struct call *call, const struct increx_options *options,
                       const struct entry *entry, struct increx_result *result) {
    long double value, delta = 1, lower = -LDBL_MAX, upper = LDBL_MAX;
    if (!read_float(call, options->increment_index, "Increment", &delta) ||
        !read_float(call, options->lower_index, "LBOUND", &lower) ||
        !read_float(call, options->upper_index, "UBOUND", &upper))
        return false;
    if (lower > upper) return reject_bounds(call);
    if (!string_access_long_double(call, entry, &value)) return false;
    long double sum = value + delta;
    long double bounded = sum < lower ? lower : sum > upper ? upper : sum;
    result->is_applied = bounded == sum || options->is_saturating;
    result->number = result->is_applied ? bounded : value;
    result->number_delta = result->number - value;
    return true;
}

static void store_result(struct call *call, struct key key, struct found *found,
                         const struct increx_options *options, const struct increx_result *result) {
    if (!options->is_float) {
        string_store_i64(call->db, key, found, result->integer, STRING_KEEP_DUE);
    } else {
        char text[NUMBER_LONG_DOUBLE_MAX_CHARS];
        struct bytes sum = bytes_of(text, number_format_long_double(text, result->number));
        string_store(call->db, key, found, sum, STRING_KEEP_DUE | STRING_AS_TEXT);
    }
    call_notify(call, KEY_EVENT_STRING, key.name, options->is_float ? "incrbyfloat" : "incrby");
}

static void set_lifetime(struct call *call, struct key key, struct found *found,
                         const struct increx_options *options, int64_t due_ms) {
    bool has_due = entry_due_word(found->entry) != 0;
    if (options->is_persist && has_due) {
        database_set_due(call->db, key, found, 0);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "persist");
    } else if (due_ms != 0 && !(options->is_only_without_due && has_due)) {
        database_set_due(call->db, key, found, due_ms);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
    }
}

/* The value and what became of its lifetime: both are decided. */
static COLD void tell_result(struct call *call, struct key key, const struct found *found,
                             const struct increx_options *options) {
    char scratch[STRING_SCRATCH];
    call_effect_open(call, BYTES("SET"), key.name);
    call_effect_add(call, string_view(found->entry, scratch));
    if (options->due_index != 0) {
        call_effect_add(call, BYTES("PXAT"));
        call_effect_add_number(call, entry_due_ms(found->entry));
    } else if (!options->is_persist) {
        call_effect_add(call, BYTES("KEEPTTL"));
    }
    call_effect_close(call);
}

static void reply_number(struct call *call, long double value) {
    if (call->session->version == RESP3) {
        reply_double(call, (double)value);
        return;
    }
    char text[NUMBER_LONG_DOUBLE_MAX_CHARS];
    reply_bulk(call, bytes_of(text, number_format_long_double(text, value)));
}

static void reply_result(struct call *call, bool is_float, const struct increx_result *result) {
    reply_array(call, 2);
    if (is_float) {
        reply_number(call, result->number);
        reply_number(call, result->number_delta);
    } else {
        reply_integer(call, result->integer);
        reply_integer(call, result->integer_delta);
    }
}

static void increx_command(struct call *call) {
    struct increx_options options = {0};
    int64_t due_ms = 0;
    if (!parse_options(call, &options)) return;
    if (options.due_index != 0 &&
        !argument_due(call, options.due_index, options.unit, false, &due_ms))
        return;
    struct key key = call_key(call, 1);
    struct found found;
    if (!string_access_find(call, key, &found)) return;
    struct increx_result result = {0};
    bool is_valid = options.is_float ? add_floats(call, &options, found.entry, &result)
                                     : add_integers(call, &options, found.entry, &result);
    if (!is_valid) return;
    if (result.is_applied) {
        store_result(call, key, &found, &options, &result);
        set_lifetime(call, key, &found, &options, due_ms);
        if (effects_are_wanted(call)) tell_result(call, key, &found, &options);
    }
    reply_result(call, options.is_float, &result);
}

static const struct command_row rows[] = {
    {
        .name = "increx",
        .handler = increx_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds to a counter within bounds and sets its expiry.",
        .syntax = "key [increment(BYFLOAT float-increment:double | BYINT int-increment:integer)] "
                  "[LBOUND lower-bound:double] [UBOUND upper-bound:double] [SATURATE] "
                  "[expiration(EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
                  "unix-time-milliseconds | PERSIST)] [ENX]",
        .complexity = "O(1)",
        .since = "8.8.0",
        .group = "string",
    },
};

const struct command_list string_increx_commands = COMMAND_LIST(rows);
