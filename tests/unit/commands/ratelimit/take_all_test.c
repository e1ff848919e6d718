/* RL.TAKEALL: all limits are charged, or none. */
#include "unit/commands/ratelimit/ratelimit_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void all_are_charged(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.TAKEALL 2 a FIXED 5 1000 b BUCKET 3 1 1000 COST 2",
                 "[1, 3, 1, 0, 2000, 2, 0, \"ok\", 1, [[1, 5, 4, 0, 1000, 1, 0, \"ok\"], "
                 "[1, 3, 1, 0, 2000, 2, 0, \"ok\"]]]");
    assert_events(f, "0:rl.take:a 0:rl.take:b");
    assert_holds(f, "RL.PEEK a FIXED 5 1000", "[1, 5, 3,");
    assert_holds(f, "RL.PEEK b BUCKET 3 1 1000", "[1, 3, 0,");
}

static void none_is_charged_when_one_denies(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE b FIXED 1 1000");
    run_quietly(f, "RL.TAKE a FIXED 5 1000");
    assert_refused(f, "RL.TAKEALL 3 new FIXED 5 1000 a FIXED 5 1000 COST 2 b FIXED 1 1000",
                   "[0, 1, 0, 1000, 1000, 0, 0, \"limited\", 2, [[1, 5, 5, 0, 0, 0, 0, \"ok\"], "
                   "[1, 5, 4, 0, 1000, 0, 0, \"ok\"], [0, 1, 0, 1000, 1000, 0, 0, \"limited\"]]]");
    assert_reply(f, "EXISTS new", "0");
    assert_holds(f, "RL.PEEK a FIXED 5 1000", "[1, 5, 3,");
}

static void the_binding_limit_is_the_one_that_denies_longest(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE short FIXED 1 1000");
    run_quietly(f, "RL.TAKE long FIXED 1 9000");
    assert_holds(f, "RL.TAKEALL 2 short FIXED 1 1000 long FIXED 1 9000",
                 "[0, 1, 0, 9000, 9000, 0, 0, \"limited\", 1, ");
    assert_holds(f, "RL.TAKEALL 3 long FIXED 1 9000 never FIXED 1 1000 COST 2 short FIXED 1 1000",
                 "[0, 1, 1, -1, 0, 0, 0, \"too_big\", 1, ");
    run_quietly(f, "RL.BLOCK blocked 20000");
    assert_holds(f, "RL.TAKEALL 2 long FIXED 1 9000 blocked FIXED 1 1000",
                 "[0, 1, 0, 20000, 20000, 0, 0, \"blocked\", 1, ");
}

static void the_summary_has_the_longest_delay(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE queue LEAKY 10 1 1000 COST 3");
    assert_holds(f, "RL.TAKEALL 2 tight FIXED 1 1000 queue LEAKY 10 1 1000",
                 "[1, 1, 0, 0, 1000, 1, 3000, \"ok\", 0, ");
}

static void resp3_has_maps(void **state) {
    struct command_fixture *f = *state;
    f->session.version = RESP3;
    assert_reply(
        f, "RL.TAKEALL 1 a FIXED 5 1000",
        "{\"allowed\": 1, \"limit\": 5, \"remaining\": 4, \"retry_after_ms\": 0, "
        "\"reset_after_ms\": 1000, \"granted\": 1, \"delay_ms\": 0, \"reason\": \"ok\", "
        "\"index\": 0, \"limits\": [{\"allowed\": 1, \"limit\": 5, \"remaining\": 4, "
        "\"retry_after_ms\": 0, \"reset_after_ms\": 1000, \"granted\": 1, \"delay_ms\": 0, "
        "\"reason\": \"ok\"}]}");
}

static void leases_and_stored_policies_take_part(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.POLICY SET user FIXED 2 1000");
    run_quietly(f, "RL.POLICY SET jobs CONCURRENT 1 5000");
    static const char line[] = "RL.TAKEALL 3 u USE user j USE jobs TOKEN %s l LOG 9 1000 COST 4";
    char first[128], second[128];
    snprintf(first, sizeof(first), line, "one");
    snprintf(second, sizeof(second), line, "two");
    assert_holds(f, first, "[1, 1, 0, 0, 5000, 1, 0, \"ok\", 1, ");
    assert_holds(f, second, "[0, 1, 0, 5000, 5000, 0, 0, \"limited\", 1, ");
    assert_holds(f, "RL.PEEK u USE user", "[1, 2, 0,");
    assert_holds(f, "RL.PEEK l LOG 9 1000", "[1, 9, 4,");
}

