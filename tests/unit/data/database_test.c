/* Databases: look-ups, due times against a naive model, expiry on time, clearing, swapping, scanning. */
#include "data/database.h"

#include "data/types/string/string.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define START_MS ((int64_t)1700000000000)

enum { ON_TIME_MS = 10, SLICE = 64 };

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
};

/* The keyspace borrows the clock, so the fixture must not move from here on. */
static void start(struct fixture *fixture) {
    *fixture = (struct fixture){0};
    clock_set_unix_us(&fixture->clock, START_MS * 1000);
    fixture->keyspace = keyspace_new(4, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
}

static void stop(struct fixture *fixture) {
    keyspace_free(fixture->keyspace);
}

static void advance_ms(struct fixture *fixture, int64_t ms) {
    clock_set_unix_us(&fixture->clock, fixture->clock.unix_us + ms * 1000);
}

static void expire_due(struct fixture *fixture) {
    while (!keyspace_expire_due(fixture->keyspace, SLICE)) continue;
}

static struct key numbered_key(char name[16], uint32_t number) {
    int len = snprintf(name, 16, "key:%u", number);
    return key_of(bytes_of(name, (size_t)len));
}

static void set(struct database *db, struct key key, int64_t due_ms) {
    struct found found = database_find(db, key);
    string_store(db, key, &found, BYTES("value"), due_ms != 0 ? STRING_WANT_DUE : 0);
    if (due_ms != 0) database_set_due(db, key, &found, due_ms);
}

static bool remove_key(struct database *db, struct key key) {
    struct found found = database_find(db, key);
    if (found.entry == NULL) return false;
    database_delete(db, key, found);
    return true;
}

/* --- look-ups and events --- */

struct event_log {
    uint32_t counts[32]; /* by bit number of the class */
    char last_key[32];
};

static void log_event(void *context, const struct key_event *event) {
    struct event_log *log = context;
    log->counts[__builtin_ctz(event->event_class)]++;
    snprintf(log->last_key, sizeof(log->last_key), "%.*s", (int)event->key.len, event->key.data);
}

static uint32_t count_of(const struct event_log *log, enum key_event_class event_class) {
    return log->counts[__builtin_ctz(event_class)];
}

static void a_look_up_drops_a_key_past_its_time(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct event_log log = {0};
    key_event_subscribe(&fixture.keyspace->listeners, ~0U, log_event, &log);
    struct key key = key_of(BYTES("k"));
    set(fixture.db, key, START_MS + 100);
    advance_ms(&fixture, 99);
    assert_non_null(database_find(fixture.db, key).entry);
    advance_ms(&fixture, 1);
    assert_null(database_find(fixture.db, key).entry);
    assert_int_equal(count_of(&log, KEY_EVENT_EXPIRED), 1);
    assert_string_equal(log.last_key, "k");
    assert_int_equal(fixture.keyspace->stats.expired, 1);
    assert_int_equal(database_key_count(fixture.db), 0);
    assert_int_equal(fixture.db->due_count, 0);
    advance_ms(&fixture, 1000);
    expire_due(&fixture);
    assert_int_equal(count_of(&log, KEY_EVENT_EXPIRED), 1);
    assert_int_equal(calendar_record_count(fixture.db->calendar), 0);
    stop(&fixture);
}

static void reading_counts_hits_and_misses_and_finding_does_not(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct event_log log = {0};
    key_event_subscribe(&fixture.keyspace->listeners, ~0U, log_event, &log);
    struct key key = key_of(BYTES("k"));
    assert_null(database_read(fixture.db, key));
    set(fixture.db, key, 0);
    assert_non_null(database_read(fixture.db, key));
    (void)database_find(fixture.db, key);
    (void)database_use(fixture.db, key_of(BYTES("other")));
    assert_int_equal(fixture.keyspace->stats.hits, 1);
    assert_int_equal(fixture.keyspace->stats.misses, 1);
    assert_int_equal(count_of(&log, KEY_EVENT_MISS), 1);
    assert_int_equal(count_of(&log, KEY_EVENT_NEW), 1);
    stop(&fixture);
}

static void using_a_key_moves_its_access_clock_and_finding_it_does_not(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct key key = key_of(BYTES("k"));
    set(fixture.db, key, 0);
    advance_ms(&fixture, 5000);
    struct found found = database_find(fixture.db, key);
    assert_int_equal(access_idle_seconds(found.entry, fixture.clock.unix_ms), 5);
    fixture.keyspace->is_touch_off = true;
    (void)database_use(fixture.db, key);
    (void)database_peek(fixture.db, key);
    assert_int_equal(access_idle_seconds(found.entry, fixture.clock.unix_ms), 5);
    fixture.keyspace->is_touch_off = false;
    (void)database_use(fixture.db, key);
    assert_int_equal(access_idle_seconds(found.entry, fixture.clock.unix_ms), 0);
    stop(&fixture);
}

static void a_taken_entry_is_the_callers_and_leaves_nothing_behind(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct key key = key_of(BYTES("k"));
    set(fixture.db, key, START_MS + 50);
    int64_t due_ms;
    struct entry *entry = database_take(fixture.db, key, database_find(fixture.db, key), &due_ms);
    assert_int_equal(due_ms, START_MS + 50);
    assert_int_equal(entry_due_word(entry), 0);
    assert_int_equal(fixture.db->due_count, 0);
    struct found found = database_add(fixture.keyspace->dbs[1], key, entry);
    advance_ms(&fixture, 1000);
    expire_due(&fixture);
    assert_int_equal(database_key_count(fixture.keyspace->dbs[1]), 1);
    database_set_due(fixture.keyspace->dbs[1], key, &found, START_MS + 2000);
    advance_ms(&fixture, 1010);
    expire_due(&fixture);
    assert_int_equal(database_key_count(fixture.keyspace->dbs[1]), 0);
    stop(&fixture);
}

static void random_keys_are_alive_and_end_when_all_are_due(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    fixture.keyspace->is_calendar_off = true;
    char name[16];
    for (uint32_t i = 0; i < 1000; i++)
        set(fixture.db, numbered_key(name, i), i == 7 ? 0 : START_MS + 10);
    advance_ms(&fixture, 10);
    expire_due(&fixture);
    assert_int_equal(database_key_count(fixture.db), 1000);
    struct entry *entry = database_random(fixture.db);
    assert_true(bytes_equal(entry_key(entry), BYTES("key:7")));
    assert_true(remove_key(fixture.db, key_of(BYTES("key:7"))));
    assert_null(database_random(fixture.db));
    assert_int_equal(database_key_count(fixture.db), 0);
    stop(&fixture);
}

/* --- expiry on time --- */

enum { TIMED_KEYS = 100000, SPREAD_MS = 5000 };

struct timed {
    const struct clock *clock;
    int64_t due_ms[TIMED_KEYS];
    uint8_t fired[TIMED_KEYS];
    int64_t worst_ms;
};

static void note_expiry(void *context, const struct key_event *event) {
    struct timed *timed = context;
    char text[16] = {0};
    memcpy(text, event->key.data, event->key.len);
    size_t number = (size_t)strtoul(text + 4, NULL, 10);
    assert_string_equal(event->name, "expired");
    timed->fired[number]++;
    int64_t late_ms = timed->clock->unix_ms - timed->due_ms[number];
    assert_true(late_ms >= 0);
    if (late_ms > timed->worst_ms) timed->worst_ms = late_ms;
}

static void every_key_expires_once_within_10_ms_of_its_time(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct timed *timed = calloc(1, sizeof(*timed));
    timed->clock = &fixture.clock;
    key_event_subscribe(&fixture.keyspace->listeners, KEY_EVENT_EXPIRED, note_expiry, timed);
    random_set_seed(2);
    char name[16];
    for (uint32_t i = 0; i < TIMED_KEYS; i++) {
        timed->due_ms[i] = START_MS + 1 + (int64_t)random_below(SPREAD_MS);
        set(fixture.db, numbered_key(name, i), timed->due_ms[i]);
    }
    for (int ms = 0; ms <= SPREAD_MS + ON_TIME_MS; ms++) {
        advance_ms(&fixture, 1);
        if (keyspace_next_due_ms(fixture.keyspace) <= 0) expire_due(&fixture);
    }
    for (uint32_t i = 0; i < TIMED_KEYS; i++) assert_int_equal(timed->fired[i], 1);
    assert_true(timed->worst_ms <= ON_TIME_MS);
    assert_int_equal(database_key_count(fixture.db), 0);
    assert_int_equal(fixture.keyspace->stats.expired_by_calendar, TIMED_KEYS);
    assert_true(fixture.keyspace->stats.expired_lag_max_us <= ON_TIME_MS * 1000);
    free(timed);
    stop(&fixture);
}

/* --- due times against a model --- */

enum { MODEL_KEYS = 2000, MODEL_STEPS = 1000000 };

struct model {
    bool exists[MODEL_KEYS];
    int64_t due_ms[MODEL_KEYS]; /* 0: none */
    const struct clock *clock;
};

static void model_expiry(void *context, const struct key_event *event) {
    struct model *model = context;
    char text[16] = {0};
    memcpy(text, event->key.data, event->key.len);
    size_t number = (size_t)strtoul(text + 4, NULL, 10);
    assert_true(model->exists[number]);
    assert_true(model->due_ms[number] != 0 && model->due_ms[number] <= model->clock->unix_ms);
    model->exists[number] = false;
    model->due_ms[number] = 0;
}

static int64_t random_due_ms(const struct fixture *fixture) {
    int64_t now_ms = fixture->clock.unix_ms;
    switch (random_below(8)) {
    case 0: return now_ms + 1 + (int64_t)random_below(10);
    case 1: return now_ms + 1 + (int64_t)random_below(100000);
    case 2: return now_ms + (int64_t)random_below((uint64_t)1 << 40);
    case 3: return CALENDAR_MAX_MS - 2 + (int64_t)random_below(4);
    case 4: return INT64_MAX - (int64_t)random_below(2);
    default: return now_ms + 1 + (int64_t)random_below(3000);
    }
}

static void change_one(struct fixture *fixture, struct model *model) {
    char name[16];
    uint32_t i = (uint32_t)random_below(MODEL_KEYS);
    struct key key = numbered_key(name, i);
    uint64_t what = random_below(10);
    struct found found = database_find(fixture->db, key);
    assert_int_equal(found.entry != NULL, model->exists[i]);
    if (found.entry != NULL) assert_int_equal(entry_due_ms(found.entry), model->due_ms[i]);
    if (what == 0) {
        if (remove_key(fixture->db, key)) model->exists[i] = false;
        model->due_ms[i] = 0;
    } else if (what < 4) {
        model->due_ms[i] = what == 1 ? 0 : random_due_ms(fixture);
        set(fixture->db, key, model->due_ms[i]);
        model->exists[i] = true;
    } else if (found.entry != NULL) {
        int64_t due_ms = random_due_ms(fixture);
        if (what == 4) due_ms = 0;
        if (what == 5 && model->due_ms[i] > fixture->clock.unix_ms + 2)
            due_ms =
                fixture->clock.unix_ms + 1 +
                (int64_t)random_below((uint64_t)(model->due_ms[i] - fixture->clock.unix_ms - 1));
        database_set_due(fixture->db, key, &found, due_ms);
        model->due_ms[i] = due_ms;
    }
}

static void check_model(struct fixture *fixture, const struct model *model) {
    uint64_t count = 0, due_count = 0;
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        count += model->exists[i];
        due_count += model->due_ms[i] != 0;
        assert_true(model->due_ms[i] == 0 ||
                    model->due_ms[i] >= fixture->clock.unix_ms - ON_TIME_MS);
    }
    assert_int_equal(database_key_count(fixture->db), count);
    assert_int_equal(fixture->db->due_count, due_count);
    assert_true(calendar_record_count(fixture->db->calendar) <= 2 * due_count + 1000);
}

