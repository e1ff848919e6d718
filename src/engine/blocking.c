/* Waiting: how a session begins to and how it ends. */
#include "engine/blocking.h"

#include "engine/blocking_private.h"
#include "engine/client.h"
#include "engine/dispatch.h"
#include "engine/reply.h"
#include "foundation/mem.h"
#include "foundation/number.h"

#include <math.h>

/* --- what the command asks --- */

bool blocking_timeout(struct call *call, uint32_t index, int64_t *timeout_ms) {
    long double seconds;
    if (!number_parse_long_double(call->args[index], &seconds)) {
        reply_error(call, "ERR timeout is not a float or out of range");
        return false;
    }
    long double ms = ceill(seconds * 1000);
    if (ms < 0) {
        reply_error(call, "ERR timeout is negative");
        return false;
    }
    if (ms > (long double)(INT64_MAX - call_now_ms(call))) {
        reply_error(call, "ERR timeout is out of range");
        return false;
    }
    *timeout_ms = (int64_t)ms;
    return true;
}

bool blocking_is_possible(const struct call *call) {
    return call->session->can_block && call->session->transaction == NULL;
}

/* --- a copy of the request --- */

static size_t args_len(const struct call *call) {
    size_t sum = 0;
    for (uint32_t i = 0; i < call->argc; i++) sum += call->args[i].len;
    return sum;
}

static void copy_args(struct blocked *blocked, const struct call *call, struct bytes *args) {
    char *out = (char *)(args + call->argc);
    for (uint32_t i = 0; i < call->argc; i++) {
        if (call->args[i].len != 0) memcpy(out, call->args[i].data, call->args[i].len);
        args[i] = bytes_of(out, call->args[i].len);
        out += call->args[i].len;
    }
    blocked->args = args;
    blocked->argc = call->argc;
}

/* NULL when there is no memory for it. */
static struct blocked *copy_request(const struct call *call, uint32_t key_count) {
    size_t waiters_bytes = key_count * sizeof(struct waiter);
    size_t args_bytes = call->argc * sizeof(struct bytes) + args_len(call);
    struct blocked *blocked = mem_try_alloc(sizeof(*blocked) + waiters_bytes + args_bytes);
    if (blocked == NULL) return NULL;
    *blocked = (struct blocked){.session = call->session,
                                .command = call->command,
                                .deadline_ms = INT64_MAX,
                                .is_muted = call->session->reply_mode != SESSION_REPLY_ON};
    copy_args(blocked, call, (struct bytes *)(void *)(blocked->waiters + key_count));
    return blocked;
}

/* --- deadlines --- */

static void on_due(struct timer *timer) {
    struct blocked *blocked = EVENT_OWNER(timer, struct blocked, timer);
    blocking_end(blocked->session, BLOCKING_TIMEOUT);
}

/* What lies so far ahead that microseconds overflow needs no timer. */
static void start_timer(struct blocked *blocked, int64_t timeout_ms) {
    enum { US_PER_MS = 1000 };
    const struct engine *engine = blocked->session->engine;
    if (engine->loop == NULL || timeout_ms > INT64_MAX / US_PER_MS / 2) return;
    int64_t due_us = engine->clock->monotonic_us + timeout_ms * US_PER_MS;
    timer_start(engine->loop, &blocked->timer, due_us, on_due);
}

static void set_deadline(struct blocking_table *table, struct blocked *blocked,
                         int64_t timeout_ms) {
    if (timeout_ms == 0) return;
    int64_t now_ms = blocked->session->engine->clock->unix_ms;
    if (!number_add_i64(now_ms, timeout_ms, &blocked->deadline_ms))
        blocked->deadline_ms = INT64_MAX - 1;
    table->deadline_count++;
    start_timer(blocked, timeout_ms);
}

static void clear_deadline(struct blocking_table *table, struct blocked *blocked) {
    const struct engine *engine = blocked->session->engine;
    if (blocked->deadline_ms == INT64_MAX) return;
    table->deadline_count--;
    if (engine->loop != NULL) timer_stop(engine->loop, &blocked->timer);
}

/* --- beginning --- */

static void link_blocked(struct blocking_table *table, struct blocked *blocked) {
    blocked->previous = table->last;
    if (table->last != NULL)
        table->last->next = blocked;
    else
        table->first = blocked;
    table->last = blocked;
    table->session_count++;
}

static void add_waiters(struct blocking_table *table, struct blocked *blocked,
                        const struct call *call, const struct blocking_request *request) {
    for (uint32_t i = 0; i < request->key_count; i++) {
        struct awaited wanted = {.key = call_key(call, request->first_key + i),
                                 .db_number = call->db->number,
                                 .type = request->type};
        struct waiter *waiter = &blocked->waiters[blocked->waiter_count];
        waiter->blocked = blocked;
        if (blocking_add_waiter(table, waiter, &wanted)) blocked->waiter_count++;
    }
}

