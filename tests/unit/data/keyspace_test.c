/* The keyspace: many databases, one clock; when expiry is wanted, and how it is portioned. */
#include "data/keyspace.h"

#include "data/database.h"
#include "data/types/string/string.h"
#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define START_MS ((int64_t)1700000000000)

enum { DBS = 16 };

static struct clock now;

static struct keyspace *start(void) {
    clock_set_unix_us(&now, START_MS * 1000);
    return keyspace_new(DBS, &now);
}

static void set(struct keyspace *keyspace, uint32_t db_number, uint32_t i, int64_t due_ms) {
    char name[16];
    struct database *db = keyspace->dbs[db_number];
    struct key key = key_of(bytes_of(name, (size_t)snprintf(name, sizeof(name), "%u", i)));
    struct found found = database_find(db, key);
    string_store_i64(db, key, &found, i, STRING_WANT_DUE);
    database_set_due(db, key, &found, due_ms);
}

static void without_due_times_expiry_is_never_wanted(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    assert_true(keyspace_next_due_ms(keyspace) == INT64_MAX);
    assert_true(keyspace_expire_due(keyspace, 1));
    set(keyspace, 3, 1, 0);
    assert_true(keyspace_next_due_ms(keyspace) == INT64_MAX);
    assert_int_equal(keyspace_key_count(keyspace), 1);
    keyspace_free(keyspace);
}

static void expiry_is_wanted_by_the_time_of_the_first_key_of_any_database(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    set(keyspace, 15, 1, START_MS + 50);
    set(keyspace, 0, 1, START_MS + 5000);
    int64_t next_ms = keyspace_next_due_ms(keyspace);
    assert_in_range(next_ms, 0, 50 + 2 * CALENDAR_TICK_MS);
    keyspace_free(keyspace);
}

static void a_small_portion_leaves_more_to_do_and_the_rest_goes_later(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    for (uint32_t i = 0; i < 1000; i++) set(keyspace, 5, i, START_MS + 10);
    clock_set_unix_us(&now, (START_MS + 20) * 1000);
    assert_false(keyspace_expire_due(keyspace, 10));
    uint64_t left = keyspace_key_count(keyspace);
    assert_in_range(left, 900, 999);
    assert_int_equal(keyspace_next_due_ms(keyspace), 0);
    for (int i = 0; i < 1000 && !keyspace_expire_due(keyspace, 10); i++) continue;
    assert_int_equal(keyspace_key_count(keyspace), 0);
    assert_int_equal(keyspace->stats.expired, 1000);
    keyspace_free(keyspace);
}

static void with_the_calendar_off_keys_go_only_when_looked_at(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    keyspace->is_calendar_off = true;
    set(keyspace, 0, 1, START_MS + 10);
    set(keyspace, 0, 2, START_MS + 10);
    clock_set_unix_us(&now, (START_MS + 1000) * 1000);
    assert_true(keyspace_expire_due(keyspace, 100));
    assert_true(keyspace_next_due_ms(keyspace) == INT64_MAX);
    assert_int_equal(keyspace_key_count(keyspace), 2);
    assert_null(database_find(keyspace->dbs[0], key_of(BYTES("1"))).entry);
    assert_int_equal(keyspace_key_count(keyspace), 1);
    keyspace->is_calendar_off = false;
    for (int i = 0; i < 100 && !keyspace_expire_due(keyspace, 100); i++) continue;
    assert_int_equal(keyspace_key_count(keyspace), 0);
    keyspace_free(keyspace);
}

static void a_long_idle_keyspace_still_expires_a_new_key_on_time(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    int64_t later_ms = START_MS + (int64_t)400 * 24 * 3600 * 1000;
    clock_set_unix_us(&now, later_ms * 1000);
    set(keyspace, 2, 1, later_ms + 100);
    for (int64_t ms = later_ms; ms < later_ms + 100; ms++) {
        clock_set_unix_us(&now, ms * 1000);
        for (int i = 0; i < 100 && !keyspace_expire_due(keyspace, 64); i++) continue;
        assert_int_equal(keyspace_key_count(keyspace), 1);
    }
    clock_set_unix_us(&now, (later_ms + 110) * 1000);
    for (int i = 0; i < 100 && !keyspace_expire_due(keyspace, 64); i++) continue;
    assert_int_equal(keyspace_key_count(keyspace), 0);
    keyspace_free(keyspace);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_due_times_expiry_is_never_wanted),
        cmocka_unit_test(expiry_is_wanted_by_the_time_of_the_first_key_of_any_database),
        cmocka_unit_test(a_small_portion_leaves_more_to_do_and_the_rest_goes_later),
        cmocka_unit_test(with_the_calendar_off_keys_go_only_when_looked_at),
        cmocka_unit_test(a_long_idle_keyspace_still_expires_a_new_key_on_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
