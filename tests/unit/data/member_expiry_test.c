/* Expiry of members, over hashes in each of their forms and sets: on time, exact on access, and no
 * wake record lost or left behind whatever happens to the key. */
#include "data/member_expiry.h"

#include "data/types/hash/hash.h"
#include "data/types/set/set.h"
#include "data/types/string/string.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_MS ((int64_t)1700000000000)

enum { ON_TIME_MS = 10, SLICE = 64, PACKED_MAX = 8 };

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
    char events[4096]; /* "0:hexpired:key " for each */
    uint64_t event_count;
};

static void log_event(void *context, const struct key_event *event) {
    struct fixture *fixture = context;
    fixture->event_count++;
    size_t len = strlen(fixture->events);
    if (sizeof(fixture->events) - len < 128) return;
    snprintf(fixture->events + len, sizeof(fixture->events) - len, "%u:%s:%.*s ", event->db->number,
             event->name, (int)event->key.len, event->key.data);
}

static void start(struct fixture *fixture) {
    *fixture = (struct fixture){0};
    clock_set_unix_us(&fixture->clock, START_MS * 1000);
    fixture->keyspace = keyspace_new(4, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
    uint32_t unwanted = KEY_EVENT_NEW | KEY_EVENT_MISS | KEY_EVENT_HIDDEN;
    key_event_subscribe(&fixture->keyspace->listeners, ~unwanted, log_event, fixture);
    hash_set_limits(PACKED_MAX, 64);
    random_set_seed(9);
}

static void stop(struct fixture *fixture) {
    keyspace_free(fixture->keyspace);
}

#define assert_events(fixture, expected)                                                           \
    do {                                                                                           \
        assert_string_equal((fixture)->events, expected);                                          \
        (fixture)->events[0] = '\0';                                                               \
    } while (0)

static void advance_ms(struct fixture *fixture, int64_t ms) {
    clock_set_unix_us(&fixture->clock, fixture->clock.unix_us + ms * 1000);
}

static void expire_due(struct fixture *fixture) {
    for (int i = 0; !keyspace_expire_due(fixture->keyspace, SLICE); i++) assert_true(i < 1000000);
}

/* As the event loop does: only when something is wanted. */
static void pass_ms(struct fixture *fixture, int64_t ms) {
    for (int64_t i = 0; i < ms; i++) {
        advance_ms(fixture, 1);
        if (keyspace_next_due_ms(fixture->keyspace) <= 0) expire_due(fixture);
    }
}

static size_t record_count(const struct fixture *fixture, uint32_t number) {
    return calendar_record_count(fixture->keyspace->dbs[number]->member_calendar);
}

/* --- collections, whatever their type --- */

enum kind { PACKED_HASH, LARGE_HASH, SET, KINDS };

static struct bytes numbered(char scratch[16], char letter, uint32_t number) {
    int len = snprintf(scratch, 16, "%c%u", letter, number);
    return bytes_of(scratch, (size_t)len);
}

static void add_member(struct fixture *fixture, enum kind kind, const char *key, uint32_t number) {
    char scratch[16];
    struct bytes name = numbered(scratch, 'm', number);
    struct key k = key_of(bytes_of_str(key));
    struct found found = database_find(fixture->db, k);
    const struct bytes pair[] = {name, BYTES("value")};
    if (kind == SET)
        set_add(fixture->db, k, &found, &name, 1);
    else
        hash_set(fixture->db, k, &found, pair, 1, 0);
}

static void delete_member(struct fixture *fixture, enum kind kind, const char *key,
                          uint32_t number) {
    char scratch[16];
    struct bytes name = numbered(scratch, 'm', number);
    struct key k = key_of(bytes_of_str(key));
    struct found found = database_find(fixture->db, k);
    if (found.entry == NULL) return;
    if (kind == SET)
        set_remove(fixture->db, k, &found, &name, 1);
    else
        hash_delete(fixture->db, k, &found, &name, 1);
}

static void set_member_due(struct fixture *fixture, enum kind kind, const char *key,
                           uint32_t number, int64_t due_ms) {
    char scratch[16];
    struct bytes name = numbered(scratch, 'm', number);
    struct key k = key_of(bytes_of_str(key));
    struct found found = database_find(fixture->db, k);
    assert_non_null(found.entry);
    if (kind == SET)
        set_set_due(fixture->db, &found, name, due_ms);
    else
        hash_set_due(fixture->db, &found, name, due_ms);
    member_expiry_update(fixture->db, k, found.entry);
}

static size_t len_of(const struct entry *entry) {
    if (entry == NULL) return 0;
    return entry->type == VALUE_SET ? set_len(entry) : hash_len(entry);
}

static size_t count_members(struct database *db, const char *key) {
    return len_of(database_find(db, key_of(bytes_of_str(key))).entry);
}

/* As `count_members`, without the look-up that settles. */
static size_t count_lying_members(struct database *db, const char *key) {
    return len_of(database_glance(db, key_of(bytes_of_str(key))));
}

static void add_members(struct fixture *fixture, enum kind kind, const char *key, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) add_member(fixture, kind, key, i);
}

