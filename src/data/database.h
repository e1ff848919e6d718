/* Database: a table of entries, and the calendar of their due times.
 *
 * Every look-up first drops a key that is past its time, and members past theirs
 * (data/member_expiry.h), so nobody above ever sees one. (While the keyspace is frozen such keys are
 * passed over instead.) Events: "new", "expired", "evicted", those
 * of expired members and those of all keys at once are fired here; what a command does to a key it
 * reports itself with database_notify. */
#ifndef DATA_DATABASE_H
#define DATA_DATABASE_H

#include "data/calendar.h"
#include "data/entry.h"
#include "data/keyspace.h"
#include "foundation/containers/table.h"
#include "foundation/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct database {
    struct table keys;
    struct calendar *calendar;
    struct calendar *member_calendar; /* wakes keys whose members come due: data/member_expiry.h */
    uint64_t due_count;               /* entries that have a due time */
    uint64_t type_counts[1 << ENTRY_TYPE_BITS]; /* entries of each type */
    struct keyspace *keyspace;
    uint64_t eviction_cursor; /* data/eviction.h's */
    uint32_t number;          /* what SELECT calls it */
};

/* A key with its hash, computed once per command. */
struct key {
    struct bytes name;
    uint64_t hash;
};

static inline struct key key_of(struct bytes name) {
    return (struct key){.name = name, .hash = hash_bytes(name)};
}

/* A found entry and its place; `entry` NULL when the key is absent. Valid until the next addition
 * to or removal from the database. */
struct found {
    struct entry *entry;
    struct table_place place;
};

struct database *database_new(struct keyspace *keyspace, uint32_t number);
void database_free(struct database *db);

/* Looks a key up without counting it as a use. */
struct found database_find(struct database *db, struct key key);
/* Looks a key up to work on it: moves its access clock. */
struct found database_use(struct database *db, struct key key);
/* Looks a key up for a reader: moves its access clock, counts the hit or miss, fires "keymiss". */
struct entry *database_read(struct database *db, struct key key);
/* The same for questions about a key that are no use of it: the access clock stays. */
struct entry *database_peek(struct database *db, struct key key);
/* The part of database_read behind the look-up, for a command that reads and changes: counts the
 * hit or miss and fires "keymiss"; returns `entry`. */
struct entry *database_count_read(struct database *db, struct key key, struct entry *entry);
/* First and second pass ahead of a batch of look-ups: fetch the bucket, then the entry. The second
 * returns what is very likely the entry, perhaps past its time, or NULL: for fetching further. */
void database_prefetch_bucket(const struct database *db, struct key key);
const struct entry *database_prefetch_entry(const struct database *db, struct key key);
/* The entry as it lies there, perhaps past its time, NULL when absent: for fetching ahead, and to
 * ask about keys past their time that nobody has removed; nothing else. */
const struct entry *database_glance(const struct database *db, struct key key);

/* Puts in a new entry, which the database owns from then on, due word 0; the key is known to be
 * absent. Fires "new". */
struct found database_add(struct database *db, struct key key, struct entry *entry);
/* Puts `entry` in the place of the found one, whose allocation the caller has already dealt with;
 * the due word must be the same, and a value with due times of members the same value. */
void database_replace(struct found *found, struct entry *entry);
/* Makes the key hold `entry` (as for database_add) in place of whatever it held, which is freed as
 * database_delete does; the due time is gone, the access clock stays. Adds it when found->entry is
 * NULL. */
void database_store(struct database *db, struct key key, struct found *found, struct entry *entry);
/* Removes the key and frees its value, on the worker when it is big. */
void database_delete(struct database *db, struct key key, struct found found);
/* Removes the key and hands its entry to the caller, due word 0; *due_ms tells the due time it
 * had. */
struct entry *database_take(struct database *db, struct key key, struct found found,
                            int64_t *due_ms);
/* Frees an entry that is in no database: at once, or when is_lazy and the value is big, on the
 * worker. */
void database_discard(struct database *db, struct entry *entry, bool is_lazy);

/* Removes an entry to make room: fires "evicted" and frees it at once. */
void database_evict(struct database *db, struct entry *entry);

/* Sets the due time in unix ms, or takes it away with 0. May replace the entry's allocation. */
void database_set_due(struct database *db, struct key key, struct found *found, int64_t due_ms);

/* Removes every key; fires KEY_EVENT_ALL_KEYS before it does, and nothing for each of them.
 * is_lazy: memory is given back on the worker. */
void database_clear(struct database *db, bool is_lazy);

/* Reports what happened to a key without being a command's change: expiry, eviction, a miss. */
static inline void database_report(struct database *db, enum key_event_class event_class,
                                   struct bytes key, const char *name) {
    const struct key_event_listeners *listeners = &db->keyspace->listeners;
    if (LIKELY((listeners->classes & event_class) == 0)) return;
    key_event_fire(listeners, &(struct key_event){db, key, event_class, name});
}

/* Reports what a command did to a key, under the name that users know, and counts it as a change. */
static inline void database_notify(struct database *db, enum key_event_class event_class,
                                   struct bytes key, const char *name) {
    if (event_class != KEY_EVENT_SILENT) db->keyspace->changes++;
    database_report(db, event_class, key, name);
}

/* The number of the type (data/value_type.h) of what was found, or DATABASE_NO_TYPE: to be told to
 * database_report_overwrite. */
enum { DATABASE_NO_TYPE = -1 };
static inline int database_found_type(const struct found *found) {
    return found->entry == NULL ? DATABASE_NO_TYPE : (int)found->entry->type;
}

/* Reports that a command has put a whole new value in the place of one of `old_type`:
 * "overwritten", and "type_changed" where the types differ; nothing for DATABASE_NO_TYPE. */
static inline void database_report_overwrite(struct database *db, struct bytes key, int old_type,
                                             int new_type) {
    if (old_type == DATABASE_NO_TYPE) return;
    database_report(db, KEY_EVENT_OVERWRITTEN, key, "overwritten");
    if (old_type != new_type) database_report(db, KEY_EVENT_TYPE_CHANGED, key, "type_changed");
}

static inline uint64_t database_key_count(const struct database *db) {
    return db->keys.count;
}

static inline int64_t database_now_ms(const struct database *db) {
    return db->keyspace->clock->unix_ms;
}

/* True when the entry is past its due time: readers of whole tables pass over such keys. */
static inline bool database_is_due(const struct database *db, const struct entry *entry) {
    int64_t due_ms = entry_due_ms(entry);
    return due_ms != 0 && due_ms <= database_now_ms(db);
}

/* A living key drawn uniformly; NULL when there is none, or hardly any in a frozen keyspace. */
struct entry *database_random(struct database *db);
/* Bytes of tables and calendars, without the entries. */
size_t database_overhead_bytes(const struct database *db);
/* Bytes of an entry with all it owns and its share of the table. */
size_t database_entry_bytes(const struct database *db, const struct entry *entry, size_t samples);

#endif
