#include "data/rdb/rdb_writer.h"

#include "data/rdb/rdb_format.h"
#include "foundation/containers/packed.h"
#include "foundation/crc64.h"
#include "foundation/number.h"

#include <endian.h>
#include <liblzf/lzf.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

enum {
    LENGTH_MAX_BYTES = 9,
    ONE_BYTE_END = 1 << 6,
    TWO_BYTES_END = 1 << 14,
    INTEGER_MAX_CHARS = 11, /* -2147483648 */
    INTEGER_MAX_BYTES = 5,
    COMPRESS_MIN = 21,
    LZF_GAIN = 4, /* bytes that compression has to spare */
};

/* --- life --- */

void rdb_writer_init(struct rdb_writer *writer, const struct rdb_writer_settings *settings) {
    *writer = (struct rdb_writer){.settings = *settings};
}

void rdb_writer_destroy(struct rdb_writer *writer) {
    buffer_destroy(&writer->out);
    buffer_destroy(&writer->compressed);
    buffer_destroy(&writer->blob);
}

void rdb_writer_clear(struct rdb_writer *writer) {
    buffer_clear(&writer->out);
    writer->flushed_bytes = 0;
    writer->crc = 0;
    writer->summed_bytes = 0;
    writer->has_failed = false;
}

/* --- handing on --- */

uint64_t rdb_writer_crc(struct rdb_writer *writer) {
    if (!writer->settings.is_checksumming) return 0;
    struct bytes bytes = rdb_writer_bytes(writer);
    if (writer->summed_bytes == bytes.len) return writer->crc;
    struct bytes fresh =
        bytes_of(bytes.data + writer->summed_bytes, bytes.len - writer->summed_bytes);
    writer->crc = crc64_add(writer->crc, fresh);
    writer->summed_bytes = bytes.len;
    return writer->crc;
}

static void hand_on(struct rdb_writer *writer, struct bytes bytes) {
    const struct rdb_writer_settings *settings = &writer->settings;
    writer->flushed_bytes += bytes.len;
    if (!writer->has_failed) writer->has_failed = !settings->flush(settings->context, bytes);
}

static COLD void drain(struct rdb_writer *writer) {
    (void)rdb_writer_crc(writer);
    if (writer->out.len != 0) hand_on(writer, rdb_writer_bytes(writer));
    buffer_clear(&writer->out);
    writer->summed_bytes = 0;
}

bool rdb_writer_flush(struct rdb_writer *writer) {
    if (writer->settings.flush != NULL) drain(writer);
    return !writer->has_failed;
}

static void drain_when_full(struct rdb_writer *writer) {
    if (writer->settings.flush != NULL && writer->out.len >= writer->settings.flush_bytes)
        drain(writer);
}

/* Handed on from where it lies. */
static COLD void write_through(struct rdb_writer *writer, struct bytes bytes) {
    drain(writer);
    if (writer->settings.is_checksumming) writer->crc = crc64_add(writer->crc, bytes);
    hand_on(writer, bytes);
}

void rdb_write_raw(struct rdb_writer *writer, struct bytes bytes) {
    if (writer->settings.flush != NULL && bytes.len >= writer->settings.flush_bytes) {
        write_through(writer, bytes);
        return;
    }
    buffer_append_bytes(&writer->out, bytes);
    drain_when_full(writer);
}

/* --- numbers --- */

void rdb_write_byte(struct rdb_writer *writer, uint8_t byte) {
    buffer_append_char(&writer->out, (char)byte);
    drain_when_full(writer);
}

/* Writes up to LENGTH_MAX_BYTES and returns the place behind them. */
static char *put_length(char *at, uint64_t length) {
    if (LIKELY(length < ONE_BYTE_END)) {
        *at++ = (char)length;
    } else if (length < TWO_BYTES_END) {
        *at++ = (char)(RDB_LENGTH_14_BITS | length >> 8);
        *at++ = (char)length;
    } else if (length <= UINT32_MAX) {
        uint32_t word = htobe32((uint32_t)length);
        *at++ = (char)RDB_LENGTH_32_BITS;
        memcpy(at, &word, sizeof(word));
        at += sizeof(word);
    } else {
        uint64_t word = htobe64(length);
        *at++ = (char)RDB_LENGTH_64_BITS;
        memcpy(at, &word, sizeof(word));
        at += sizeof(word);
    }
    return at;
}

