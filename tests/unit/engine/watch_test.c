/* Watched keys: what makes a session dirty, and that nothing is left when nobody watches. */
#include "engine/watch.h"

#include "data/database.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>

enum { SESSIONS = 3 };

struct watchers {
    struct command_fixture *fixture;
    struct session sessions[SESSIONS];
};

static int start(void **state) {
    struct watchers *watchers = mem_alloc_zeroed(sizeof(*watchers));
    watchers->fixture = fixture_new(sample_commands);
    for (int i = 0; i < SESSIONS; i++)
        session_init(&watchers->sessions[i], watchers->fixture->engine);
    *state = watchers;
    return 0;
}

static int stop(void **state) {
    struct watchers *watchers = *state;
    for (int i = 0; i < SESSIONS; i++) session_destroy(&watchers->sessions[i]);
    int left = watchers->fixture->engine->watches != NULL;
    fixture_free(watchers->fixture);
    mem_free(watchers);
    return left;
}

static void watch(struct session *session, const char *name) {
    watch_add(session, key_of(bytes_of_str(name)));
}

static void set_due(struct command_fixture *fixture, const char *name, int64_t due_ms) {
    struct database *db = fixture->engine->keyspace->dbs[0];
    struct key key = key_of(bytes_of_str(name));
    struct found found = database_find(db, key);
    database_set_due(db, key, &found, due_ms);
}

static void a_change_is_told_to_everyone_who_watches_the_key(void **state) {
    struct watchers *watchers = *state;
    struct session *sessions = watchers->sessions;
    watch(&sessions[0], "a");
    watch(&sessions[1], "a");
    watch(&sessions[1], "b");
    watch(&sessions[2], "b");
    assert_reply(watchers->fixture, "SET a 1", "OK");
    assert_true(watch_is_dirty(&sessions[0]));
    assert_true(watch_is_dirty(&sessions[1]));
    assert_false(watch_is_dirty(&sessions[2]));
}

static void reading_a_key_changes_nothing(void **state) {
    struct watchers *watchers = *state;
    watch(&watchers->sessions[0], "a");
    assert_reply(watchers->fixture, "GET a", "nil");
    assert_reply(watchers->fixture, "SET b 1", "OK");
    assert_false(watch_is_dirty(&watchers->sessions[0]));
}

static void keys_are_counted_once_and_sessions_too(void **state) {
    struct watchers *watchers = *state;
    struct engine *engine = watchers->fixture->engine;
    struct session *sessions = watchers->sessions;
    assert_int_equal(watch_key_count(engine), 0);
    watch(&sessions[0], "a");
    watch(&sessions[0], "b");
    watch(&sessions[0], "a");
    watch(&sessions[1], "a");
    assert_int_equal(watch_key_count(engine), 2);
    assert_int_equal(watch_session_count(engine), 2);
    assert_int_equal(sessions[0].watches.count, 2);
    assert_true(watch_used_bytes(&sessions[0]) > watch_used_bytes(&sessions[1]));
    watch_clear(&sessions[0]);
    assert_int_equal(watch_key_count(engine), 1);
    assert_int_equal(watch_session_count(engine), 1);
    assert_int_equal(watch_used_bytes(&sessions[0]), 0);
}

static void nothing_is_left_or_heard_when_nobody_watches(void **state) {
    struct watchers *watchers = *state;
    struct engine *engine = watchers->fixture->engine;
    uint32_t listeners = engine->keyspace->listeners.count;
    watch(&watchers->sessions[0], "a");
    watch(&watchers->sessions[1], "b");
    assert_int_equal(engine->keyspace->listeners.count, listeners + 1);
    watch_clear(&watchers->sessions[1]);
    assert_non_null(engine->watches);
    watch_clear(&watchers->sessions[0]);
    assert_null(engine->watches);
    assert_int_equal(engine->keyspace->listeners.count, listeners);
    watch_clear(&watchers->sessions[0]);
}

static void clearing_forgets_that_a_key_has_changed(void **state) {
    struct watchers *watchers = *state;
    watch(&watchers->sessions[0], "a");
    assert_reply(watchers->fixture, "SET a 1", "OK");
    watch_clear(&watchers->sessions[0]);
    assert_false(watch_is_dirty(&watchers->sessions[0]));
    watch(&watchers->sessions[0], "a");
    assert_false(watch_is_dirty(&watchers->sessions[0]));
}

static void the_same_name_in_another_database_is_another_key(void **state) {
    struct watchers *watchers = *state;
    watchers->sessions[0].db_number = 1;
    watch(&watchers->sessions[0], "a");
    watch(&watchers->sessions[1], "a");
    assert_reply(watchers->fixture, "SET a 1", "OK");
    assert_false(watch_is_dirty(&watchers->sessions[0]));
    assert_true(watch_is_dirty(&watchers->sessions[1]));
}

static void a_key_past_its_time_counts_though_nobody_looked(void **state) {
    struct watchers *watchers = *state;
    assert_reply(watchers->fixture, "SET a 1", "OK");
    set_due(watchers->fixture, "a", FIXTURE_START_MS + 10);
    watch(&watchers->sessions[0], "a");
    assert_false(watch_is_dirty(&watchers->sessions[0]));
    fixture_advance_ms(watchers->fixture, 10);
    assert_true(watch_is_dirty(&watchers->sessions[0]));
}

