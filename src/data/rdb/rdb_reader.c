#include "data/rdb/rdb_reader.h"

#include "data/rdb/rdb_format.h"
#include "foundation/crc64.h"
#include "foundation/mem.h"

#include <endian.h>
#include <liblzf/lzf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

enum {
#ifdef SKUA_TEST
    PIECE_BYTES = 64, /* so that small tests refill at every place */
#else
    PIECE_BYTES = 1024 * 1024,
#endif
    LZF_MAX_RATIO = 88, /* three bytes stand for up to 264 */
};

/* --- life --- */

static void init_reader(struct rdb_reader *reader, struct bytes bytes) {
    /* Not the texts, which are large: a reader is made for each payload. */
    memset(reader, 0, offsetof(struct rdb_reader, digits));
    reader->error[0] = '\0';
    reader->begin = reader->at = reader->unsummed = bytes.data;
    reader->end = bytes.data + bytes.len;
}

void rdb_reader_init(struct rdb_reader *reader, struct bytes bytes) {
    init_reader(reader, bytes);
}

void rdb_reader_init_source(struct rdb_reader *reader, const struct rdb_source *source) {
    char *buffer = mem_alloc(PIECE_BYTES);
    init_reader(reader, bytes_of(buffer, 0));
    reader->buffer = buffer;
    reader->cap = PIECE_BYTES;
    reader->source = *source;
    reader->left_bytes = source->total_bytes;
}

void rdb_reader_destroy(struct rdb_reader *reader) {
    mem_free(reader->buffer);
    mem_free(reader->held);
    mem_free(reader->scratch);
    mem_free(reader->key_copy);
    buffer_destroy(&reader->kept);
}

/* --- failing --- */

static void PRINTF_LIKE(2, 0) add_text(char *text, const char *format, va_list args) {
    size_t len = strlen(text);
    (void)vsnprintf(text + len, RDB_ERROR_MAX - len, format, args);
}

void rdb_fail(struct rdb_reader *reader, uint64_t offset, const char *expected, const char *found,
              ...) {
    if (reader->has_failed) return;
    reader->has_failed = true;
    (void)snprintf(reader->error, RDB_ERROR_MAX, "offset %llu: expected %s, found ",
                   (unsigned long long)offset, expected);
    va_list args;
    va_start(args, found);
    add_text(reader->error, found, args);
    va_end(args);
    /* Nothing is there any more, so that the fast paths need not ask. */
    reader->begin_offset = rdb_reader_offset(reader);
    reader->begin = reader->at = reader->unsummed = reader->end;
    reader->left_bytes = 0;
}

static void fail_here(struct rdb_reader *reader, const char *expected, const char *found) {
    rdb_fail(reader, rdb_reader_offset(reader), expected, "%s", found);
}

/* --- the buffer --- */

uint64_t rdb_reader_crc(struct rdb_reader *reader) {
    struct bytes fresh = bytes_of(reader->unsummed, (size_t)(reader->at - reader->unsummed));
    reader->crc = crc64_add(reader->crc, fresh);
    reader->unsummed = reader->at;
    return reader->crc;
}

static size_t count_there(const struct rdb_reader *reader) {
    return (size_t)(reader->end - reader->at);
}

/* What the buffer will not have any more; false without memory. */
static bool keep_read(struct rdb_reader *reader) {
    size_t len = (size_t)(reader->at - reader->kept_from);
    if (!buffer_try_append(&reader->kept, reader->kept_from, len)) return false;
    reader->kept_from = reader->at;
    return true;
}

/* Puts another buffer in the place of the old one, which stays while the key lies in it. */
static void adopt_buffer(struct rdb_reader *reader, char *buffer, size_t cap) {
    if (reader->is_holding && reader->held == NULL)
        reader->held = reader->buffer;
    else
        mem_free(reader->buffer);
    reader->buffer = buffer;
    reader->cap = cap;
}

