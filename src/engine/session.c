#include "engine/session.h"

#include "engine/authentication.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/push.h"
#include "engine/transaction.h"
#include "foundation/containers/table_inline.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

/* --- all of them --- */

static uint64_t hash_id(uint64_t id) {
    return hash_bytes(bytes_of(&id, sizeof(id)));
}

static uint64_t hash_session(const void *element, const void *context) {
    const struct session *session = element;
    (void)context;
    return hash_id(session->id);
}

void session_table_init(struct table *table) {
    table_init(table, hash_session, NULL);
}

static struct session *find_session(const struct engine *engine, uint64_t id,
                                    struct table_search *search) {
    struct session *session = table_find_start(&engine->sessions, hash_id(id), search);
    while (session != NULL && session->id != id) session = table_find_next(search);
    return session;
}

struct session *session_find(const struct engine *engine, uint64_t id) {
    struct table_search search;
    return find_session(engine, id, &search);
}

static void forget_session(struct session *session) {
    struct table_search search;
    CHECK(find_session(session->engine, session->id, &search) == session);
    table_remove(&session->engine->sessions, hash_id(session->id), search.place);
}

/* --- life --- */

static void set_defaults(struct session *session) {
    session->version = RESP2;
    session->reply_mode = SESSION_REPLY_ON;
    session->db_number = 0;
    session->is_authenticated = !authentication_is_required();
    session->is_no_evict = false;
    session->is_no_touch = false;
}

void session_init(struct session *session, struct engine *engine) {
    session->engine = engine;
    session->id = ++engine->next_session_id;
    session->created_ms = engine->clock->unix_ms;
    session->last_active_ms = engine->clock->unix_ms;
    set_defaults(session);
    table_insert(&engine->sessions, hash_id(session->id), session);
}

static void end_features(struct session *session) {
    const struct feature *const *feature = session->engine->features;
    for (; *feature != NULL; feature++)
        if ((*feature)->end_session != NULL) (*feature)->end_session(session);
}

size_t session_used_bytes(const struct session *session) {
    size_t sum = 0;
    const struct feature *const *feature = session->engine->features;
    for (; *feature != NULL; feature++)
        if ((*feature)->session_used_bytes != NULL) sum += (*feature)->session_used_bytes(session);
    return sum;
}

void session_destroy(struct session *session) {
    if (blocking_is_blocked(session)) blocking_end(session, BLOCKING_SILENT);
    transaction_discard(session);
    end_features(session);
    forget_session(session);
    push_drop_queued(session);
    output_destroy(&session->output);
    mem_free(session->name);
    mem_free(session->lib_name);
    mem_free(session->lib_version);
    session->name = session->lib_name = session->lib_version = NULL;
}

void session_reset(struct session *session) {
    transaction_discard(session);
    end_features(session);
    set_defaults(session);
    session_set_text(&session->name, BYTES(""));
}

void session_set_text(char **field, struct bytes text) {
    mem_free(*field);
    *field = text.len == 0 ? NULL : mem_dup(text.data, text.len);
}