static void a_key_past_its_time_when_watched_does_not_count(void **state) {
    struct watchers *watchers = *state;
    assert_reply(watchers->fixture, "SET a 1", "OK");
    set_due(watchers->fixture, "a", FIXTURE_START_MS + 10);
    watch(&watchers->sessions[1], "a");
    fixture_advance_ms(watchers->fixture, 10);
    watch(&watchers->sessions[0], "a");
    fixture_expire_due(watchers->fixture);
    assert_false(watch_is_dirty(&watchers->sessions[0]));
    assert_true(watch_is_dirty(&watchers->sessions[1]));
}

static void an_evicted_key_counts(void **state) {
    struct watchers *watchers = *state;
    assert_reply(watchers->fixture, "SET a 1", "OK");
    watch(&watchers->sessions[0], "a");
    struct database *db = watchers->fixture->engine->keyspace->dbs[0];
    database_evict(db, database_find(db, key_of(BYTES("a"))).entry);
    assert_true(watch_is_dirty(&watchers->sessions[0]));
}

static void a_flush_counts_for_keys_that_were_there(void **state) {
    struct watchers *watchers = *state;
    assert_reply(watchers->fixture, "SET a 1", "OK");
    watch(&watchers->sessions[0], "a");
    watch(&watchers->sessions[1], "absent");
    watchers->sessions[2].db_number = 1;
    watch(&watchers->sessions[2], "a");
    database_clear(watchers->fixture->engine->keyspace->dbs[0], false);
    assert_true(watch_is_dirty(&watchers->sessions[0]));
    assert_false(watch_is_dirty(&watchers->sessions[1]));
    assert_false(watch_is_dirty(&watchers->sessions[2]));
}

static void a_swap_counts_for_keys_on_either_side(void **state) {
    struct watchers *watchers = *state;
    assert_reply(watchers->fixture, "SET a 1", "OK");
    watch(&watchers->sessions[0], "a");
    watchers->sessions[1].db_number = 3;
    watch(&watchers->sessions[1], "a");
    watchers->sessions[2].db_number = 3;
    watch(&watchers->sessions[2], "absent");
    keyspace_swap(watchers->fixture->engine->keyspace, 3, 0);
    assert_true(watch_is_dirty(&watchers->sessions[0]));
    assert_true(watch_is_dirty(&watchers->sessions[1]));
    assert_false(watch_is_dirty(&watchers->sessions[2]));
}

static void a_key_past_its_time_that_a_swap_brings_does_not_count(void **state) {
    struct watchers *watchers = *state;
    struct keyspace *keyspace = watchers->fixture->engine->keyspace;
    assert_reply(watchers->fixture, "SET a 1", "OK");
    set_due(watchers->fixture, "a", FIXTURE_START_MS + 10);
    watch(&watchers->sessions[1], "a"); /* alive */
    fixture_advance_ms(watchers->fixture, 10);
    watchers->sessions[0].db_number = 3;
    watch(&watchers->sessions[0], "a");
    keyspace_swap(keyspace, 3, 0);
    assert_true(watch_is_dirty(&watchers->sessions[1]));
    assert_false(watch_is_dirty(&watchers->sessions[0])); /* which has removed it */
    assert_null(database_glance(keyspace->dbs[3], key_of(BYTES("a"))));
    database_notify(keyspace->dbs[3], KEY_EVENT_EXPIRED, BYTES("a"), "expired");
    assert_true(watch_is_dirty(&watchers->sessions[0]));
}

static void silent_changes_count(void **state) {
    struct watchers *watchers = *state;
    watch(&watchers->sessions[0], "a");
    database_notify(watchers->fixture->engine->keyspace->dbs[0], KEY_EVENT_SILENT, BYTES("a"), "x");
    assert_true(watch_is_dirty(&watchers->sessions[0]));
    assert_events(watchers->fixture, "");
}

static void thousands_of_keys_come_and_go_in_any_order(void **state) {
    enum { KEYS = 3000, KEPT = 2000 };
    struct watchers *watchers = *state;
    struct engine *engine = watchers->fixture->engine;
    char name[32];
    for (int i = 0; i < KEYS; i++) {
        snprintf(name, sizeof(name), "key:%d", i);
        watch(&watchers->sessions[i % 2], name);
        if (i < KEPT) watch(&watchers->sessions[2], name);
    }
    assert_int_equal(watch_key_count(engine), KEYS);
    watch_clear(&watchers->sessions[0]);
    watch_clear(&watchers->sessions[1]);
    assert_int_equal(watch_key_count(engine), KEPT);
    assert_reply(watchers->fixture, "SET key:2000 1", "OK");
    assert_false(watch_is_dirty(&watchers->sessions[2]));
    assert_reply(watchers->fixture, "SET key:1999 1", "OK");
    assert_true(watch_is_dirty(&watchers->sessions[2]));
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        WATCH_TEST(a_change_is_told_to_everyone_who_watches_the_key),
        WATCH_TEST(reading_a_key_changes_nothing),
        WATCH_TEST(keys_are_counted_once_and_sessions_too),
        WATCH_TEST(nothing_is_left_or_heard_when_nobody_watches),
        WATCH_TEST(clearing_forgets_that_a_key_has_changed),
        WATCH_TEST(the_same_name_in_another_database_is_another_key),
        WATCH_TEST(a_key_past_its_time_counts_though_nobody_looked),
        WATCH_TEST(a_key_past_its_time_when_watched_does_not_count),
        WATCH_TEST(an_evicted_key_counts),
        WATCH_TEST(a_flush_counts_for_keys_that_were_there),
        WATCH_TEST(a_swap_counts_for_keys_on_either_side),
        WATCH_TEST(a_key_past_its_time_that_a_swap_brings_does_not_count),
        WATCH_TEST(silent_changes_count),
        WATCH_TEST(thousands_of_keys_come_and_go_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