static uint32_t size_of_kind(enum kind kind) {
    return kind == PACKED_HASH ? PACKED_MAX : 100;
}

/* A collection of that many members, the first two with due times. */
static void make(struct fixture *fixture, enum kind kind, const char *key, int64_t first_ms,
                 int64_t second_ms) {
    add_members(fixture, kind, key, size_of_kind(kind));
    set_member_due(fixture, kind, key, 0, START_MS + first_ms);
    set_member_due(fixture, kind, key, 1, START_MS + second_ms);
}

static bool is_flagged(struct database *db, const char *key) {
    const struct entry *entry = database_glance(db, key_of(bytes_of_str(key)));
    return entry != NULL && entry_has(entry, ENTRY_HAS_MEMBER_DUES);
}

/* --- on access --- */

static void a_look_up_finds_exactly_the_members_that_are_not_due(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        fixture.keyspace->is_calendar_off = true;
        uint32_t count = size_of_kind(kind);
        add_members(&fixture, kind, "k", count);
        for (uint32_t i = 0; i < count; i++)
            set_member_due(&fixture, kind, "k", i, START_MS + 3 * (int64_t)i + 1);
        for (int64_t ms = 1; ms <= 3 * (int64_t)count; ms++) {
            advance_ms(&fixture, 1);
            assert_int_equal(count_members(fixture.db, "k"), (size_t)count - (size_t)(ms + 2) / 3);
        }
        assert_null(database_find(fixture.db, key_of(BYTES("k"))).entry);
        assert_int_equal(fixture.keyspace->stats.expired_members, count);
        assert_int_equal(fixture.keyspace->stats.expired, 0);
        stop(&fixture);
    }
}

static void members_removed_together_are_reported_once_and_the_key_after_them(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        fixture.keyspace->is_calendar_off = true;
        for (uint32_t i = 0; i < 4; i++) {
            add_member(&fixture, kind, "k", i);
            set_member_due(&fixture, kind, "k", i, START_MS + (i < 3 ? 5 : 9));
        }
        advance_ms(&fixture, 5);
        assert_int_equal(count_members(fixture.db, "k"), 1);
        assert_events(&fixture, kind == SET ? "0:sexpired:k " : "0:hexpired:k ");
        advance_ms(&fixture, 10);
        assert_int_equal(count_members(fixture.db, "k"), 0);
        assert_events(&fixture, kind == SET ? "0:sexpired:k 0:del:k " : "0:hexpired:k 0:del:k ");
        assert_int_equal(database_key_count(fixture.db), 0);
        fixture.keyspace->is_calendar_off = false;
        pass_ms(&fixture, 50);
        assert_int_equal(record_count(&fixture, 0), 0);
        stop(&fixture);
    }
}

static void a_random_key_has_members_left(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    fixture.keyspace->is_calendar_off = true;
    for (uint32_t i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%u", i);
        add_member(&fixture, SET, key, 0);
        if (i != 0) set_member_due(&fixture, SET, key, 0, START_MS + 5);
    }
    advance_ms(&fixture, 5);
    assert_true(bytes_equal(entry_key(database_random(fixture.db)), BYTES("k0")));
    stop(&fixture);
}

/* --- by the calendar --- */

enum { TIMED_KEYS = 200, TIMED_MEMBERS = 60, SPREAD_MS = 2000 };

