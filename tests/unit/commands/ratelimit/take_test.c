/* RL.TAKE and RL.PEEK: every policy, the modes, header fields, and what is refused. */
#include "unit/commands/ratelimit/ratelimit_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* allowed limit remaining retry_after_ms reset_after_ms granted delay_ms reason */

static void a_bucket_starts_full_and_refills(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.TAKE k BUCKET 3 1 1000", "[1, 3, 2, 0, 1000, 1, 0, \"ok\"]");
    assert_events(f, "0:rl.take:k");
    assert_reply(f, "RL.TAKE k bucket 3 1 1000 COST 2", "[1, 3, 0, 0, 3000, 2, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE k BUCKET 3 1 1000", "[0, 3, 0, 1000, 3000, 0, 0, \"limited\"]");
    fixture_advance_ms(f, 999);
    assert_reply(f, "RL.TAKE k BUCKET 3 1 1000", "[0, 3, 0, 1, 2001, 0, 0, \"limited\"]");
    fixture_advance_ms(f, 1);
    assert_reply(f, "RL.TAKE k BUCKET 3 1 1000", "[1, 3, 0, 0, 3000, 1, 0, \"ok\"]");
}

static void every_algorithm_answers_by_its_rule(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.TAKE g GCRA 0 1 1000", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE g GCRA 0 1 1000", "[0, 1, 0, 1000, 1000, 0, 0, \"limited\"]");
    assert_reply(f, "RL.TAKE l LEAKY 2 1 1000", "[1, 2, 1, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE l LEAKY 2 1 1000", "[1, 2, 0, 0, 2000, 1, 1000, \"ok\"]");
    assert_reply(f, "RL.TAKE l LEAKY 2 1 1000", "[0, 2, 0, 1000, 2000, 0, 0, \"limited\"]");
    assert_reply(f, "RL.TAKE f FIXED 1 1000", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE f FIXED 1 1000", "[0, 1, 0, 1000, 1000, 0, 0, \"limited\"]");
    assert_reply(f, "RL.TAKE o LOG 1 1000", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE o LOG 1 1000", "[0, 1, 0, 1000, 1000, 0, 0, \"limited\"]");
    assert_reply(f, "RL.TAKE c CONCURRENT 1 1000 TOKEN a", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE c CONCURRENT 1 1000 TOKEN b",
                 "[0, 1, 0, 1000, 1000, 0, 0, \"limited\"]");
    assert_reply(f, "RL.TAKE c CONCURRENT 1 1000 TOKEN a", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
}

static void windows_may_be_aligned_or_slide_in_buckets(void **state) {
    struct command_fixture *f = *state;
    fixture_advance_ms(f, 250);
    assert_reply(f, "RL.TAKE a FIXED 1 1000 ALIGNED", "[1, 1, 0, 0, 750, 1, 0, \"ok\"]");
    fixture_advance_ms(f, 750);
    assert_reply(f, "RL.TAKE a FIXED 1 1000 ALIGNED", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
    assert_holds(f, "RL.TAKE s SLIDING 1 1000", "[1, 1, 0, 0, ");
    assert_holds(f, "RL.TAKE s SLIDING 1 1000", "[0, 1, 0, ");
    assert_holds(f, "RL.TAKE b SLIDING 1 1000 BUCKETS 10", "[1, 1, 0, 0, ");
    assert_holds(f, "RL.INFO b", "\"SLIDING 1 1000 BUCKETS 10\"");
    assert_holds(f, "RL.INFO s", "\"SLIDING 1 1000\"");
    assert_holds(f, "RL.INFO a", "\"FIXED 1 1000 ALIGNED\"");
}

static void a_denied_take_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k FIXED 2 1000");
    const char *before = strdup(fixture_run(f, "DUMP k"));
    assert_refused(f, "RL.TAKE k FIXED 2 1000 COST 2", "[0, 2, 1, 1000, 1000, 0, 0, \"limited\"]");
    assert_reply(f, "DUMP k", before);
    assert_refused(f, "RL.TAKE new FIXED 2 1000 COST 3", "[0, 2, 2, -1, 0, 0, 0, \"too_big\"]");
    assert_reply(f, "EXISTS new", "0");
    free((void *)(uintptr_t)before);
}

static void upto_grants_what_fits(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.TAKE k FIXED 5 1000 COST 8 MODE UPTO", "[1, 5, 0, 0, 1000, 5, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE k FIXED 5 1000 MODE upto COST 8",
                 "[0, 5, 0, 1000, 1000, 0, 0, \"limited\"]");
}

static void drain_empties_what_denies(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.TAKE k FIXED 5 1000 COST 3", "[1, 5, 2, 0, 1000, 3, 0, \"ok\"]");
    (void)fixture_events(f);
    assert_reply(f, "RL.TAKE k FIXED 5 1000 COST 3 MODE DRAIN",
                 "[0, 5, 0, 1000, 1000, 0, 0, \"limited\"]");
    assert_events(f, "0:rl.take:k");
    assert_reply(f, "RL.TAKE k FIXED 5 1000", "[0, 5, 0, 1000, 1000, 0, 0, \"limited\"]");
}

static void peek_answers_what_take_would(void **state) {
    struct command_fixture *f = *state;
    assert_refused(f, "RL.PEEK k BUCKET 3 1 1000", "[1, 3, 2, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "EXISTS k", "0");
    run_quietly(f, "RL.TAKE k BUCKET 3 1 1000 COST 3");
    assert_refused(f, "RL.PEEK k BUCKET 3 1 1000 COST 2",
                   "[0, 3, 0, 2000, 3000, 0, 0, \"limited\"]");
    assert_refused(f, "RL.PEEK c CONCURRENT 1 1000 TOKEN a", "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
}

static void resp3_has_a_map(void **state) {
    struct command_fixture *f = *state;
    f->session.version = RESP3;
    assert_reply(f, "RL.TAKE k BUCKET 3 1 1000",
                 "{\"allowed\": 1, \"limit\": 3, \"remaining\": 2, \"retry_after_ms\": 0, "
                 "\"reset_after_ms\": 1000, \"granted\": 1, \"delay_ms\": 0, \"reason\": \"ok\"}");
    assert_holds(f, "RL.PEEK k BUCKET 3 1 1000 HEADERS",
                 "\"RateLimit-Policy\": \"\\\"bucket\\\";q=3;w=3\", \"RateLimit\": "
                 "\"\\\"bucket\\\";r=1;t=2\", \"Retry-After\": nil}");
}

static void headers_are_ready_to_send(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.TAKE k FIXED 1 1500 HEADERS",
                 "[1, 1, 0, 0, 1500, 1, 0, \"ok\", \"\\\"fixed\\\";q=1;w=2\", "
                 "\"\\\"fixed\\\";r=0;t=2\", nil]");
    fixture_advance_ms(f, 500);
    assert_reply(f, "RL.TAKE k FIXED 1 1500 HEADERS",
                 "[0, 1, 0, 1000, 1000, 0, 0, \"limited\", \"\\\"fixed\\\";q=1;w=2\", "
                 "\"\\\"fixed\\\";r=0;t=1\", \"1\"]");
    fixture_advance_ms(f, 999);
    assert_holds(f, "RL.TAKE k FIXED 1 1500 HEADERS", "r=0;t=1\", \"1\"]");
    assert_holds(f, "RL.TAKE k FIXED 1 1500 COST 2 HEADERS",
                 "\"too_big\", \"\\\"fixed\\\";q=1;w=2\", "
                 "\"\\\"fixed\\\";r=0;t=1\", nil]");
    assert_holds(f, "RL.TAKE c CONCURRENT 5 60000 TOKEN a HEADERS",
                 "\"\\\"concurrent\\\";q=5;qu=\\\"concurrent-requests\\\"\"");
    assert_holds(f, "RL.TAKE g GCRA 4 100 1000 HEADERS", "\"\\\"gcra\\\";q=5;w=1\"");
    assert_holds(f, "RL.TAKE big BUCKET 9007199254740992 1 9007199254740992 HEADERS",
                 "q=999999999999999;w=999999999999999\", \"\\\"bucket\\\";r=999999999999999;");
}

static void changed_limits_count_at_once(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k BUCKET 10 1 1000 COST 10");
    assert_holds(f, "RL.TAKE k BUCKET 10 1 1000", "[0, 10, 0, 1000,");
    assert_holds(f, "RL.TAKE k BUCKET 10 1000 1000", "[0, 10, 0, 1,");
    run_quietly(f, "RL.TAKE w FIXED 1 1000");
    assert_holds(f, "RL.TAKE w FIXED 2 1000", "[1, 2, 0,");
}

static void many_a_second_is_no_limit_of_limits(void **state) {
    struct command_fixture *f = *state;
    int granted = 0;
    for (int i = 0; i < 6000; i++)
        granted += fixture_run(f, "RL.TAKE k BUCKET 5000 5000 1000")[1] == '1';
    assert_int_equal(granted, 5000);
}

static void one_transaction_is_one_moment(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "MULTI");
    run_quietly(f, "RL.TAKE k FIXED 2 1000");
    run_quietly(f, "RL.TAKE k FIXED 2 1000");
    run_quietly(f, "RL.TAKE k FIXED 2 1000");
    fixture_advance_ms(f, 400);
    assert_reply(f, "EXEC",
                 "[[1, 2, 1, 0, 1000, 1, 0, \"ok\"], [1, 2, 0, 0, 1000, 1, 0, \"ok\"], "
                 "[0, 2, 0, 1000, 1000, 0, 0, \"limited\"]]");
}

static void a_key_goes_when_it_is_as_new(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k BUCKET 3 1 1000 COST 2");
    assert_reply(f, "PTTL k", "2000");
    run_quietly(f, "RL.TAKE k BUCKET 3 1 1000");
    assert_reply(f, "PTTL k", "3000");
    fixture_advance_ms(f, 2999);
    fixture_expire_due(f);
    assert_reply(f, "EXISTS k", "1");
    (void)fixture_events(f);
    fixture_advance_ms(f, 10); /* the calendar looks every few ms */
    fixture_expire_due(f);
    assert_events(f, "0:expired:k");
    assert_reply(f, "RL.TAKE k BUCKET 3 1 1000", "[1, 3, 2, 0, 1000, 1, 0, \"ok\"]");
}

static void bad_numbers_are_named(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][2] = {
        {"BUCKET 0 1 1000", "capacity is not an integer from 1 to 9007199254740992"},
        {"BUCKET -1 1 1000", "capacity is not an integer from 1 to 9007199254740992"},
        {"BUCKET 9007199254740993 1 1", "capacity is not an integer from 1 to 9007199254740992"},
        {"BUCKET 1 0 1000", "refill is not an integer from 1 to 9007199254740992"},
        {"BUCKET 1 99999999999999999999 1", "refill is not an integer from 1 to 9007199254740992"},
        {"BUCKET 1 1 0", "period_ms is not an integer from 1 to 9007199254740992"},
        {"BUCKET 1 1 9007199254740993", "period_ms is not an integer from 1 to 9007199254740992"},
        {"GCRA -1 1 1", "burst is not an integer from 0 to 9007199254740991"},
        {"GCRA 9007199254740992 1 1", "burst is not an integer from 0 to 9007199254740991"},
        {"GCRA 0 0 1", "count is not an integer from 1 to 9007199254740992"},
        {"GCRA 0 1 x", "period_ms is not an integer from 1 to 9007199254740992"},
        {"LEAKY 1.5 1 1", "capacity is not an integer from 1 to 9007199254740992"},
        {"LEAKY 1 -5 1", "leak is not an integer from 1 to 9007199254740992"},
        {"LEAKY 1 1 -1", "period_ms is not an integer from 1 to 9007199254740992"},
        {"FIXED 0 1", "limit is not an integer from 1 to 9007199254740992"},
        {"FIXED 1 0", "window_ms is not an integer from 1 to 9007199254740992"},
        {"SLIDING 0 1", "limit is not an integer from 1 to 9007199254740992"},
        {"SLIDING 1 ''", "window_ms is not an integer from 1 to 9007199254740992"},
        {"SLIDING 1 1 BUCKETS 0", "BUCKETS is not an integer from 1 to 64"},
        {"SLIDING 1 1 BUCKETS 65", "BUCKETS is not an integer from 1 to 64"},
        {"LOG 16777217 1", "limit is not an integer from 1 to 16777216"},
        {"LOG 1 0", "window_ms is not an integer from 1 to 9007199254740992"},
        {"CONCURRENT 16777217 1 TOKEN a", "limit is not an integer from 1 to 16777216"},
        {"CONCURRENT 1 0 TOKEN a", "lease_ms is not an integer from 1 to 9007199254740992"},
        {"CONCURRENT 1 1 TOKEN ''", "TOKEN is not of 1 to 255 bytes"},
        {"FIXED 1 1 COST 0", "COST is not an integer from 1 to 2147483648"},
        {"FIXED 1 1 COST -1", "COST is not an integer from 1 to 2147483648"},
        {"FIXED 1 1 COST 2147483649", "COST is not an integer from 1 to 2147483648"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[2][256];
        snprintf(text[0], sizeof(text[0]), "RL.TAKE k %s", cases[i][0]);
        snprintf(text[1], sizeof(text[1]), "-ERR %s", cases[i][1]);
        assert_refused(f, text[0], text[1]);
    }
    assert_reply(f, "EXISTS k", "0");
}

static void bad_words_are_named(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][2] = {
        {"TOKENS 1 1 1",
         "unknown policy 'TOKENS', it is one of BUCKET GCRA LEAKY FIXED SLIDING LOG "
         "CONCURRENT USE"},
        {"'' 1 1 1",
         "unknown policy '', it is one of BUCKET GCRA LEAKY FIXED SLIDING LOG CONCURRENT USE"},
        {"BUCKET 1 1", "arguments are missing: BUCKET capacity refill period_ms"},
        {"GCRA 1 1", "arguments are missing: GCRA burst count period_ms"},
        {"FIXED 1", "arguments are missing: FIXED limit window_ms [ALIGNED]"},
        {"SLIDING 1", "arguments are missing: SLIDING limit window_ms [BUCKETS b]"},
        {"CONCURRENT 1", "arguments are missing: CONCURRENT limit lease_ms"},
        {"CONCURRENT 1 1", "TOKEN is missing: CONCURRENT names the lease that it takes"},
        {"FIXED 1 1 TOKEN a", "'TOKEN' goes with CONCURRENT only"},
        {"BUCKET 1 1 1 ALIGNED", "'ALIGNED' goes with FIXED only"},
        {"FIXED 1 1 BUCKETS 4", "'BUCKETS' goes with SLIDING only"},
        {"FIXED 1 1 COST", "'COST' needs a value"},
        {"FIXED 1 1 MODE", "'MODE' needs a value"},
        {"FIXED 1 1 MODE some", "MODE is not ALL, UPTO or DRAIN: 'some'"},
        {"FIXED 1 1 COST 1 cost 2", "'cost' is given twice"},
        {"FIXED 1 1 HEADERS HEADERS", "'HEADERS' is given twice"},
        {"FIXED 1 1 NOW", "unknown option 'NOW'"},
        {"FIXED 1 1 1", "unknown option '1'"},
        {"USE none", "no policy is stored as 'none'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[256], expected[256];
        snprintf(line, sizeof(line), "RL.TAKE k %s", cases[i][0]);
        snprintf(expected, sizeof(expected), "-ERR %s", cases[i][1]);
        assert_refused(f, line, expected);
    }
    assert_refused(f, "RL.PEEK k FIXED 1 1 MODE ALL", "-ERR unknown option 'MODE'");
    assert_refused(f, "RL.TAKE k BUCKET", "-ERR wrong number of arguments for 'rl.take' command");
}

static void a_long_token_is_refused(void **state) {
    struct command_fixture *f = *state;
    char token[257];
    memset(token, 't', sizeof(token));
    struct bytes args[] = {BYTES("RL.TAKE"), BYTES("k"),     BYTES("CONCURRENT"), BYTES("1"),
                           BYTES("1000"),    BYTES("TOKEN"), bytes_of(token, 256)};
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)),
                        "-ERR TOKEN is not of 1 to 255 bytes");
    args[6].len = 255;
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)),
                        "[1, 1, 0, 0, 1000, 1, 0, \"ok\"]");
}

