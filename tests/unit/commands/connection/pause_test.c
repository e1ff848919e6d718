/* What a pause does to the data: keys past their time are not seen, and stay until it ends. */
#include "commands/connection/connection_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "engine/memory.h"
#include "foundation/mem.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static int set_up(void **state) {
    static const struct command_list *const lists[] = {
        &connection_client_commands, &key_exist_commands,   &key_walk_commands,
        &key_database_commands,      &key_expire_commands,  &string_get_commands,
        &string_set_commands,        &transaction_commands, NULL,
    };
    static const struct feature family = {.name = "tested", .commands = lists};
    static const struct feature *const features[] = {&family, &memory_feature, NULL};
    *state = fixture_new_of_features(features);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

/* A key that comes due within a pause of a second. */
static void pause_over_a_due_key(struct command_fixture *fixture) {
    assert_reply(fixture, "SET k v PX 100", "OK");
    assert_reply(fixture, "CLIENT PAUSE 1000 WRITE", "OK");
    fixture_advance_ms(fixture, 200);
    fixture_events(fixture);
}

static void a_key_that_comes_due_is_not_seen(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "SET other v", "OK");
    pause_over_a_due_key(fixture);
    assert_reply(fixture, "GET k", "nil");
    assert_reply(fixture, "EXISTS k", "0");
    assert_reply(fixture, "TTL k", "-2");
    assert_reply(fixture, "TYPE k", "none");
    assert_reply(fixture, "KEYS *", "[\"other\"]");
    assert_reply(fixture, "SCAN 0", "[\"0\", [\"other\"]]");
    for (int i = 0; i < 20; i++) assert_reply(fixture, "RANDOMKEY", "\"other\"");
}

static void it_stays_until_the_pause_ends(void **state) {
    struct command_fixture *fixture = *state;
    pause_over_a_due_key(fixture);
    assert_reply(fixture, "GET k", "nil");
    assert_reply(fixture, "RANDOMKEY", "nil");
    assert_int_equal(engine_expire(fixture->engine), INT64_MAX);
    assert_reply(fixture, "DBSIZE", "1");
    assert_events(fixture, "");
    fixture_advance_ms(fixture, 1000);
    (void)engine_expire(fixture->engine);
    assert_reply(fixture, "DBSIZE", "0");
    assert_events(fixture, "0:expired:k");
}

static void the_end_of_a_pause_makes_readers_remove_it(void **state) {
    struct command_fixture *fixture = *state;
    pause_over_a_due_key(fixture);
    assert_reply(fixture, "GET k", "nil");
    assert_reply(fixture, "CLIENT UNPAUSE", "OK");
    assert_reply(fixture, "GET k", "nil");
    assert_events(fixture, "0:expired:k");
    assert_reply(fixture, "DBSIZE", "0");
}

static void a_transaction_that_begins_the_pause_may_still_write(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "SET k old PX 100", "OK");
    assert_reply(fixture, "MULTI", "OK");
    fixture_run(fixture, "CLIENT PAUSE 1000 WRITE");
    fixture_run(fixture, "GET k");
    fixture_run(fixture, "SET k new");
    fixture_run(fixture, "GET k");
    fixture_run(fixture, "DBSIZE");
    fixture_advance_ms(fixture, 200);
    assert_reply(fixture, "EXEC", "[OK, nil, OK, \"new\", 1]");
    assert_reply(fixture, "KEYS *", "[\"k\"]");
}

static void a_watched_key_that_comes_due_makes_exec_refuse(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "SET k v PX 100", "OK");
    assert_reply(fixture, "WATCH k", "OK");
    assert_reply(fixture, "CLIENT PAUSE 1000 WRITE", "OK");
    assert_reply(fixture, "MULTI", "OK");
    assert_reply(fixture, "EXEC", "[]");
    assert_reply(fixture, "WATCH k", "OK");
    fixture_advance_ms(fixture, 200);
    assert_reply(fixture, "MULTI", "OK");
    assert_reply(fixture, "GET k", "QUEUED");
    assert_reply(fixture, "EXEC", "nil-array");
    assert_reply(fixture, "DBSIZE", "1");
}

static void nothing_is_evicted(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "SET k v", "OK");
    fixture_set_directive(fixture, "maxmemory-policy", "allkeys-random");
    assert_reply(fixture, "CLIENT PAUSE 1000 WRITE", "OK");
    fixture_set_directive(fixture, "maxmemory", "1");
    assert_true(memory_make_room(fixture->engine));
    assert_reply(fixture, "DBSIZE", "1");
    assert_reply(fixture, "CLIENT UNPAUSE", "OK");
    assert_false(memory_make_room(fixture->engine));
    assert_reply(fixture, "DBSIZE", "0");
    fixture_set_directive(fixture, "maxmemory", "0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_that_comes_due_is_not_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_stays_until_the_pause_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_a_pause_makes_readers_remove_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_that_begins_the_pause_may_still_write, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_watched_key_that_comes_due_makes_exec_refuse, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_evicted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