static void bad_requests_change_nothing(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][2] = {
        {"0 a FIXED 1 1", "numkeys is not an integer from 1 to 64"},
        {"65 a FIXED 1 1", "numkeys is not an integer from 1 to 64"},
        {"x a FIXED 1 1", "numkeys is not an integer from 1 to 64"},
        {"2 a FIXED 1 1", "numkeys says 2 keys, 1 have a policy"},
        {"1 a FIXED 1 1 b FIXED 1 1",
         "numkeys says 1 keys, but more arguments follow their policies"},
        {"2 a FIXED 1 1 b", "a policy is missing"},
        {"2 a FIXED 1 1 b FIXED 0 1", "limit is not an integer from 1 to 9007199254740992"},
        {"2 a FIXED 1 1 a FIXED 1 1", "key 2 is the same as key 1"},
        {"3 a FIXED 1 1 b FIXED 1 1 b FIXED 1 1", "key 3 is the same as key 2"},
        {"2 a FIXED 1 1 COST 0 b FIXED 1 1", "COST is not an integer from 1 to 2147483648"},
        {"2 a FIXED 1 1 b CONCURRENT 1 1",
         "TOKEN is missing: CONCURRENT names the lease that it takes"},
        {"2 a FIXED 1 1 other BUCKET 1 1 1", "the key holds a LOG limiter, not BUCKET"},
    };
    run_quietly(f, "RL.TAKE other LOG 5 1000");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[256], expected[256];
        snprintf(line, sizeof(line), "RL.TAKEALL %s", cases[i][0]);
        snprintf(expected, sizeof(expected), "-ERR %s", cases[i][1]);
        assert_refused(f, line, expected);
    }
    run_quietly(f, "SET s value");
    assert_refused(f, "RL.TAKEALL 2 a FIXED 1 1 s FIXED 1 1",
                   "-WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_reply(f, "EXISTS a b", "0");
}

/* Against a model: fixed windows that never end, as plain counts. */
static void random_requests_are_all_or_nothing(void **state) {
    struct command_fixture *f = *state;
    enum { KEYS = 4, LIMIT = 40, ROUNDS = 3000 };
    int left[KEYS], granted = 0;
    uint32_t seed = 1;
    for (int i = 0; i < KEYS; i++) left[i] = LIMIT;
    for (int round = 0; round < ROUNDS; round++) {
        char line[512];
        int cost[KEYS], count = 0;
        bool is_allowed = true;
        size_t len = 0;
        char parts[400] = "";
        for (int i = 0; i < KEYS; i++) {
            seed = seed * 1664525 + 1013904223;
            cost[i] = (int)(seed >> 28) % 4;
            if (cost[i] == 0) continue;
            count++;
            is_allowed &= cost[i] <= left[i];
            len += (size_t)snprintf(parts + len, sizeof(parts) - len,
                                    " k%d FIXED %d 100000 COST %d", i, LIMIT, cost[i]);
        }
        if (count == 0) continue;
        snprintf(line, sizeof(line), "RL.TAKEALL %d%s", count, parts);
        assert_int_equal(fixture_run(f, line)[1] == '1', is_allowed);
        granted += is_allowed;
        for (int i = 0; i < KEYS && is_allowed; i++) left[i] -= cost[i];
        if (round % 100 == 99) {
            for (int i = 0; i < KEYS; i++) left[i] = LIMIT;
            run_quietly(f, "RL.RESET k0 k1 k2 k3");
        }
    }
    assert_true(granted > 100);
    for (int i = 0; i < KEYS; i++) {
        char line[64], expected[64];
        snprintf(line, sizeof(line), "RL.PEEK k%d FIXED %d 100000 COST 1", i, LIMIT);
        snprintf(expected, sizeof(expected), "[1, %d, %d,", LIMIT, left[i] - 1);
        assert_holds(f, line, expected);
    }
}

static void its_keys_are_found(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "COMMAND GETKEYS RL.TAKEALL 2 a FIXED 1 1 ALIGNED COST 3 b BUCKET 1 1 1",
                 "[\"a\", \"b\"]");
    assert_reply(f, "COMMAND GETKEYS RL.TAKEALL 1 a USE name", "[\"a\"]");
    assert_reply(f, "COMMAND GETKEYS RL.TAKEALL 2 a USE name",
                 "-ERR Invalid arguments specified for "
                 "command");
    assert_reply(f, "COMMAND GETKEYS RL.TAKE a USE name", "[\"a\"]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_charged, start, stop),
        cmocka_unit_test_setup_teardown(none_is_charged_when_one_denies, start, stop),
        cmocka_unit_test_setup_teardown(the_binding_limit_is_the_one_that_denies_longest, start,
                                        stop),
        cmocka_unit_test_setup_teardown(the_summary_has_the_longest_delay, start, stop),
        cmocka_unit_test_setup_teardown(resp3_has_maps, start, stop),
        cmocka_unit_test_setup_teardown(leases_and_stored_policies_take_part, start, stop),
        cmocka_unit_test_setup_teardown(bad_requests_change_nothing, start, stop),
        cmocka_unit_test_setup_teardown(random_requests_are_all_or_nothing, start, stop),
        cmocka_unit_test_setup_teardown(its_keys_are_found, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