static void due_times_moved_in_any_way_hold(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct model *model = calloc(1, sizeof(*model));
    model->clock = &fixture.clock;
    key_event_subscribe(&fixture.keyspace->listeners, KEY_EVENT_EXPIRED, model_expiry, model);
    random_set_seed(3);
    for (int step = 0; step < MODEL_STEPS; step++) {
        change_one(&fixture, model);
        if (step % 16 == 0) {
            advance_ms(&fixture, 1);
            if (keyspace_next_due_ms(fixture.keyspace) <= 0) expire_due(&fixture);
        }
        if (step % 1000 == 0) check_model(&fixture, model);
    }
    table_verify(&fixture.db->keys);
    free(model);
    stop(&fixture);
}

static void setting_with_a_due_time_and_deleting_for_ever_keeps_memory_bounded(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct key key = key_of(BYTES("session"));
    size_t most_bytes = 0;
    for (int i = 0; i < 300000; i++) {
        set(fixture.db, key, START_MS + 3600000 + i % 1000);
        if (i % 2 == 0) assert_true(remove_key(fixture.db, key));
        if (i == 10000) most_bytes = database_overhead_bytes(fixture.db);
        assert_true(i <= 10000 || database_overhead_bytes(fixture.db) <= 2 * most_bytes);
        assert_true(calendar_record_count(fixture.db->calendar) < 1000);
    }
    stop(&fixture);
}

