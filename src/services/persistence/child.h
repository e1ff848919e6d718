/* The forked child: one at a time, which writes the data as they were when it was forked.
 *
 * In the child there is one thread: it must not use the worker, the log or the event loop, and it
 * ends in _exit. It holds no descriptors but those that it opens itself and a pipe, by which it
 * tells how far it is, and at the end its error. It is killed when the server dies, so that it never
 * comes in the way of the next one. */
#ifndef SERVICES_PERSISTENCE_CHILD_H
#define SERVICES_PERSISTENCE_CHILD_H

#include "foundation/check.h"
#include "services/persistence/loading.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct engine;

enum child_kind { CHILD_NONE, CHILD_SNAPSHOT, CHILD_REWRITE };

struct child_end {
    bool is_done;
    bool was_killed; /* by child_kill */
    pid_t pid;
    uint64_t cow_bytes; /* memory that was copied because of it */
    char error[PERSISTENCE_ERROR_MAX];
};

struct child_job {
    enum child_kind kind;
    /* In the child: does the work; false with `error` (PERSISTENCE_ERROR_MAX). */
    bool (*run)(struct engine *engine, char *error);
    /* In the server when the child is gone; another may be started then. */
    void (*end)(struct engine *engine, const struct child_end *end);
};

/* Forks; false with errno. None may be running. `job` is borrowed until the end. */
NODISCARD bool child_start(struct engine *engine, const struct child_job *job);
enum child_kind child_running(const struct engine *engine);
pid_t child_pid(const struct engine *engine);

struct child_progress {
    uint64_t keys; /* written, as far as is known */
    uint64_t total_keys;
    uint64_t cow_bytes, peak_cow_bytes;
    int64_t started_us; /* monotonic */
    int64_t told_at_us; /* when cow_bytes was true; 0: never told */
};

/* NULL: none is running. */
const struct child_progress *child_progress(const struct engine *engine);
/* The most that any message of the last one told. */
uint64_t child_peak_cow_bytes(const struct engine *engine);
/* Ends it at once, waits for that, and calls the job's `end`. Without one nothing happens. */
void child_kill(struct engine *engine);
/* Reads what the child has told and sees it end; from the event loop by itself, and each tick. */
void child_poll(struct engine *engine);
/* Waits until it has ended. */
void child_wait(struct engine *engine);
/* For the feature's end: kills it. */
void child_free(struct engine *engine);

/* For the job in the child: tells how many keys were written, of all. Has the form of
 * rdb_save.progress; the context is the engine. */
bool child_tell_progress(void *engine, uint64_t keys);

#endif