static void the_largest_numbers_work(void **state) {
    struct command_fixture *f = *state;
    assert_holds(f, "RL.TAKE k BUCKET 9007199254740992 9007199254740992 9007199254740992",
                 "[1, 9007199254740992, 9007199254740991, 0,");
    assert_holds(f, "RL.TAKE g GCRA 9007199254740991 1 9007199254740992 COST 2147483648",
                 "[1, 9007199254740992, 9007197107257344, 0,");
    assert_holds(f, "RL.TAKE f FIXED 9007199254740992 9007199254740992", "[1, 9007199254740992,");
    assert_holds(f, "RL.TAKE s SLIDING 9007199254740992 9007199254740992", "[1, 9007199254740992,");
    assert_holds(f, "RL.TAKE l LOG 16777216 9007199254740992", "[1, 16777216,");
}

static void another_value_under_the_key_is_refused(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET s value");
    static const char wrong[] =
        "-WRONGTYPE Operation against a key holding the wrong kind of value";
    assert_refused(f, "RL.TAKE s FIXED 1 1000", wrong);
    assert_refused(f, "RL.PEEK s FIXED 1 1000", wrong);
    assert_refused(f, "RL.GIVE s 1", wrong);
    assert_refused(f, "RL.RELEASE s t", wrong);
    assert_refused(f, "RL.RENEW s t 1000", wrong);
    assert_refused(f, "RL.BLOCK s 1000", wrong);
    assert_refused(f, "RL.RESET s", wrong);
    assert_refused(f, "RL.INFO s", wrong);
    assert_refused(f, "CL.THROTTLE s 1 1 1", wrong);
    assert_refused(f, "GCRA s 1 1 1", wrong);
    assert_refused(f, "RL.SETSTATE s x", wrong);
    assert_refused(f, "RL.APPLY s 1 GIVE 1", wrong);
    run_quietly(f, "RL.TAKE k FIXED 1 1000");
    assert_refused(f, "GET k", wrong);
    assert_refused(f, "RL.TAKE k BUCKET 1 1 1000",
                   "-ERR the key holds a FIXED limiter, not BUCKET");
    assert_refused(f, "RL.PEEK k LOG 1 1000", "-ERR the key holds a FIXED limiter, not LOG");
    assert_refused(f, "CL.THROTTLE k 1 1 1", "-ERR the key holds a FIXED limiter, not GCRA");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bucket_starts_full_and_refills, start, stop),
        cmocka_unit_test_setup_teardown(every_algorithm_answers_by_its_rule, start, stop),
        cmocka_unit_test_setup_teardown(windows_may_be_aligned_or_slide_in_buckets, start, stop),
        cmocka_unit_test_setup_teardown(a_denied_take_changes_nothing, start, stop),
        cmocka_unit_test_setup_teardown(upto_grants_what_fits, start, stop),
        cmocka_unit_test_setup_teardown(drain_empties_what_denies, start, stop),
        cmocka_unit_test_setup_teardown(peek_answers_what_take_would, start, stop),
        cmocka_unit_test_setup_teardown(resp3_has_a_map, start, stop),
        cmocka_unit_test_setup_teardown(headers_are_ready_to_send, start, stop),
        cmocka_unit_test_setup_teardown(changed_limits_count_at_once, start, stop),
        cmocka_unit_test_setup_teardown(many_a_second_is_no_limit_of_limits, start, stop),
        cmocka_unit_test_setup_teardown(one_transaction_is_one_moment, start, stop),
        cmocka_unit_test_setup_teardown(a_key_goes_when_it_is_as_new, start, stop),
        cmocka_unit_test_setup_teardown(bad_numbers_are_named, start, stop),
        cmocka_unit_test_setup_teardown(bad_words_are_named, start, stop),
        cmocka_unit_test_setup_teardown(a_long_token_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(the_largest_numbers_work, start, stop),
        cmocka_unit_test_setup_teardown(another_value_under_the_key_is_refused, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
