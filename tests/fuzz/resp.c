/* Requests in any bytes: read whole and cut into pieces they must give the same requests, the same
 * errors and the same number of consumed bytes. The first three bytes of the input choose the
 * limits and the cuts; the rest is the stream. */
#include "foundation/buffer.h"
#include "foundation/mem.h"
#include "protocol/resp_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_LEN = 3, SMALL_LIMIT = 64 };

static void record(struct buffer *log, const struct resp_arguments *arguments,
                   const struct resp_request *request) {
    buffer_printf(log, "done %zu %zu %d %d\n", request->argc, request->consumed, request->is_inline,
                  request->is_plain);
    for (size_t i = 0; i < request->argc; i++) {
        struct bytes argument = resp_arguments_of(arguments, request)[i];
        buffer_append_u64(log, argument.len);
        buffer_append_char(log, ' ');
        buffer_append_bytes(log, argument);
    }
}

static void record_error(struct buffer *log, const struct resp_request *request) {
    char text[RESP_ERROR_TEXT_MAX];
    size_t len = resp_error_format(request, text);
    buffer_append(log, text, len);
}

/* Reads as far as the bytes up to `end` allow, from a copy that is exactly as long. False when the
 * stream is malformed. */
static bool read_up_to(struct resp_reader *reader, struct bytes stream, size_t end, size_t *at,
                       const struct resp_limits *limits, struct buffer *log) {
    struct resp_arguments arguments = {0};
    enum resp_status status = RESP_DONE;
    char *copy = malloc(end - *at + 1);
    size_t start = *at;
    memcpy(copy, stream.data + start, end - start);
    while (status == RESP_DONE && *at < end) {
        struct resp_request request;
        size_t count = arguments.count;
        status = resp_read(reader, copy + (*at - start), end - *at, limits, &arguments, &request);
        if (status == RESP_DONE) {
            CHECK(request.consumed >= 1 && request.consumed <= end - *at);
            record(log, &arguments, &request);
            *at += request.consumed;
        } else {
            CHECK(arguments.count == count);
            if (status == RESP_MALFORMED) record_error(log, &request);
            if (status == RESP_NEED_MORE) CHECK(request.wanted_bytes >= 1);
        }
    }
    resp_arguments_destroy(&arguments);
    free(copy);
    return status != RESP_MALFORMED;
}

/* Pieces of `step` bytes, each longer by `growth`; step 0 is one piece. */
static void read_in_pieces(struct bytes stream, const struct resp_limits *limits, size_t step,
                           size_t growth, struct buffer *log) {
    struct resp_reader reader = {0};
    size_t at = 0;
    size_t end = 0;
    while (end < stream.len) {
        end = step == 0 || stream.len - end < step ? stream.len : end + step;
        step += growth;
        if (!read_up_to(&reader, stream, end, &at, limits, log)) break;
    }
    buffer_printf(log, "at %zu\n", at);
    resp_reader_destroy(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD_LEN) return 0;
    struct resp_limits limits = resp_limits_default();
    limits.is_restricted = data[0] & 1;
    if (data[0] & 2) limits.max_inline_bytes = SMALL_LIMIT;
    if (data[0] & 4) limits.max_bulk_bytes = SMALL_LIMIT;
    if (data[0] & 8) limits.max_arguments = SMALL_LIMIT;
    struct bytes stream = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    struct buffer whole = {0};
    struct buffer split = {0};
    read_in_pieces(stream, &limits, 0, 0, &whole);
    read_in_pieces(stream, &limits, data[1] % 32u + 1, data[2] % 8u, &split);
    CHECK(bytes_equal(buffer_bytes(&whole), buffer_bytes(&split)));
    buffer_destroy(&whole);
    buffer_destroy(&split);
    return 0;
}
