#include "data/database.h"

#include "data/due_word.h"
#include "data/member_expiry.h"
#include "data/value_type.h"
#include "foundation/containers/table_inline.h"
#include "foundation/mem.h"
#include "foundation/worker.h"

/* --- the calendar's questions --- */

static struct found find_by_hash_top(struct database *db, uint32_t hash_top, uint16_t stamp) {
    struct table_top_search search;
    struct found found = {0};
    struct entry *entry = table_find_top_start(&db->keys, hash_top, &search);
    for (; entry != NULL; entry = table_find_top_next(&search)) {
        uint64_t word = entry_due_word(entry);
        if (!entry_due_word_is_near(word) || entry_due_word_stamp(word) != stamp) continue;
        if (calendar_hash_top(hash_bytes(entry_key(entry))) != hash_top) continue;
        found.entry = entry;
        found.place = search.place;
        break;
    }
    return found;
}

static void free_outside_value(struct entry *entry) {
    const struct value_type *type = value_type_of(entry);
    if (entry_has(entry, ENTRY_HAS_WORD)) type->free_value(entry);
}

static void free_entry(void *element) {
    struct entry *entry = element;
    free_outside_value(entry);
    entry_free(entry);
}

void database_discard(struct database *db, struct entry *entry, bool is_lazy) {
    struct worker *worker = db->keyspace->worker;
    if (is_lazy && worker != NULL && value_type_of(entry)->is_costly_to_free(entry))
        worker_submit(worker, free_entry, entry);
    else
        free_entry(entry);
}

static bool has_member_dues(const struct entry *entry) {
    return UNLIKELY(entry_has(entry, ENTRY_HAS_MEMBER_DUES));
}

/* Takes the entry out of the table and the counts; the calendar record of its own due time, if any,
 * is the caller's care. */
static void unlink_entry(struct database *db, struct key key, struct found found) {
    if (entry_due_word(found.entry) != 0) db->due_count--;
    db->type_counts[found.entry->type]--;
    if (has_member_dues(found.entry)) member_expiry_leave(db, found.entry);
    table_remove(&db->keys, key.hash, found.place);
}

static void expire_entry(struct database *db, struct key key, struct found found) {
    unlink_entry(db, key, found);
    db->keyspace->stats.expired++;
    struct bytes name = entry_key(found.entry);
    database_report(db, KEY_EVENT_EXPIRED, name, "expired");
    database_discard(db, found.entry, true);
}

static void note_lag(struct keyspace *keyspace, int64_t due_ms) {
    int64_t lag_us = keyspace->clock->unix_us - due_ms * 1000;
    keyspace->stats.expired_by_calendar++;
    if (lag_us > keyspace->stats.expired_lag_max_us) keyspace->stats.expired_lag_max_us = lag_us;
}

static enum calendar_answer answer_calendar(void *owner, uint32_t hash_top, uint16_t stamp,
                                            bool may_act, int64_t *due_ms) {
    struct database *db = owner;
    struct found found = find_by_hash_top(db, hash_top, stamp);
    if (found.entry == NULL) return CALENDAR_DEAD;
    *due_ms = entry_due_ms(found.entry);
    if (!may_act || *due_ms > database_now_ms(db)) return CALENDAR_LATER;
    note_lag(db->keyspace, *due_ms);
    expire_entry(db, key_of(entry_key(found.entry)), found);
    return CALENDAR_DUE;
}

/* --- life --- */

static uint64_t hash_of_entry(const void *element, const void *context) {
    (void)context;
    return hash_bytes(entry_key(element));
}

static void init_contents(struct database *db) {
    table_init(&db->keys, hash_of_entry, NULL);
    db->calendar = calendar_new(answer_calendar, db, database_now_ms(db));
    db->member_calendar = calendar_new(member_expiry_answer, db, database_now_ms(db));
    db->due_count = 0;
    memset(db->type_counts, 0, sizeof(db->type_counts));
}

struct database *database_new(struct keyspace *keyspace, uint32_t number) {
    struct database *db = mem_alloc_zeroed(sizeof(*db));
    db->keyspace = keyspace;
    db->number = number;
    init_contents(db);
    return db;
}

