#include "services/persistence/aof_reader.h"

#include "foundation/mem.h"
#include "io/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
#ifdef SKUA_TEST
    PIECE_BYTES = 64, /* so that small tests refill at every place */
#else
    PIECE_BYTES = 1024 * 1024,
#endif
};

bool aof_reader_init(struct aof_reader *reader, int fd, uint64_t offset) {
    uint64_t len;
    if (!file_size(fd, &len) || !file_seek(fd, offset)) return false;
    *reader = (struct aof_reader){
        .fd = fd,
        .offset = offset,
        .safe_offset = offset,
        .left_bytes = len > offset ? len - offset : 0,
    };
    return true;
}

void aof_reader_destroy(struct aof_reader *reader) {
    resp_reader_destroy(&reader->resp);
    resp_arguments_destroy(&reader->arguments);
    mem_free(reader->buffer);
}

/* --- failing --- */

static COLD enum aof_read PRINTF_LIKE(3, 4)
    fail(struct aof_reader *reader, enum aof_read how, const char *format, ...) {
    int len = snprintf(reader->error, AOF_READER_ERROR_MAX, "offset %" PRIu64 ": ", reader->offset);
    va_list values;
    va_start(values, format);
    (void)vsnprintf(reader->error + len, AOF_READER_ERROR_MAX - (size_t)len, format, values);
    va_end(values);
    return how;
}

static COLD enum aof_read fail_torn(struct aof_reader *reader, const char *expected) {
    return fail(reader, AOF_READ_TORN, "expected %s, found the end of the file after %zu bytes",
                expected, reader->end - reader->start);
}

static COLD enum aof_read fail_malformed(struct aof_reader *reader,
                                         const struct resp_request *request) {
    char text[RESP_ERROR_TEXT_MAX] = "line ends that are not in place";
    if (request->error != RESP_ERROR_NONE) (void)resp_error_format(request, text);
    return fail(reader, AOF_READ_MALFORMED, "expected a command, found one with a fault: %s", text);
}

static COLD enum aof_read fail_start(struct aof_reader *reader, unsigned char found) {
    return fail(reader, AOF_READ_MALFORMED, "expected '*', a command, found the byte 0x%02x",
                found);
}

/* --- the buffer --- */

static size_t count_there(const struct aof_reader *reader) {
    return reader->end - reader->start;
}

/* Moves what is unread to the front and makes room behind it; false without memory. */
static bool make_room(struct aof_reader *reader) {
    size_t there = count_there(reader);
    if (there != 0) memmove(reader->buffer, reader->buffer + reader->start, there);
    reader->start = 0;
    reader->end = there;
    if (reader->cap - there >= PIECE_BYTES / 2) return true;
    size_t cap = there < PIECE_BYTES / 2 ? PIECE_BYTES : 2 * (there + PIECE_BYTES);
    char *buffer = mem_try_realloc(reader->buffer, cap);
    if (buffer == NULL) return false;
    reader->buffer = buffer;
    reader->cap = cap;
    return true;
}

/* Reads more of the file; false at its end, and when it fails: *how tells. */
static bool read_piece(struct aof_reader *reader, enum aof_read *how) {
    *how = AOF_READ_END;
    if (reader->left_bytes == 0) return false;
    if (!make_room(reader)) {
        *how = fail(reader, AOF_READ_FAILED, "no memory for what begins there");
        return false;
    }
    size_t room = reader->cap - reader->end;
    if (room > reader->left_bytes) room = (size_t)reader->left_bytes;
    ssize_t got = file_read(reader->fd, reader->buffer + reader->end, room);
    if (got == -1) {
        *how = fail(reader, AOF_READ_FAILED, "read failed: %s", strerror(errno));
        return false;
    }
    reader->end += (size_t)got;
    reader->left_bytes = got == 0 ? 0 : reader->left_bytes - (size_t)got;
    return got != 0;
}

static void take(struct aof_reader *reader, size_t len) {
    reader->start += len;
    reader->offset += len;
    if (!reader->is_in_transaction) reader->safe_offset = reader->offset;
}

/* --- what stands in the file --- */

static enum aof_read fail_at_end(struct aof_reader *reader, enum aof_read how,
                                 const char *expected) {
    return how == AOF_READ_END ? fail_torn(reader, expected) : how;
}

