#include "data/keyspace_join.h"

#include "data/database.h"
#include "data/member_expiry.h"

#include <string.h>

static void notify_all(const struct keyspace *keyspace, const char *name) {
    for (uint32_t i = 0; i < keyspace->db_count; i++)
        database_report(keyspace->dbs[i], KEY_EVENT_ALL_KEYS, BYTES(""), name);
}

/* --- exchange --- */

struct contents {
    struct table keys;
    struct calendar *calendar, *member_calendar;
    uint64_t due_count;
    uint64_t type_counts[1 << ENTRY_TYPE_BITS];
};

static void take_contents(const struct database *db, struct contents *contents) {
    contents->keys = db->keys;
    contents->calendar = db->calendar;
    contents->member_calendar = db->member_calendar;
    contents->due_count = db->due_count;
    memcpy(contents->type_counts, db->type_counts, sizeof(contents->type_counts));
}

static void put_contents(struct database *db, const struct contents *contents) {
    db->keys = contents->keys;
    db->calendar = contents->calendar;
    db->member_calendar = contents->member_calendar;
    db->due_count = contents->due_count;
    memcpy(db->type_counts, contents->type_counts, sizeof(contents->type_counts));
    calendar_set_owner(db->calendar, db);
    calendar_set_owner(db->member_calendar, db);
    db->eviction_cursor = 0;
}

static void exchange_databases(struct database *db, struct database *other) {
    struct contents contents, other_contents;
    take_contents(db, &contents);
    take_contents(other, &other_contents);
    put_contents(db, &other_contents);
    put_contents(other, &contents);
}

void keyspace_exchange(struct keyspace *keyspace, struct keyspace *other) {
    CHECK(keyspace->db_count == other->db_count);
    notify_all(keyspace, "load");
    for (uint32_t i = 0; i < keyspace->db_count; i++)
        exchange_databases(keyspace->dbs[i], other->dbs[i]);
    notify_all(keyspace, "load");
}

/* --- joining --- */

struct comparison {
    struct database *db;
    bool has_common;
};

static void compare_entry(void *element, void *context) {
    struct comparison *comparison = context;
    if (comparison->has_common) return;
    struct key key = key_of(entry_key(element));
    comparison->has_common = database_find(comparison->db, key).entry != NULL;
}

bool keyspace_has_common_key(struct keyspace *keyspace, const struct keyspace *other) {
    struct comparison comparison = {0};
    for (uint32_t i = 0; i < keyspace->db_count && !comparison.has_common; i++) {
        comparison.db = keyspace->dbs[i];
        table_for_each(&other->dbs[i]->keys, compare_entry, &comparison);
    }
    return comparison.has_common;
}

struct move {
    struct database *from, *to;
};

static void move_entry(void *element, void *context) {
    const struct move *move = context;
    struct database *db = move->to;
    struct entry *entry = element;
    struct key key = key_of(entry_key(entry));
    uint32_t access = entry->access & ((1U << ENTRY_ACCESS_BITS) - 1);
    int64_t due_ms = entry_due_ms(entry);
    /* The word names a record of the calendar that is left behind. */
    if (due_ms != 0) entry_set_due_word(entry, 0);
    if (entry_has(entry, ENTRY_HAS_MEMBER_DUES)) member_expiry_leave(move->from, entry);
    struct found found = database_find(db, key);
    if (found.entry != NULL) database_delete(db, key, found);
    found = database_add(db, key, entry);
    found.entry->access = access & ((1U << ENTRY_ACCESS_BITS) - 1);
    if (due_ms != 0) database_set_due(db, key, &found, due_ms);
}

/* An empty database in the place of one whose entries have gone elsewhere. */
static void renew_database(struct keyspace *keyspace, uint32_t number) {
    table_destroy(&keyspace->dbs[number]->keys, NULL);
    database_free(keyspace->dbs[number]);
    keyspace->dbs[number] = database_new(keyspace, number);
}

void keyspace_move_all(struct keyspace *keyspace, struct keyspace *other) {
    CHECK(keyspace->db_count == other->db_count);
    notify_all(keyspace, "load");
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        struct move move = {.from = other->dbs[i], .to = keyspace->dbs[i]};
        table_for_each(&other->dbs[i]->keys, move_entry, &move);
        renew_database(other, i);
    }
    notify_all(keyspace, "load");
}
