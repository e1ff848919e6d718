/* INCREX: a counter with bounds and a lifetime. */
#include "unit/commands/string/string_fixture.h"

static void it_answers_the_new_value_and_what_was_added(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCREX a", "[1, 1]");
    assert_events(f, "0:incrby:a");
    assert_reply(f, "INCREX a BYINT 5", "[6, 5]");
    assert_reply(f, "INCREX a byint -10", "[-4, -10]");
    assert_reply(f, "GET a", "\"-4\"");
    assert_encoding(f, "a", "int");
}

static void out_of_bounds_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a 5 PX 1000");
    assert_reply(f, "INCREX a BYINT 6 UBOUND 10 EX 100", "[5, 0]");
    assert_reply(f, "INCREX a BYINT -6 LBOUND 0 PERSIST", "[5, 0]");
    assert_reply(f, "INCREX a BYINT 1 LBOUND 7", "[5, 0]");
    assert_events(f, "");
    assert_reply(f, "PTTL a", "1000");
    assert_reply(f, "GET a", "\"5\"");
    assert_reply(f, "INCREX absent LBOUND 5 EX 10", "[0, 0]");
    assert_reply(f, "EXISTS absent", "0");
    assert_events(f, "");
}

static void the_bounds_themselves_are_allowed(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCREX a BYINT 10 UBOUND 10", "[10, 10]");
    assert_reply(f, "INCREX a BYINT -10 LBOUND 0", "[0, -10]");
    assert_reply(f, "INCREX a BYINT 3 LBOUND 3 UBOUND 3", "[3, 3]");
}

static void saturate_stops_at_the_bound(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 5");
    assert_reply(f, "INCREX a BYINT 100 UBOUND 10 SATURATE", "[10, 5]");
    (void)fixture_events(f);
    assert_reply(f, "INCREX a BYINT 1 UBOUND 10 SATURATE PX 77", "[10, 0]");
    assert_events(f, "0:incrby:a 0:expire:a");
    assert_reply(f, "PTTL a", "77");
    assert_reply(f, "INCREX a BYINT -100 LBOUND -3 SATURATE", "[-3, -13]");
    assert_reply(f, "INCREX a BYINT 1 LBOUND 10 SATURATE", "[10, 13]");
}

static void the_ends_of_64_bits_are_bounds_too(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 9223372036854775807");
    assert_reply(f, "INCREX a", "[9223372036854775807, 0]");
    assert_reply(f, "INCREX a BYINT 1 SATURATE", "[9223372036854775807, 0]");
    run(f, "SET a 9223372036854775800");
    assert_reply(f, "INCREX a BYINT 9223372036854775807 SATURATE", "[9223372036854775807, 7]");
    run(f, "SET a -9223372036854775807");
    assert_reply(f, "INCREX a BYINT -5", "[-9223372036854775807, 0]");
    assert_reply(f, "INCREX a BYINT -5 SATURATE", "[-9223372036854775808, -1]");
}

static void a_lifetime_is_set_in_each_unit(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCREX a EX 10", "[1, 1]");
    assert_events(f, "0:incrby:a 0:expire:a");
    assert_reply(f, "PTTL a", "10000");
    run(f, "INCREX a PX 1234");
    assert_reply(f, "PTTL a", "1234");
    run(f, "INCREX a EXAT 1800000000");
    assert_reply(f, "PEXPIRETIME a", "1800000000000");
    run(f, "INCREX a PXAT 1800000000123");
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    run(f, "INCREX a");
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    (void)fixture_events(f);
    assert_reply(f, "INCREX a PERSIST", "[6, 1]");
    assert_events(f, "0:incrby:a 0:persist:a");
    assert_reply(f, "TTL a", "-1");
    assert_reply(f, "INCREX a PERSIST", "[7, 1]");
    assert_events(f, "0:incrby:a");
}

static void enx_gives_a_time_only_to_a_key_without_one(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCREX a EX 10 ENX", "[1, 1]");
    fixture_advance_ms(f, 4000);
    (void)fixture_events(f);
    assert_reply(f, "INCREX a EX 10 ENX", "[2, 1]");
    assert_events(f, "0:incrby:a");
    assert_reply(f, "PTTL a", "6000");
    run(f, "SET b 7");
    assert_reply(f, "INCREX b ENX PX 50", "[8, 1]");
    assert_reply(f, "PTTL b", "50");
}

