/* Writes RESP2 and RESP3.
 *
 * Every resp_put_… writes one element at `out` and returns the place behind it. Room needed:
 * RESP_HEADER_MAX for headers, numbers, null and booleans; RESP_HEADER_MAX more than the bytes
 * given for those that carry bytes. Where RESP2 has no such type it gets what Redis sends there. */
#ifndef PROTOCOL_RESP_WRITER_H
#define PROTOCOL_RESP_WRITER_H

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum resp_version { RESP2 = 2, RESP3 = 3 };

enum { RESP_HEADER_MAX = 48 };

/* Cold half of resp_put_number_line. */
char *resp_put_long_number_line(char *out, char mark, int64_t value);

/* "<mark><value>\r\n": the one form of integers, lengths and counts. */
static inline char *resp_put_number_line(char *out, char mark, int64_t value) {
    uint64_t digits = (uint64_t)value;
    if (LIKELY(digits < 10)) {
        out[0] = mark;
        out[1] = (char)('0' + digits);
        out[2] = '\r';
        out[3] = '\n';
        return out + 4;
    }
    if (LIKELY(digits < 100)) {
        out[0] = mark;
        out[1] = (char)('0' + digits / 10);
        out[2] = (char)('0' + digits % 10);
        out[3] = '\r';
        out[4] = '\n';
        return out + 5;
    }
    return resp_put_long_number_line(out, mark, value);
}

static inline char *resp_put_integer(char *out, int64_t value) {
    return resp_put_number_line(out, ':', value);
}

static inline char *resp_put_raw(char *out, struct bytes raw) {
    if (raw.len != 0) memcpy(out, raw.data, raw.len);
    return out + raw.len;
}

static inline char *resp_put_line_end(char *out) {
    out[0] = '\r';
    out[1] = '\n';
    return out + 2;
}

/* The header alone, for bytes that are sent from elsewhere; resp_put_line_end follows them. */
static inline char *resp_put_bulk_header(char *out, size_t len) {
    return resp_put_number_line(out, '$', (int64_t)len);
}

static inline char *resp_put_bulk(char *out, struct bytes value) {
    out = resp_put_bulk_header(out, value.len);
    return resp_put_line_end(resp_put_raw(out, value));
}

/* A number as a bulk string: "$2\r\n42\r\n". */
char *resp_put_bulk_integer(char *out, int64_t value);

/* "+OK": `text` holds no line end. */
static inline char *resp_put_simple(char *out, struct bytes text) {
    *out++ = '+';
    return resp_put_line_end(resp_put_raw(out, text));
}

/* "-ERR …": `text` begins with its code; line ends in it become spaces. */
char *resp_put_error(char *out, struct bytes text);

/* No value: "$-1" or, in RESP3, "_". */
static inline char *resp_put_null(char *out, enum resp_version version) {
    return resp_put_raw(out, version == RESP2 ? BYTES("$-1\r\n") : BYTES("_\r\n"));
}
/* No array: "*-1" or "_". */
static inline char *resp_put_null_array(char *out, enum resp_version version) {
    return resp_put_raw(out, version == RESP2 ? BYTES("*-1\r\n") : BYTES("_\r\n"));
}

/* Headers: `count` elements follow; for maps and attributes `count` pairs. */
static inline char *resp_put_array(char *out, size_t count) {
    return resp_put_number_line(out, '*', (int64_t)count);
}
static inline char *resp_put_map(char *out, enum resp_version version, size_t count) {
    if (version == RESP2) return resp_put_array(out, 2 * count);
    return resp_put_number_line(out, '%', (int64_t)count);
}
static inline char *resp_put_set(char *out, enum resp_version version, size_t count) {
    return resp_put_number_line(out, version == RESP2 ? '*' : '~', (int64_t)count);
}
static inline char *resp_put_push(char *out, enum resp_version version, size_t count) {
    return resp_put_number_line(out, version == RESP2 ? '*' : '>', (int64_t)count);
}
/* RESP3 only. */
static inline char *resp_put_attribute(char *out, size_t count) {
    return resp_put_number_line(out, '|', (int64_t)count);
}

/* ":1"/":0" or "#t"/"#f". */
static inline char *resp_put_bool(char *out, enum resp_version version, bool value) {
    if (version == RESP2) return resp_put_integer(out, value);
    return resp_put_raw(out, value ? BYTES("#t\r\n") : BYTES("#f\r\n"));
}

/* The shortest text that reads back the same, "inf", "-inf" or "nan"; a bulk string in RESP2. */
char *resp_put_double(char *out, enum resp_version version, double value);
/* `digits` is a decimal integer of any size; a bulk string in RESP2. */
char *resp_put_big_number(char *out, enum resp_version version, struct bytes digits);
/* `format` is three characters, "txt" or "mkd"; a bulk string in RESP2. */
char *resp_put_verbatim(char *out, enum resp_version version, const char *format,
                        struct bytes text);

#endif
