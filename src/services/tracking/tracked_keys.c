#include "services/tracking/tracked_keys.h"

#include "foundation/containers/table_inline.h"
#include "foundation/mem.h"
#include "foundation/worker.h"

enum {
    CLEAR_AT_ONCE_KEYS = 1024, /* more are freed on the worker */
    SWEEP_PLACES = 128,        /* dead keys that one step of a sweep takes out */
};

/* --- layout --- */

static size_t ids_offset(size_t name_len) {
    return (name_len + sizeof(uint32_t) - 1) & ~(sizeof(uint32_t) - 1);
}

static size_t key_bytes(size_t name_len, size_t count) {
    return sizeof(struct tracked_key) + ids_offset(name_len) + count * sizeof(uint32_t);
}

uint32_t *tracked_key_ids(struct tracked_key *key) {
    return (uint32_t *)(void *)(key->name + ids_offset(key->len));
}

static uint64_t hash_tracked(const void *element, const void *context) {
    (void)context;
    return hash_bytes(tracked_key_name(element));
}

static struct tracked_key *find_tracked(const struct tracked_keys *keys, struct key key,
                                        struct table_search *search) {
    struct tracked_key *tracked = table_find_start(&keys->table, key.hash, search);
    while (tracked != NULL && !bytes_equal(tracked_key_name(tracked), key.name))
        tracked = table_find_next(search);
    return tracked;
}

/* --- life --- */

void tracked_keys_init(struct tracked_keys *keys, tracked_is_gone *is_gone, const void *context) {
    *keys = (struct tracked_keys){.is_gone = is_gone, .context = context};
    table_init(&keys->table, hash_tracked, NULL);
}

static void free_table(void *argument) {
    struct table *table = argument;
    table_destroy(table, mem_free);
    mem_free(table);
}

void tracked_keys_clear(struct tracked_keys *keys, struct worker *worker) {
    struct table *dead = mem_alloc(sizeof(*dead));
    *dead = keys->table;
    tracked_keys_init(keys, keys->is_gone, keys->context);
    if (worker != NULL && dead->count > CLEAR_AT_ONCE_KEYS)
        worker_submit(worker, free_table, dead);
    else
        free_table(dead);
}

/* --- a key's ids --- */

/* The first id that is not smaller. Mostly the newest session reads: the end is tried first. */
static uint32_t find_id(struct tracked_key *tracked, uint32_t id) {
    const uint32_t *ids = tracked_key_ids(tracked);
    uint32_t low = 0, high = tracked->count;
    if (high != 0 && ids[high - 1] < id) return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void drop_gone(struct tracked_keys *keys, struct tracked_key *tracked) {
    uint32_t *ids = tracked_key_ids(tracked);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tracked->count; i++)
        if (!keys->is_gone(keys->context, ids[i])) ids[kept++] = ids[i];
    keys->item_count -= tracked->count - kept;
    tracked->count = kept;
}

static bool has_room(const struct tracked_key *tracked) {
    return key_bytes(tracked->len, (size_t)tracked->count + 1) <= mem_usable_size(tracked);
}

/* Where many have read a key, an eighth more is taken, so that the search for those who are gone is
 * paid for by the ids that come in between. */
static struct tracked_key *make_room(struct tracked_keys *keys, struct table_place place,
                                     struct tracked_key *tracked) {
    if (has_room(tracked)) return tracked;
    uint32_t before = tracked->count;
    drop_gone(keys, tracked);
    if (tracked->count < before - before / 16) return tracked;
    size_t count = (size_t)tracked->count + 1 + tracked->count / 8;
    tracked = mem_realloc(tracked, key_bytes(tracked->len, count));
    table_replace(place, tracked);
    return tracked;
}

static void insert_id(struct tracked_keys *keys, struct tracked_key *tracked, uint32_t id) {
    uint32_t at = find_id(tracked, id);
    uint32_t *place = tracked_key_ids(tracked) + at;
    memmove(place + 1, place, (tracked->count - at) * sizeof(*place));
    *place = id;
    tracked->count++;
    keys->item_count++;
}

static void add_key(struct tracked_keys *keys, struct key key, uint32_t id) {
    struct tracked_key *tracked = mem_alloc(key_bytes(key.name.len, 1));
    *tracked = (struct tracked_key){.len = (uint32_t)key.name.len};
    if (key.name.len != 0) memcpy(tracked->name, key.name.data, key.name.len);
    insert_id(keys, tracked, id);
    table_insert(&keys->table, key.hash, tracked);
}

void tracked_keys_add(struct tracked_keys *keys, struct key key, uint32_t id) {
    struct table_search search;
    CHECK(key.name.len <= UINT32_MAX);
    struct tracked_key *tracked = find_tracked(keys, key, &search);
    if (tracked == NULL) {
        add_key(keys, key, id);
        return;
    }
    uint32_t at = find_id(tracked, id);
    if (at < tracked->count && tracked_key_ids(tracked)[at] == id) return;
    insert_id(keys, make_room(keys, search.place, tracked), id);
}

/* --- taking out --- */

static struct tracked_key *take(struct tracked_keys *keys, struct key key) {
    struct table_search search;
    struct tracked_key *tracked = find_tracked(keys, key, &search);
    if (tracked == NULL) return NULL;
    table_remove(&keys->table, key.hash, search.place);
    keys->item_count -= tracked->count;
    return tracked;
}

struct tracked_key *tracked_keys_take(struct tracked_keys *keys, struct bytes name) {
    if (keys->table.count == 0) return NULL;
    return take(keys, key_of(name));
}

struct tracked_key *tracked_keys_take_random(struct tracked_keys *keys) {
    return take(keys, key_of(tracked_key_name(table_random(&keys->table))));
}

/* --- sweeping --- */

struct sweep {
    struct tracked_keys *keys;
    size_t seen;
    size_t dead_count;
    struct tracked_key *dead[SWEEP_PLACES];
};

/* A dead key that finds no place here waits for the next sweep. */
static void sweep_key(void *element, void *context) {
    struct sweep *sweep = context;
    struct tracked_key *tracked = element;
    sweep->seen++;
    drop_gone(sweep->keys, tracked);
    if (tracked->count == 0 && sweep->dead_count < SWEEP_PLACES)
        sweep->dead[sweep->dead_count++] = tracked;
}

static void remove_dead(struct sweep *sweep) {
    for (size_t i = 0; i < sweep->dead_count; i++)
        mem_free(take(sweep->keys, key_of(tracked_key_name(sweep->dead[i]))));
    sweep->dead_count = 0;
}

bool tracked_keys_sweep(struct tracked_keys *keys, size_t max_keys) {
    struct sweep sweep = {.keys = keys};
    do {
        keys->sweep_cursor = table_scan(&keys->table, keys->sweep_cursor, sweep_key, &sweep);
        remove_dead(&sweep);
    } while (keys->sweep_cursor != 0 && sweep.seen < max_keys);
    return keys->sweep_cursor == 0;
}