/* Moves what is unread to the front of a buffer of at least `cap` bytes; false without memory. */
static bool move_to_front(struct rdb_reader *reader, size_t cap) {
    size_t there = count_there(reader);
    uint64_t offset = rdb_reader_offset(reader);
    bool must_stay = reader->is_holding && reader->held == NULL;
    if (reader->is_keeping && !keep_read(reader)) return false;
    if (!reader->source.is_unsummed) (void)rdb_reader_crc(reader);
    if (cap <= reader->cap && !must_stay) {
        if (there != 0) memmove(reader->buffer, reader->at, there);
    } else {
        if (cap < reader->cap) cap = reader->cap;
        char *buffer = mem_try_alloc(cap);
        if (buffer == NULL) return false;
        if (there != 0) memcpy(buffer, reader->at, there);
        adopt_buffer(reader, buffer, cap);
    }
    reader->begin_offset = offset;
    reader->begin = reader->at = reader->unsummed = reader->kept_from = reader->buffer;
    reader->end = reader->begin + there;
    return true;
}

/* Where the next piece goes: the buffer grows with what has come, not with what is said to come. */
static bool make_room(struct rdb_reader *reader, size_t wanted) {
    size_t there = count_there(reader), cap = 2 * there;
    if (cap > wanted) cap = wanted;
    if (cap < PIECE_BYTES) cap = PIECE_BYTES;
    if (reader->at == reader->buffer && reader->cap > there && reader->cap >= cap) return true;
    return move_to_front(reader, cap);
}

static bool read_piece(struct rdb_reader *reader, size_t wanted, const char *what) {
    if (!make_room(reader, wanted)) {
        fail_here(reader, what, "no memory for it");
        return false;
    }
    size_t there = count_there(reader), room = reader->cap - there;
    if (room > reader->left_bytes) room = (size_t)reader->left_bytes;
    size_t got =
        room == 0 ? 0 : reader->source.refill(reader->source.context, reader->buffer + there, room);
    CHECK(got <= room);
    reader->end += got;
    if (got == 0)
        reader->left_bytes = 0;
    else if (reader->left_bytes != RDB_SOURCE_ENDLESS)
        reader->left_bytes -= got;
    return got != 0;
}

/* Reads on until so many bytes are there; fails when they do not come. */
static COLD bool fetch(struct rdb_reader *reader, size_t wanted, const char *what) {
    if (reader->has_failed) return false;
    while (count_there(reader) < wanted) {
        if (wanted <= rdb_reader_left(reader) && read_piece(reader, wanted, what)) continue;
        if (count_there(reader) == 0)
            fail_here(reader, what, "the end");
        else
            rdb_fail(reader, rdb_reader_offset(reader), what, "%llu of its %zu bytes",
                     (unsigned long long)rdb_reader_left(reader), wanted);
        return false;
    }
    return true;
}

static ALWAYS_INLINE bool has_bytes(struct rdb_reader *reader, size_t count, const char *what) {
    return LIKELY(count_there(reader) >= count) || fetch(reader, count, what);
}

bool rdb_reader_is_at_end(struct rdb_reader *reader) {
    if (count_there(reader) != 0) return false;
    return reader->has_failed || reader->left_bytes == 0 || !read_piece(reader, 1, "more");
}

void rdb_reader_start_keeping(struct rdb_reader *reader) {
    reader->is_keeping = true;
    reader->kept_from = reader->at;
    buffer_destroy(&reader->kept);
}

struct bytes rdb_reader_end_keeping(struct rdb_reader *reader, const char *what) {
    reader->is_keeping = false;
    if (reader->has_failed) return BYTES("");
    if (reader->kept.len == 0)
        return bytes_of(reader->kept_from, (size_t)(reader->at - reader->kept_from));
    if (keep_read(reader)) return buffer_bytes(&reader->kept);
    fail_here(reader, what, "no memory for it");
    return BYTES("");
}