/* --- clearing and swapping --- */

static void count_event(void *context, const struct key_event *event) {
    assert_int_equal(event->event_class, KEY_EVENT_ALL_KEYS);
    ++*(int *)context;
}

static void clearing_is_reported_once_for_all_keys(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    char name[16];
    int count = 0;
    for (uint32_t i = 0; i < 100; i++) set(fixture.db, numbered_key(name, i), 0);
    key_event_subscribe(&fixture.keyspace->listeners, ~0U, count_event, &count);
    database_clear(fixture.db, false);
    assert_int_equal(count, 1);
    key_event_unsubscribe(&fixture.keyspace->listeners, count_event, &count);
    stop(&fixture);
}

static void clearing_resets_keys_due_times_and_calendar(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    struct event_log log = {0};
    char name[16];
    size_t empty_bytes = database_overhead_bytes(fixture.db);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 5000; i++)
            set(fixture.db, numbered_key(name, i), i % 2 == 0 ? 0 : fixture.clock.unix_ms + 100);
        key_event_subscribe(&fixture.keyspace->listeners, (uint32_t)~KEY_EVENT_ALL_KEYS, log_event,
                            &log);
        database_clear(fixture.db, round == 1);
        assert_int_equal(database_key_count(fixture.db), 0);
        assert_int_equal(fixture.db->due_count, 0);
        assert_int_equal(calendar_record_count(fixture.db->calendar), 0);
        assert_int_equal(database_overhead_bytes(fixture.db), empty_bytes);
        assert_null(database_random(fixture.db));
        advance_ms(&fixture, 200);
        expire_due(&fixture);
        key_event_unsubscribe(&fixture.keyspace->listeners, log_event, &log);
    }
    for (size_t i = 0; i < ARRAY_LEN(log.counts); i++) assert_int_equal(log.counts[i], 0);
    stop(&fixture);
}

