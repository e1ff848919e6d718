/* Counts replies in a stream of RESP2 or RESP3 bytes without keeping them. The stream may be cut
 * anywhere: all state between two pieces is in struct resp_skip, so no byte is ever held back.
 * Bulk bodies are stepped over, aggregates are followed through `pending`, errors anywhere are
 * counted and the first one's text kept; RESP3 pushes and attributes are passed over uncounted. */
#ifndef BENCHMARK_RESP_SKIP_H
#define BENCHMARK_RESP_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESP_SKIP_ERROR_TEXT_MAX = 200 };

struct resp_skip {
    uint64_t replies; /* whole replies seen since resp_skip_init */
    uint64_t errors;  /* error elements among them, nested ones included */
    uint64_t pending; /* elements still missing from the current reply; 0: between two replies */
    uint64_t body_left;
    int64_t number; /* the current line's number so far */
    char type;      /* the current line's first byte; 0: at the start of a line */
    bool is_negative;
    bool is_push;       /* the current reply is a push */
    bool is_error_body; /* the body being stepped over is a RESP3 bulk error */
    size_t error_length;
    char first_error[RESP_SKIP_ERROR_TEXT_MAX + 1]; /* "" when there was none */
};

void resp_skip_init(struct resp_skip *skip);

/* Takes the stream's next `length` bytes. False when they cannot be RESP; the state is then void. */
bool resp_skip_feed(struct resp_skip *skip, const char *bytes, size_t length);

#endif
