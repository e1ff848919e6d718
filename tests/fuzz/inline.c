/* One inline line in any bytes. What it is read as, written as an array of bulk strings, must be
 * read back as the same words, and the words must not depend on the kind of line end. */
#include "foundation/buffer.h"
#include "foundation/mem.h"
#include "protocol/resp_reader.h"
#include "protocol/resp_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum resp_status read_one(struct bytes stream, struct resp_arguments *arguments,
                                 struct resp_request *request) {
    struct resp_reader reader = {0};
    struct resp_limits limits = resp_limits_default();
    enum resp_status status =
        resp_read(&reader, stream.data, stream.len, &limits, arguments, request);
    resp_reader_destroy(&reader);
    return status;
}

static void write_request(struct buffer *out, const struct bytes *words, size_t count) {
    char *room = buffer_room(out, RESP_HEADER_MAX);
    buffer_commit(out, (size_t)(resp_put_array(room, count) - room));
    for (size_t i = 0; i < count; i++) {
        room = buffer_room(out, words[i].len + RESP_HEADER_MAX);
        buffer_commit(out, (size_t)(resp_put_bulk(room, words[i]) - room));
    }
}

static void check_same_words(const struct resp_arguments *arguments, const struct resp_request *a,
                             const struct resp_request *b) {
    CHECK(a->argc == b->argc);
    for (size_t i = 0; i < a->argc; i++) {
        CHECK(bytes_equal(resp_arguments_of(arguments, a)[i], resp_arguments_of(arguments, b)[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || data[0] == '*' || memchr(data, '\n', size) != NULL) return 0;
    struct buffer line = {0};
    struct buffer rewritten = {0};
    struct resp_arguments arguments = {0};
    struct resp_request with_return;
    struct resp_request other;
    buffer_append(&line, data, size);
    buffer_append(&line, "\r\n", 2);
    enum resp_status status = read_one(buffer_bytes(&line), &arguments, &with_return);
    CHECK(status != RESP_NEED_MORE);
    if (status == RESP_DONE) {
        CHECK(with_return.is_inline && with_return.consumed == line.len);
        write_request(&rewritten, resp_arguments_of(&arguments, &with_return), with_return.argc);
        status = read_one(buffer_bytes(&rewritten), &arguments, &other);
        CHECK(status == RESP_DONE && !other.is_inline && other.consumed == rewritten.len);
        check_same_words(&arguments, &with_return, &other);
    }
    if (status == RESP_DONE && data[size - 1] != '\r') {
        line.data[line.len - 2] = '\n';
        status = read_one(bytes_of(line.data, line.len - 1), &arguments, &other);
        CHECK(status == RESP_DONE && other.consumed == line.len - 1);
        check_same_words(&arguments, &with_return, &other);
    }
    resp_arguments_destroy(&arguments);
    buffer_destroy(&line);
    buffer_destroy(&rewritten);
    return 0;
}
