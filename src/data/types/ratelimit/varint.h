/* Numbers as states carry them to files and replicas: seven bits a byte, the low ones first, the
 * top bit of a byte saying that another follows. Each number has one form, the shortest. */
#ifndef DATA_TYPES_RATELIMIT_VARINT_H
#define DATA_TYPES_RATELIMIT_VARINT_H

#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX_BYTES = 10 };

/* Writes up to VARINT_MAX_BYTES and returns how many. */
static inline size_t varint_put(uint8_t *at, uint64_t value) {
    size_t len = 0;
    for (; value >= 0x80; value >>= 7) at[len++] = (uint8_t)(value | 0x80);
    at[len++] = (uint8_t)value;
    return len;
}

/* Reads what varint_put wrote and moves *at behind it. */
static inline uint64_t varint_get(const uint8_t **at) {
    uint64_t value = **at & 0x7f;
    for (unsigned shift = 7; (*(*at)++ & 0x80) != 0; shift += 7)
        value |= (uint64_t)(**at & 0x7f) << shift;
    return value;
}

static inline void varint_append(struct buffer *out, uint64_t value) {
    char *room = buffer_room(out, VARINT_MAX_BYTES);
    buffer_commit(out, varint_put((uint8_t *)room, value));
}

/* Takes a number of at most `max` off the front of bytes that come from outside; false when none
 * such in its shortest form is there. */
NODISCARD static inline bool varint_take(struct bytes *bytes, uint64_t max, uint64_t *value) {
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes->len && i < VARINT_MAX_BYTES; i++) {
        uint64_t byte = (uint8_t)bytes->data[i];
        if (i == VARINT_MAX_BYTES - 1 && byte > 1) return false;
        sum |= (byte & 0x7f) << 7 * i;
        if ((byte & 0x80) != 0) continue;
        if ((byte == 0 && i != 0) || sum > max) return false;
        *bytes = bytes_of(bytes->data + i + 1, bytes->len - i - 1);
        *value = sum;
        return true;
    }
    return false;
}

#endif
