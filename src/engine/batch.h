/* Batches: requests that stand in a buffer are read ahead and run together, in order, so that the
 * cache misses of their look-ups overlap: first every bucket is fetched, then every entry, then,
 * for commands that name a member of a big value, what leads to that, and for commands that read
 * all of a value what it keeps outside, and then the commands run. */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine/call.h"
#include "engine/dispatch.h"
#include "protocol/resp_reader.h"

enum { BATCH_MAX_CALLS = 64 };

/* Working memory, one a loop; zeroed at start. */
struct batch {
    struct resp_arguments arguments;
    struct resp_request requests[BATCH_MAX_CALLS];
    size_t starts[BATCH_MAX_CALLS]; /* where each request begins in the data */
    struct call calls[BATCH_MAX_CALLS];
    size_t count;
    /* What fetching ahead has found: what is very likely the entry of the first key, NULL where it
     * does not show at once; of commands on members, their large forms and the members' hashes. */
    const struct entry *entries[BATCH_MAX_CALLS];
    const struct members *members[BATCH_MAX_CALLS];
    uint64_t hashes[BATCH_MAX_CALLS];
};

enum batch_result {
    BATCH_EMPTY,     /* every byte was consumed */
    BATCH_FULL,      /* so many calls were run as a batch holds: call again for what is left */
    BATCH_NEED_MORE, /* the last request is incomplete */
    BATCH_MALFORMED, /* an error was replied; the session is closing */
    BATCH_STOPPED,   /* the session is closing or blocked, or the server paused for what is next */
};

/* Reads and runs the first requests in `data` for the session; `*consumed` bytes of it are done
 * with. The arguments of running commands are views into `data`. For `*wanted_bytes` see
 * resp_request. */
enum batch_result batch_run(struct batch *batch, struct session *session,
                            struct resp_reader *reader, const struct resp_limits *limits,
                            struct bytes data, size_t *consumed, size_t *wanted_bytes);
/* The first half of it, for who runs the calls himself: makes calls of the `count` requests with
 * their arguments and fetches what they will look up. A call's database is that of the session now:
 * SELECT may change it. */
void batch_prepare(struct batch *batch, struct session *session);
void batch_destroy(struct batch *batch);

#endif