/* Members that are due at `now_ms` or before. */
static uint64_t count_due(const int64_t *due_ms, size_t count, int64_t now_ms) {
    uint64_t due = 0;
    for (size_t i = 0; i < count; i++) due += due_ms[i] <= now_ms;
    return due;
}

static void the_calendar_removes_members_within_10_ms(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        static int64_t due_ms[TIMED_KEYS * TIMED_MEMBERS];
        uint32_t members = kind == PACKED_HASH ? PACKED_MAX : TIMED_MEMBERS, count = 0;
        char key[16];
        for (uint32_t i = 0; i < TIMED_KEYS; i++) {
            snprintf(key, sizeof(key), "k%u", i);
            add_members(&fixture, kind, key, members);
            for (uint32_t j = 0; j < members; j++) {
                due_ms[count] = START_MS + 1 + (int64_t)random_below(SPREAD_MS);
                set_member_due(&fixture, kind, key, j, due_ms[count++]);
            }
        }
        for (int ms = 0; ms < SPREAD_MS + ON_TIME_MS; ms++) {
            pass_ms(&fixture, 1);
            uint64_t removed = fixture.keyspace->stats.expired_members;
            int64_t now_ms = fixture.clock.unix_ms;
            assert_true(removed <= count_due(due_ms, count, now_ms));
            assert_true(removed >= count_due(due_ms, count, now_ms - ON_TIME_MS));
        }
        assert_int_equal(fixture.keyspace->stats.expired_members, count);
        assert_int_equal(database_key_count(fixture.db), 0);
        assert_int_equal(record_count(&fixture, 0), 0);
        stop(&fixture);
    }
}

static void a_mass_of_due_members_goes_in_slices(void **state) {
    (void)state;
    enum { MASS = 20000 };
    struct fixture fixture;
    start(&fixture);
    add_members(&fixture, LARGE_HASH, "big", MASS);
    add_member(&fixture, SET, "small", 0);
    set_member_due(&fixture, SET, "small", 0, START_MS + 101);
    for (uint32_t i = 0; i < MASS; i++)
        set_member_due(&fixture, LARGE_HASH, "big", i, START_MS + 100);
    advance_ms(&fixture, 100 + ON_TIME_MS);
    uint64_t before = 0;
    int slices = 0;
    while (!keyspace_expire_due(fixture.keyspace, SLICE)) {
        uint64_t removed = fixture.keyspace->stats.expired_members;
        assert_true(removed - before <= SLICE);
        assert_int_equal(keyspace_next_due_ms(fixture.keyspace), 0);
        before = removed;
        assert_true(++slices <= 4 * MASS / SLICE);
    }
    assert_true(slices >= MASS / SLICE);
    assert_int_equal(fixture.keyspace->stats.expired_members, MASS + 1);
    assert_int_equal(database_key_count(fixture.db), 0);
    assert_int_equal(record_count(&fixture, 0), 0);
    stop(&fixture);
}

static void a_look_up_between_slices_removes_the_rest(void **state) {
    (void)state;
    enum { MASS = 3000, STAYING = 7 };
    for (enum kind kind = LARGE_HASH; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        add_members(&fixture, kind, "big", MASS + STAYING);
        for (uint32_t i = 0; i < MASS; i++)
            set_member_due(&fixture, kind, "big", i, START_MS + 100 + i % 3);
        advance_ms(&fixture, 100 + ON_TIME_MS);
        assert_false(keyspace_expire_due(fixture.keyspace, SLICE));
        size_t lying = count_lying_members(fixture.db, "big");
        assert_true(lying < MASS + STAYING && lying >= MASS + STAYING - SLICE);
        assert_int_equal(count_members(fixture.db, "big"), STAYING);
        assert_false(is_flagged(fixture.db, "big"));
        expire_due(&fixture);
        assert_int_equal(fixture.keyspace->stats.expired_members, MASS);
        assert_int_equal(record_count(&fixture, 0), 0);
        stop(&fixture);
    }
}

/* --- what happens to the key meanwhile --- */

/* Carries a key over as RENAME and MOVE do. */
static void carry(struct database *from, const char *from_name, struct database *to,
                  const char *to_name) {
    struct key from_key = key_of(bytes_of_str(from_name)), to_key = key_of(bytes_of_str(to_name));
    int64_t due_ms;
    struct entry *entry = database_take(from, from_key, database_find(from, from_key), &due_ms);
    database_add(to, to_key, entry_reshape(entry, to_key.name, false));
}

