/* Dispatch: from a request to its reply. */
#ifndef ENGINE_DISPATCH_H
#define ENGINE_DISPATCH_H

#include "engine/call.h"

enum dispatch_result {
    DISPATCH_DONE,
    DISPATCH_POSTPONED, /* the server is paused for it: nothing was done, ask again later */
};

/* Fills a call from a request: finds the command and hashes the first key. `guess` is the command
 * of the request before (NULL: none): most pipelines repeat it. The arguments are borrowed for the
 * call's life. */
void dispatch_prepare(struct call *call, struct session *session, const struct bytes *args,
                      uint32_t argc, struct command *guess);
/* Checks and runs a prepared call; its reply is in the session's output. Behind it those are served
 * who have waited for what it did (engine/blocking.h). */
enum dispatch_result dispatch_run(struct call *call);
/* Runs a prepared call that was checked when a transaction queued it, within the handler of EXEC;
 * mute where EXEC is. What it runs leaves the session's reply mode alone. */
void dispatch_run_checked(struct call *call);
/* Runs once more the handler of a prepared call that waits for keys: its time is counted, not
 * another call. */
void dispatch_run_again(struct call *call);
/* Both, for callers without batches. */
enum dispatch_result dispatch(struct session *session, const struct bytes *args, uint32_t argc);

#endif
