#include "engine/batch.h"

#include "data/members.h"
#include "data/value_type.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/mem.h"

/* A peer that has yet to authenticate is read one request at a time: the next may be its password,
 * which lifts the limits on what stands behind it. */
static size_t max_calls(const struct resp_limits *limits) {
    return limits->is_restricted ? 1 : BATCH_MAX_CALLS;
}

/* Reads requests until the batch is full, the bytes end or are malformed: the last status says
 * which. */
static enum resp_status read_requests(struct batch *batch, struct resp_reader *reader,
                                      const struct resp_limits *limits, struct bytes data,
                                      size_t *consumed, struct resp_request *last) {
    size_t max = max_calls(limits);
    resp_arguments_reset(&batch->arguments);
    batch->count = 0;
    while (batch->count < max && *consumed < data.len) {
        struct resp_request *request = &batch->requests[batch->count];
        enum resp_status status = resp_read(reader, data.data + *consumed, data.len - *consumed,
                                            limits, &batch->arguments, request);
        if (status != RESP_DONE) {
            *last = *request;
            return status;
        }
        batch->starts[batch->count] = *consumed;
        batch->count += request->argc != 0;
        *consumed += request->consumed;
    }
    return RESP_DONE;
}

static struct bytes member_argument(const struct call *call) {
    return call->args[call->command->row->member_index];
}

/* The large form of the value whose member the call names; NULL without one. */
static const struct members *find_members(const struct call *call, const struct entry *entry) {
    if (entry == NULL || call->argc <= call->command->row->member_index) return NULL;
    const struct member_methods *methods = value_type_of(entry)->members;
    return methods == NULL ? NULL : methods->large_form(entry);
}

/* Commands on a member of a big value would miss the cache three times more: for what the entry
 * points to, for the bucket and for the member. */
static void prefetch_members(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        const struct call *call = &batch->calls[i];
        batch->members[i] = NULL;
        if (!call->has_key || call->command->row->member_index == 0) continue;
        if (batch->entries[i] == NULL) batch->entries[i] = database_glance(call->db, call->key);
        const struct entry *entry = batch->entries[i];
        if (entry != NULL && entry_has(entry, ENTRY_HAS_WORD)) mem_prefetch(entry_pointer(entry));
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct call *call = &batch->calls[i];
        if (!call->has_key || call->command->row->member_index == 0) continue;
        batch->members[i] = find_members(call, batch->entries[i]);
        if (batch->members[i] == NULL) continue;
        batch->hashes[i] = members_hash(member_argument(call));
        members_prefetch_bucket(batch->members[i], batch->hashes[i]);
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->members[i] != NULL) members_prefetch_member(batch->members[i], batch->hashes[i]);
    }
}

/* The values that lie outside of their entries; of the others, the end is fetched. */
static size_t find_outside_values(const struct batch *batch, const struct entry **values) {
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct entry *entry = batch->entries[i];
        if (entry == NULL || !batch->calls[i].command->row->reads_value) continue;
        if (!entry_has(entry, ENTRY_HAS_WORD))
            mem_prefetch((const char *)entry + entry_size(entry) - 1);
        else if (value_type_of(entry)->prefetch != NULL)
            values[count++] = entry;
    }
    return count;
}

/* Step by step, all of them side by side. */
static void prefetch_values(const struct batch *batch) {
    const struct entry *values[BATCH_MAX_CALLS];
    size_t count = find_outside_values(batch, values);
    for (unsigned step = 0; count != 0; step++) {
        size_t left = 0;
        for (size_t i = 0; i < count; i++)
            if (value_type_of(values[i])->prefetch(values[i], step)) values[left++] = values[i];
        count = left;
    }
}

void batch_prepare(struct batch *batch, struct session *session) {
    bool has_members = false, has_values = false;
    struct command *guess = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        const struct resp_request *request = &batch->requests[i];
        struct call *call = &batch->calls[i];
        dispatch_prepare(call, session, resp_arguments_of(&batch->arguments, request),
                         (uint32_t)request->argc, guess);
        guess = call->command;
        if (!call->has_key) continue;
        database_prefetch_bucket(call->db, call->key);
        has_members |= call->command->row->member_index != 0;
        has_values |= call->command->row->reads_value;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct call *call = &batch->calls[i];
        batch->entries[i] = call->has_key ? database_prefetch_entry(call->db, call->key) : NULL;
    }
    if (batch->count == 1) return;
    if (has_members) prefetch_members(batch);
    if (has_values) prefetch_values(batch);
}

/* SELECT and SWAPDB change what the calls behind them mean. */
static void renew_database(struct call *call) {
    call->db = call->engine->keyspace->dbs[call->session->db_number];
}

/* Runs the calls in order; returns how many were run. */
static size_t run_calls(struct batch *batch, struct session *session) {
    for (size_t i = 0; i < batch->count; i++) {
        if (UNLIKELY(session->is_closing || blocking_is_blocked(session))) return i;
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

/* Nothing from the request at `index` on was run: it is read again when its time comes, as is the
 * beginning of one that was not complete. */
static enum batch_result stop_before(const struct batch *batch, size_t index,
                                     struct resp_reader *reader, size_t *consumed) {
    if (index < batch->count) *consumed = batch->starts[index];
    resp_reader_destroy(reader);
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
    batch_prepare(batch, session);
    size_t run = run_calls(batch, session);
    if (run < batch->count || session->is_closing || blocking_is_blocked(session))
        return stop_before(batch, run, reader, consumed);
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