static void a_renamed_or_moved_key_keeps_the_due_times_of_its_members(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        size_t count = size_of_kind(kind);
        make(&fixture, kind, "k", 100, 200);
        carry(fixture.db, "k", fixture.db, "renamed");
        carry(fixture.db, "renamed", fixture.keyspace->dbs[2], "moved");
        assert_true(is_flagged(fixture.keyspace->dbs[2], "moved"));
        pass_ms(&fixture, 100 + ON_TIME_MS);
        assert_int_equal(count_lying_members(fixture.keyspace->dbs[2], "moved"), count - 1);
        assert_events(&fixture, kind == SET ? "2:sexpired:moved " : "2:hexpired:moved ");
        pass_ms(&fixture, 100);
        assert_int_equal(count_lying_members(fixture.keyspace->dbs[2], "moved"), count - 2);
        assert_false(is_flagged(fixture.keyspace->dbs[2], "moved"));
        assert_int_equal(record_count(&fixture, 0), 0);
        assert_int_equal(record_count(&fixture, 2), 0);
        stop(&fixture);
    }
}

static void a_copy_has_due_times_of_its_own(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        size_t count = size_of_kind(kind);
        make(&fixture, kind, "k", 100, 200);
        struct key key = key_of(BYTES("copy"));
        const struct entry *source = database_find(fixture.db, key_of(BYTES("k"))).entry;
        database_add(fixture.keyspace->dbs[1], key, value_type_copy_entry(source, key.name, false));
        set_member_due(&fixture, kind, "k", 0, 0);
        pass_ms(&fixture, 100 + ON_TIME_MS);
        assert_int_equal(count_lying_members(fixture.db, "k"), count);
        assert_int_equal(count_lying_members(fixture.keyspace->dbs[1], "copy"), count - 1);
        pass_ms(&fixture, 100);
        assert_int_equal(count_lying_members(fixture.db, "k"), count - 1);
        assert_int_equal(count_lying_members(fixture.keyspace->dbs[1], "copy"), count - 2);
        stop(&fixture);
    }
}

static void swapped_databases_keep_their_due_times(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    make(&fixture, LARGE_HASH, "k", 100, 200);
    keyspace_swap(fixture.keyspace, 0, 3);
    fixture.events[0] = '\0';
    pass_ms(&fixture, 200 + ON_TIME_MS);
    assert_events(&fixture, "3:hexpired:k 3:hexpired:k ");
    stop(&fixture);
}

static void clearing_and_deleting_leave_nothing_to_expire(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        size_t empty_bytes = database_overhead_bytes(fixture.db);
        make(&fixture, kind, "k", 100, 200);
        database_clear(fixture.db, false);
        assert_int_equal(database_overhead_bytes(fixture.db), empty_bytes);
        make(&fixture, kind, "k", 100, 200);
        struct key key = key_of(BYTES("k"));
        database_delete(fixture.db, key, database_find(fixture.db, key));
        make(&fixture, kind, "k", 100, 200);
        database_evict(fixture.db, database_find(fixture.db, key).entry);
        fixture.events[0] = '\0';
        pass_ms(&fixture, 300);
        assert_events(&fixture, "");
        assert_int_equal(record_count(&fixture, 0), 0);
        stop(&fixture);
    }
}

static void a_key_with_a_due_time_of_its_own_goes_as_a_whole(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        make(&fixture, kind, "k", 100, 200);
        struct key key = key_of(BYTES("k"));
        struct found found = database_find(fixture.db, key);
        database_set_due(fixture.db, key, &found, START_MS + 150);
        pass_ms(&fixture, 300);
        assert_events(&fixture,
                      kind == SET ? "0:sexpired:k 0:expired:k " : "0:hexpired:k 0:expired:k ");
        assert_int_equal(fixture.keyspace->stats.expired, 1);
        assert_int_equal(record_count(&fixture, 0), 0);
        stop(&fixture);
    }
}

