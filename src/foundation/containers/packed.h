/* Packed elements: the way in which listpacks and the blocks of lists hold an element, byte for
 * byte that of Redis's listpack, so that files and DUMP payloads are copies.
 *
 *      +----------+--------------------+---------+
 *      | encoding | data               | backlen |     backlen: bytes of encoding and data, 1 to 5
 *      +----------+--------------------+---------+     bytes that are read from behind
 *
 *      0xxxxxxx                          0 .. 127
 *      10xxxxxx bytes                    up to 63 bytes
 *      110xxxxx xxxxxxxx                 -4096 .. 4095
 *      1110xxxx xxxxxxxx bytes           up to 4095 bytes
 *      0xf0 length (4, little) bytes     up to 2^32 - 1 bytes
 *      0xf1 0xf2 0xf3 0xf4 integer       16, 24, 32, 64 bits, little-endian
 *      0xff                              the end of a listpack
 *
 * An element that is the canonical decimal form of a 64-bit integer is always held as the shortest
 * integer form, anything else as bytes; so two elements are equal exactly when their packed forms
 * are. The backlen is the shortest that Redis writes: a size of 2^(7n) - 1 takes n + 1 bytes (but
 * 127 takes one). */
#ifndef FOUNDATION_CONTAINERS_PACKED_H
#define FOUNDATION_CONTAINERS_PACKED_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PACKED_END = 0xff,
    PACKED_SCRATCH = 20, /* room that packed_text wants for an integer's digits */
    PACKED_ENTRY_OVERHEAD_MAX = 10,
    PACKED_HEADER_MAX = 9,
};

/* An element on its way in: what it will be held as. Made once, used for comparing and writing. */
struct packed_item {
    struct bytes text; /* unset when made of an integer */
    int64_t integer;   /* when is_integer */
    size_t size;       /* of the whole packed form */
    bool is_integer;
    uint8_t backlen_len;
    uint8_t header_len; /* bytes before the data, or of the whole integer form */
    char header[PACKED_HEADER_MAX];
};

/* `text` is borrowed and at most 2^32 - 1 long. */
struct packed_item packed_item_of(struct bytes text);
struct packed_item packed_item_of_integer(int64_t value);
/* Writes item->size bytes and returns the place behind them. */
char *packed_put(char *at, const struct packed_item *item);

/* True when the element at `at`, or the end, is that item. */
static inline bool packed_is(const char *at, const struct packed_item *item) {
    if (LIKELY(*at != item->header[0])) return false;
    if (memcmp(at, item->header, item->header_len) != 0) return false;
    return item->is_integer ||
           bytes_equal(bytes_of(at + item->header_len, item->text.len), item->text);
}

/* An element as it was read: a view of its bytes, or an integer (data NULL). */
struct packed_value {
    const char *data;
    size_t len;
    int64_t integer;
};

/* What packed_read leaves to a call: neither a small integer nor a short string. */
struct packed_value packed_read_wide(const char *at);

/* Reads the element at `at`, which is not the end. */
static inline struct packed_value packed_read(const char *at) {
    unsigned char first = (unsigned char)*at;
    if ((first & 0xc0) == 0x80) return (struct packed_value){.data = at + 1, .len = first & 0x3f};
    if (first < 0x80) return (struct packed_value){.integer = first};
    return packed_read_wide(at);
}

/* Its bytes; an integer's digits are written to `scratch`. */
struct bytes packed_text(const struct packed_value *value, char scratch[PACKED_SCRATCH]);

/* The size of an element without its backlen, of one that is neither a small integer nor a short
 * string. */
size_t packed_body_len_wide(const char *at);

/* Bytes that the backlen of so many bytes takes. */
static inline size_t packed_backlen_len(size_t body_len) {
    if (LIKELY(body_len <= 127)) return 1;
    return (size_t)2 + (body_len >= (1 << 14) - 1) + (body_len >= (1 << 21) - 1) +
           (body_len >= (1 << 28) - 1);
}

/* The size of the element at `at`, backlen included. */
static inline size_t packed_size(const char *at) {
    unsigned char first = (unsigned char)*at;
    if (first < 0x80) return 2;
    if (first < 0xc0) return (size_t)(first & 0x3f) + 2;
    size_t body_len = packed_body_len_wide(at);
    return body_len + packed_backlen_len(body_len);
}

/* The size of the element that ends before `end`. */
static inline size_t packed_size_before(const char *end) {
    const char *at = end - 1;
    size_t body_len = *at & 0x7f;
    for (unsigned shift = 7; (*at & 0x80) != 0; shift += 7)
        body_len |= (size_t)(*--at & 0x7f) << shift;
    return body_len + (size_t)(end - at);
}

/* True when a whole well-formed element begins at `at` and ends no later than `end`, in its
 * shortest form and its backlen in agreement; *size is then its size. For bytes from outside. */
NODISCARD bool packed_validate(const char *at, const char *end, size_t *size);

#endif
