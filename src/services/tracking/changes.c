/* What trackers are told: the keys they read are remembered behind each command, and every change
 * of a key is looked up among those. */
#include "data/database.h"
#include "engine/call.h"
#include "engine/command_keys.h"
#include "foundation/mem.h"
#include "services/tracking/tracking_private.h"

enum {
    KEYS_AT_HAND = 16,
    DROPS_PER_COMMAND = 100, /* beyond as many keys as the command has read */
};

/* What is no report of a change by itself is left out. */
static const uint32_t change_events =
    ~(uint32_t)(KEY_EVENT_NEW | KEY_EVENT_MISS | KEY_EVENT_OVERWRITTEN | KEY_EVENT_TYPE_CHANGED);

/* --- telling --- */

struct telling {
    struct invalidation invalidation;
    const struct session *writer; /* NULL: no session's doing */
};

static void tell_reader(struct tracker *tracker, void *context) {
    struct telling *telling = context;
    uint32_t mode = tracker->session->tracking;
    if ((mode & SESSION_TRACKING_BROADCAST) != 0) return; /* it read the key before it switched */
    if ((mode & SESSION_TRACKING_NO_LOOP) != 0 && tracker->session == telling->writer) return;
    invalidation_send(&telling->invalidation, tracker);
}

/* Its readers have to read it again to be told again. Frees the key. */
static void tell_readers(struct tracking *tracking, struct tracked_key *tracked,
                         const struct session *writer) {
    struct bytes name = tracked_key_name(tracked);
    struct telling telling = {
        .invalidation = {.tracking = tracking, .names = &name, .count = 1},
        .writer = writer,
    };
    const uint32_t *ids = tracked_key_ids(tracked);
    for (uint32_t i = 0; i < tracked->count; i++)
        tracker_find(tracking, ids[i], tell_reader, &telling);
    mem_free(tracked);
}

/* Once a command: FLUSHALL empties many databases. */
static void tell_all(struct tracking *tracking) {
    struct invalidation invalidation = {.tracking = tracking};
    if (tracking->has_told_all) return;
    tracking->has_told_all = true;
    for (struct tracker *tracker = tracking->first; tracker != NULL; tracker = tracker->next)
        invalidation_send(&invalidation, tracker);
    tracked_keys_clear(&tracking->keys, tracking->engine->keyspace->worker);
}

/* --- key events --- */

/* Keys that expire or are evicted do so whoever's command comes across them. */
static const struct session *writer_of(const struct tracking *tracking,
                                       const struct key_event *event) {
    const struct call *running = tracking->engine->running;
    bool is_nobodys = (event->event_class & (KEY_EVENT_EXPIRED | KEY_EVENT_EVICTED)) != 0;
    return is_nobodys || running == NULL ? NULL : running->session;
}

static void note_change(struct tracking *tracking, const struct key_event *event) {
    const struct session *writer = writer_of(tracking, event);
    broadcasts_note(&tracking->broadcasts, event->key, writer == NULL ? 0 : writer->id);
    struct tracked_key *tracked = tracked_keys_take(&tracking->keys, event->key);
    if (tracked != NULL) tell_readers(tracking, tracked, writer);
}

static void note_event(void *context, const struct key_event *event) {
    struct tracking *tracking = context;
    if (event->event_class == KEY_EVENT_ALL_KEYS)
        tell_all(tracking);
    else
        note_change(tracking, event);
    tracking_count(tracking);
}

/* --- remembering --- */

static void remember(struct tracking *tracking, const struct call *call, uint32_t index) {
    struct key key = call_key(call, index);
    if (key.name.len > UINT32_MAX) return; /* no key of that length can ever be */
    tracked_keys_add(&tracking->keys, key, (uint32_t)call->session->id);
}

static uint32_t remember_positions(struct tracking *tracking, const struct call *call,
                                   const struct key_position *positions, int64_t count) {
    for (int64_t i = 0; i < count; i++) remember(tracking, call, positions[i].index);
    return (uint32_t)count;
}

