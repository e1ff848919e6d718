/* The slow log: commands that took long, newest first, up to a number of them. An entry is kept as
 * the bytes of SLOWLOG GET's reply, which are the same in both protocols, and is never longer than
 * SLOW_LOG_ENTRY_MAX. */
#ifndef SERVICES_SLOWLOG_SLOW_LOG_H
#define SERVICES_SLOWLOG_SLOW_LOG_H

#include "foundation/bytes.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SLOW_LOG_ARGUMENTS_MAX = 32, /* of a longer request the last one tells how many were left out */
    SLOW_LOG_SHOWN_MAX = 128,    /* bytes of an argument */
    SLOW_LOG_ENTRY_MAX = (SLOW_LOG_ARGUMENTS_MAX + 4) * 256,
};

struct call;

struct slow_log_entry {
    struct slow_log_entry *newer;
    struct slow_log_entry *older;
    size_t len;
    char reply[];
};

/* Zeroed at start. */
struct slow_log {
    struct slow_log_entry *newest;
    struct slow_log_entry *oldest;
    size_t count;
    int64_t next_id;
};

/* Adds the call, which took so long; what a row calls a secret stands as "(redacted)". */
void slow_log_add(struct slow_log *log, const struct call *call, int64_t us);
/* Drops the oldest until there are at most `max`. */
void slow_log_trim(struct slow_log *log, size_t max);

static inline struct bytes slow_log_reply(const struct slow_log_entry *entry) {
    return bytes_of(entry->reply, entry->len);
}

#endif