void rdb_write_length(struct rdb_writer *writer, uint64_t length) {
    char *at = buffer_room(&writer->out, LENGTH_MAX_BYTES);
    buffer_commit(&writer->out, (size_t)(put_length(at, length) - at));
    drain_when_full(writer);
}

void rdb_write_double(struct rdb_writer *writer, double value) {
    rdb_write_raw(writer, bytes_of(&value, sizeof(value)));
}

void rdb_write_i64(struct rdb_writer *writer, int64_t value) {
    rdb_write_raw(writer, bytes_of(&value, sizeof(value)));
}

/* --- strings --- */

/* As it is. */
static void write_plain(struct rdb_writer *writer, struct bytes string) {
    if (UNLIKELY(string.len >= TWO_BYTES_END)) {
        rdb_write_length(writer, string.len);
        rdb_write_raw(writer, string);
        return;
    }
    char *room = buffer_room(&writer->out, LENGTH_MAX_BYTES + string.len);
    char *at = put_length(room, string.len);
    if (string.len != 0) memcpy(at, string.data, string.len);
    buffer_commit(&writer->out, (size_t)(at - room) + string.len);
    drain_when_full(writer);
}

/* False, with nothing written, when the integer is too large for its forms. */
static bool try_write_integer(struct rdb_writer *writer, int64_t value) {
    if (value < INT32_MIN || value > INT32_MAX) return false;
    bool is_byte = value >= INT8_MIN && value <= INT8_MAX;
    bool is_half = value >= INT16_MIN && value <= INT16_MAX;
    size_t width = is_byte ? 1 : is_half ? 2 : 4;
    char *at = buffer_room(&writer->out, INTEGER_MAX_BYTES);
    at[0] = (char)(is_byte ? RDB_STRING_INT8 : is_half ? RDB_STRING_INT16 : RDB_STRING_INT32);
    memcpy(at + 1, &value, width); /* the low bytes of a little-endian number */
    buffer_commit(&writer->out, 1 + width);
    drain_when_full(writer);
    return true;
}

static bool is_integer(struct bytes string, int64_t *value) {
    if (string.len == 0 || string.len > INTEGER_MAX_CHARS) return false;
    if (string.data[0] > '9') return false; /* spares most texts the parser */
    return number_parse_i64(string, value);
}

/* False, with nothing written, when that makes the string no shorter. */
static bool try_write_compressed(struct rdb_writer *writer, struct bytes string) {
    if (string.len > UINT32_MAX) return false;
    size_t max_len = string.len - LZF_GAIN;
    buffer_clear(&writer->compressed);
    char *out = buffer_room(&writer->compressed, max_len);
    unsigned len = lzf_compress(string.data, (unsigned)string.len, out, (unsigned)max_len);
    if (len == 0) return false;
    rdb_write_byte(writer, RDB_STRING_LZF);
    rdb_write_length(writer, len);
    rdb_write_length(writer, string.len);
    rdb_write_raw(writer, bytes_of(out, len));
    return true;
}

void rdb_write_string(struct rdb_writer *writer, struct bytes string) {
    int64_t value;
    if (is_integer(string, &value) && try_write_integer(writer, value)) return;
    if (string.len >= COMPRESS_MIN && writer->settings.is_compressing &&
        try_write_compressed(writer, string))
        return;
    write_plain(writer, string);
}

void rdb_write_integer_string(struct rdb_writer *writer, int64_t value) {
    if (try_write_integer(writer, value)) return;
    char text[NUMBER_I64_MAX_CHARS];
    write_plain(writer, bytes_of(text, number_format_i64(text, value)));
}

void rdb_write_packed(struct rdb_writer *writer, const struct packed_value *value) {
    if (value->data == NULL)
        rdb_write_integer_string(writer, value->integer);
    else
        rdb_write_string(writer, bytes_of(value->data, value->len));
}

char *rdb_writer_blob(struct rdb_writer *writer, size_t len) {
    buffer_clear(&writer->blob);
    return buffer_room(&writer->blob, len);
}
