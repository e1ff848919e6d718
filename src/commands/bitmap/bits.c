/* Single bits and ranges of them: SETBIT, GETBIT, BITCOUNT and BITPOS. */
#include "foundation/bits.h"

#include "commands/bitmap/bit_offset.h"
#include "commands/bitmap/bitmap_commands.h"
#include "engine/arguments.h"
#include "engine/string_access.h"

static void setbit_command(struct call *call) {
    struct key key = call_key(call, 1);
    uint64_t offset;
    int64_t bit;
    struct found found;
    if (!bit_offset_argument(call, 2, 0, &offset)) return;
    if (!argument_i64_in(call, 3, 0, 1, &bit, "ERR bit is not an integer or out of range")) return;
    if (!string_access_find(call, key, &found)) return;
    size_t old_len = found.entry == NULL ? 0 : string_len(found.entry);
    size_t len;
    char *data = string_access_edit(call, key, &found, offset / 8 + 1, &len);
    if (data == NULL) return;
    bool old_bit = bits_set(data, offset, bit == 1);
    if (old_bit != (bit == 1) || len != old_len)
        call_notify(call, KEY_EVENT_STRING, key.name, "setbit");
    reply_integer(call, old_bit);
}

static void getbit_command(struct call *call) {
    uint64_t offset;
    const struct entry *entry;
    if (!bit_offset_argument(call, 2, 0, &offset)) return;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    char scratch[STRING_SCRATCH];
    reply_integer(call, entry != NULL && bits_get(string_view(entry, scratch), offset));
}

/* --- ranges --- */

/* Both ends are included and may count from the end. */
struct bit_range {
    int64_t start;
    int64_t end;
    bool is_in_bits; /* else in bytes */
};

static bool parse_unit(struct call *call, uint32_t index, struct bit_range *range) {
    range->is_in_bits = argument_is(call, index, "bit");
    if (range->is_in_bits || argument_is(call, index, "byte")) return true;
    reply_error_syntax(call);
    return false;
}

/* The range's first and last bit in a string of that many bytes; false when it is empty. */
static bool resolve_range(const struct bit_range *range, size_t len, uint64_t *first,
                          uint64_t *last) {
    int64_t total = (int64_t)len * (range->is_in_bits ? 8 : 1);
    int64_t start = range->start < 0 ? range->start + total : range->start;
    int64_t end = range->end < 0 ? range->end + total : range->end;
    if (start < 0) start = 0;
    if (end < 0) end = 0;
    if (end >= total) end = total - 1;
    if (start > end) return false;
    *first = (uint64_t)(range->is_in_bits ? start : start * 8);
    *last = (uint64_t)(range->is_in_bits ? end : end * 8 + 7);
    return true;
}

static bool parse_bitcount_range(struct call *call, struct bit_range *range) {
    *range = (struct bit_range){.start = 0, .end = -1};
    if (call->argc == 2) return true;
    if (call->argc != 4 && call->argc != 5) {
        reply_error_syntax(call);
        return false;
    }
    return argument_i64(call, 2, &range->start) && argument_i64(call, 3, &range->end) &&
           (call->argc == 4 || parse_unit(call, 4, range));
}

static uint64_t count_in_range(struct bytes value, const struct bit_range *range) {
    /* Turned round, such a range is empty even where both ends lie before the string. */
    if (range->start < 0 && range->end < 0 && range->start > range->end) return 0;
    uint64_t first, last;
    if (!resolve_range(range, value.len, &first, &last)) return 0;
    return bits_count_range(value, first, last);
}

static void bitcount_command(struct call *call) {
    struct bit_range range;
    const struct entry *entry;
    if (!parse_bitcount_range(call, &range)) return;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    char scratch[STRING_SCRATCH];
    uint64_t count = entry == NULL ? 0 : count_in_range(string_view(entry, scratch), &range);
    reply_integer(call, (int64_t)count);
}

static bool parse_bit(struct call *call, uint32_t index, bool *bit) {
    int64_t number;
    if (!argument_i64(call, index, &number)) return false;
    *bit = number == 1;
    if (number == 0 || number == 1) return true;
    reply_error(call, "ERR The bit argument must be 1 or 0.");
    return false;
}

static bool parse_bitpos_range(struct call *call, struct bit_range *range) {
    *range = (struct bit_range){.start = 0, .end = -1};
    if (call->argc > 6) {
        reply_error_syntax(call);
        return false;
    }
    return (call->argc < 4 || argument_i64(call, 3, &range->start)) &&
           (call->argc < 6 || parse_unit(call, 5, range)) &&
           (call->argc < 5 || argument_i64(call, 4, &range->end));
}

/* Clear bits follow a string without end; a range with one has only its own. */
static int64_t find_in_range(struct bytes value, bool bit, const struct bit_range *range,
                             bool has_end) {
    uint64_t first, last, position;
    if (!resolve_range(range, value.len, &first, &last)) return -1;
    if (bits_find(value, bit, first, last, &position)) return (int64_t)position;
    return bit || has_end ? -1 : (int64_t)value.len * 8;
}

static void bitpos_command(struct call *call) {
    bool bit;
    struct bit_range range;
    const struct entry *entry;
    if (!parse_bit(call, 2, &bit) || !parse_bitpos_range(call, &range)) return;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    if (entry == NULL) {
        reply_integer(call, bit ? -1 : 0);
        return;
    }
    char scratch[STRING_SCRATCH];
    struct bytes value = string_view(entry, scratch);
    reply_integer(call, find_in_range(value, bit, &range, call->argc >= 5));
}

static const struct command_row rows[] = {
    {
        .name = "setbit",
        .handler = setbit_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Sets one bit of a string.",
        .syntax = "key offset value:integer",
        .complexity = "O(1)",
        .since = "2.2.0",
        .group = "bitmap",
    },
    {
        .name = "getbit",
        .handler = getbit_command,
        .arity = 3,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns one bit of a string.",
        .syntax = "key offset",
        .complexity = "O(1)",
        .since = "2.2.0",
        .group = "bitmap",
    },
    {
        .name = "bitcount",
        .handler = bitcount_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Counts the set bits of a string.",
        .syntax = "key [range(start end [unit(BYTE | BIT)/7.0.0])]",
        .complexity = "O(N)",
        .since = "2.6.0",
        .group = "bitmap",
    },
    {
        .name = "bitpos",
        .handler = bitpos_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Finds the first 0 or 1 bit of a string.",
        .syntax = "key bit [range(start [end-unit-block(end [unit(BYTE | BIT)/7.0.0])])]",
        .complexity = "O(N)",
        .since = "2.8.7",
        .group = "bitmap",
    },
};

const struct command_list bitmap_bit_commands = COMMAND_LIST(rows);
