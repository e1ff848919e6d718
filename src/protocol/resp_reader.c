/* Two readers in one. `read_whole` takes a complete, canonical request in one tight pass; that is
 * nearly every request. Whatever it does not take (cut short, lax line ends, malformed, a peer yet
 * to authenticate) is read from its first byte by the careful reader, which checks everything,
 * knows every error and keeps its progress between calls:
 *
 *     *3\r\n $3\r\nSET\r\n $1\r\nk\r\n $5\r\nhal
 *                                      ^ offset: behind what is understood; bulk_len 5
 *
 * Invariants: offset <= scanned <= bytes seen; `remaining` arguments are still to come, -1 before
 * the count is known; bulk_len is -1 between arguments. */
#include "protocol/resp_reader.h"

#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/words.h"

#include <string.h>

struct span {
    size_t offset;
    size_t len;
};

struct resp_progress {
    size_t offset;
    size_t scanned; /* no line end lies between offset and here */
    int64_t remaining;
    int64_t bulk_len;
    bool is_plain;
    struct span *spans; /* the arguments understood so far */
    size_t count;
    size_t cap;
};

enum { SHORTEST_ARGUMENT = sizeof "$0\r\n\r\n" - 1, LONGEST_SHORT_COUNT = 9 };

static COLD void grow_arguments(struct resp_arguments *arguments, size_t extra) {
    size_t cap = arguments->cap * 2;
    if (cap <= arguments->count + extra) cap = arguments->count + extra + 1;
    if (cap < 64) cap = 64;
    arguments->items = mem_realloc(arguments->items, cap * sizeof *arguments->items);
    arguments->cap = cap;
}

/* Leaves room to spare, so that there is an array even for no arguments. */
static ALWAYS_INLINE void reserve_arguments(struct resp_arguments *arguments, size_t extra) {
    if (UNLIKELY(arguments->cap - arguments->count <= extra)) grow_arguments(arguments, extra);
}

static ALWAYS_INLINE bool is_line_end(const char *at) {
    return memcmp(at, "\r\n", 2) == 0;
}

/* Reads "<digits>\r\n" without sign or leading zeros; NULL leaves it to the careful reader. */
static ALWAYS_INLINE const char *read_short_count(const char *at, const char *end, size_t *count) {
    if (UNLIKELY(end - at < 3)) return NULL;
    const char *limit = end - at < LONGEST_SHORT_COUNT + 2 ? end - 2 : at + LONGEST_SHORT_COUNT;
    size_t value = (size_t)((unsigned char)*at++ - '0');
    if (UNLIKELY(value > 9)) return NULL;
    if (!is_line_end(at)) {
        if (UNLIKELY(value == 0)) return NULL;
        do {
            size_t digit = (size_t)((unsigned char)*at - '0');
            if (UNLIKELY(digit > 9 || at >= limit)) return NULL;
            value = value * 10 + digit;
            at++;
        } while (!is_line_end(at));
    }
    *count = value;
    return at + 2;
}

/* False, with nothing changed, when the request is not complete, canonical and within limits. */
static ALWAYS_INLINE bool read_whole(const char *data, size_t len, const struct resp_limits *limits,
                                     struct resp_arguments *arguments,
                                     struct resp_request *request) {
    const char *end = data + len;
    size_t argc;
    const char *at = read_short_count(data + 1, end, &argc);
    if (UNLIKELY(at == NULL || argc > len / SHORTEST_ARGUMENT)) return false;
    if (UNLIKELY((int64_t)argc > limits->max_arguments)) return false;
    reserve_arguments(arguments, argc);
    struct bytes *item = arguments->items + arguments->count;
    const struct bytes *last = item + argc;
    for (; item < last; item++) {
        size_t size;
        if (UNLIKELY(at >= end || *at != '$')) return false;
        at = read_short_count(at + 1, end, &size);
        if (UNLIKELY(at == NULL || (int64_t)size > limits->max_bulk_bytes)) return false;
        if (UNLIKELY((size_t)(end - at) < size + 2 || !is_line_end(at + size))) return false;
        *item = bytes_of(at, size);
        at += size + 2;
    }
    *request = (struct resp_request){.first = arguments->count,
                                     .argc = argc,
                                     .consumed = (size_t)(at - data),
                                     .is_plain = argc != 0};
    arguments->count += argc;
    return true;
}

