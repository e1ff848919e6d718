/* Serving: the requests that ready keys have woken are run again. */
#include "engine/blocking_private.h"
#include "engine/dispatch.h"
#include "engine/push.h"

/* A command that runs in between has lent its own session's output, and perhaps the muted one:
 * those stay as they are. */
void blocking_open_reply(struct blocked *blocked, struct call *call) {
    struct session *session = blocked->session;
    struct engine *engine = session->engine;
    dispatch_prepare(call, session, blocked->args, blocked->argc, blocked->command);
    if (blocked->is_muted) call->output = &engine->muted;
    if (call->output->batch == NULL) output_lend(call->output, &engine->woken_batch);
}

void blocking_close_reply(struct call *call) {
    if (call->output->batch != &call->engine->woken_batch) return;
    if (call->output == &call->engine->muted)
        output_destroy(call->output);
    else
        output_keep(call->output);
}

/* False when it waits on. */
static bool run_again(struct blocked *blocked) {
    struct call call;
    blocking_open_reply(blocked, &call);
    blocked->waits_on = false;
    dispatch_run_again(&call);
    push_send_queued(blocked->session);
    blocking_close_reply(&call);
    if (blocked->waits_on) return false;
    blocking_finish(blocked);
    return true;
}

static bool are_same_requests(const struct blocked *a, const struct blocked *b) {
    if (a->command != b->command || a->argc != b->argc) return false;
    for (uint32_t i = 0; i < a->argc; i++)
        if (!bytes_equal(a->args[i], b->args[i])) return false;
    return true;
}

/* Each of the waiters is run at most once. One that takes nothing from a key of its type (it wants
 * more than there is) does not keep those behind it, who may want less, from being asked. Most
 * commands take whatever there is: they are served, or the key is gone and nobody else is asked, so
 * the cost is that of those who are served. Where many workers wait with one request for something
 * that is not due yet, one of them is run. */
static void serve_key(struct engine *engine, const struct awaited_key *key) {
    struct waiter *next;
    const struct blocked *unserved = NULL; /* since it ran nothing was taken */
    for (struct waiter *waiter = key->first; waiter != NULL; waiter = next) {
        if (!blocking_is_there(key, engine)) return;
        next = waiter->next;
        struct blocked *blocked = waiter->blocked;
        if (unserved != NULL && are_same_requests(unserved, blocked)) continue;
        unserved = run_again(blocked) ? NULL : blocked;
    }
}

void blocking_serve_ready(struct engine *engine) {
    struct blocking_table *table = engine->blocking;
    if (!blocking_has_ready(engine)) return;
    CHECK(table->served == NULL);
    const struct awaited_key *key;
    while ((key = blocking_start_serving(table)) != NULL) {
        serve_key(engine, key);
        blocking_stop_serving(table);
    }
    blocking_free_unused_table(engine);
}

void blocking_run_waiting(struct engine *engine, const struct command_row *row) {
    struct blocked *next;
    struct blocked *blocked = engine->blocking == NULL ? NULL : engine->blocking->first;
    for (; blocked != NULL; blocked = next) {
        next = blocked->next;
        if (blocked->command->row == row) (void)run_again(blocked);
    }
}
