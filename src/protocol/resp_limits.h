/* What a peer may ask of the reader. All fields are checked before anything is kept for it. */
#ifndef PROTOCOL_RESP_LIMITS_H
#define PROTOCOL_RESP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resp_limits {
    int64_t max_bulk_bytes;  /* of one argument: proto-max-bulk-len */
    int64_t max_arguments;   /* of one request */
    size_t max_inline_bytes; /* of one inline line, and of one count line */
    bool is_restricted;      /* a peer that has yet to authenticate: 10 arguments of 16 KiB */
};

enum {
    RESP_MAX_ARGUMENTS = INT32_MAX, /* memory follows what arrives, not what is announced */
    RESP_MAX_INLINE_BYTES = 64 * 1024,
    RESP_MAX_BULK_BYTES = 512 * 1024 * 1024,
    RESP_RESTRICTED_ARGUMENTS = 10,
    RESP_RESTRICTED_BULK_BYTES = 16 * 1024,
};

static inline struct resp_limits resp_limits_default(void) {
    return (struct resp_limits){
        .max_bulk_bytes = RESP_MAX_BULK_BYTES,
        .max_arguments = RESP_MAX_ARGUMENTS,
        .max_inline_bytes = RESP_MAX_INLINE_BYTES,
    };
}

#endif