/* A place for `len` bytes, or NULL after failing. */
static char *find_scratch(struct rdb_reader *reader, size_t len, const char *what) {
    if (len <= reader->scratch_cap) return reader->scratch;
    char *scratch = mem_try_alloc(len);
    if (scratch == NULL) {
        fail_here(reader, what, "no memory for it");
        return NULL;
    }
    mem_free(reader->scratch);
    reader->scratch = scratch;
    reader->scratch_cap = len;
    return scratch;
}

/* --- numbers --- */

uint8_t rdb_read_byte(struct rdb_reader *reader, const char *what) {
    if (!has_bytes(reader, 1, what)) return 0;
    return (uint8_t)*reader->at++;
}

struct bytes rdb_read_raw(struct rdb_reader *reader, size_t len, const char *what) {
    if (!has_bytes(reader, len, what)) return BYTES("");
    struct bytes bytes = bytes_of(reader->at, len);
    reader->at += len;
    return bytes;
}

static uint64_t read_little_endian(struct rdb_reader *reader, size_t width, const char *what) {
    uint64_t word = 0;
    struct bytes bytes = rdb_read_raw(reader, width, what);
    memcpy(&word, bytes.data, bytes.len);
    return word;
}

double rdb_read_double(struct rdb_reader *reader, const char *what) {
    uint64_t word = read_little_endian(reader, sizeof(word), what);
    double value;
    memcpy(&value, &word, sizeof(value));
    return value;
}

int64_t rdb_read_i64(struct rdb_reader *reader, const char *what) {
    return (int64_t)read_little_endian(reader, sizeof(uint64_t), what);
}

/* Of a length whose first byte says that it takes more. */
static uint64_t read_long_length(struct rdb_reader *reader, uint8_t first, const char *what) {
    if (first < RDB_LENGTH_32_BITS)
        return (uint64_t)(first & 0x3f) << 8 | rdb_read_byte(reader, what);
    if (first == RDB_LENGTH_32_BITS)
        return be32toh((uint32_t)read_little_endian(reader, sizeof(uint32_t), what));
    if (first == RDB_LENGTH_64_BITS)
        return be64toh(read_little_endian(reader, sizeof(uint64_t), what));
    rdb_fail(reader, rdb_reader_offset(reader) - 1, what, "the byte 0x%02x, which begins no length",
             first);
    return 0;
}

uint64_t rdb_read_length(struct rdb_reader *reader, const char *what) {
    uint8_t first = rdb_read_byte(reader, what);
    return LIKELY(first < RDB_LENGTH_14_BITS) ? first : read_long_length(reader, first, what);
}

uint64_t rdb_read_amount(struct rdb_reader *reader, size_t least_bytes, const char *what) {
    uint64_t offset = rdb_reader_offset(reader), amount = rdb_read_length(reader, what);
    uint64_t left = rdb_reader_left(reader);
    if (amount <= left / least_bytes) return amount;
    rdb_fail(reader, offset, what, "%llu with %llu bytes left", (unsigned long long)amount,
             (unsigned long long)left);
    return 0;
}

uint64_t rdb_read_count(struct rdb_reader *reader, size_t least_bytes, const char *what) {
    uint64_t offset = rdb_reader_offset(reader);
    uint64_t count = rdb_read_amount(reader, least_bytes, what);
    if (count == 0) rdb_fail(reader, offset, what, "that there are none");
    return count;
}

double rdb_read_text_double(struct rdb_reader *reader, const char *what) {
    enum { TEXT_NAN = 253, TEXT_INF = 254, TEXT_MINUS_INF = 255 };
    uint64_t offset = rdb_reader_offset(reader);
    uint8_t len = rdb_read_byte(reader, what);
    if (len == TEXT_INF) return INFINITY;
    if (len == TEXT_MINUS_INF) return -INFINITY;
    if (len == TEXT_NAN) return NAN;
    double value = 0;
    struct bytes text = rdb_read_raw(reader, len, what);
    if (!number_parse_double(text, &value))
        rdb_fail(reader, offset, what, "the text \"%.*s\"", (int)text.len, text.data);
    return value;
}

/* --- strings --- */