static void a_string_in_place_of_the_collection_has_no_members_to_expire(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        make(&fixture, kind, "k", 100, 200);
        struct key key = key_of(BYTES("k"));
        struct found found = database_find(fixture.db, key);
        string_store(fixture.db, key, &found, BYTES("42"), 0);
        assert_false(is_flagged(fixture.db, "k"));
        pass_ms(&fixture, 300);
        assert_non_null(database_find(fixture.db, key).entry);
        assert_int_equal(fixture.event_count, 0);
        stop(&fixture);
    }
}

/* --- due times that change --- */

static void due_times_moved_and_taken_away_hold(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        size_t count = size_of_kind(kind);
        make(&fixture, kind, "k", 100, 200);
        set_member_due(&fixture, kind, "k", 0, START_MS + 300);
        set_member_due(&fixture, kind, "k", 1, START_MS + 50);
        pass_ms(&fixture, 49);
        assert_int_equal(count_members(fixture.db, "k"), count);
        pass_ms(&fixture, 1);
        assert_int_equal(count_members(fixture.db, "k"), count - 1);
        pass_ms(&fixture, 249);
        assert_int_equal(count_members(fixture.db, "k"), count - 1);
        set_member_due(&fixture, kind, "k", 0, 0);
        assert_false(is_flagged(fixture.db, "k"));
        pass_ms(&fixture, 100);
        assert_int_equal(count_members(fixture.db, "k"), count - 1);
        assert_int_equal(fixture.keyspace->stats.expired_members, 1);
        assert_int_equal(record_count(&fixture, 0), 0);
        stop(&fixture);
    }
}

static void a_due_time_far_off_wakes_nobody(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        add_members(&fixture, kind, "k", size_of_kind(kind));
        set_member_due(&fixture, kind, "k", 0, INT64_MAX);
        assert_true(is_flagged(fixture.db, "k"));
        assert_true(keyspace_next_due_ms(fixture.keyspace) > (int64_t)1 << 40);
        assert_int_equal(count_members(fixture.db, "k"), size_of_kind(kind));
        stop(&fixture);
    }
}

static void setting_and_deleting_for_ever_keeps_the_records_few(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct fixture fixture;
        start(&fixture);
        struct key key = key_of(BYTES("k"));
        for (int i = 0; i < 50000; i++) {
            add_member(&fixture, kind, "k", 0);
            add_member(&fixture, kind, "k", 1);
            set_member_due(&fixture, kind, "k", 0, START_MS + 3600000 - i % 1000);
            struct found found = database_find(fixture.db, key);
            if (i % 3 == 0) delete_member(&fixture, kind, "k", 0);
            if (i % 3 == 1) database_delete(fixture.db, key, found);
            if (i % 3 == 2) {
                string_store(fixture.db, key, &found, BYTES("text"), 0);
                database_delete(fixture.db, key, found);
            }
            assert_true(record_count(&fixture, 0) < 1000);
        }
        stop(&fixture);
    }
}

/* --- everything against a model --- */

enum { MODEL_KEYS = 30, MODEL_MEMBERS = 40, MODEL_STEPS = 400000 };

struct model {
    bool exists[MODEL_KEYS][MODEL_MEMBERS];
    int64_t due_ms[MODEL_KEYS][MODEL_MEMBERS]; /* 0: none */
};

static enum kind kind_of_key(uint32_t key) {
    return key % 2 == 0 ? SET : LARGE_HASH;
}

/* Members that are there and not yet due; forgets those that are. */
static size_t settle_model(struct model *model, uint32_t key, int64_t now_ms) {
    size_t count = 0;
    for (uint32_t i = 0; i < MODEL_MEMBERS; i++) {
        if (model->due_ms[key][i] != 0 && model->due_ms[key][i] <= now_ms) {
            model->exists[key][i] = false;
            model->due_ms[key][i] = 0;
        }
        count += model->exists[key][i];
    }
    return count;
}

static void clear_line(struct model *model, uint32_t key) {
    memset(model->exists[key], 0, sizeof(model->exists[key]));
    memset(model->due_ms[key], 0, sizeof(model->due_ms[key]));
}

