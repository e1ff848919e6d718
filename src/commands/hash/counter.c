/* Counting in fields: HINCRBY and HINCRBYFLOAT. The field keeps its due time. */
#include "commands/hash/hash_commands.h"
#include "data/types/hash/hash.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "engine/effects.h"
#include "foundation/number.h"

#include <math.h>

/* Looks up key (argument 1) and field (2); *has_field says whether the field is there. */
static bool find_field(struct call *call, struct key key, struct found *found,
                       struct hash_field *field, bool *has_field) {
    if (!collection_find(call, key, VALUE_HASH, found)) return false;
    *has_field = found->entry != NULL && hash_get(found->entry, call->args[2], field);
    return true;
}

static void store(struct call *call, struct key key, struct found *found, struct bytes value,
                  const char *event) {
    struct bytes pair[] = {call->args[2], value};
    (void)hash_set(call->db, key, found, pair, 1, HASH_KEEP_DUE);
    call_notify(call, KEY_EVENT_HASH, key.name, event);
}

static void hincrby_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct hash_field field;
    bool has_field;
    int64_t delta, value = 0;
    if (!argument_i64(call, 3, &delta)) return;
    if (!find_field(call, key, &found, &field, &has_field)) return;
    if (has_field && !number_parse_i64(field.value, &value)) {
        reply_error(call, "ERR hash value is not an integer");
        return;
    }
    if (!number_add_i64(value, delta, &value)) {
        reply_error(call, "ERR increment or decrement would overflow");
        return;
    }
    char text[NUMBER_I64_MAX_CHARS];
    store(call, key, &found, bytes_of(text, number_format_i64(text, value)), "hincrby");
    reply_integer(call, value);
}

static bool read_float_delta(struct call *call, long double *delta) {
    if (!argument_long_double(call, 3, delta)) return false;
    if (!isinf(*delta)) return true;
    reply_error(call, "ERR value is NaN or Infinity");
    return false;
}

/* The field keeps its due time, which HSET would take away. */
static COLD void tell_sum(struct call *call, struct bytes sum, bool has_due) {
    call_effect_open(call, has_due ? BYTES("HSETEX") : BYTES("HSET"), call->args[1]);
    if (has_due) {
        call_effect_add(call, BYTES("KEEPTTL"));
        call_effect_add(call, BYTES("FIELDS"));
        call_effect_add_number(call, 1);
    }
    call_effect_add(call, call->args[2]);
    call_effect_add(call, sum);
    call_effect_close(call);
}

static void hincrbyfloat_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    struct hash_field field;
    bool has_field;
    long double delta, value = 0;
    if (!read_float_delta(call, &delta)) return;
    if (!find_field(call, key, &found, &field, &has_field)) return;
    if (has_field && !number_parse_long_double(field.value, &value)) {
        reply_error(call, "ERR hash value is not a float");
        return;
    }
    value += delta;
    if (isnan(value) || isinf(value)) {
        reply_error(call, "ERR increment would produce NaN or Infinity");
        return;
    }
    char text[NUMBER_LONG_DOUBLE_MAX_CHARS];
    struct bytes sum = bytes_of(text, number_format_long_double(text, value));
    bool has_due = has_field && field.due_ms != 0;
    store(call, key, &found, sum, "hincrbyfloat");
    if (effects_are_wanted(call)) tell_sum(call, sum, has_due);
    reply_bulk(call, sum);
}

static const struct command_row rows[] = {
    {
        .name = "hincrby",
        .handler = hincrby_command,
        .arity = 4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds a number to the integer in a field.",
        .syntax = "key field increment",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "hash",
    },
    {
        .name = "hincrbyfloat",
        .handler = hincrbyfloat_command,
        .arity = 4,
        .member_index = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds a floating point number to the number in a field.",
        .syntax = "key field increment:double",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "hash",
    },
};

const struct command_list hash_counter_commands = COMMAND_LIST(rows);