static uint32_t remember_many(struct tracking *tracking, const struct call *call, int64_t count) {
    struct key_position *positions = mem_alloc_array((size_t)count, sizeof(*positions));
    (void)command_find_keys(call->command, call->args, call->argc, positions, (size_t)count);
    remember_positions(tracking, call, positions, count);
    mem_free(positions);
    return (uint32_t)count;
}

static bool has_one_key(const struct call *call) {
    const struct command *command = call->command;
    return call->has_key && command->first_key == command->last_key &&
           (command->flags & COMMAND_MOVABLE_KEYS) == 0;
}

/* Returns how many keys there were. */
static uint32_t remember_keys(struct tracking *tracking, const struct call *call) {
    struct key_position positions[KEYS_AT_HAND];
    if (has_one_key(call)) {
        remember(tracking, call, (uint32_t)call->command->first_key);
        return 1;
    }
    int64_t count =
        command_find_keys(call->command, call->args, call->argc, positions, KEYS_AT_HAND);
    if (count <= 0) return 0;
    if (count <= KEYS_AT_HAND) return remember_positions(tracking, call, positions, count);
    return remember_many(tracking, call, count);
}

static bool wants_keys(const struct session *session) {
    uint32_t mode = session->tracking;
    bool is_cached = (mode & SESSION_TRACKING_CACHING) != 0;
    if ((mode & SESSION_TRACKING_BROADCAST) != 0) return false;
    if ((mode & SESSION_TRACKING_OPT_IN) != 0) return is_cached;
    return (mode & SESSION_TRACKING_OPT_OUT) == 0 || !is_cached;
}

/* --- CLIENT CACHING --- */

static bool is_about_client(const struct call *call) {
    const struct command *command = call->command;
    return command != NULL && command->parent != NULL &&
           strcmp(command->parent->row->name, "client") == 0;
}

/* It is for the next command, or the whole next transaction; others of CLIENT do not count. */
static void end_caching(const struct call *call) {
    struct session *session = call->session;
    if ((session->tracking & SESSION_TRACKING_CACHING) == 0) return;
    if (session->transaction == NULL && !is_about_client(call))
        session->tracking &= ~(uint32_t)SESSION_TRACKING_CACHING;
}

/* --- calls --- */

static void keep_to_limit(struct tracking *tracking, uint32_t max_drops) {
    uint64_t limit = (uint64_t)tracking_max_keys();
    if (limit == 0) return;
    for (; max_drops != 0 && tracked_keys_count(&tracking->keys) > limit; max_drops--)
        tell_readers(tracking, tracked_keys_take_random(&tracking->keys), NULL);
}

void changes_keep_to_limit(struct tracking *tracking, uint32_t max_drops) {
    keep_to_limit(tracking, max_drops);
    tracking_count(tracking);
}

static void follow_call(struct call_listener *listener, const struct call *call) {
    struct tracking *tracking = (struct tracking *)listener;
    uint32_t count = 0;
    tracking->has_told_all = false;
    if (call->session->tracker != NULL) {
        bool is_reading = (call->command->flags & COMMAND_READONLY) != 0;
        if (is_reading && wants_keys(call->session)) count = remember_keys(tracking, call);
        end_caching(call);
    }
    keep_to_limit(tracking, DROPS_PER_COMMAND + count);
    tracking_count(tracking);
}

static void follow_refusal(struct call_listener *listener, const struct call *call) {
    (void)listener;
    end_caching(call);
}

void changes_listen(struct tracking *tracking) {
    struct engine *engine = tracking->engine;
    tracking->listener.after = follow_call;
    tracking->listener.refused = follow_refusal;
    call_listener_add(engine, &tracking->listener);
    key_event_subscribe(&engine->keyspace->listeners, change_events, note_event, tracking);
}

void changes_stop_listening(struct tracking *tracking) {
    struct engine *engine = tracking->engine;
    call_listener_remove(engine, &tracking->listener);
    key_event_unsubscribe(&engine->keyspace->listeners, note_event, tracking);
}

void changes_finish_round(struct engine *engine) {
    struct tracking *tracking = engine->tracking;
    if (tracking == NULL) return;
    tracking->has_told_all = false;
    broadcasts_send(tracking);
    invalidation_writers_tidy(&tracking->writers);
}
