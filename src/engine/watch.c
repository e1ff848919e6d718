#include "engine/watch.h"

#include "data/database.h"
#include "engine/engine.h"
#include "foundation/containers/table_inline.h"
#include "foundation/mem.h"

#include <string.h>

struct watch {
    struct watched_key *key;
    struct session *session;
    struct watch *next_of_session;
    struct watch *next; /* of the same key */
    struct watch *previous;
    bool is_absent; /* what lies there was past its time when it came: its end is no change */
};

struct watched_key {
    struct watch *first;
    uint64_t hash; /* of the name alone */
    size_t len;
    uint32_t db_number;
    char name[];
};

struct watch_table {
    struct table keys;
    size_t session_count;
};

/* What is no report of a change by itself is left out. */
static const uint32_t watched_events =
    ~(uint32_t)(KEY_EVENT_NEW | KEY_EVENT_MISS | KEY_EVENT_OVERWRITTEN | KEY_EVENT_TYPE_CHANGED);

/* --- the table --- */

static struct bytes name_of(const struct watched_key *watched) {
    return bytes_of(watched->name, watched->len);
}

/* The same name in another database stands elsewhere. */
static uint64_t place_hash(uint64_t hash, uint32_t db_number) {
    return hash ^ (db_number * UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t hash_watched(const void *element, const void *context) {
    const struct watched_key *watched = element;
    (void)context;
    return place_hash(watched->hash, watched->db_number);
}

static struct watched_key *find_watched(const struct watch_table *watches, struct key key,
                                        uint32_t db_number, struct table_search *search) {
    struct watched_key *watched =
        table_find_start(&watches->keys, place_hash(key.hash, db_number), search);
    for (; watched != NULL; watched = table_find_next(search)) {
        if (watched->db_number == db_number && bytes_equal(name_of(watched), key.name)) break;
    }
    return watched;
}

static struct watched_key *add_watched(struct watch_table *watches, struct key key,
                                       uint32_t db_number) {
    struct watched_key *watched = mem_alloc(sizeof(*watched) + key.name.len);
    *watched = (struct watched_key){.hash = key.hash, .len = key.name.len, .db_number = db_number};
    if (key.name.len != 0) memcpy(watched->name, key.name.data, key.name.len);
    table_insert(&watches->keys, hash_watched(watched, NULL), watched);
    return watched;
}

static void remove_watched(struct watch_table *watches, struct watched_key *watched) {
    struct table_search search;
    struct key key = {.name = name_of(watched), .hash = watched->hash};
    CHECK(find_watched(watches, key, watched->db_number, &search) == watched);
    table_remove(&watches->keys, hash_watched(watched, NULL), search.place);
    mem_free(watched);
}

/* --- what happens to keys --- */

static void mark_watchers(const struct watched_key *watched) {
    for (struct watch *watch = watched->first; watch != NULL; watch = watch->next)
        watch->session->watches.is_dirty = true;
}

static void mark_at_expiry(const struct watched_key *watched) {
    for (struct watch *watch = watched->first; watch != NULL; watch = watch->next) {
        if (!watch->is_absent) watch->session->watches.is_dirty = true;
        watch->is_absent = false;
    }
}

/* Of a key past its time that nobody has removed yet. */
static void mark_where_it_was_alive(const struct watched_key *watched, bool has_come) {
    for (struct watch *watch = watched->first; watch != NULL; watch = watch->next) {
        if (has_come) watch->is_absent = true;
        if (!watch->is_absent) watch->session->watches.is_dirty = true;
    }
}

/* At all the keys of a database. */
struct look {
    const struct database *db;
    bool has_come; /* they have, else they are about to go */
};

static void mark_if_present(void *element, void *context) {
    const struct watched_key *watched = element;
    const struct look *look = context;
    struct key key = {.name = name_of(watched), .hash = watched->hash};
    if (watched->db_number != look->db->number) return;
    const struct entry *entry = database_glance(look->db, key);
    if (entry == NULL) return;
    if (database_is_due(look->db, entry))
        mark_where_it_was_alive(watched, look->has_come);
    else
        mark_watchers(watched);
}

static void note_all_keys(const struct watch_table *watches, const struct key_event *event) {
    struct look look = {.db = event->db, .has_come = strcmp(event->name, KEY_EVENT_SWAPPED) == 0};
    table_for_each(&watches->keys, mark_if_present, &look);
}

static void note_event(void *context, const struct key_event *event) {
    const struct watch_table *watches = context;
    struct table_search search;
    if (event->event_class == KEY_EVENT_ALL_KEYS) {
        note_all_keys(watches, event);
        return;
    }
    const struct watched_key *watched =
        find_watched(watches, key_of(event->key), event->db->number, &search);
    if (watched == NULL) return;
    if (event->event_class == KEY_EVENT_EXPIRED)
        mark_at_expiry(watched);
    else
        mark_watchers(watched);
}

/* --- the table's life --- */

static struct watch_table *make_table(struct engine *engine) {
    if (engine->watches != NULL) return engine->watches;
    engine->watches = mem_alloc_zeroed(sizeof(*engine->watches));
    table_init(&engine->watches->keys, hash_watched, NULL);
    key_event_subscribe(&engine->keyspace->listeners, watched_events, note_event, engine->watches);
    return engine->watches;
}

static void free_unused_table(struct engine *engine) {
    struct watch_table *watches = engine->watches;
    if (watches->session_count != 0) return;
    key_event_unsubscribe(&engine->keyspace->listeners, note_event, watches);
    table_destroy(&watches->keys, NULL);
    mem_free(watches);
    engine->watches = NULL;
}

/* --- a session's keys --- */

static void link_watch(struct session *session, struct watched_key *watched) {
    struct watch *watch = mem_alloc(sizeof(*watch));
    *watch = (struct watch){.key = watched,
                            .session = session,
                            .next_of_session = session->watches.first,
                            .next = watched->first};
    if (watched->first != NULL) watched->first->previous = watch;
    watched->first = watch;
    session->watches.first = watch;
    session->watches.count++;
}

static void free_watch(struct watch_table *watches, struct watch *watch) {
    struct watched_key *watched = watch->key;
    if (watch->next != NULL) watch->next->previous = watch->previous;
    if (watch->previous != NULL)
        watch->previous->next = watch->next;
    else
        watched->first = watch->next;
    if (watched->first == NULL) remove_watched(watches, watched);
    mem_free(watch);
}

/* Walks the session's keys and the key's sessions side by side: the shorter list decides. */
static bool is_watching(const struct session *session, const struct watched_key *watched) {
    const struct watch *own = session->watches.first;
    const struct watch *watch = watched->first;
    for (; own != NULL && watch != NULL; own = own->next_of_session, watch = watch->next) {
        if (own->key == watched || watch->session == session) return true;
    }
    return false;
}

void watch_add(struct session *session, struct key key) {
    struct engine *engine = session->engine;
    struct table_search search;
    (void)database_find(engine->keyspace->dbs[session->db_number], key);
    struct watch_table *watches = make_table(engine);
    struct watched_key *watched = find_watched(watches, key, session->db_number, &search);
    if (watched == NULL) watched = add_watched(watches, key, session->db_number);
    if (is_watching(session, watched)) return;
    if (session->watches.count == 0) watches->session_count++;
    link_watch(session, watched);
}

void watch_clear(struct session *session) {
    struct watch *next;
    session->watches.is_dirty = false;
    if (session->watches.first == NULL) return;
    struct watch_table *watches = session->engine->watches;
    for (struct watch *watch = session->watches.first; watch != NULL; watch = next) {
        next = watch->next_of_session;
        free_watch(watches, watch);
    }
    session->watches = (struct watch_list){0};
    watches->session_count--;
    free_unused_table(session->engine);
}

/* A look takes out what is past its time, and that event makes the session dirty; what a pause
 * keeps in its place makes it so too. */
bool watch_is_dirty(struct session *session) {
    const struct watch *watch = session->watches.first;
    for (; watch != NULL && !session->watches.is_dirty; watch = watch->next_of_session) {
        struct key key = {.name = name_of(watch->key), .hash = watch->key->hash};
        struct database *db = session->engine->keyspace->dbs[watch->key->db_number];
        bool is_kept = database_find(db, key).entry == NULL && database_glance(db, key) != NULL;
        if (is_kept && !watch->is_absent) session->watches.is_dirty = true;
    }
    return session->watches.is_dirty;
}

/* --- what others ask --- */

size_t watch_used_bytes(const struct session *session) {
    size_t sum = 0;
    const struct watch *watch = session->watches.first;
    for (; watch != NULL; watch = watch->next_of_session)
        sum += mem_usable_size(watch) + mem_usable_size(watch->key);
    return sum;
}

size_t watch_session_count(const struct engine *engine) {
    return engine->watches == NULL ? 0 : engine->watches->session_count;
}

size_t watch_key_count(const struct engine *engine) {
    return engine->watches == NULL ? 0 : engine->watches->keys.count;
}