void database_free(struct database *db) {
    table_destroy(&db->keys, free_entry);
    calendar_free(db->calendar);
    calendar_free(db->member_calendar);
    mem_free(db);
}

struct dead_contents {
    struct table keys;
    struct calendar *calendar, *member_calendar;
};

static void free_contents(void *argument) {
    struct dead_contents *contents = argument;
    table_destroy(&contents->keys, free_entry);
    calendar_free(contents->calendar);
    calendar_free(contents->member_calendar);
    mem_free(contents);
}

void database_clear(struct database *db, bool is_lazy) {
    database_notify(db, KEY_EVENT_ALL_KEYS, BYTES(""), "flush");
    struct dead_contents *contents = mem_alloc(sizeof(*contents));
    *contents = (struct dead_contents){db->keys, db->calendar, db->member_calendar};
    init_contents(db);
    struct worker *worker = db->keyspace->worker;
    if (is_lazy && worker != NULL)
        worker_submit(worker, free_contents, contents);
    else
        free_contents(contents);
}

/* --- look-ups --- */

static ALWAYS_INLINE struct found find_entry(const struct database *db, struct key key) {
    struct table_search search;
    struct found found = {0};
    struct entry *entry = table_find_start(&db->keys, key.hash, &search);
    for (; entry != NULL; entry = table_find_next(&search)) {
        if (LIKELY(bytes_equal(entry_key(entry), key.name))) {
            found.entry = entry;
            found.place = search.place;
            break;
        }
    }
    return found;
}

/* True for an entry that is due, or has members that are. */
static ALWAYS_INLINE bool wants_settling(const struct database *db, const struct entry *entry) {
    if ((entry->flags & (ENTRY_HAS_DUE | ENTRY_HAS_MEMBER_DUES)) == 0) return false;
    return database_is_due(db, entry) ||
           (has_member_dues(entry) && member_expiry_is_wanted(db, entry));
}

static COLD struct found settle_found(struct database *db, struct key key, struct found found) {
    if (!database_is_due(db, found.entry)) {
        member_expiry_settle(db, key, &found);
        return found;
    }
    if (db->keyspace->is_frozen) return (struct found){0};
    due_word_forget(db->calendar, entry_due_word(found.entry));
    expire_entry(db, key, found);
    return (struct found){0};
}

static ALWAYS_INLINE struct found find_settled(struct database *db, struct key key) {
    struct found found = find_entry(db, key);
    if (found.entry != NULL && UNLIKELY(wants_settling(db, found.entry)))
        return settle_found(db, key, found);
    return found;
}

struct found database_find(struct database *db, struct key key) {
    return find_settled(db, key);
}

struct found database_use(struct database *db, struct key key) {
    struct found found = find_settled(db, key);
    const struct keyspace *keyspace = db->keyspace;
    if (found.entry != NULL && LIKELY(!keyspace->is_touch_off))
        access_touch(found.entry, &keyspace->access, keyspace->access_clock->unix_ms);
    return found;
}

struct entry *database_count_read(struct database *db, struct key key, struct entry *entry) {
    if (entry != NULL) {
        db->keyspace->stats.hits++;
    } else {
        db->keyspace->stats.misses++;
        database_report(db, KEY_EVENT_MISS, key.name, "keymiss");
    }
    return entry;
}

struct entry *database_read(struct database *db, struct key key) {
    return database_count_read(db, key, database_use(db, key).entry);
}

struct entry *database_peek(struct database *db, struct key key) {
    return database_count_read(db, key, database_find(db, key).entry);
}

void database_prefetch_bucket(const struct database *db, struct key key) {
    table_prefetch_bucket(&db->keys, key.hash);
}

const struct entry *database_prefetch_entry(const struct database *db, struct key key) {
    return table_prefetch_elements(&db->keys, key.hash);
}

const struct entry *database_glance(const struct database *db, struct key key) {
    return find_entry(db, key).entry;
}

/* --- changes --- */

