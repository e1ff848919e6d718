#include "services/tracking/invalidation.h"

#include "foundation/mem.h"
#include "services/tracking/tracking_private.h"

/* --- encoding --- */

static size_t message_bytes(const struct invalidation *invalidation) {
    enum { LEN_DIGITS_MAX = 20, BULK_MARKS = 5 };
    size_t sum = 4 * RESP_HEADER_MAX;
    for (size_t i = 0; i < invalidation->count; i++)
        sum += invalidation->names[i].len + LEN_DIGITS_MAX + BULK_MARKS;
    return sum;
}

static char *put_keys(char *out, const struct invalidation *invalidation,
                      enum resp_version version) {
    if (invalidation->names == NULL) return resp_put_null(out, version);
    out = resp_put_array(out, invalidation->count);
    for (size_t i = 0; i < invalidation->count; i++)
        out = resp_put_bulk(out, invalidation->names[i]);
    return out;
}

static char *put_message(char *out, const struct invalidation *invalidation,
                         enum resp_version version) {
    if (version == RESP3) {
        out = resp_put_push(out, version, 2);
        out = resp_put_bulk(out, BYTES("invalidate"));
    } else {
        out = resp_put_push(out, version, 3);
        out = resp_put_bulk(out, BYTES("message"));
        out = resp_put_bulk(out, BYTES("__redis__:invalidate"));
    }
    return put_keys(out, invalidation, version);
}

static struct push_piece encode(const struct invalidation *invalidation,
                                enum resp_version version) {
    struct push_writer *writer = &invalidation->tracking->writers.writers[version - RESP2];
    char *room = push_room(writer, message_bytes(invalidation));
    return push_commit(writer, (size_t)(put_message(room, invalidation, version) - room));
}

/* --- sending --- */

static void send_to(struct invalidation *invalidation, struct session *target) {
    struct push_piece *piece = &invalidation->pieces[target->version - RESP2];
    if (piece->stretch == NULL) *piece = encode(invalidation, target->version);
    push_send(target, *piece);
}

/* Each time that it should have been told something. */
static void tell_broken_redirect(struct tracking *tracking, struct session *session) {
    session->tracking |= SESSION_TRACKING_BROKEN_REDIRECT;
    if (session->version != RESP3) return;
    struct push_writer *writer = &tracking->writers.redirects;
    char *room = push_room(writer, 3 * RESP_HEADER_MAX);
    char *end = resp_put_push(room, session->version, 2);
    end = resp_put_bulk(end, BYTES("tracking-redir-broken"));
    end = resp_put_integer(end, (int64_t)session->tracking_redirect);
    push_send(session, push_commit(writer, (size_t)(end - room)));
}

static void send_redirected(struct invalidation *invalidation, struct session *session) {
    struct tracking *tracking = invalidation->tracking;
    struct session *target = session_find(tracking->engine, session->tracking_redirect);
    if (target == NULL)
        tell_broken_redirect(tracking, session);
    else if (target->version == RESP3 || session_is_subscribing(target))
        send_to(invalidation, target);
}

void invalidation_send(struct invalidation *invalidation, struct tracker *tracker) {
    struct session *session = tracker->session;
    if (session->tracking_redirect != 0)
        send_redirected(invalidation, session);
    else if (session->version == RESP3)
        send_to(invalidation, session);
}

/* --- writers --- */

void invalidation_writers_tidy(struct invalidation_writers *writers) {
    for (int i = 0; i < INVALIDATION_PROTOCOLS; i++) (void)push_close_sent(&writers->writers[i]);
    (void)push_close_sent(&writers->redirects);
}

void invalidation_writers_close(struct invalidation_writers *writers) {
    for (int i = 0; i < INVALIDATION_PROTOCOLS; i++) push_close(&writers->writers[i]);
    push_close(&writers->redirects);
}
