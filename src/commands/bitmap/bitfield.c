/* BITFIELD and BITFIELD_RO: integers of any width at any bit of a string.
 *
 * All operations are read before the first is done, so a wrong argument changes nothing. The string
 * then grows once, to hold the farthest field that is written. */
#include "commands/bitmap/bit_offset.h"
#include "commands/bitmap/bitmap_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/string_access.h"
#include "foundation/bits.h"
#include "foundation/mem.h"
#include "foundation/number.h"

enum field_action { FIELD_GET, FIELD_SET, FIELD_INCRBY };

/* Arguments of an operation, its name included. */
enum { GET_ARGS = 3, WRITE_ARGS = 4, OVERFLOW_ARGS = 2 };

struct field {
    uint64_t offset;
    unsigned width;
    bool is_signed;
};

struct operation {
    enum field_action action;
    enum bits_overflow overflow;
    struct field field;
    int64_t operand; /* the value or the increment */
};

struct plan {
    struct operation *operations;
    size_t count;
    uint64_t write_end; /* of the farthest field to write, in bits; 0: there is none */
};

/* --- reading the arguments --- */

static bool parse_width(struct bytes text, struct field *field) {
    int64_t width;
    if (text.len == 0 || (text.data[0] != 'i' && text.data[0] != 'u')) return false;
    field->is_signed = text.data[0] == 'i';
    if (!number_parse_i64(bytes_of(text.data + 1, text.len - 1), &width)) return false;
    field->width = (unsigned)width;
    return width >= 1 && width <= (field->is_signed ? 64 : 63);
}

static bool parse_field(struct call *call, uint32_t index, struct field *field) {
    if (!parse_width(call->args[index], field)) {
        reply_error(call, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is "
                          "not supported but i64 is.");
        return false;
    }
    return bit_offset_argument(call, index + 1, field->width, &field->offset);
}

static bool parse_overflow(struct call *call, uint32_t index, enum bits_overflow *overflow) {
    if (argument_is(call, index, "wrap")) {
        *overflow = BITS_WRAP;
    } else if (argument_is(call, index, "sat")) {
        *overflow = BITS_SAT;
    } else if (argument_is(call, index, "fail")) {
        *overflow = BITS_FAIL;
    } else {
        reply_error(call, "ERR Invalid OVERFLOW type specified");
        return false;
    }
    return true;
}

static bool parse_action(const struct call *call, uint32_t index, enum field_action *action) {
    uint32_t left = call->argc - index;
    if (left >= GET_ARGS && argument_is(call, index, "get"))
        *action = FIELD_GET;
    else if (left >= WRITE_ARGS && argument_is(call, index, "set"))
        *action = FIELD_SET;
    else if (left >= WRITE_ARGS && argument_is(call, index, "incrby"))
        *action = FIELD_INCRBY;
    else
        return false;
    return true;
}

static bool parse_operation(struct call *call, uint32_t index, struct plan *plan,
                            struct operation *operation) {
    if (!parse_action(call, index, &operation->action)) {
        reply_error_syntax(call);
        return false;
    }
    const struct field *field = &operation->field;
    if (!parse_field(call, index + 1, &operation->field)) return false;
    if (operation->action == FIELD_GET) return true;
    uint64_t end = field->offset + field->width;
    if (end > plan->write_end) plan->write_end = end;
    return argument_i64(call, index + GET_ARGS, &operation->operand);
}

/* `plan->operations` has room for all there can be. */
static bool parse_plan(struct call *call, struct plan *plan) {
    enum bits_overflow overflow = BITS_WRAP;
    for (uint32_t i = 2; i < call->argc;) {
        if (argument_is(call, i, "overflow") && argument_has_next(call, i)) {
            if (!parse_overflow(call, i + 1, &overflow)) return false;
            i += OVERFLOW_ARGS;
            continue;
        }
        struct operation operation = {.overflow = overflow};
        if (!parse_operation(call, i, plan, &operation)) return false;
        plan->operations[plan->count++] = operation;
        i += operation.action == FIELD_GET ? GET_ARGS : WRITE_ARGS;
    }
    return true;
}

/* --- doing it --- */

static int64_t read_field(struct bytes value, const struct field *field) {
    if (field->is_signed) return bits_read_signed(value, field->offset, field->width);
    return (int64_t)bits_read_unsigned(value, field->offset, field->width);
}