struct found database_add(struct database *db, struct key key, struct entry *entry) {
    const struct keyspace *keyspace = db->keyspace;
    entry->access = access_initial(&keyspace->access, keyspace->access_clock->unix_ms) &
                    ((1U << ENTRY_ACCESS_BITS) - 1);
    struct found found = {.entry = entry, .place = table_insert(&db->keys, key.hash, entry)};
    db->type_counts[entry->type]++;
    if (has_member_dues(entry)) member_expiry_enter(db, key, entry);
    database_report(db, KEY_EVENT_NEW, key.name, "new");
    return found;
}

void database_replace(struct found *found, struct entry *entry) {
    found->entry = entry;
    table_replace(found->place, entry);
}

void database_store(struct database *db, struct key key, struct found *found, struct entry *entry) {
    struct entry *old = found->entry;
    if (old == NULL) {
        *found = database_add(db, key, entry);
        return;
    }
    due_word_forget(db->calendar, entry_due_word(old));
    if (entry_due_word(old) != 0) db->due_count--;
    db->type_counts[old->type]--;
    db->type_counts[entry->type]++;
    if (has_member_dues(old)) member_expiry_leave(db, old);
    entry->access = old->access;
    database_replace(found, entry);
    if (has_member_dues(entry)) member_expiry_enter(db, key, entry);
    database_discard(db, old, true);
}

void database_delete(struct database *db, struct key key, struct found found) {
    due_word_forget(db->calendar, entry_due_word(found.entry));
    unlink_entry(db, key, found);
    database_discard(db, found.entry, true);
}

void database_evict(struct database *db, struct entry *entry) {
    struct key key = key_of(entry_key(entry));
    struct found found = find_entry(db, key);
    CHECK(found.entry == entry);
    due_word_forget(db->calendar, entry_due_word(entry));
    unlink_entry(db, key, found);
    db->keyspace->stats.evicted++;
    database_report(db, KEY_EVENT_EVICTED, key.name, "evicted");
    database_discard(db, entry, false);
}

struct entry *database_take(struct database *db, struct key key, struct found found,
                            int64_t *due_ms) {
    uint64_t word = entry_due_word(found.entry);
    *due_ms = entry_due_word_ms(word);
    due_word_forget(db->calendar, word);
    unlink_entry(db, key, found);
    if (word != 0) entry_set_due_word(found.entry, 0);
    return found.entry;
}

void database_set_due(struct database *db, struct key key, struct found *found, int64_t due_ms) {
    CHECK(due_ms >= 0);
    uint64_t old_word = entry_due_word(found->entry);
    if (old_word == 0 && due_ms == 0) return;
    if (!entry_has(found->entry, ENTRY_HAS_DUE))
        database_replace(found, entry_reshape(found->entry, entry_key(found->entry), true));
    db->due_count += (uint64_t)(due_ms != 0) - (uint64_t)(old_word != 0);
    entry_set_due_word(found->entry, 0);
    entry_set_due_word(found->entry, due_word_move(db->calendar, calendar_hash_top(key.hash),
                                                   old_word, due_ms, 1));
}

/* --- the whole --- */

enum { FROZEN_DRAWS_MAX = 1000 };

/* What is past its time is taken out on the way, so the loop ends: each round settles a key, or is
 * one of so many in a frozen keyspace. */
struct entry *database_random(struct database *db) {
    for (int draws = 0; !db->keyspace->is_frozen || draws < FROZEN_DRAWS_MAX; draws++) {
        struct entry *entry = table_random(&db->keys);
        if (entry == NULL || !wants_settling(db, entry)) return entry;
        (void)database_find(db, key_of(entry_key(entry)));
    }
    return NULL;
}

size_t database_overhead_bytes(const struct database *db) {
    return sizeof(*db) + db->keys.used_bytes + calendar_used_bytes(db->calendar) +
           calendar_used_bytes(db->member_calendar);
}

size_t database_entry_bytes(const struct database *db, const struct entry *entry, size_t samples) {
    size_t outside =
        entry_has(entry, ENTRY_HAS_WORD) ? value_type_of(entry)->outside_bytes(entry, samples) : 0;
    size_t share = db->keys.count == 0 ? 0 : db->keys.used_bytes / db->keys.count;
    return mem_usable_size(entry) + outside + share;
}
