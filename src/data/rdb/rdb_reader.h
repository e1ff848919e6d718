/* Reads the primitives of the RDB format (data/rdb/rdb_format.h) from bytes in memory, or from a
 * source that is read in big pieces.
 *
 * The first failure sticks: its text tells the offset, what was expected there and what was found;
 * from then on every function returns nothing (0, an empty string), so that callers ask once, at
 * the end of a value, and before they go round a loop that the file counts.
 *
 * No size that the file tells is believed: a string is waited for until its bytes have come, and
 * what it says to be when decompressed must be possible.
 *
 * Strings are views: into the reader's buffer, or when compressed or an integer into a scratch
 * place. They are valid until the next function is called. A key read with rdb_read_key stays valid
 * until the next one is. */
#ifndef DATA_RDB_RDB_READER_H
#define DATA_RDB_RDB_READER_H

#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RDB_SOURCE_ENDLESS UINT64_MAX

struct rdb_source {
    /* Writes up to `max` bytes and returns how many; 0 at the end. */
    size_t (*refill)(void *context, char *to, size_t max);
    void *context;
    uint64_t total_bytes; /* that will come at most; RDB_SOURCE_ENDLESS when nobody knows */
    bool is_unsummed;     /* rdb_reader_crc will not be asked */
};

enum { RDB_ERROR_MAX = 240 };

/* For the functions below only. */
struct rdb_reader {
    const char *at, *end; /* what is there and unread */
    const char *begin;    /* of what is there */
    const char *unsummed; /* from here on `crc` does not cover it */
    uint64_t begin_offset;
    uint64_t left_bytes; /* that may still come from the source */
    uint64_t crc;
    struct rdb_source source;
    char *buffer; /* NULL: the bytes are somebody else's */
    size_t cap;
    char *held; /* a former buffer in which the key lies */
    bool is_holding;
    bool has_failed;
    char *scratch;
    size_t scratch_cap;
    char *key_copy;
    bool is_keeping;
    const char *kept_from; /* from here on `kept` does not have it */
    struct buffer kept;
    char digits[NUMBER_I64_MAX_CHARS];
    char error[RDB_ERROR_MAX];
};

/* Reads these bytes, which stay valid; strings that are neither compressed nor integers are then
 * views into them for good. */
void rdb_reader_init(struct rdb_reader *reader, struct bytes bytes);
void rdb_reader_init_source(struct rdb_reader *reader, const struct rdb_source *source);
void rdb_reader_destroy(struct rdb_reader *reader);

static inline bool rdb_has_failed(const struct rdb_reader *reader) {
    return UNLIKELY(reader->has_failed);
}
/* "offset 1234: expected a key, found the end"; empty before a failure. */
static inline const char *rdb_reader_error(const struct rdb_reader *reader) {
    return reader->error;
}
/* Fails for a reason of the caller's: what was expected at the offset, and (printf) what was found.
 * The first failure is the one that stays. */
COLD void rdb_fail(struct rdb_reader *reader, uint64_t offset, const char *expected,
                   const char *found, ...) PRINTF_LIKE(4, 5);

/* Bytes read so far. */
static inline uint64_t rdb_reader_offset(const struct rdb_reader *reader) {
    return reader->begin_offset + (uint64_t)(reader->at - reader->begin);
}
/* The sum of the bytes read so far. */
uint64_t rdb_reader_crc(struct rdb_reader *reader);
/* Bytes that can still be read at most. */
static inline uint64_t rdb_reader_left(const struct rdb_reader *reader) {
    uint64_t there = (uint64_t)(reader->end - reader->at);
    return reader->left_bytes > UINT64_MAX - there ? UINT64_MAX : there + reader->left_bytes;
}
/* True when nothing is left; may refill. */
bool rdb_reader_is_at_end(struct rdb_reader *reader);

/* Keeps what is read from here on, as it stands there. */
void rdb_reader_start_keeping(struct rdb_reader *reader);
/* Ends that and returns what was read, all in one; valid until the next function is called. Empty
 * after a failure. */
struct bytes rdb_reader_end_keeping(struct rdb_reader *reader, const char *what);

/* --- primitives; `what` names what is read, for the error: "a hash's field" --- */

uint8_t rdb_read_byte(struct rdb_reader *reader, const char *what);
uint64_t rdb_read_length(struct rdb_reader *reader, const char *what);
/* The length of a sequence whose elements take at least `least_bytes` each; fails on an empty one,
 * and when so many cannot follow. */
uint64_t rdb_read_count(struct rdb_reader *reader, size_t least_bytes, const char *what);
/* The same, but none is allowed. */
uint64_t rdb_read_amount(struct rdb_reader *reader, size_t least_bytes, const char *what);
/* What to reserve for so many elements before they have come. */
static inline size_t rdb_reserve_for(uint64_t count) {
    const uint64_t believed = 1 << 20;
    return (size_t)(count < believed ? count : believed);
}
struct bytes rdb_read_raw(struct rdb_reader *reader, size_t len, const char *what);
struct bytes rdb_read_string(struct rdb_reader *reader, const char *what);
/* The same of at most 2^32 - 1 bytes: an element of a collection. */
struct bytes rdb_read_element(struct rdb_reader *reader, const char *what);
struct bytes rdb_read_key(struct rdb_reader *reader);
/* Reads a string; true when it was written as an integer, which is then not made text. */
bool rdb_read_string_or_i64(struct rdb_reader *reader, struct bytes *string, int64_t *value,
                            const char *what);
double rdb_read_double(struct rdb_reader *reader, const char *what);
int64_t rdb_read_i64(struct rdb_reader *reader, const char *what);
/* A double as text, as old versions wrote scores. */
double rdb_read_text_double(struct rdb_reader *reader, const char *what);

#endif