static void rename_in_both(struct fixture *fixture, struct model *model, uint32_t from,
                           const char *from_name) {
    uint32_t to = (from + 2) % MODEL_KEYS;
    char to_name[16];
    snprintf(to_name, sizeof(to_name), "k%u", to);
    struct key to_key = key_of(bytes_of_str(to_name));
    struct found found = database_find(fixture->db, to_key);
    if (found.entry != NULL) database_delete(fixture->db, to_key, found);
    struct database *db = fixture->db;
    carry(db, from_name, db, to_name);
    memcpy(model->exists[to], model->exists[from], sizeof(model->exists[to]));
    memcpy(model->due_ms[to], model->due_ms[from], sizeof(model->due_ms[to]));
    clear_line(model, from);
}

static void change_one(struct fixture *fixture, struct model *model) {
    uint32_t key = (uint32_t)random_below(MODEL_KEYS),
             member = (uint32_t)random_below(MODEL_MEMBERS);
    enum kind kind = kind_of_key(key);
    char name[16];
    snprintf(name, sizeof(name), "k%u", key);
    size_t count = settle_model(model, key, fixture->clock.unix_ms);
    assert_int_equal(count_members(fixture->db, name), count);
    uint64_t what = random_below(100);
    if (what == 0 && count != 0) {
        rename_in_both(fixture, model, key, name);
    } else if (what == 1 && count != 0) {
        struct key k = key_of(bytes_of_str(name));
        database_delete(fixture->db, k, database_find(fixture->db, k));
        clear_line(model, key);
    } else if (!model->exists[key][member]) {
        add_member(fixture, kind, name, member);
        model->exists[key][member] = true;
    } else if (what < 30) {
        delete_member(fixture, kind, name, member);
        model->exists[key][member] = false;
        model->due_ms[key][member] = 0;
    } else {
        int64_t due_ms =
            fixture->clock.unix_ms + 1 + (int64_t)random_below(what < 90 ? 500 : 50000);
        if (what > 95) due_ms = 0;
        set_member_due(fixture, kind, name, member, due_ms);
        model->due_ms[key][member] = due_ms;
    }
}

static void check_model(struct fixture *fixture, struct model *model) {
    size_t keys = 0;
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "k%u", i);
        size_t count = settle_model(model, i, fixture->clock.unix_ms);
        assert_int_equal(count_members(fixture->db, name), count);
        keys += count != 0;
    }
    assert_int_equal(database_key_count(fixture->db), keys);
    assert_true(record_count(fixture, 0) <= 3 * MODEL_KEYS + 200);
}

static void collections_agree_with_a_model_over_random_steps(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct model *model = calloc(1, sizeof(*model));
    for (int step = 0; step < MODEL_STEPS; step++) {
        change_one(&fixture, model);
        if (step % 32 == 0) advance_ms(&fixture, (int64_t)random_below(5));
        if (step % 1000 == 0) advance_ms(&fixture, (int64_t)random_below(1000));
        if (step % 2 == 0 && keyspace_next_due_ms(fixture.keyspace) <= 0)
            (void)keyspace_expire_due(fixture.keyspace, 1 + random_below(10));
        if (step % 500 == 0) check_model(&fixture, model);
    }
    assert_true(fixture.keyspace->stats.expired_members > 10000);
    free(model);
    stop(&fixture);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_up_finds_exactly_the_members_that_are_not_due),
        cmocka_unit_test(members_removed_together_are_reported_once_and_the_key_after_them),
        cmocka_unit_test(a_random_key_has_members_left),
        cmocka_unit_test(the_calendar_removes_members_within_10_ms),
        cmocka_unit_test(a_mass_of_due_members_goes_in_slices),
        cmocka_unit_test(a_look_up_between_slices_removes_the_rest),
        cmocka_unit_test(a_renamed_or_moved_key_keeps_the_due_times_of_its_members),
        cmocka_unit_test(a_copy_has_due_times_of_its_own),
        cmocka_unit_test(swapped_databases_keep_their_due_times),
        cmocka_unit_test(clearing_and_deleting_leave_nothing_to_expire),
        cmocka_unit_test(a_key_with_a_due_time_of_its_own_goes_as_a_whole),
        cmocka_unit_test(a_string_in_place_of_the_collection_has_no_members_to_expire),
        cmocka_unit_test(due_times_moved_and_taken_away_hold),
        cmocka_unit_test(a_due_time_far_off_wakes_nobody),
        cmocka_unit_test(setting_and_deleting_for_ever_keeps_the_records_few),
        cmocka_unit_test(collections_agree_with_a_model_over_random_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