static void note_number(void *context, const struct key_event *event) {
    *(uint32_t *)context = event->db->number;
}

static void swapping_moves_contents_and_due_times_and_keeps_the_numbers(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    uint32_t number = 99;
    key_event_subscribe(&fixture.keyspace->listeners, KEY_EVENT_EXPIRED, note_number, &number);
    struct key key = key_of(BYTES("k"));
    set(fixture.keyspace->dbs[0], key, START_MS + 100);
    set(fixture.keyspace->dbs[2], key_of(BYTES("other")), 0);
    keyspace_swap(fixture.keyspace, 0, 2);
    assert_int_equal(fixture.keyspace->dbs[0]->number, 0);
    assert_int_equal(fixture.keyspace->dbs[2]->number, 2);
    assert_null(database_find(fixture.keyspace->dbs[0], key).entry);
    assert_non_null(database_find(fixture.keyspace->dbs[2], key).entry);
    assert_non_null(database_find(fixture.keyspace->dbs[0], key_of(BYTES("other"))).entry);
    assert_int_equal(keyspace_key_count(fixture.keyspace), 2);
    advance_ms(&fixture, 100 + ON_TIME_MS);
    expire_due(&fixture);
    assert_int_equal(number, 2);
    keyspace_swap(fixture.keyspace, 1, 1);
    assert_int_equal(fixture.keyspace->dbs[1]->number, 1);
    stop(&fixture);
}

