#include "engine/transaction.h"

#include "engine/dispatch.h"
#include "engine/network_settings.h"
#include "engine/reply.h"
#include "foundation/buffer.h"
#include "foundation/mem.h"

struct transaction {
    struct buffer queue;
    size_t count;
    uint32_t max_argc;
    uint32_t flags;
    bool is_aborted;
};

/* --- life --- */

void transaction_begin(struct session *session) {
    CHECK(session->transaction == NULL);
    session->transaction = mem_alloc_zeroed(sizeof(*session->transaction));
}

void transaction_discard(struct session *session) {
    watch_clear(session);
    if (session->transaction == NULL) return;
    buffer_destroy(&session->transaction->queue);
    mem_free(session->transaction);
    session->transaction = NULL;
}

void transaction_abort(struct transaction *transaction) {
    buffer_destroy(&transaction->queue);
    transaction->is_aborted = true;
}

bool transaction_is_aborted(const struct transaction *transaction) {
    return transaction->is_aborted;
}

/* --- queueing --- */

static size_t record_bytes(const struct call *call) {
    size_t sum = sizeof(call->argc);
    for (uint32_t i = 0; i < call->argc; i++) sum += sizeof(call->args[i].len) + call->args[i].len;
    return sum;
}

static void append_record(struct buffer *queue, const struct call *call) {
    buffer_append(queue, &call->argc, sizeof(call->argc));
    for (uint32_t i = 0; i < call->argc; i++) {
        buffer_append(queue, &call->args[i].len, sizeof(call->args[i].len));
        buffer_append_bytes(queue, call->args[i]);
    }
}

bool transaction_queue(struct transaction *transaction, const struct call *call) {
    if (transaction->is_aborted || call->session->watches.is_dirty) return true;
    size_t len = record_bytes(call);
    uint64_t limit = (uint64_t)network_settings()->max_query_bytes;
    if (transaction->queue.len + len > limit) return false;
    transaction->flags |= call->command->flags;
    transaction->count++;
    if (call->argc > transaction->max_argc) transaction->max_argc = call->argc;
    append_record(&transaction->queue, call);
    return true;
}

uint32_t transaction_flags(const struct transaction *transaction) {
    return transaction->flags;
}

/* --- running --- */

static const char *take(const char **at, void *value, size_t len) {
    const char *taken = *at;
    if (value != NULL) memcpy(value, taken, len);
    *at += len;
    return taken;
}

/* Reads the record at `*at` and moves on; returns the number of arguments. */
static uint32_t read_record(const char **at, struct bytes *args) {
    uint32_t argc;
    take(at, &argc, sizeof(argc));
    for (uint32_t i = 0; i < argc; i++) {
        size_t len;
        take(at, &len, sizeof(len));
        args[i] = bytes_of(take(at, NULL, len), len);
    }
    return argc;
}

static void run_queue(struct session *session, const struct transaction *transaction) {
    struct bytes *args = mem_alloc_array(transaction->max_argc, sizeof(*args));
    struct command *guess = NULL;
    const char *at = transaction->queue.data;
    for (size_t i = 0; i < transaction->count; i++) {
        struct call call;
        uint32_t argc = read_record(&at, args);
        dispatch_prepare(&call, session, args, argc, guess);
        dispatch_run_checked(&call);
        guess = call.command;
    }
    mem_free(args);
}

/* The queue stays the session's while it runs: CLIENT LIST shows it. */
void transaction_run(struct call *call) {
    struct session *session = call->session;
    watch_clear(session);
    reply_array(call, session->transaction->count);
    if (session->transaction->count != 0) run_queue(session, session->transaction);
    transaction_discard(session);
}

/* --- what others ask --- */

long long transaction_count(const struct session *session) {
    return session->transaction == NULL ? -1 : (long long)session->transaction->count;
}

size_t transaction_queued_bytes(const struct session *session) {
    return session->transaction == NULL ? 0 : session->transaction->queue.cap;
}

size_t transaction_used_bytes(const struct session *session) {
    size_t sum = watch_used_bytes(session);
    if (session->transaction == NULL) return sum;
    return sum + mem_usable_size(session->transaction) + session->transaction->queue.cap;
}
