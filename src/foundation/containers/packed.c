#include "foundation/containers/packed.h"

#include "foundation/number.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "integers are copied as they lie");

enum {
    INT_13_BITS = 0xc0,
    STRING_12_BITS = 0xe0,
    STRING_32_BITS = 0xf0,
    INT_16_BITS = 0xf1,
    INT_64_BITS = 0xf4,
};

enum { SHORT_STRING_MAX = 63, MIDDLE_STRING_MAX = 4095 };

/* --- items --- */

static void finish_item(struct packed_item *item, size_t header_len, size_t data_len) {
    size_t body_len = header_len + data_len;
    item->header_len = (uint8_t)header_len;
    item->backlen_len = (uint8_t)packed_backlen_len(body_len);
    item->size = body_len + item->backlen_len;
}

/* Bytes of the narrowest of 2, 3, 4 and 8 that hold the value. */
static size_t integer_width(int64_t value) {
    if (value >= INT16_MIN && value <= INT16_MAX) return 2;
    if (value >= -(1 << 23) && value < 1 << 23) return 3;
    return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

static char marker_of_width(size_t width) {
    return (char)(width == 8 ? INT_64_BITS : INT_16_BITS + (int)width - 2);
}

static size_t write_integer(char *header, int64_t value) {
    if (value >= 0 && value <= 127) {
        header[0] = (char)value;
        return 1;
    }
    if (value >= -4096 && value <= 4095) {
        header[0] = (char)(INT_13_BITS | ((uint64_t)value >> 8 & 0x1f));
        header[1] = (char)value;
        return 2;
    }
    size_t width = integer_width(value);
    header[0] = marker_of_width(width);
    memcpy(header + 1, &value, width);
    return 1 + width;
}

struct packed_item packed_item_of_integer(int64_t value) {
    struct packed_item item = {.integer = value, .is_integer = true};
    finish_item(&item, write_integer(item.header, value), 0);
    return item;
}

static size_t write_string_header(char *header, size_t len) {
    if (len <= SHORT_STRING_MAX) {
        header[0] = (char)(0x80 | len);
        return 1;
    }
    if (len <= MIDDLE_STRING_MAX) {
        header[0] = (char)(STRING_12_BITS | len >> 8);
        header[1] = (char)len;
        return 2;
    }
    uint32_t len_word = (uint32_t)len;
    header[0] = (char)STRING_32_BITS;
    memcpy(header + 1, &len_word, sizeof(len_word));
    return 5;
}

/* A look at the first byte spares most texts the parser. */
static bool parse_integer(struct bytes text, int64_t *value) {
    if (text.len == 0 || text.len > NUMBER_I64_MAX_CHARS || text.data[0] > '9') return false;
    return number_parse_i64(text, value);
}

struct packed_item packed_item_of(struct bytes text) {
    struct packed_item item = {.text = text};
    item.is_integer = parse_integer(text, &item.integer);
    if (item.is_integer) {
        finish_item(&item, write_integer(item.header, item.integer), 0);
    } else {
        CHECK(text.len <= UINT32_MAX);
        finish_item(&item, write_string_header(item.header, text.len), text.len);
    }
    return item;
}

static char *put_backlen(char *at, size_t body_len, size_t backlen_len) {
    for (size_t i = backlen_len; i-- > 0; body_len >>= 7)
        at[i] = (char)((body_len & 0x7f) | (i == 0 ? 0 : 0x80));
    return at + backlen_len;
}

char *packed_put(char *at, const struct packed_item *item) {
    memcpy(at, item->header, item->header_len);
    at += item->header_len;
    if (!item->is_integer && item->text.len != 0) {
        memcpy(at, item->text.data, item->text.len);
        at += item->text.len;
    }
    return put_backlen(at, item->size - item->backlen_len, item->backlen_len);
}

/* --- reading --- */

/* Bytes before the data of a string, or of a whole integer; 0 for what begins no element. */
static size_t header_len_of(unsigned char first) {
    static const uint8_t lens[] = {5, 3, 4, 5, 9};
    if (first < INT_13_BITS) return 1;
    if (first < STRING_32_BITS) return 2;
    return first <= INT_64_BITS ? lens[first - STRING_32_BITS] : 0;
}

/* Bytes of data behind the header, which is there. */
static size_t string_len_of(const char *at) {
    unsigned char first = (unsigned char)*at;
    if ((first & 0xc0) == 0x80) return first & 0x3f;
    if ((first & 0xf0) == STRING_12_BITS) return (size_t)(first & 0xf) << 8 | (unsigned char)at[1];
    if (first != STRING_32_BITS) return 0;
    uint32_t len;
    memcpy(&len, at + 1, sizeof(len));
    return len;
}

static bool is_string(unsigned char first) {
    return (first & 0xc0) == 0x80 || (first & 0xf0) == STRING_12_BITS || first == STRING_32_BITS;
}

size_t packed_body_len_wide(const char *at) {
    return header_len_of((unsigned char)*at) + string_len_of(at);
}

static int64_t extend_sign(uint64_t value, unsigned bits) {
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static int64_t read_integer(const char *at) {
    unsigned char first = (unsigned char)*at;
    if (first < 0x80) return first;
    if (first < STRING_12_BITS)
        return extend_sign((uint64_t)(first & 0x1f) << 8 | (unsigned char)at[1], 13);
    size_t width = header_len_of(first) - 1;
    uint64_t value = 0;
    memcpy(&value, at + 1, width);
    return extend_sign(value, (unsigned)width * 8);
}

struct packed_value packed_read_wide(const char *at) {
    unsigned char first = (unsigned char)*at;
    if (!is_string(first)) return (struct packed_value){.integer = read_integer(at)};
    return (struct packed_value){.data = at + header_len_of(first), .len = string_len_of(at)};
}

struct bytes packed_text(const struct packed_value *value, char scratch[PACKED_SCRATCH]) {
    if (value->data != NULL) return bytes_of(value->data, value->len);
    return bytes_of(scratch, number_format_i64(scratch, value->integer));
}

/* --- bytes from outside --- */

static bool is_shortest_string(size_t header_len, struct bytes text) {
    int64_t value;
    if (header_len == 2 && text.len <= SHORT_STRING_MAX) return false;
    if (header_len > 2 && text.len <= MIDDLE_STRING_MAX) return false;
    return !parse_integer(text, &value);
}

/* True when the element, whose header and data are there, is what packed_put would write. Forms of
 * integers differ in their lengths. */
static bool is_shortest_form(const char *at, size_t header_len) {
    struct packed_value value = packed_read(at);
    if (value.data != NULL) return is_shortest_string(header_len, bytes_of(value.data, value.len));
    char header[PACKED_HEADER_MAX];
    return write_integer(header, value.integer) == header_len;
}

static bool has_backlen(const char *at, size_t body_len, size_t backlen_len) {
    if (LIKELY(backlen_len == 1)) return (unsigned char)*at == body_len;
    char expected[PACKED_ENTRY_OVERHEAD_MAX];
    put_backlen(expected, body_len, backlen_len);
    return memcmp(at, expected, backlen_len) == 0;
}

bool packed_validate(const char *at, const char *end, size_t *size) {
    size_t left = (size_t)(end - at);
    if (left == 0) return false;
    size_t header_len = header_len_of((unsigned char)*at);
    if (header_len == 0 || header_len > left) return false;
    size_t body_len = header_len + string_len_of(at);
    size_t backlen_len = packed_backlen_len(body_len);
    if (body_len + backlen_len > left) return false;
    if (!has_backlen(at + body_len, body_len, backlen_len) || !is_shortest_form(at, header_len))
        return false;
    *size = body_len + backlen_len;
    return true;
}