/* What the field is to hold; false when OVERFLOW FAIL forbids it. */
static bool compute(const struct operation *operation, int64_t old_value, int64_t *value) {
    bool is_set = operation->action == FIELD_SET;
    int64_t base = is_set ? operation->operand : old_value;
    int64_t increment = is_set ? 0 : operation->operand;
    const struct field *field = &operation->field;
    if (field->is_signed)
        return bits_add_signed(base, increment, field->width, operation->overflow, value);
    uint64_t sum;
    if (!bits_add_unsigned((uint64_t)base, increment, field->width, operation->overflow, &sum))
        return false;
    *value = (int64_t)sum;
    return true;
}

static void run_reads(struct call *call, const struct plan *plan) {
    const struct entry *entry;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    char scratch[STRING_SCRATCH];
    struct bytes value = entry == NULL ? BYTES("") : string_view(entry, scratch);
    reply_array(call, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        reply_integer(call, read_field(value, &plan->operations[i].field));
}

/* Does one operation on the string and replies. True when it changed the string, which counts as
 * changed by its first write when it has just grown. */
static bool run_operation(struct call *call, const struct operation *operation, char *data,
                          size_t len, bool has_grown) {
    const struct field *field = &operation->field;
    int64_t old_value = read_field(bytes_of(data, len), field);
    if (operation->action == FIELD_GET) {
        reply_integer(call, old_value);
        return false;
    }
    int64_t value;
    if (!compute(operation, old_value, &value)) {
        reply_null(call);
        return false;
    }
    bits_write(data, field->offset, field->width, (uint64_t)value);
    reply_integer(call, operation->action == FIELD_SET ? old_value : value);
    return has_grown || value != old_value;
}

static void run_writes(struct call *call, const struct plan *plan) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!string_access_find(call, key, &found)) return;
    size_t old_len = found.entry == NULL ? 0 : string_len(found.entry);
    size_t len;
    char *data = string_access_edit(call, key, &found, (plan->write_end + 7) / 8, &len);
    if (data == NULL) return;
    bool has_changed = false;
    reply_array(call, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        has_changed |= run_operation(call, &plan->operations[i], data, len, len != old_len);
    if (has_changed)
        call_notify(call, KEY_EVENT_STRING, key.name, "setbit");
    else if (len != old_len)
        call_effect_request(call); /* OVERFLOW FAIL let nothing be written, yet the string grew */
}

static void run_bitfield(struct call *call, bool may_write) {
    struct plan plan = {
        .operations = mem_alloc_array(call->argc / GET_ARGS + 1, sizeof(*plan.operations)),
    };
    if (parse_plan(call, &plan)) {
        if (plan.write_end == 0)
            run_reads(call, &plan);
        else if (may_write)
            run_writes(call, &plan);
        else
            reply_error(call, "ERR BITFIELD_RO only supports the GET subcommand");
    }
    mem_free(plan.operations);
}

static void bitfield_command(struct call *call) {
    run_bitfield(call, true);
}

static void bitfield_ro_command(struct call *call) {
    run_bitfield(call, false);
}

static uint32_t operation_args(struct bytes name) {
    if (bytes_is_word(name, "get")) return GET_ARGS;
    return bytes_is_word(name, "overflow") ? OVERFLOW_ARGS : 0;
}

/* Gets alone only read the key. */
static int64_t find_bitfield_keys(const struct bytes *args, uint32_t argc,
                                  struct key_position *positions, size_t max) {
    uint32_t i = 2;
    while (i < argc && operation_args(args[i]) != 0) i += operation_args(args[i]);
    bool is_reading = i == argc;
    if (max > 0)
        positions[0] = (struct key_position){
            .index = 1, .flags = is_reading ? "RO access" : "RW access update"};
    return 1;
}

static const struct command_row rows[] = {
    {
        .name = "bitfield",
        .handler = bitfield_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(1, "RW access update variable_flags")},
        .find_keys = find_bitfield_keys,
        .summary = "Reads and changes integers inside a string.",
        .syntax = "key [operation(GET get-block(encoding offset) | write([OVERFLOW "
                  "overflow-block(WRAP | SAT | FAIL)] write-operation(SET set-block(encoding "
                  "offset value:integer) | INCRBY incrby-block(encoding offset increment))))...]",
        .complexity = "O(1)",
        .since = "3.2.0",
        .group = "bitmap",
    },
    {
        .name = "bitfield_ro",
        .handler = bitfield_ro_command,
        .arity = -2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Reads integers inside a string.",
        .syntax = "key [GET get-block(encoding offset)+...]",
        .complexity = "O(1)",
        .since = "6.0.0",
        .group = "bitmap",
    },
};

const struct command_list bitmap_bitfield_commands = COMMAND_LIST(rows);
