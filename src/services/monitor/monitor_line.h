/* The line that MONITOR shows for a command: when, in which database, who, and the arguments.
 *
 *      +<seconds>.<microseconds> [<db> <address>] "<argument>" "<argument>" …
 *
 * Arguments are quoted as in redis-cli. What may be a password stands as "(redacted)". Of a request
 * of more than MONITOR_LINE_SHOWN_MAX bytes the rest is told as a number only. */
#ifndef SERVICES_MONITOR_MONITOR_LINE_H
#define SERVICES_MONITOR_MONITOR_LINE_H

#include "engine/call.h"
#include "engine/client.h"
#include "foundation/buffer.h"

enum {
    MONITOR_LINE_SHOWN_MAX = 1024 * 1024,
    MONITOR_LINE_CALLER_MAX = CLIENT_ADDRESS_MAX,
};

/* Where lines are put together; zeroed at start. */
struct monitor_line {
    struct buffer text;
    uint64_t caller_id; /* whose address the text below is; 0: nobody's */
    char caller[MONITOR_LINE_CALLER_MAX];
};

/* The call's line in RESP, valid until the next. */
struct bytes monitor_line_write(struct monitor_line *line, const struct call *call);
void monitor_line_destroy(struct monitor_line *line);

#endif
