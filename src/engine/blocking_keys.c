/* Awaited keys: who waits for which, and which are ready. */
#include "engine/blocking_private.h"
#include "foundation/containers/table_inline.h"
#include "foundation/mem.h"

/* What can bring a key that somebody waits for. Values of other types have events of their own, and
 * taking their place ("set", then "rename_to") is a generic one. */
static const uint32_t waking_events =
    KEY_EVENT_LIST | KEY_EVENT_ZSET | KEY_EVENT_STREAM | KEY_EVENT_GENERIC | KEY_EVENT_ALL_KEYS;

/* --- the table --- */

static struct bytes name_of(const struct awaited_key *key) {
    return bytes_of(key->name, key->len);
}

static struct key as_key(const struct awaited_key *key) {
    return (struct key){.name = name_of(key), .hash = key->hash};
}

/* Awaited as another type it has the same hash, so that one look-up yields all. */
static uint64_t place_hash(uint64_t hash, uint32_t db_number) {
    return hash ^ (db_number * UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t hash_awaited(const void *element, const void *context) {
    const struct awaited_key *key = element;
    (void)context;
    return place_hash(key->hash, key->db_number);
}

/* From `key` on, what the search yields, the first that has the name. */
static struct awaited_key *skip_others(struct awaited_key *key, const struct awaited *wanted,
                                       struct table_search *search) {
    for (; key != NULL; key = table_find_next(search)) {
        if (key->db_number == wanted->db_number && bytes_equal(name_of(key), wanted->key.name))
            break;
    }
    return key;
}

static struct awaited_key *find_first(const struct blocking_table *table,
                                      const struct awaited *wanted, struct table_search *search) {
    uint64_t hash = place_hash(wanted->key.hash, wanted->db_number);
    return skip_others(table_find_start(&table->keys, hash, search), wanted, search);
}

static struct awaited_key *find_next(const struct awaited *wanted, struct table_search *search) {
    return skip_others(table_find_next(search), wanted, search);
}

static struct awaited_key *find_awaited(const struct blocking_table *table,
                                        const struct awaited *wanted, struct table_search *search) {
    struct awaited_key *key = find_first(table, wanted, search);
    while (key != NULL && key->type != wanted->type) key = find_next(wanted, search);
    return key;
}

static struct awaited_key *add_awaited(struct blocking_table *table, const struct awaited *wanted,
                                       struct engine *engine) {
    struct bytes name = wanted->key.name;
    struct awaited_key *key = mem_alloc(sizeof(*key) + name.len);
    *key = (struct awaited_key){.hash = wanted->key.hash,
                                .len = name.len,
                                .engine = engine,
                                .wake_ms = INT64_MAX,
                                .db_number = wanted->db_number,
                                .type = wanted->type};
    if (name.len != 0) memcpy(key->name, name.data, name.len);
    table_insert(&table->keys, hash_awaited(key, NULL), key);
    return key;
}

/* --- the ready ones --- */

static void link_ready(struct blocking_table *table, struct awaited_key *key) {
    if (key->is_ready) return;
    key->is_ready = true;
    key->next_ready = NULL;
    key->previous_ready = table->last_ready;
    if (table->last_ready != NULL)
        table->last_ready->next_ready = key;
    else
        table->first_ready = key;
    table->last_ready = key;
}

static void unlink_ready(struct blocking_table *table, struct awaited_key *key) {
    if (!key->is_ready) return;
    key->is_ready = false;
    if (key->previous_ready != NULL)
        key->previous_ready->next_ready = key->next_ready;
    else
        table->first_ready = key->next_ready;
    if (key->next_ready != NULL)
        key->next_ready->previous_ready = key->previous_ready;
    else
        table->last_ready = key->previous_ready;
}

bool blocking_is_there(const struct awaited_key *key, struct engine *engine) {
    struct database *db = engine->keyspace->dbs[key->db_number];
    const struct entry *entry = database_find(db, as_key(key)).entry;
    return entry != NULL && entry->type == key->type;
}

/* --- those that become ready by themselves --- */

static void on_due(struct timer *timer);

/* The loop's clock goes on evenly while the system's may be set: what lies far ahead is looked at
 * again in between. */
static void start_timer(struct awaited_key *key) {
    enum { LONGEST_NAP_MS = 10000, US_PER_MS = 1000 };
    const struct engine *engine = key->engine;
    if (engine->loop == NULL) return;
    int64_t left_ms = LONGEST_NAP_MS;
    if (key->wake_ms < engine->clock->unix_ms + LONGEST_NAP_MS)
        left_ms = key->wake_ms - engine->clock->unix_ms;
    timer_start(engine->loop, &key->timer, engine->clock->monotonic_us + left_ms * US_PER_MS,
                on_due);
}

static void on_due(struct timer *timer) {
    struct awaited_key *key = EVENT_OWNER(timer, struct awaited_key, timer);
    struct engine *engine = key->engine;
    if (key->wake_ms > engine->clock->unix_ms) {
        start_timer(key);
        return;
    }
    link_ready(engine->blocking, key);
    blocking_serve_ready(engine);
}

static void forget_wake(struct awaited_key *key) {
    if (key->wake_ms == INT64_MAX) return;
    key->wake_ms = INT64_MAX;
    if (key->engine->loop != NULL) timer_stop(key->engine->loop, &key->timer);
}

void blocking_wake_at(struct waiter *waiter, int64_t wake_ms) {
    struct awaited_key *key = waiter->key;
    if (wake_ms >= key->wake_ms) return;
    key->wake_ms = wake_ms;
    start_timer(key);
}

struct due_search {
    struct blocking_table *table;
    int64_t now_ms;
};

static void note_if_due(void *element, void *context) {
    struct awaited_key *key = element;
    const struct due_search *search = context;
    if (key->wake_ms <= search->now_ms) link_ready(search->table, key);
}

void blocking_note_due(struct blocking_table *table, int64_t now_ms) {
    struct due_search search = {table, now_ms};
    table_for_each(&table->keys, note_if_due, &search);
}

/* --- what happens to keys --- */

struct note {
    struct engine *engine;
    const struct database *db;
};

static void note_if_there(void *element, void *context) {
    struct awaited_key *key = element;
    const struct note *note = context;
    if (key->db_number == note->db->number && blocking_is_there(key, note->engine))
        link_ready(note->engine->blocking, key);
}

/* All keys of a database have come or are about to go. An empty one is not searched: a flush of
 * everything is an event for each of them. */
static void note_all_keys(struct engine *engine, const struct database *db) {
    struct note note = {engine, db};
    if (database_key_count(db) == 0) return;
    table_for_each(&engine->blocking->keys, note_if_there, &note);
}

static void note_event(void *context, const struct key_event *event) {
    struct engine *engine = context;
    struct blocking_table *table = engine->blocking;
    struct table_search search;
    if (event->event_class == KEY_EVENT_ALL_KEYS) {
        note_all_keys(engine, event->db);
        return;
    }
    struct awaited changed = {.key = key_of(event->key), .db_number = event->db->number};
    struct awaited_key *key = find_first(table, &changed, &search);
    for (; key != NULL; key = find_next(&changed, &search)) link_ready(table, key);
}

/* --- the table's life --- */

struct blocking_table *blocking_make_table(struct engine *engine) {
    if (engine->blocking != NULL) return engine->blocking;
    engine->blocking = mem_alloc_zeroed(sizeof(*engine->blocking));
    table_init(&engine->blocking->keys, hash_awaited, NULL);
    key_event_subscribe(&engine->keyspace->listeners, waking_events, note_event, engine);
    return engine->blocking;
}

void blocking_free_unused_table(struct engine *engine) {
    struct blocking_table *table = engine->blocking;
    if (table->session_count != 0 || table->served != NULL) return;
    key_event_unsubscribe(&engine->keyspace->listeners, note_event, engine);
    table_destroy(&table->keys, NULL);
    mem_free(table);
    engine->blocking = NULL;
}

/* --- waiters --- */

static void free_unused(struct blocking_table *table, struct awaited_key *key) {
    struct table_search search;
    struct awaited name = {as_key(key), key->db_number, key->type};
    if (key->first != NULL || key == table->served) return;
    unlink_ready(table, key);
    forget_wake(key);
    CHECK(find_awaited(table, &name, &search) == key);
    table_remove(&table->keys, hash_awaited(key, NULL), search.place);
    mem_free(key);
}

bool blocking_add_waiter(struct blocking_table *table, struct waiter *waiter,
                         const struct awaited *wanted) {
    struct table_search search;
    struct awaited_key *key = find_awaited(table, wanted, &search);
    if (key == NULL) key = add_awaited(table, wanted, waiter->blocked->session->engine);
    if (key->last != NULL && key->last->blocked == waiter->blocked) return false;
    waiter->key = key;
    waiter->next = NULL;
    waiter->previous = key->last;
    if (key->last != NULL)
        key->last->next = waiter;
    else
        key->first = waiter;
    key->last = waiter;
    return true;
}

void blocking_remove_waiter(struct blocking_table *table, struct waiter *waiter) {
    struct awaited_key *key = waiter->key;
    if (waiter->previous != NULL)
        waiter->previous->next = waiter->next;
    else
        key->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->previous = waiter->previous;
    else
        key->last = waiter->previous;
    free_unused(table, key);
}

struct awaited_key *blocking_start_serving(struct blocking_table *table) {
    struct awaited_key *key = table->first_ready;
    table->served = key;
    if (key == NULL) return NULL;
    unlink_ready(table, key);
    forget_wake(key);
    return key;
}

void blocking_stop_serving(struct blocking_table *table) {
    struct awaited_key *key = table->served;
    table->served = NULL;
    free_unused(table, key);
}

/* --- what others ask --- */

bool blocking_has_ready(const struct engine *engine) {
    if (engine->blocking == NULL || engine->is_loading) return false;
    return engine->blocking->first_ready != NULL;
}

size_t blocking_key_count(const struct engine *engine) {
    return engine->blocking == NULL ? 0 : engine->blocking->keys.count;
}
