/* Writes the primitives of the RDB format (data/rdb/rdb_format.h) into a buffer that grows, or that
 * is handed on in pieces to `flush`. Failure of `flush` sticks: what is written from then on is
 * dropped, and rdb_writer_flush says false at the end. */
#ifndef DATA_RDB_RDB_WRITER_H
#define DATA_RDB_RDB_WRITER_H

#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

struct packed_value;

/* Takes all the bytes, or returns false. */
typedef bool rdb_flush_function(void *context, struct bytes bytes);

struct rdb_writer_settings {
    bool is_compressing;  /* strings of more than 20 bytes, by LZF where that makes them shorter */
    bool is_checksumming; /* else the sum stays 0 */
    rdb_flush_function *flush; /* NULL: all stays in the buffer */
    void *context;
    size_t flush_bytes; /* `flush` is called when so many are there */
};

struct rdb_writer {
    struct rdb_writer_settings settings;
    struct buffer out;
    uint64_t flushed_bytes;
    uint64_t crc;
    size_t summed_bytes; /* of `out` that `crc` covers */
    bool has_failed;
    struct buffer compressed;
    struct buffer blob;
};

void rdb_writer_init(struct rdb_writer *writer, const struct rdb_writer_settings *settings);
void rdb_writer_destroy(struct rdb_writer *writer);

/* Hands on what is there; false when that, or any flush before, has failed. */
NODISCARD bool rdb_writer_flush(struct rdb_writer *writer);
/* What was written and not handed on; valid until more is written. */
static inline struct bytes rdb_writer_bytes(const struct rdb_writer *writer) {
    return buffer_bytes(&writer->out);
}
/* Bytes written so far, those handed on included. */
static inline uint64_t rdb_writer_len(const struct rdb_writer *writer) {
    return writer->flushed_bytes + writer->out.len;
}
/* The sum of all that was written so far. */
uint64_t rdb_writer_crc(struct rdb_writer *writer);
/* Forgets what was written, keeps the storage: for one payload after the other. */
void rdb_writer_clear(struct rdb_writer *writer);

/* --- primitives --- */

void rdb_write_raw(struct rdb_writer *writer, struct bytes bytes);
void rdb_write_byte(struct rdb_writer *writer, uint8_t byte);
void rdb_write_length(struct rdb_writer *writer, uint64_t length);
/* In the shortest form: as an integer, compressed, or as it is. */
void rdb_write_string(struct rdb_writer *writer, struct bytes string);
/* The same of an integer's text. */
void rdb_write_integer_string(struct rdb_writer *writer, int64_t value);
/* The same of an element of a listpack. */
void rdb_write_packed(struct rdb_writer *writer, const struct packed_value *value);
/* Eight bytes each: scores, times in ms. */
void rdb_write_double(struct rdb_writer *writer, double value);
void rdb_write_i64(struct rdb_writer *writer, int64_t value);

/* A place in which the caller puts a blob of `len` bytes together, to be written as a string; valid
 * until the next call. */
char *rdb_writer_blob(struct rdb_writer *writer, size_t len);

#endif
