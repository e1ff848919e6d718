#include "engine/batch.h"

#include "engine/engine.h"
#include "engine/reply.h"

/* A peer that has yet to authenticate is read one request at a time: the next may be its password, which
 * lifts the limits on what stands behind it. */
static size_t max_calls(const struct resp_limits *limits) {
    return limits->is_restricted ? 1 : BATCH_MAX_CALLS;
}

/* Reads requests until the batch is full, the bytes end or are malformed: the last status says which. */
static enum resp_status read_requests(struct batch *batch, struct resp_reader *reader,
                                      const struct resp_limits *limits, struct bytes data,
                                      size_t *consumed, struct resp_request *last) {
    size_t max = max_calls(limits);
    resp_arguments_reset(&batch->arguments);
    batch->count = 0;
    while (batch->count < max && *consumed < data.len) {
        enum resp_status status = resp_read(reader, data.data + *consumed, data.len - *consumed,
                                            limits, &batch->arguments, last);
        if (status != RESP_DONE) return status;
        if (last->argc != 0) {
            batch->starts[batch->count] = *consumed;
            batch->requests[batch->count++] = *last;
        }
        *consumed += last->consumed;
    }
    return RESP_DONE;
}

static void prepare_calls(struct batch *batch, struct session *session) {
    struct command *guess = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        const struct resp_request *request = &batch->requests[i];
        struct call *call = &batch->calls[i];
        dispatch_prepare(call, session, resp_arguments_of(&batch->arguments, request),
                         (uint32_t)request->argc, guess);
        guess = call->command;
        if (call->has_key) database_prefetch_bucket(call->db, call->key);
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct call *call = &batch->calls[i];
        if (call->has_key) database_prefetch_entry(call->db, call->key);
    }
}

/* SELECT and SWAPDB change what the calls behind them mean. */
static void renew_database(struct call *call) {
    call->db = call->engine->keyspace->dbs[call->session->db_number];
}

/* Runs the calls in order; returns how many were run. */
static size_t run_calls(struct batch *batch, struct session *session) {
    for (size_t i = 0; i < batch->count; i++) {
        if (UNLIKELY(session->is_closing)) return i;
        struct call *call = &batch->calls[i];
        renew_database(call);
        if (UNLIKELY(dispatch_run(call) == DISPATCH_POSTPONED)) return i;
    }
    return batch->count;
}

static void reply_malformed(struct session *session, const struct resp_request *request) {
    struct engine *engine = session->engine;
    bool is_mute = session->reply_mode != SESSION_REPLY_ON;
    struct call call = {.session = session,
                        .engine = engine,
                        .output = is_mute ? &engine->muted : &session->output};
    char text[RESP_ERROR_TEXT_MAX];
    resp_error_format(request, text);
    reply_error_printf(&call, "ERR %s", text);
    output_destroy(&engine->muted);
    session->is_closing = true;
}

/* Nothing from the request at `index` on was run: it is read again when its time comes. */
static enum batch_result stop_before(const struct batch *batch, size_t index,
                                     struct resp_reader *reader, size_t *consumed) {
    if (index < batch->count) {
        *consumed = batch->starts[index];
        resp_reader_destroy(reader);
    }
    return BATCH_STOPPED;
}

enum batch_result batch_run(struct batch *batch, struct session *session,
                            struct resp_reader *reader, const struct resp_limits *limits,
                            struct bytes data, size_t *consumed, size_t *wanted_bytes) {
    *consumed = 0;
    struct resp_request last = {0};
    struct resp_limits in_force = *limits;
    in_force.is_restricted = !session->is_authenticated;
    enum resp_status status = read_requests(batch, reader, &in_force, data, consumed, &last);
    prepare_calls(batch, session);
    size_t run = run_calls(batch, session);
    if (run < batch->count || session->is_closing) return stop_before(batch, run, reader, consumed);
    if (status == RESP_MALFORMED) {
        reply_malformed(session, &last);
        return BATCH_MALFORMED;
    }
    if (status == RESP_NEED_MORE) {
        *wanted_bytes = last.wanted_bytes;
        return BATCH_NEED_MORE;
    }
    return *consumed == data.len ? BATCH_EMPTY : BATCH_FULL;
}

void batch_destroy(struct batch *batch) {
    resp_arguments_destroy(&batch->arguments);
}
