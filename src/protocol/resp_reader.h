/* Reads requests from a stream of bytes, however the stream was cut.
 *
 * A request is an array of bulk strings, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", or an inline line,
 * "GET k\r\n". Arguments become views into the caller's bytes; nothing is copied (but the words of
 * an inline line, which may be quoted). A complete request is read in one pass without touching
 * the reader. When the bytes end early the reader keeps how far it came, as offsets from the
 * request's first byte, so that the next call goes on there, wherever the bytes lie by then.
 *
 * Nothing is allocated by a length that a peer announces: only by what has arrived. */
#ifndef PROTOCOL_RESP_READER_H
#define PROTOCOL_RESP_READER_H

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "protocol/resp_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resp_progress;
struct words;

/* One a connection; zeroed at start. */
struct resp_reader {
    struct resp_progress *progress; /* NULL between requests */
};

/* The arguments of many requests side by side; one a loop or batch, zeroed at start. The array
 * may move when it grows, so requests know their arguments by index. */
struct resp_arguments {
    struct bytes *items;
    size_t count;
    size_t cap;
    struct words *lines; /* the storage of inline requests */
    size_t line_count;
    size_t line_cap;
};

enum resp_status { RESP_DONE, RESP_NEED_MORE, RESP_MALFORMED };

enum resp_error {
    RESP_ERROR_NONE,
    RESP_ERROR_MULTIBULK_LENGTH,
    RESP_ERROR_MULTIBULK_LINE,
    RESP_ERROR_MULTIBULK_RESTRICTED,
    RESP_ERROR_BULK_EXPECTED,
    RESP_ERROR_BULK_LENGTH,
    RESP_ERROR_BULK_LINE,
    RESP_ERROR_BULK_RESTRICTED,
    RESP_ERROR_INLINE_LINE,
    RESP_ERROR_QUOTES,
};

struct resp_request {
    size_t first;          /* index of its first argument */
    size_t argc;           /* 0: an empty request, to be skipped without a reply */
    size_t consumed;       /* bytes of the stream it took */
    size_t wanted_bytes;   /* RESP_NEED_MORE: at least so many are missing (1 or above). The peer's
                            word: a hint for growing a buffer as bytes come, not for sizing it */
    enum resp_error error; /* RESP_MALFORMED */
    char unexpected;       /* RESP_ERROR_BULK_EXPECTED: what stood there */
    bool is_inline;        /* it came as a line, not as an array of bulk strings */
    bool is_plain; /* its bytes are an array of bulk strings with every line end in place, so they
                      may be passed on as they are; a peer may have put anything for a "\n" */
};

/* Reads one request from `data`, which begins at the request's first byte: after RESP_NEED_MORE
 * the caller passes the same bytes again with more behind them, at any address. `len` is at
 * least 1.
 * RESP_DONE: the request's arguments were added to `arguments`; they point into `data`.
 * RESP_MALFORMED: the stream cannot be read on; the caller replies resp_error_format and closes.
 * In both other cases `arguments` is as it was. */
NODISCARD enum resp_status resp_read(struct resp_reader *reader, const char *data, size_t len,
                                     const struct resp_limits *limits,
                                     struct resp_arguments *arguments,
                                     struct resp_request *request);

/* Forgets an unfinished request. */
void resp_reader_destroy(struct resp_reader *reader);
/* Memory held for an unfinished request. */
size_t resp_reader_used_bytes(const struct resp_reader *reader);
/* Arguments of the unfinished request that are complete (CLIENT LIST); 0 when there is none. */
size_t resp_reader_argument_count(const struct resp_reader *reader);

/* Forgets all arguments and frees the words of inline requests; keeps the array unless it has become
 * large. */
void resp_arguments_reset(struct resp_arguments *arguments);
void resp_arguments_destroy(struct resp_arguments *arguments);

static inline struct bytes *resp_arguments_of(const struct resp_arguments *arguments,
                                              const struct resp_request *request) {
    return arguments->items + request->first;
}

enum { RESP_ERROR_TEXT_MAX = 64 };
/* The text of a malformed request's error, "Protocol error: …" without code and line end, with a
 * NUL; returns its length. `out` has RESP_ERROR_TEXT_MAX. */
size_t resp_error_format(const struct resp_request *request, char *out);

#endif