/* Passes over a line that begins with '#'; false with *how. */
static bool skip_line(struct aof_reader *reader, enum aof_read *how) {
    size_t looked_at = 0;
    for (;;) {
        struct bytes there =
            bytes_of(reader->buffer + reader->start + looked_at, count_there(reader) - looked_at);
        size_t index = bytes_index(there, '\n');
        if (index != there.len) {
            take(reader, looked_at + index + 1);
            return true;
        }
        looked_at += there.len;
        if (read_piece(reader, how)) continue;
        *how = fail_at_end(reader, *how, "a line that begins with '#'");
        return false;
    }
}

static void note_transaction(struct aof_reader *reader) {
    if (bytes_is_word(reader->args[0], "MULTI")) reader->is_in_transaction = true;
    if (bytes_is_word(reader->args[0], "EXEC")) reader->is_in_transaction = false;
}

static enum aof_read check_request(struct aof_reader *reader, const struct resp_request *request) {
    if (request->argc == 0)
        return fail(reader, AOF_READ_MALFORMED, "expected a command, found one without a name");
    return request->is_plain ? AOF_READ_COMMAND : fail_malformed(reader, request);
}

static enum resp_status read_request(struct aof_reader *reader, size_t start,
                                     struct resp_request *request) {
    static const struct resp_limits limits = {
        .max_bulk_bytes = INT64_MAX / 2,
        .max_arguments = RESP_MAX_ARGUMENTS,
        .max_inline_bytes = RESP_MAX_INLINE_BYTES,
    };
    return resp_read(&reader->resp, reader->buffer + start, reader->end - start, &limits,
                     &reader->arguments, request);
}

static enum aof_read read_first(struct aof_reader *reader) {
    struct resp_request *request = &reader->requests[0];
    enum aof_read how;
    for (;;) {
        enum resp_status status = read_request(reader, reader->start, request);
        if (status == RESP_DONE) return check_request(reader, request);
        if (status == RESP_MALFORMED) return fail_malformed(reader, request);
        if (!read_piece(reader, &how)) return fail_at_end(reader, how, "a whole command");
    }
}

/* Those that can be read without moving the first. What is not whole or not right is read again
 * when it is the first. */
static void read_others(struct aof_reader *reader) {
    size_t at = reader->start + reader->requests[0].consumed;
    while (reader->read < AOF_READER_AHEAD && at < reader->end && reader->buffer[at] == '*') {
        struct resp_request *request = &reader->requests[reader->read];
        if (read_request(reader, at, request) != RESP_DONE) break;
        if (request->argc == 0 || !request->is_plain) break;
        reader->read++;
        at += request->consumed;
    }
    resp_reader_destroy(&reader->resp);
}

static enum aof_read read_commands(struct aof_reader *reader) {
    enum aof_read how = read_first(reader);
    if (how != AOF_READ_COMMAND) return how;
    reader->next = 0;
    reader->read = 1;
    read_others(reader);
    return AOF_READ_COMMAND;
}

enum aof_read aof_reader_look_ahead(struct aof_reader *reader) {
    enum aof_read how;
    if (reader->next < reader->read) return AOF_READ_COMMAND;
    resp_arguments_reset(&reader->arguments);
    for (;;) {
        if (count_there(reader) == 0 && !read_piece(reader, &how)) {
            if (how == AOF_READ_END && reader->is_in_transaction)
                return fail_torn(reader, "the EXEC of a transaction");
            return how;
        }
        char first = reader->buffer[reader->start];
        if (first == '*') return read_commands(reader);
        if (first != '#') return fail_start(reader, (unsigned char)first);
        if (!skip_line(reader, &how)) return how;
    }
}

enum aof_read aof_reader_next(struct aof_reader *reader) {
    enum aof_read how = aof_reader_look_ahead(reader);
    if (how != AOF_READ_COMMAND) return how;
    const struct resp_request *request = &reader->requests[reader->next++];
    reader->args = resp_arguments_of(&reader->arguments, request);
    reader->argc = request->argc;
    note_transaction(reader);
    take(reader, request->consumed);
    return AOF_READ_COMMAND;
}