static void a_window_opens_fills_and_opens_again(void **state) {
    struct command_fixture *f = *state;
    static const char *const line = "INCREX window UBOUND 3 EX 1 ENX";
    for (int round = 0; round < 3; round++) {
        assert_reply(f, line, "[1, 1]");
        fixture_advance_ms(f, 500);
        assert_reply(f, line, "[2, 1]");
        assert_reply(f, line, "[3, 1]");
        assert_reply(f, line, "[3, 0]");
        assert_reply(f, "PTTL window", "500");
        fixture_advance_ms(f, 499);
        assert_reply(f, line, "[3, 0]");
        fixture_advance_ms(f, 1);
    }
}

static void floats_are_bulks_in_resp2_and_doubles_in_resp3(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCREX a BYFLOAT 1.5", "[\"1.5\", \"1.5\"]");
    assert_events(f, "0:incrbyfloat:a");
    assert_reply(f, "INCREX a BYFLOAT 0.25 UBOUND 1.6", "[\"1.5\", \"0\"]");
    assert_reply(f, "INCREX a BYFLOAT 0.25 UBOUND 1.6 SATURATE LBOUND -1", "[\"1.6\", \"0.1\"]");
    f->session.version = RESP3;
    assert_reply(f, "INCREX a BYFLOAT -0.35", "[1.25, -0.35]");
    assert_true(bytes_equal(fixture_raw_reply(f), BYTES("*2\r\n,1.25\r\n,-0.35\r\n")));
    assert_reply(f, "GET a", "\"1.25\"");
    assert_reply(f, "INCREX n BYINT 2", "[2, 2]");
}

static void it_refuses_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {
        "INCREX a BYINT",
        "INCREX a BYINT 1 BYINT 2",
        "INCREX a BYINT 1 BYFLOAT 2",
        "INCREX a LBOUND",
        "INCREX a UBOUND 1 UBOUND 1",
        "INCREX a SATURATE SATURATE",
        "INCREX a EX 1 PX 1",
        "INCREX a EX 1 PERSIST",
        "INCREX a PERSIST EX 1",
        "INCREX a PERSIST ENX",
        "INCREX a nonsense",
        "INCREX a EX",
        "INCREX a EX 1 ENX ENX",
        "INCREX a 5",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(f, lines[i], SYNTAX);
    assert_reply(f, "INCREX", "-ERR wrong number of arguments for 'increx' command");
    assert_reply(f, "INCREX a ENX", "-ERR ENX flag requires an expiration");
    assert_reply(f, "INCREX a EX 0", "-ERR invalid expire time in 'increx' command");
    assert_reply(f, "INCREX a EX x", NOT_INTEGER);
    assert_reply(f, "INCREX a LBOUND 2 UBOUND 1", "-ERR LBOUND can't be greater than UBOUND");
    assert_reply(f, "INCREX a BYFLOAT 1 LBOUND 2 UBOUND 1.5",
                 "-ERR LBOUND can't be greater than UBOUND");
    assert_reply(f, "EXISTS a", "0");
    assert_events(f, "");
}

static void it_refuses_what_is_no_number(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCREX a BYINT 1.5", "-ERR Increment is not an integer or out of range");
    assert_reply(f, "INCREX a UBOUND x", "-ERR UBOUND is not an integer or out of range");
    assert_reply(f, "INCREX a BYFLOAT x", "-ERR Increment is not a valid float");
    assert_reply(f, "INCREX a BYFLOAT 1 LBOUND nan", "-ERR LBOUND is not a valid float");
    run_quietly(f, "SET a 1.5 PX 1000");
    assert_reply(f, "INCREX a EX 10", NOT_INTEGER);
    run_quietly(f, "SET a text PX 1000");
    assert_reply(f, "INCREX a BYFLOAT 1 PERSIST", "-ERR value is not a valid float");
    assert_reply(f, "PTTL a", "1000");
    assert_events(f, "");
    assert_wrong_type(f, "a", "INCREX a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_answers_the_new_value_and_what_was_added),
        TEST(out_of_bounds_changes_nothing),
        TEST(the_bounds_themselves_are_allowed),
        TEST(saturate_stops_at_the_bound),
        TEST(the_ends_of_64_bits_are_bounds_too),
        TEST(a_lifetime_is_set_in_each_unit),
        TEST(enx_gives_a_time_only_to_a_key_without_one),
        TEST(a_window_opens_fills_and_opens_again),
        TEST(floats_are_bulks_in_resp2_and_doubles_in_resp3),
        TEST(it_refuses_bad_arguments),
        TEST(it_refuses_what_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
