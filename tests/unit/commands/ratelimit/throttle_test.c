/* CL.THROTTLE as redis-cell answers, and GCRA as the milestones of Redis 8.8. */
#include "unit/commands/ratelimit/ratelimit_fixture.h"

#include <stdio.h>

/* limited limit remaining retry_after_s reset_after_s */

static void replies_are_those_of_redis_cell(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "CL.THROTTLE user123 15 30 60", "[0, 16, 15, -1, 2]");
    assert_events(f, "0:rl.take:user123");
    assert_reply(f, "CL.THROTTLE user123 15 30 60 1", "[0, 16, 14, -1, 4]");
    assert_reply(f, "CL.THROTTLE one 0 1 2 1", "[0, 1, 0, -1, 2]");
    assert_reply(f, "CL.THROTTLE one 0 1 2 1", "[1, 1, 0, 2, 2]");
    fixture_advance_ms(f, 2000);
    assert_reply(f, "CL.THROTTLE one 0 1 2 1", "[0, 1, 0, -1, 2]");
}

/* The table in redis-cell's own tests: moments, volumes and what comes of them. */
static void a_known_sequence_of_takes_comes_out_the_same(void **state) {
    struct command_fixture *f = *state;
    static const struct {
        int at_ms, quantity;
        const char *expected;
    } cases[] = {
        {0, 6, "[1, 5, 5, -1, 0]"},    {0, 1, "[0, 5, 4, -1, 1]"},    {0, 1, "[0, 5, 3, -1, 2]"},
        {0, 1, "[0, 5, 2, -1, 3]"},    {0, 1, "[0, 5, 1, -1, 4]"},    {0, 1, "[0, 5, 0, -1, 5]"},
        {0, 1, "[1, 5, 0, 1, 5]"},     {3000, 1, "[0, 5, 2, -1, 3]"}, {3100, 1, "[0, 5, 1, -1, 4]"},
        {4000, 1, "[0, 5, 1, -1, 4]"}, {8000, 1, "[0, 5, 4, -1, 1]"}, {9500, 1, "[0, 5, 4, -1, 1]"},
        {9500, 0, "[0, 5, 4, -1, 1]"}, {9500, 2, "[0, 5, 2, -1, 3]"}, {9500, 5, "[1, 5, 2, 3, 3]"},
    };
    int now_ms = 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[64];
        fixture_advance_ms(f, cases[i].at_ms - now_ms);
        now_ms = cases[i].at_ms;
        snprintf(line, sizeof(line), "CL.THROTTLE foo 4 1 1 %d", cases[i].quantity);
        assert_reply(f, line, cases[i].expected);
    }
}

static void more_than_a_thousand_a_second_are_limited(void **state) {
    struct command_fixture *f = *state;
    int granted = 0;
    for (int i = 0; i < 3000; i++) granted += fixture_run(f, "CL.THROTTLE k 1999 8000 1")[1] == '0';
    assert_int_equal(granted, 2000);
}

static void seconds_are_rounded_up(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "CL.THROTTLE k 0 1 2");
    fixture_advance_ms(f, 999);
    assert_reply(f, "CL.THROTTLE k 0 1 2", "[1, 1, 0, 2, 2]");
    fixture_advance_ms(f, 1);
    assert_reply(f, "CL.THROTTLE k 0 1 2", "[1, 1, 0, 1, 1]");
    fixture_advance_ms(f, 999);
    assert_reply(f, "CL.THROTTLE k 0 1 2", "[1, 1, 0, 1, 1]");
}

static void a_blocked_key_is_limited(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.BLOCK k 4500");
    assert_reply(f, "CL.THROTTLE k 4 1 1", "[1, 5, 0, 5, 5]");
    assert_reply(f, "CL.THROTTLE k 4 1 1 0", "[1, 5, 0, 5, 5]");
}

static void an_unused_key_may_be_asked(void **state) {
    struct command_fixture *f = *state;
    assert_refused(f, "CL.THROTTLE k 4 1 1 0", "[0, 5, 5, -1, 0]");
    assert_reply(f, "EXISTS k", "0");
}

