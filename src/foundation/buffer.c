#include "foundation/buffer.h"

#include "foundation/number.h"

#include <stdio.h>

enum { FIRST_CAP = 64, DOUBLING_LIMIT = 1024 * 1024 };

void buffer_destroy(struct buffer *buffer) {
    mem_free(buffer->data);
    *buffer = (struct buffer){0};
}

char *buffer_detach(struct buffer *buffer, size_t *len) {
    char *data = buffer->data;
    if (len != NULL) *len = buffer->len;
    *buffer = (struct buffer){0};
    return data;
}

/* What the storage grows to for `extra` more bytes. */
static size_t next_cap(const struct buffer *buffer, size_t extra) {
    size_t needed;
    CHECK(!__builtin_add_overflow(buffer->len, extra, &needed) && needed < SIZE_MAX / 4);
    size_t cap = buffer->cap < DOUBLING_LIMIT ? buffer->cap * 2 : buffer->cap + buffer->cap / 2;
    if (cap < needed) cap = needed;
    if (cap < FIRST_CAP) cap = FIRST_CAP;
    return mem_good_size(cap);
}

void buffer_grow(struct buffer *buffer, size_t extra) {
    size_t cap = next_cap(buffer, extra);
    buffer->data = mem_realloc(buffer->data, cap);
    buffer->cap = cap;
}

bool buffer_try_append(struct buffer *buffer, const void *data, size_t len) {
    if (buffer->cap - buffer->len < len) {
        size_t cap = next_cap(buffer, len);
        char *grown = mem_try_realloc(buffer->data, cap);
        if (grown == NULL) return false;
        buffer->data = grown;
        buffer->cap = cap;
    }
    buffer_append(buffer, data, len);
    return true;
}

void buffer_append_str(struct buffer *buffer, const char *str) {
    buffer_append(buffer, str, strlen(str));
}

void buffer_append_upper(struct buffer *buffer, const char *str) {
    for (const char *c = str; *c != '\0'; c++)
        buffer_append_char(buffer, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
}

void buffer_append_i64(struct buffer *buffer, int64_t value) {
    buffer_commit(buffer, number_format_i64(buffer_room(buffer, NUMBER_I64_MAX_CHARS), value));
}

void buffer_append_u64(struct buffer *buffer, uint64_t value) {
    buffer_commit(buffer, number_format_u64(buffer_room(buffer, NUMBER_I64_MAX_CHARS), value));
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    buffer_vprintf(buffer, format, args);
    va_end(args);
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    char *room = buffer_room(buffer, FIRST_CAP);
    size_t size = buffer->cap - buffer->len;
    int len = vsnprintf(room, size, format, args);
    CHECK(len >= 0);
    if ((size_t)len >= size) {
        room = buffer_room(buffer, (size_t)len + 1);
        vsnprintf(room, (size_t)len + 1, format, again);
    }
    va_end(again);
    buffer_commit(buffer, (size_t)len);
}

/* The letter that follows the backslash, or 0 for a byte that has no short escape. */
static char escape_letter(char c) {
    switch (c) {
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\a': return 'a';
    case '\b': return 'b';
    case '"':
    case '\\': return c;
    default: return 0;
    }
}

static size_t write_escaped(char *out, char c) {
    static const char hex[] = "0123456789abcdef";
    char letter = escape_letter(c);
    if (letter != 0) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    if (c >= ' ' && c <= '~') {
        out[0] = c;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[(unsigned char)c >> 4];
    out[3] = hex[(unsigned char)c & 15];
    return 4;
}

void buffer_append_quoted(struct buffer *buffer, struct bytes bytes) {
    buffer_append_char(buffer, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        buffer_commit(buffer, write_escaped(buffer_room(buffer, 4), bytes.data[i]));
    }
    buffer_append_char(buffer, '"');
}

const char *buffer_c_str(struct buffer *buffer) {
    *buffer_room(buffer, 1) = '\0';
    return buffer->data;
}

void buffer_consume(struct buffer *buffer, size_t count) {
    CHECK(count <= buffer->len);
    if (count == 0) return;
    buffer->len -= count;
    memmove(buffer->data, buffer->data + count, buffer->len);
}
