/* Counters: INCR DECR INCRBY DECRBY INCRBYFLOAT. */
#include "unit/commands/string/string_fixture.h"

static void counters_begin_at_zero_and_keep_their_time(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "INCR a", "1");
    assert_events(f, "0:incrby:a");
    assert_encoding(f, "a", "int");
    run_quietly(f, "PEXPIRE a 1000");
    assert_reply(f, "INCRBY a 41", "42");
    assert_reply(f, "DECR a", "41");
    assert_reply(f, "DECRBY a 50", "-9");
    assert_events(f, "0:incrby:a 0:incrby:a 0:incrby:a");
    assert_reply(f, "PTTL a", "1000");
    assert_reply(f, "DECRBY b -5", "5");
}

static void a_counter_past_its_time_begins_again(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a 5 PX 10");
    fixture_advance_ms(f, 10);
    assert_reply(f, "INCR a", "1");
    assert_events(f, "0:expired:a 0:incrby:a");
    assert_reply(f, "TTL a", "-1");
}

static void a_counter_never_wraps(void **state) {
    struct command_fixture *f = *state;
    static const char *const overflow = "-ERR increment or decrement would overflow";
    run(f, "SET a 9223372036854775807");
    assert_reply(f, "INCR a", overflow);
    assert_reply(f, "INCRBY a 1", overflow);
    assert_reply(f, "INCRBY a 0", "9223372036854775807");
    run(f, "SET a -9223372036854775808");
    (void)fixture_events(f);
    assert_reply(f, "DECR a", overflow);
    assert_reply(f, "DECRBY a 1", overflow);
    assert_reply(f, "DECRBY a -9223372036854775808", "-ERR decrement would overflow");
    assert_reply(f, "GET a", "\"-9223372036854775808\"");
    assert_events(f, "");
    assert_reply(f, "INCRBY a 9223372036854775807", "-1");
    assert_reply(f, "DECRBY absent -9223372036854775808", "-ERR decrement would overflow");
}

static void only_integers_in_plain_form_count(void **state) {
    struct command_fixture *f = *state;
    static const char *const values[] = {
        "text", "\" 11\"", "\"11 \"", "1.0", "\"\"", "9223372036854775808", "0x10", "+1", "01"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char line[64];
        snprintf(line, sizeof(line), "SET a %s", values[i]);
        run_quietly(f, line);
        assert_reply(f, "INCR a", NOT_INTEGER);
        assert_events(f, "");
    }
    run(f, "SET a 1");
    assert_reply(f, "INCRBY a 1.5", NOT_INTEGER);
    assert_reply(f, "INCRBY a 9223372036854775808", NOT_INTEGER);
    assert_reply(f, "DECRBY a \"\"", NOT_INTEGER);
    assert_reply(f, "GET a", "\"1\"");
}

static void an_edited_number_still_counts(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1");
    run(f, "APPEND a 2");
    assert_encoding(f, "a", "raw");
    assert_reply(f, "INCR a", "13");
    assert_encoding(f, "a", "int");
}

static void incrbyfloat_adds_and_writes_plain_numbers(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][3] = {
        {"10.50", "0.1", "\"10.6\""},
        {"5.0e3", "2.0e2", "\"5200\""},
        {"3", "1.5", "\"4.5\""},
        {"1.5", "1.5", "\"3\""},
        {"0.1", "0.2", "\"0.3\""},
        {"1", "-1.1", "\"-0.1\""},
        {"1e17", "1", "\"100000000000000001\""},
        {"3.0e3", "-5.5", "\"2994.5\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[100];
        snprintf(line, sizeof(line), "SET a %s", cases[i][0]);
        run_quietly(f, line);
        snprintf(line, sizeof(line), "INCRBYFLOAT a %s", cases[i][1]);
        assert_reply(f, line, cases[i][2]);
        assert_events(f, "0:incrbyfloat:a");
        assert_reply(f, "GET a", cases[i][2]);
        assert_encoding(f, "a", "embstr");
    }
    assert_reply(f, "INCRBYFLOAT absent -2.25", "\"-2.25\"");
}

static void incrbyfloat_keeps_the_time_and_answers_a_bulk_in_resp3_too(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1 PX 1000");
    f->session.version = RESP3;
    assert_reply(f, "INCRBYFLOAT a 1.5", "\"2.5\"");
    assert_reply(f, "PTTL a", "1000");
}

static void incrbyfloat_refuses_what_is_no_number(void **state) {
    struct command_fixture *f = *state;
    static const char *const not_float = "-ERR value is not a valid float";
    run(f, "SET a text");
    assert_reply(f, "INCRBYFLOAT a 1", not_float);
    run(f, "SET a \" 1\"");
    assert_reply(f, "INCRBYFLOAT a 1", not_float);
    run(f, "SET a 1");
    (void)fixture_events(f);
    assert_reply(f, "INCRBYFLOAT a x", not_float);
    assert_reply(f, "INCRBYFLOAT a nan", not_float);
    assert_reply(f, "INCRBYFLOAT a +inf", "-ERR increment would produce NaN or Infinity");
    assert_reply(f, "GET a", "\"1\"");
    assert_events(f, "");
}

static void counters_refuse_other_types(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {"INCR a",     "DECR a",          "INCRBY a 1",
                                        "DECRBY a 1", "INCRBYFLOAT a 1", "INCRBYFLOAT a x"};
    run(f, "SET a 1");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_wrong_type(f, "a", lines[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(counters_begin_at_zero_and_keep_their_time),
        TEST(a_counter_past_its_time_begins_again),
        TEST(a_counter_never_wraps),
        TEST(only_integers_in_plain_form_count),
        TEST(an_edited_number_still_counts),
        TEST(incrbyfloat_adds_and_writes_plain_numbers),
        TEST(incrbyfloat_keeps_the_time_and_answers_a_bulk_in_resp3_too),
        TEST(incrbyfloat_refuses_what_is_no_number),
        TEST(counters_refuse_other_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
