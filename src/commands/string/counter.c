/* Counters: INCR, DECR and INCRBYFLOAT. */
#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/string_access.h"
#include "foundation/number.h"

#include <math.h>

static void add_integer(struct call *call, int64_t delta) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!string_access_find(call, key, &found)) return;
    int64_t value = 0;
    if (found.entry != NULL && !string_get_i64(found.entry, &value)) {
        reply_error_not_integer(call);
        return;
    }
    if (!number_add_i64(value, delta, &value)) {
        reply_error(call, "ERR increment or decrement would overflow");
        return;
    }
    string_store_i64(call->db, key, &found, value, STRING_KEEP_DUE);
    call_notify(call, KEY_EVENT_STRING, key.name, "incrby");
    reply_integer(call, value);
}

static void incr_command(struct call *call) {
    add_integer(call, 1);
}

static void decr_command(struct call *call) {
    add_integer(call, -1);
}

static void incrby_command(struct call *call) {
    int64_t delta;
    if (argument_i64(call, 2, &delta)) add_integer(call, delta);
}

static void decrby_command(struct call *call) {
    int64_t delta;
    if (!argument_i64(call, 2, &delta)) return;
    if (delta == INT64_MIN) {
        reply_error(call, "ERR decrement would overflow");
        return;
    }
    add_integer(call, -delta);
}

static void incrbyfloat_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    long double value, delta;
    if (!string_access_find(call, key, &found)) return;
    if (!string_access_long_double(call, found.entry, &value)) return;
    if (!argument_long_double(call, 2, &delta)) return;
    value += delta;
    if (isnan(value) || isinf(value)) {
        reply_error(call, "ERR increment would produce NaN or Infinity");
        return;
    }
    char text[NUMBER_LONG_DOUBLE_MAX_CHARS];
    struct bytes sum = bytes_of(text, number_format_long_double(text, value));
    string_store(call->db, key, &found, sum, STRING_KEEP_DUE | STRING_AS_TEXT);
    call_notify(call, KEY_EVENT_STRING, key.name, "incrbyfloat");
    CALL_EFFECT(call, BYTES("SET"), key.name, sum, BYTES("KEEPTTL"));
    reply_bulk(call, sum);
}

static const struct command_row rows[] = {
    {
        .name = "incr",
        .handler = incr_command,
        .arity = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds one to an integer.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "decr",
        .handler = decr_command,
        .arity = 2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Subtracts one from an integer.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "incrby",
        .handler = incrby_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds a number to an integer.",
        .syntax = "key increment",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "decrby",
        .handler = decrby_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Subtracts a number from an integer.",
        .syntax = "key decrement",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "string",
    },
    {
        .name = "incrbyfloat",
        .handler = incrbyfloat_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds a floating point number to a number.",
        .syntax = "key increment:double",
        .complexity = "O(1)",
        .since = "2.6.0",
        .group = "string",
    },
};

const struct command_list string_counter_commands = COMMAND_LIST(rows);