static struct resp_progress *begin_progress(struct resp_reader *reader) {
    if (reader->progress == NULL) {
        struct resp_progress *progress = mem_alloc_zeroed(sizeof *progress);
        progress->remaining = -1;
        progress->bulk_len = -1;
        progress->is_plain = true;
        reader->progress = progress;
    }
    return reader->progress;
}

void resp_reader_destroy(struct resp_reader *reader) {
    if (reader->progress == NULL) return;
    mem_free(reader->progress->spans);
    mem_free(reader->progress);
    reader->progress = NULL;
}

size_t resp_reader_used_bytes(const struct resp_reader *reader) {
    if (reader->progress == NULL) return 0;
    return mem_usable_size(reader->progress) + mem_usable_size(reader->progress->spans);
}

size_t resp_reader_argument_count(const struct resp_reader *reader) {
    return reader->progress == NULL ? 0 : reader->progress->count;
}

static enum resp_status need_more(struct resp_request *request, size_t wanted_bytes) {
    *request = (struct resp_request){.wanted_bytes = wanted_bytes};
    return RESP_NEED_MORE;
}

static enum resp_status refuse(struct resp_request *request, enum resp_error error) {
    *request = (struct resp_request){.error = error};
    return RESP_MALFORMED;
}

/* The line at progress->offset without its end: a '\r' and any byte. `too_long` is the error when
 * it exceeds the limit. RESP_DONE moves the offset behind the line. */
static enum resp_status read_line(struct resp_progress *progress, struct bytes stream,
                                  const struct resp_limits *limits, enum resp_error too_long,
                                  struct bytes *line, struct resp_request *request) {
    const char *start = stream.data + progress->offset;
    const char *end = memchr(stream.data + progress->scanned, '\r', stream.len - progress->scanned);
    size_t length = end == NULL ? stream.len - progress->offset : (size_t)(end - start);
    if (length > limits->max_inline_bytes) return refuse(request, too_long);
    progress->scanned = progress->offset + length;
    if (end == NULL || progress->scanned + 1 == stream.len) return need_more(request, 1);
    if (end[1] != '\n') progress->is_plain = false;
    *line = bytes_of(start, length);
    progress->offset += length + 2;
    progress->scanned = progress->offset;
    return RESP_DONE;
}

static enum resp_status read_argument_count(struct resp_progress *progress, struct bytes stream,
                                            const struct resp_limits *limits,
                                            struct resp_request *request) {
    struct bytes line;
    enum resp_status status =
        read_line(progress, stream, limits, RESP_ERROR_MULTIBULK_LINE, &line, request);
    if (status != RESP_DONE) return status;
    int64_t count;
    bool is_number = number_parse_i64(bytes_of(line.data + 1, line.len - 1), &count);
    if (!is_number || count > limits->max_arguments) {
        return refuse(request, RESP_ERROR_MULTIBULK_LENGTH);
    }
    if (limits->is_restricted && count > RESP_RESTRICTED_ARGUMENTS) {
        return refuse(request, RESP_ERROR_MULTIBULK_RESTRICTED);
    }
    progress->remaining = count < 0 ? 0 : count;
    return RESP_DONE;
}

