/* Blocking: commands that wait for keys (BLPOP and its kin).
 *
 * A handler that finds nothing to take calls blocking_wait and returns without a reply. The session
 * then runs no further command; a copy of the request is kept. When one of its keys is written to,
 * the whole command is run again: it takes what it finds and replies, or waits on in its place. So
 * any type and any command can wait, and whatever makes a key ready (a push, RENAME, COPY, SORT
 * STORE, SWAPDB, EXEC) needs no word about it: key events tell.
 *
 *      engine -> table -> awaited key "0:queue list" -> waiter of session 5 <-> of session 9 …
 *                                                        |        first come first served
 *      session 5's struct blocked -----------------------+--> its waiter for the next key
 *
 * The table listens to key events only while someone waits; an event marks an awaited key as ready,
 * and after the command (after EXEC as a whole) the sessions of ready keys are run again, in the
 * order in which the keys became ready and the sessions began to wait, until the key is gone or
 * everybody has been asked once. What that makes ready (BLMOVE pushes) is served next, until
 * nothing is ready.
 *
 * A command may also ask to be run again at a moment (wake_ms), when what it waits for comes due by
 * itself. The moment belongs to the keys, not to the waiter: when it comes, a key is ready, and who
 * began first is served first. Each run says the next moment anew.
 *
 * Cost: a write to a list, sorted set or stream, or a generic event, looks its key up once while
 * anybody waits at all; nothing is done for waiters of other keys, nor for those who want another
 * type than the key has become: a key awaited as two types stands in the table twice. Of waiters
 * one behind the other whose requests are the same, those behind one that took nothing are not run:
 * they would take nothing either. */
#ifndef ENGINE_BLOCKING_H
#define ENGINE_BLOCKING_H

#include "data/value_type.h"
#include "engine/call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blocked;
struct blocking_table;

/* A timeout in seconds with a fraction: false after the error reply ("timeout is not a float or out
 * of range", "timeout is negative", "timeout is out of range"). *timeout_ms is 0 for ever; a
 * fraction of a ms counts as one. */
NODISCARD bool blocking_timeout(struct call *call, uint32_t index, int64_t *timeout_ms);

/* True when the caller may wait: a client outside of MULTI and scripts. */
bool blocking_is_possible(const struct call *call);

/* Waits for the keys args[first_key], args[first_key + 1], … in the call's database. The reply when
 * the time is up is the null array. When the call may not block, replies that at once. Called again
 * from within a re-run it waits on in its place, with its old deadline. */
struct blocking_request {
    uint32_t first_key;
    uint32_t key_count;
    enum value_type_id type; /* keys that become something else do not wake it */
    int64_t timeout_ms;      /* 0: for ever */
    int64_t wake_ms;         /* unix time at which it is run again whatever happens; 0: at none */
};
void blocking_wait(struct call *call, const struct blocking_request *request);

/* Waits for something that is no key, for timeout_ms (0: for ever): the command is run again by
 * blocking_run_waiting, and for the last time, when blocking_time_is_up, at the end. Only when
 * blocking_is_possible; called again from within a re-run it waits on. */
void blocking_wait_otherwise(struct call *call, int64_t timeout_ms);
bool blocking_time_is_up(const struct call *call);
/* True behind a re-run that has found nothing. */
bool blocking_waits_on(const struct call *call);
/* Runs the commands of that row again which wait so. Not from within a command. */
void blocking_run_waiting(struct engine *engine, const struct command_row *row);

static inline bool blocking_is_blocked(const struct session *session) {
    return session->blocked != NULL;
}

/* Runs what ready keys have woken; the engine calls it after each command and before the loop
 * waits. */
void blocking_serve_ready(struct engine *engine);
/* True when there is something for blocking_serve_ready to do. */
bool blocking_has_ready(const struct engine *engine);

enum blocking_end {
    BLOCKING_TIMEOUT, /* replies as when the time is up */
    BLOCKING_ERROR,   /* "-UNBLOCKED client unblocked via CLIENT UNBLOCK" */
    BLOCKING_SILENT,  /* the session is going away */
};
/* Ends the waiting of a blocked session. Not from within a re-run. */
void blocking_end(struct session *session, enum blocking_end how);
/* Serves those who are to be run again at the unix time now_ms, then ends those whose time is up
 * (for a test without an event loop; with one, timers do it). */
void blocking_expire(struct engine *engine, int64_t now_ms);

/* Sessions that wait, those of them that have a deadline, and keys that are waited for, each
 * counted once (a key awaited as two types twice). */
size_t blocking_session_count(const struct engine *engine);
size_t blocking_deadline_count(const struct engine *engine);
size_t blocking_key_count(const struct engine *engine);
/* Memory of a session's waiting. */
size_t blocking_used_bytes(const struct session *session);

#endif