/* --- scanning --- */

enum { SCAN_KEYS = 20000, STAYING_KEYS = 2000, SCAN_ROUNDS = 150, CHANGES_PER_SCAN_CALL = 8 };

struct scan {
    uint8_t seen[STAYING_KEYS];
};

static void note_seen(void *element, void *context) {
    struct scan *scan = context;
    struct bytes key = entry_key(element);
    if (key.data[0] != 's') return;
    char text[16] = {0};
    memcpy(text, key.data, key.len);
    scan->seen[strtoul(text + 1, NULL, 10)]++;
}

/* Adds, deletes, lets expire: sometimes far more of one than of the other, so that the table grows and shrinks. */
static void churn(struct fixture *fixture, uint64_t bias) {
    char name[16];
    for (int i = 0; i < CHANGES_PER_SCAN_CALL; i++) {
        struct key key = numbered_key(name, (uint32_t)random_below(SCAN_KEYS * 10));
        if (random_below(100) < bias)
            set(fixture->db, key,
                random_below(2) == 0 ? 0 : fixture->clock.unix_ms + 1 + (int64_t)random_below(500));
        else if (random_below(2) == 0)
            (void)remove_key(fixture->db, key);
        else if (database_key_count(fixture->db) > STAYING_KEYS) {
            struct entry *entry = database_random(fixture->db);
            if (entry_key(entry).data[0] == 'k')
                (void)remove_key(fixture->db, key_of(entry_key(entry)));
        }
    }
    advance_ms(fixture, random_below(8) == 0);
    expire_due(fixture);
}

static void a_scan_returns_every_key_that_stays_exactly_once(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture);
    random_set_seed(4);
    char name[16];
    for (uint32_t i = 0; i < STAYING_KEYS; i++) {
        int len = snprintf(name, sizeof(name), "s%u", i);
        set(fixture.db, key_of(bytes_of(name, (size_t)len)), 0);
    }
    uint64_t steps = 0;
    for (int round = 0; round < SCAN_ROUNDS; round++) {
        struct scan scan = {0};
        uint64_t cursor = 0;
        do {
            cursor = table_scan(&fixture.db->keys, cursor, note_seen, &scan);
            churn(&fixture, round % 3 == 0 ? 95 : round % 3 == 1 ? 50 : 5);
            steps += CHANGES_PER_SCAN_CALL;
        } while (cursor != 0);
        for (uint32_t i = 0; i < STAYING_KEYS; i++) assert_int_equal(scan.seen[i], 1);
    }
    table_verify(&fixture.db->keys);
    assert_true(steps > 1000000);
    stop(&fixture);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_up_drops_a_key_past_its_time),
        cmocka_unit_test(reading_counts_hits_and_misses_and_finding_does_not),
        cmocka_unit_test(using_a_key_moves_its_access_clock_and_finding_it_does_not),
        cmocka_unit_test(a_taken_entry_is_the_callers_and_leaves_nothing_behind),
        cmocka_unit_test(random_keys_are_alive_and_end_when_all_are_due),
        cmocka_unit_test(every_key_expires_once_within_10_ms_of_its_time),
        cmocka_unit_test(due_times_moved_in_any_way_hold),
        cmocka_unit_test(setting_with_a_due_time_and_deleting_for_ever_keeps_memory_bounded),
        cmocka_unit_test(clearing_is_reported_once_for_all_keys),
        cmocka_unit_test(clearing_resets_keys_due_times_and_calendar),
        cmocka_unit_test(swapping_moves_contents_and_due_times_and_keeps_the_numbers),
        cmocka_unit_test(a_scan_returns_every_key_that_stays_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