static enum resp_status read_bulk_length(struct resp_progress *progress, struct bytes stream,
                                         const struct resp_limits *limits,
                                         struct resp_request *request) {
    struct bytes line;
    enum resp_status status =
        read_line(progress, stream, limits, RESP_ERROR_BULK_LINE, &line, request);
    if (status != RESP_DONE) return status;
    if (line.data[0] != '$') {
        refuse(request, RESP_ERROR_BULK_EXPECTED);
        request->unexpected = line.data[0];
        return RESP_MALFORMED;
    }
    int64_t len;
    bool is_number = number_parse_i64(bytes_of(line.data + 1, line.len - 1), &len);
    if (!is_number || len < 0 || len > limits->max_bulk_bytes) {
        return refuse(request, RESP_ERROR_BULK_LENGTH);
    }
    if (limits->is_restricted && len > RESP_RESTRICTED_BULK_BYTES) {
        return refuse(request, RESP_ERROR_BULK_RESTRICTED);
    }
    progress->bulk_len = len;
    return RESP_DONE;
}

static void add_span(struct resp_progress *progress, size_t offset, size_t len) {
    if (progress->count == progress->cap) {
        progress->cap = progress->cap == 0 ? 8 : progress->cap * 2;
        progress->spans = mem_realloc(progress->spans, progress->cap * sizeof *progress->spans);
    }
    progress->spans[progress->count++] = (struct span){.offset = offset, .len = len};
}

static enum resp_status read_argument(struct resp_progress *progress, struct bytes stream,
                                      const struct resp_limits *limits,
                                      struct resp_request *request) {
    if (progress->bulk_len < 0) {
        enum resp_status status = read_bulk_length(progress, stream, limits, request);
        if (status != RESP_DONE) return status;
    }
    size_t len = (size_t)progress->bulk_len;
    size_t present = stream.len - progress->offset;
    if (present < len + 2) return need_more(request, len + 2 - present);
    if (!is_line_end(stream.data + progress->offset + len)) progress->is_plain = false;
    add_span(progress, progress->offset, len);
    progress->offset += len + 2;
    progress->scanned = progress->offset;
    progress->bulk_len = -1;
    progress->remaining--;
    return RESP_DONE;
}

static void give_arguments(const struct resp_progress *progress, const char *data,
                           struct resp_arguments *arguments, struct resp_request *request) {
    reserve_arguments(arguments, progress->count);
    struct bytes *items = arguments->items + arguments->count;
    for (size_t i = 0; i < progress->count; i++) {
        items[i] = bytes_of(data + progress->spans[i].offset, progress->spans[i].len);
    }
    *request = (struct resp_request){.first = arguments->count,
                                     .argc = progress->count,
                                     .consumed = progress->offset,
                                     .is_plain = progress->is_plain && progress->count != 0};
    arguments->count += progress->count;
}

static enum resp_status read_multibulk(struct resp_progress *progress, struct bytes stream,
                                       const struct resp_limits *limits,
                                       struct resp_arguments *arguments,
                                       struct resp_request *request) {
    enum resp_status status = RESP_DONE;
    if (progress->remaining < 0) status = read_argument_count(progress, stream, limits, request);
    while (status == RESP_DONE && progress->remaining > 0) {
        status = read_argument(progress, stream, limits, request);
    }
    if (status == RESP_DONE) give_arguments(progress, stream.data, arguments, request);
    return status;
}

static void add_line(struct resp_arguments *arguments, struct words words) {
    if (arguments->line_count == arguments->line_cap) {
        arguments->line_cap = arguments->line_cap == 0 ? 8 : arguments->line_cap * 2;
        arguments->lines =
            mem_realloc(arguments->lines, arguments->line_cap * sizeof *arguments->lines);
    }
    arguments->lines[arguments->line_count++] = words;
    reserve_arguments(arguments, words.count);
    memcpy(arguments->items + arguments->count, words.items, words.count * sizeof *words.items);
    arguments->count += words.count;
}

