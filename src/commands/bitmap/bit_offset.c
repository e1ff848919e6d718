#include "commands/bitmap/bit_offset.h"

#include "engine/network_settings.h"
#include "engine/reply.h"
#include "foundation/number.h"

static bool parse_offset(struct bytes text, unsigned width, int64_t *offset) {
    bool is_field_number = width != 0 && text.len != 0 && text.data[0] == '#';
    if (!is_field_number) return number_parse_i64(text, offset);
    int64_t field;
    return number_parse_i64(bytes_of(text.data + 1, text.len - 1), &field) &&
           number_mul_i64(field, width, offset);
}

bool bit_offset_argument(struct call *call, uint32_t index, unsigned width, uint64_t *offset) {
    int64_t parsed;
    if (parse_offset(call->args[index], width, &parsed) && parsed >= 0 &&
        parsed / 8 < network_settings()->max_bulk_bytes) {
        *offset = (uint64_t)parsed;
        return true;
    }
    reply_error(call, "ERR bit offset is not an integer or out of range");
    return false;
}
