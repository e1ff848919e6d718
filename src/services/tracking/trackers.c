/* Who tracks: trackers come with CLIENT TRACKING ON and go with OFF, RESET and the session. */
#include "foundation/mem.h"
#include "services/tracking/tracking_private.h"

/* --- finding --- */

static const uint64_t id_step = (uint64_t)1 << 32; /* between ids with the same low bits */

void tracker_find(const struct tracking *tracking, uint32_t id, tracker_visit *visit,
                  void *context) {
    const struct engine *engine = tracking->engine;
    for (uint64_t whole = id; whole <= engine->next_session_id; whole += id_step) {
        const struct session *session = session_find(engine, whole);
        if (session != NULL && session->tracker != NULL) visit(session->tracker, context);
    }
}

/* One that is there and does not track may begin again, and still has what it read. */
static bool is_gone(const void *context, uint32_t id) {
    const struct tracking *tracking = context;
    const struct engine *engine = tracking->engine;
    for (uint64_t whole = id; whole <= engine->next_session_id; whole += id_step)
        if (session_find(engine, whole) != NULL) return false;
    return true;
}

/* --- the tracking of an engine --- */

void tracking_count(const struct tracking *tracking) {
    tracking->engine->tracked = (struct engine_tracked){
        .clients = tracking->tracker_count,
        .keys = tracked_keys_count(&tracking->keys),
        .items = tracking->keys.item_count,
        .prefixes = tracking->broadcasts.prefixes.count,
    };
}

static struct tracking *make_tracking(struct engine *engine) {
    if (engine->tracking != NULL) return engine->tracking;
    struct tracking *tracking = mem_alloc_zeroed(sizeof(*tracking));
    tracking->engine = engine;
    tracked_keys_init(&tracking->keys, is_gone, tracking);
    broadcasts_init(&tracking->broadcasts);
    changes_listen(tracking);
    engine->tracking = tracking;
    return tracking;
}

static void free_unused_tracking(struct tracking *tracking) {
    struct engine *engine = tracking->engine;
    if (tracking->tracker_count != 0) return;
    changes_stop_listening(tracking);
    tracked_keys_clear(&tracking->keys, engine->keyspace->worker);
    broadcasts_destroy(&tracking->broadcasts);
    invalidation_writers_close(&tracking->writers);
    mem_free(tracking);
    engine->tracking = NULL;
    engine->tracked = (struct engine_tracked){0};
}

/* --- trackers --- */

static void link_tracker(struct tracking *tracking, struct tracker *tracker) {
    tracker->previous = tracking->last;
    if (tracker->previous != NULL)
        tracker->previous->next = tracker;
    else
        tracking->first = tracker;
    tracking->last = tracker;
    tracking->tracker_count++;
}

static void unlink_tracker(struct tracking *tracking, struct tracker *tracker) {
    if (tracker->previous != NULL)
        tracker->previous->next = tracker->next;
    else
        tracking->first = tracker->next;
    if (tracker->next != NULL)
        tracker->next->previous = tracker->previous;
    else
        tracking->last = tracker->previous;
    tracking->tracker_count--;
}

struct tracker *tracker_make(struct session *session) {
    if (session->tracker != NULL) return session->tracker;
    struct tracking *tracking = make_tracking(session->engine);
    struct tracker *tracker = mem_alloc_zeroed(sizeof(*tracker));
    tracker->session = session;
    link_tracker(tracking, tracker);
    session->tracker = tracker;
    tracking_count(tracking);
    return tracker;
}

void tracker_end(struct session *session) {
    struct tracker *tracker = session->tracker;
    if (tracker == NULL) return;
    struct tracking *tracking = session->engine->tracking;
    broadcasts_leave_all(&tracking->broadcasts, tracker);
    unlink_tracker(tracking, tracker);
    mem_free(tracker);
    session->tracker = NULL;
    session->tracking = 0;
    session->tracking_redirect = 0;
    tracking->has_to_sweep = true;
    tracking_count(tracking);
    free_unused_tracking(tracking);
}

static size_t membership_bytes(const struct tracker *tracker) {
    return tracker->membership_count == 0
               ? 0
               : tracker->membership_count * mem_usable_size(tracker->memberships[0]);
}

size_t tracker_used_bytes(const struct session *session) {
    const struct tracker *tracker = session->tracker;
    if (tracker == NULL) return 0;
    return mem_usable_size(tracker) + mem_usable_size(tracker->memberships) +
           membership_bytes(tracker);
}