static void bad_arguments_are_named(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][2] = {
        {"CL.THROTTLE k -1 1 1", "max_burst is not an integer from 0 to 9007199254740991"},
        {"CL.THROTTLE k x 1 1", "max_burst is not an integer from 0 to 9007199254740991"},
        {"CL.THROTTLE k 1 0 1", "count is not an integer from 1 to 9007199254740992"},
        {"CL.THROTTLE k 1 1 0", "period is not an integer from 1 to 9007199254740"},
        {"CL.THROTTLE k 1 1 9007199254741", "period is not an integer from 1 to 9007199254740"},
        {"CL.THROTTLE k 1 1 1 -1", "quantity is not an integer from 0 to 2147483648"},
        {"CL.THROTTLE k 1 1 1 2147483649", "quantity is not an integer from 0 to 2147483648"},
        {"CL.THROTTLE k 1 1 1 1 1", "wrong number of arguments for 'cl.throttle' command"},
        {"CL.THROTTLE k 1 1", "wrong number of arguments for 'cl.throttle' command"},
        {"GCRA k -1 1 1", "max_burst is not an integer from 0 to 9007199254740991"},
        {"GCRA k 1 0 1", "tokens_per_period is not an integer from 1 to 9007199254740992"},
        {"GCRA k 1 1 x", "value is not a valid float"},
        {"GCRA k 1 1 0", "period is not from 0.000001 to below 1e12 seconds"},
        {"GCRA k 1 1 -1", "period is not from 0.000001 to below 1e12 seconds"},
        {"GCRA k 1 1 inf", "period is not from 0.000001 to below 1e12 seconds"},
        {"GCRA k 1 1 1e12", "period is not from 0.000001 to below 1e12 seconds"},
        {"GCRA k 1 9007199254740992 0.0001",
         "period is not a whole number of milliseconds, and tokens_per_period or period is too "
         "large for that"},
        {"GCRA k 1 1 1 COST 2", "syntax error"},
        {"GCRA k 1 1 1 TOKENS", "Missing TOKENS value"},
        {"GCRA k 1 1 1 TOKENS -1", "TOKENS is not an integer from 0 to 2147483648"},
        {"GCRA k 1 1 1 TOKENS 1 2", "wrong number of arguments for 'gcra' command"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof(expected), "-ERR %s", cases[i][1]);
        assert_refused(f, cases[i][0], expected);
    }
    assert_reply(f, "EXISTS k", "0");
}

static void gcra_answers_in_seconds(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "GCRA k 5 10 60", "[0, 6, 5, -1, 6]");
    assert_reply(f, "GCRA k 5 10 60 TOKENS 5", "[0, 6, 0, -1, 36]");
    assert_reply(f, "GCRA k 5 10 60", "[1, 6, 0, 6, 36]");
    assert_reply(f, "GCRA k 5 10 60 tokens 7", "[1, 6, 0, -1, 36]");
    assert_reply(f, "GCRA k 5 10 60 TOKENS 0", "[0, 6, 0, -1, 36]");
    assert_reply(f, "RL.INFO k",
                 "[\"algorithm\", \"GCRA\", \"policy\", \"GCRA 5 10 60000\", "
                 "\"limit\", 6, \"remaining\", 0, \"reset_after_ms\", 36000, "
                 "\"blocked_ms\", 0]");
}

static void gcra_takes_fractions_of_a_second(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "GCRA k 0 1 2.5", "[0, 1, 0, -1, 3]");
    assert_holds(f, "RL.INFO k", "\"GCRA 0 1 2500\"");
    assert_reply(f, "GCRA us 9 1 0.0005", "[0, 10, 9, -1, 1]");
    assert_holds(f, "RL.INFO us", "\"GCRA 9 1000 500\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replies_are_those_of_redis_cell, start, stop),
        cmocka_unit_test_setup_teardown(a_known_sequence_of_takes_comes_out_the_same, start, stop),
        cmocka_unit_test_setup_teardown(more_than_a_thousand_a_second_are_limited, start, stop),
        cmocka_unit_test_setup_teardown(seconds_are_rounded_up, start, stop),
        cmocka_unit_test_setup_teardown(a_blocked_key_is_limited, start, stop),
        cmocka_unit_test_setup_teardown(an_unused_key_may_be_asked, start, stop),
        cmocka_unit_test_setup_teardown(bad_arguments_are_named, start, stop),
        cmocka_unit_test_setup_teardown(gcra_answers_in_seconds, start, stop),
        cmocka_unit_test_setup_teardown(gcra_takes_fractions_of_a_second, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