static bool is_possible(uint64_t compressed_len, uint64_t len) {
    return compressed_len != 0 && compressed_len <= UINT32_MAX && len != 0 && len <= UINT32_MAX &&
           len / LZF_MAX_RATIO <= compressed_len;
}

static struct bytes read_compressed(struct rdb_reader *reader, const char *what) {
    uint64_t offset = rdb_reader_offset(reader);
    uint64_t compressed_len = rdb_read_length(reader, what), len = rdb_read_length(reader, what);
    if (rdb_has_failed(reader)) return BYTES("");
    if (!is_possible(compressed_len, len)) {
        rdb_fail(reader, offset, what, "%llu bytes that are to become %llu",
                 (unsigned long long)compressed_len, (unsigned long long)len);
        return BYTES("");
    }
    struct bytes compressed = rdb_read_raw(reader, (size_t)compressed_len, what);
    if (compressed.len == 0) return BYTES("");
    char *scratch = find_scratch(reader, (size_t)len, what);
    if (scratch == NULL) return BYTES("");
    if (lzf_decompress(compressed.data, (unsigned)compressed.len, scratch, (unsigned)len) != len) {
        rdb_fail(reader, offset, what, "compressed bytes that are broken");
        return BYTES("");
    }
    return bytes_of(scratch, (size_t)len);
}

/* True of the first byte of a string that was written as an integer, whose `width` is told. */
static bool is_integer_form(uint8_t first, size_t *width) {
    *width = (size_t)1 << (first & 3);
    return first >= RDB_STRING_INT8 && first <= RDB_STRING_INT32;
}

static int64_t read_integer(struct rdb_reader *reader, size_t width, const char *what) {
    unsigned unused_bits = 64 - 8 * (unsigned)width;
    return (int64_t)(read_little_endian(reader, width, what) << unused_bits) >> unused_bits;
}

/* Of a string that is no integer. */
static struct bytes read_text(struct rdb_reader *reader, uint8_t first, const char *what) {
    if (first == RDB_STRING_LZF) return read_compressed(reader, what);
    uint64_t len =
        LIKELY(first < RDB_LENGTH_14_BITS) ? first : read_long_length(reader, first, what);
    if (rdb_has_failed(reader)) return BYTES("");
    return rdb_read_raw(reader, (size_t)len, what);
}

bool rdb_read_string_or_i64(struct rdb_reader *reader, struct bytes *string, int64_t *value,
                            const char *what) {
    uint8_t first = rdb_read_byte(reader, what);
    size_t width;
    if (UNLIKELY(is_integer_form(first, &width))) {
        *value = read_integer(reader, width, what);
        return true;
    }
    *string = read_text(reader, first, what);
    return false;
}

struct bytes rdb_read_string(struct rdb_reader *reader, const char *what) {
    struct bytes string;
    int64_t value;
    if (!rdb_read_string_or_i64(reader, &string, &value, what)) return string;
    if (rdb_has_failed(reader)) return BYTES("");
    return bytes_of(reader->digits, number_format_i64(reader->digits, value));
}

struct bytes rdb_read_element(struct rdb_reader *reader, const char *what) {
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes string = rdb_read_string(reader, what);
    if (LIKELY(string.len <= UINT32_MAX)) return string;
    rdb_fail(reader, offset, what, "%zu bytes, more than an element may have", string.len);
    return BYTES("");
}

static bool lies_in_buffer(const struct rdb_reader *reader, struct bytes string) {
    return string.data >= reader->begin && string.data < reader->end;
}

struct bytes rdb_read_key(struct rdb_reader *reader) {
    mem_free(reader->held);
    reader->held = NULL;
    reader->is_holding = false;
    struct bytes key = rdb_read_string(reader, "a key");
    if (key.len == 0) return key;
    if (LIKELY(lies_in_buffer(reader, key))) {
        reader->is_holding = reader->buffer != NULL;
        return key;
    }
    mem_free(reader->key_copy);
    reader->key_copy = mem_dup(key.data, key.len);
    return bytes_of(reader->key_copy, key.len);
}
