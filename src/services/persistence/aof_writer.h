/* The thread that writes the log: group commit.
 *
 *      main thread                          writer thread
 *      hand_over(bytes of a round)  ----->  write, write, write, sync
 *      run(task)                    ----->  the task, when all before it is written and synced
 *                                   <-----  notify: take_news
 *
 * What is handed over while a sync goes on is written and synced together by the next one. The main
 * thread never waits for the disk, but in aof_writer_drain.
 *
 * When the disk fails:
 *
 * A write that fails leaves a torn end: the file is cut back to its last good byte, and the same
 * bytes are written again, until that succeeds.
 *
 * After a sync that fails Linux takes the pages that it could not write for clean: the next sync
 * succeeds without having written them. So what a sync has not confirmed is kept in memory; the
 * file is cut back to the last byte that was confirmed and everything behind it is written again,
 * which makes its pages dirty anew. Where it was not kept (the policy `no`, whose bytes are never
 * waited for) the log counts as damaged until a task has replaced what was written
 * (aof_target.is_damaged): no position becomes durable until then.
 *
 * Positions (aof.h) become durable when a sync has confirmed them and everything before. */
#ifndef SERVICES_PERSISTENCE_AOF_WRITER_H
#define SERVICES_PERSISTENCE_AOF_WRITER_H

#include "foundation/buffer.h"
#include "foundation/check.h"
#include "services/persistence/loading.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aof_writer;

enum aof_sync_policy {
    AOF_SYNC_NO,           /* when the system likes to */
    AOF_SYNC_EVERY_SECOND, /* what is a second old is synced */
    AOF_SYNC_ALWAYS,       /* at once */
};

/* Where the thread writes; tasks may put another file there. */
struct aof_target {
    int fd;
    uint64_t len;          /* bytes that are whole */
    uint64_t synced;       /* of them, confirmed */
    bool is_torn;          /* there is more behind them */
    bool has_unkept_bytes; /* some of the unconfirmed ones are not in memory any more */
    bool is_damaged;       /* some of those may be lost */
};

struct aof_task {
    /* On the writer thread; false with errno and `error` (PERSISTENCE_ERROR_MAX): it is run again
     * later, and nothing behind it is written before. */
    bool (*run)(struct aof_task *task, struct aof_target *target, char *error);
    /* On the main thread, from aof_writer_take_news or _stop; frees it. */
    void (*end)(struct aof_task *task, bool was_run);
    struct aof_task *next; /* the writer's */
};

struct aof_writer_settings {
    struct aof_target target; /* open, at its end; the writer's from then on */
    uint64_t position;
    enum aof_sync_policy policy;
    /* From the writer thread: there are news. Not again before they are taken. NULL: none asks. */
    void (*notify)(void *context);
    void *context;
};

/* NULL with errno when there can be no thread. */
struct aof_writer *aof_writer_start(const struct aof_writer_settings *settings);
/* Ends the thread and closes the file; what is not written by then is dropped, tasks that were not
 * run are ended. */
void aof_writer_stop(struct aof_writer *writer);

/* Takes over the bytes, which end at `position`, and leaves an empty buffer, perhaps with room. */
void aof_writer_hand_over(struct aof_writer *writer, struct buffer *bytes, uint64_t position);
void aof_writer_run(struct aof_writer *writer, struct aof_task *task);
void aof_writer_set_policy(struct aof_writer *writer, enum aof_sync_policy policy);
/* What was handed over up to now is synced without waiting for its time. */
void aof_writer_sync_soon(struct aof_writer *writer);
/* Waits until all that was handed over is durable and every task run; false when the disk fails, or
 * after `max_ms`. News are to be taken then. */
NODISCARD bool aof_writer_drain(struct aof_writer *writer, int64_t max_ms);

struct aof_writer_status {
    uint64_t written; /* positions */
    uint64_t durable;
    uint64_t unwritten_bytes; /* handed over and not written */
    uint64_t kept_bytes;      /* in memory, those and what is not confirmed */
    int64_t oldest_us;        /* monotonic: when the oldest of those was handed over; 0: none */
    uint64_t file_bytes;
    uint64_t slow_syncs; /* that took more than a second */
    uint64_t syncs;
    int64_t longest_write_us; /* since news were last taken */
    int64_t longest_sync_us;
    bool is_syncing;
    bool is_damaged;
    int error_number; /* errno of what fails just now; 0: nothing */
    char error[PERSISTENCE_ERROR_MAX];
};
void aof_writer_read_status(struct aof_writer *writer, struct aof_writer_status *status);
/* The same, and ends the tasks that were run. */
void aof_writer_take_news(struct aof_writer *writer, struct aof_writer_status *status);

#endif