static enum resp_status read_inline(struct resp_progress *progress, struct bytes stream,
                                    const struct resp_limits *limits,
                                    struct resp_arguments *arguments,
                                    struct resp_request *request) {
    const char *end = memchr(stream.data + progress->scanned, '\n', stream.len - progress->scanned);
    size_t length = end == NULL ? stream.len : (size_t)(end - stream.data);
    if (length > limits->max_inline_bytes) return refuse(request, RESP_ERROR_INLINE_LINE);
    progress->scanned = length;
    if (end == NULL) return need_more(request, 1);
    struct bytes line = bytes_of(stream.data, length);
    if (line.len != 0 && line.data[line.len - 1] == '\r') line.len--;
    struct words words;
    if (!words_split(line, &words)) return refuse(request, RESP_ERROR_QUOTES);
    *request = (struct resp_request){
        .first = arguments->count, .argc = words.count, .consumed = length + 1, .is_inline = true};
    if (words.count == 0) {
        words_destroy(&words);
    } else {
        add_line(arguments, words);
    }
    return RESP_DONE;
}

static COLD enum resp_status read_carefully(struct resp_reader *reader, struct bytes stream,
                                            const struct resp_limits *limits,
                                            struct resp_arguments *arguments,
                                            struct resp_request *request) {
    struct resp_progress *progress = begin_progress(reader);
    reserve_arguments(arguments, 0);
    enum resp_status status = stream.data[0] == '*'
                                  ? read_multibulk(progress, stream, limits, arguments, request)
                                  : read_inline(progress, stream, limits, arguments, request);
    if (status != RESP_NEED_MORE) resp_reader_destroy(reader);
    return status;
}

enum resp_status resp_read(struct resp_reader *reader, const char *data, size_t len,
                           const struct resp_limits *limits, struct resp_arguments *arguments,
                           struct resp_request *request) {
    if (LIKELY(reader->progress == NULL && data[0] == '*' && !limits->is_restricted) &&
        LIKELY(read_whole(data, len, limits, arguments, request))) {
        return RESP_DONE;
    }
    return read_carefully(reader, bytes_of(data, len), limits, arguments, request);
}

enum { KEPT_ARGUMENTS = 16 * 1024 };

static COLD void free_items(struct resp_arguments *arguments) {
    mem_free(arguments->items);
    arguments->items = NULL;
    arguments->cap = 0;
}

void resp_arguments_reset(struct resp_arguments *arguments) {
    if (UNLIKELY(arguments->cap > KEPT_ARGUMENTS)) free_items(arguments);
    for (size_t i = 0; i < arguments->line_count; i++) words_destroy(&arguments->lines[i]);
    arguments->line_count = 0;
    arguments->count = 0;
}

void resp_arguments_destroy(struct resp_arguments *arguments) {
    resp_arguments_reset(arguments);
    mem_free(arguments->items);
    mem_free(arguments->lines);
    *arguments = (struct resp_arguments){0};
}

static const char *const error_texts[] = {
    [RESP_ERROR_NONE] = "",
    [RESP_ERROR_MULTIBULK_LENGTH] = "invalid multibulk length",
    [RESP_ERROR_MULTIBULK_LINE] = "too big mbulk count string",
    [RESP_ERROR_MULTIBULK_RESTRICTED] = "unauthenticated multibulk length",
    [RESP_ERROR_BULK_EXPECTED] = "expected '$', got '?'",
    [RESP_ERROR_BULK_LENGTH] = "invalid bulk length",
    [RESP_ERROR_BULK_LINE] = "too big bulk count string",
    [RESP_ERROR_BULK_RESTRICTED] = "unauthenticated bulk length",
    [RESP_ERROR_INLINE_LINE] = "too big inline request",
    [RESP_ERROR_QUOTES] = "unbalanced quotes in request",
};

size_t resp_error_format(const struct resp_request *request, char *out) {
    static const char prefix[] = "Protocol error: ";
    const char *text = error_texts[request->error];
    size_t len = sizeof prefix - 1 + strlen(text);
    memcpy(out, prefix, sizeof prefix - 1);
    memcpy(out + sizeof prefix - 1, text, strlen(text) + 1);
    if (request->error == RESP_ERROR_BULK_EXPECTED) {
        bool is_line_break = request->unexpected == '\r' || request->unexpected == '\n';
        out[len - 2] = is_line_break ? ' ' : request->unexpected;
    }
    return len;
}