static void set_wake(struct blocked *blocked, int64_t wake_ms) {
    if (wake_ms == 0) return;
    for (uint32_t i = 0; i < blocked->waiter_count; i++)
        blocking_wake_at(&blocked->waiters[i], wake_ms);
}

static void begin(struct call *call, const struct blocking_request *request) {
    struct blocked *blocked = copy_request(call, request->key_count);
    if (blocked == NULL) {
        reply_error(call, "OOM not enough memory to wait with so large a request");
        return;
    }
    struct blocking_table *table = blocking_make_table(call->engine);
    link_blocked(table, blocked);
    add_waiters(table, blocked, call, request);
    set_deadline(table, blocked, request->timeout_ms);
    set_wake(blocked, request->wake_ms);
    call->session->blocked = blocked;
}

void blocking_wait(struct call *call, const struct blocking_request *request) {
    CHECK(request->key_count != 0 && request->timeout_ms >= 0);
    struct blocked *blocked = call->session->blocked;
    if (blocked != NULL) {
        blocked->waits_on = true;
        set_wake(blocked, request->wake_ms);
    } else if (blocking_is_possible(call)) {
        begin(call, request);
    } else {
        reply_null_array(call);
    }
}

void blocking_wait_otherwise(struct call *call, int64_t timeout_ms) {
    struct blocked *blocked = call->session->blocked;
    if (blocked != NULL)
        blocked->waits_on = true;
    else
        begin(call, &(struct blocking_request){.timeout_ms = timeout_ms});
}

bool blocking_time_is_up(const struct call *call) {
    const struct blocked *blocked = call->session->blocked;
    return blocked != NULL && blocked->is_last;
}

bool blocking_waits_on(const struct call *call) {
    const struct blocked *blocked = call->session->blocked;
    return blocked != NULL && blocked->waits_on;
}

/* --- ending --- */

static void unlink_blocked(struct blocking_table *table, struct blocked *blocked) {
    if (blocked->previous != NULL)
        blocked->previous->next = blocked->next;
    else
        table->first = blocked->next;
    if (blocked->next != NULL)
        blocked->next->previous = blocked->previous;
    else
        table->last = blocked->previous;
    table->session_count--;
}

static void release(struct blocked *blocked) {
    struct engine *engine = blocked->session->engine;
    struct blocking_table *table = engine->blocking;
    for (uint32_t i = 0; i < blocked->waiter_count; i++)
        blocking_remove_waiter(table, &blocked->waiters[i]);
    clear_deadline(table, blocked);
    unlink_blocked(table, blocked);
    blocked->session->blocked = NULL;
    mem_free(blocked);
    blocking_free_unused_table(engine);
}

void blocking_finish(struct blocked *blocked) {
    struct session *session = blocked->session;
    release(blocked);
    session->last_active_ms = session->engine->clock->unix_ms;
    if (session->client != NULL) client_resume(session->client);
}

static void reply_end(struct blocked *blocked, enum blocking_end how) {
    struct call call;
    blocking_open_reply(blocked, &call);
    if (how == BLOCKING_TIMEOUT && blocked->waiter_count == 0) {
        blocked->is_last = true;
        blocked->waits_on = false;
        dispatch_run_again(&call);
    } else if (how == BLOCKING_TIMEOUT) {
        reply_null_array(&call);
    } else {
        reply_error(&call, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
        blocked->command->stats.failed++;
    }
    blocking_close_reply(&call);
}

void blocking_end(struct session *session, enum blocking_end how) {
    struct blocked *blocked = session->blocked;
    CHECK(blocked != NULL);
    if (how == BLOCKING_SILENT) {
        release(blocked);
        return;
    }
    reply_end(blocked, how);
    blocking_finish(blocked);
}

void blocking_expire(struct engine *engine, int64_t now_ms) {
    struct blocked *next;
    if (engine->blocking != NULL) blocking_note_due(engine->blocking, now_ms);
    blocking_serve_ready(engine);
    struct blocked *blocked = engine->blocking == NULL ? NULL : engine->blocking->first;
    for (; blocked != NULL; blocked = next) {
        next = blocked->next;
        if (blocked->deadline_ms <= now_ms) blocking_end(blocked->session, BLOCKING_TIMEOUT);
    }
}

/* --- what others ask --- */

size_t blocking_session_count(const struct engine *engine) {
    return engine->blocking == NULL ? 0 : engine->blocking->session_count;
}

size_t blocking_deadline_count(const struct engine *engine) {
    return engine->blocking == NULL ? 0 : engine->blocking->deadline_count;
}

size_t blocking_used_bytes(const struct session *session) {
    const struct blocked *blocked = session->blocked;
    if (blocked == NULL) return 0;
    size_t sum = mem_usable_size(blocked);
    for (uint32_t i = 0; i < blocked->waiter_count; i++)
        sum += mem_usable_size(blocked->waiters[i].key);
    return sum;
}
