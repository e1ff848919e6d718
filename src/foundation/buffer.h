/* A growable run of bytes with its owner: replies, lines and files are put together in one.
 * Growth doubles (by half above 1 MiB). The zeroed struct is a valid empty buffer. */
#ifndef FOUNDATION_BUFFER_H
#define FOUNDATION_BUFFER_H

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/mem.h"

#include <stdarg.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t len;
    size_t cap;
};

/* Frees the storage and leaves the buffer empty. */
void buffer_destroy(struct buffer *buffer);
/* The storage becomes the caller's (NULL when nothing was ever written); the buffer is empty. */
char *buffer_detach(struct buffer *buffer, size_t *len);
/* Makes room for `extra` more bytes; cold half of buffer_room. */
COLD void buffer_grow(struct buffer *buffer, size_t extra);
/* Forgets the content, keeps the storage. */
static inline void buffer_clear(struct buffer *buffer) {
    buffer->len = 0;
}

/* A place for `extra` bytes at the end; buffer_commit says how many were written. The place is
 * valid until the next call that grows the buffer. */
static inline char *buffer_room(struct buffer *buffer, size_t extra) {
    if (UNLIKELY(buffer->cap - buffer->len < extra)) buffer_grow(buffer, extra);
    return buffer->data + buffer->len;
}

static inline void buffer_commit(struct buffer *buffer, size_t written) {
    buffer->len += written;
}

static inline void buffer_append(struct buffer *buffer, const void *data, size_t len) {
    if (len == 0) return;
    memcpy(buffer_room(buffer, len), data, len);
    buffer->len += len;
}

static inline void buffer_append_bytes(struct buffer *buffer, struct bytes bytes) {
    buffer_append(buffer, bytes.data, bytes.len);
}

/* The same for sizes that a peer or a file chose; false, with nothing changed, when there is no
 * memory. */
NODISCARD bool buffer_try_append(struct buffer *buffer, const void *data, size_t len);

static inline void buffer_append_char(struct buffer *buffer, char c) {
    *buffer_room(buffer, 1) = c;
    buffer->len += 1;
}

static inline struct bytes buffer_bytes(const struct buffer *buffer) {
    return bytes_of(buffer->data, buffer->len);
}

void buffer_append_str(struct buffer *buffer, const char *str);
/* ASCII letters become capitals. */
void buffer_append_upper(struct buffer *buffer, const char *str);
void buffer_append_i64(struct buffer *buffer, int64_t value);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* The bytes in double quotes, with \n \r \t \a \b \" \\ and \xHH for what does not print. */
void buffer_append_quoted(struct buffer *buffer, struct bytes bytes);
/* Writes a NUL behind the content, not counted in its length, and returns it as a C string. */
const char *buffer_c_str(struct buffer *buffer);
/* Drops the first `count` bytes by moving the rest down. */
void buffer_consume(struct buffer *buffer, size_t count);

#endif
