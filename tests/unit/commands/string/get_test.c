/* Reading strings: GET MGET STRLEN GETRANGE SUBSTR GETDEL GETEX. */
#include "unit/commands/string/string_fixture.h"

static void get_answers_the_value_or_nothing(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a text");
    run(f, "SET n -42");
    assert_reply(f, "GET a", "\"text\"");
    assert_reply(f, "GET n", "\"-42\"");
    assert_reply(f, "GET absent", "nil");
    assert_int_equal(f->engine->keyspace->stats.hits, 2);
    assert_int_equal(f->engine->keyspace->stats.misses, 1);
}

static void an_absent_value_is_a_null_bulk_or_the_null_of_resp3(void **state) {
    struct command_fixture *f = *state;
    (void)fixture_run(f, "GET absent");
    assert_true(bytes_equal(fixture_raw_reply(f), BYTES("$-1\r\n")));
    f->session.version = RESP3;
    (void)fixture_run(f, "GET absent");
    assert_true(bytes_equal(fixture_raw_reply(f), BYTES("_\r\n")));
    (void)fixture_run(f, "MGET absent");
    assert_true(bytes_equal(fixture_raw_reply(f), BYTES("*1\r\n_\r\n")));
}

static void a_value_may_hold_any_byte(void **state) {
    struct command_fixture *f = *state;
    char all[256];
    for (size_t i = 0; i < sizeof(all); i++) all[i] = (char)i;
    struct bytes key = bytes_of("\0k\r\n", 4);
    struct bytes set[] = {BYTES("SET"), key, bytes_of(all, sizeof(all))};
    struct bytes get[] = {BYTES("GET"), key};
    assert_string_equal(fixture_run_args(f, set, ARRAY_LEN(set)), "OK");
    (void)fixture_run_args(f, get, ARRAY_LEN(get));
    struct bytes raw = fixture_raw_reply(f);
    assert_int_equal(raw.len, 6 + sizeof(all) + 2);
    assert_memory_equal(raw.data, "$256\r\n", 6);
    assert_memory_equal(raw.data + 6, all, sizeof(all));
}

static void mget_answers_nil_for_what_is_absent_or_no_string(void **state) {
    struct command_fixture *f = *state;
    run(f, "MSET a 1 b two");
    assert_reply(f, "MGET a absent b a", "[\"1\", nil, \"two\", \"1\"]");
    struct database *db = f->engine->keyspace->dbs[0];
    struct entry *entry = database_find(db, key_of(BYTES("a"))).entry;
    entry->type = 15;
    const char *reply = fixture_run(f, "MGET a b");
    entry->type = VALUE_STRING;
    assert_string_equal(reply, "[nil, \"two\"]");
    assert_reply(f, "MGET", "-ERR wrong number of arguments for 'mget' command");
}

static void mget_of_many_keys_keeps_their_order(void **state) {
    struct command_fixture *f = *state;
    enum { KEYS = 200 };
    static char names[KEYS][8];
    struct bytes args[KEYS + 1] = {BYTES("MGET")};
    struct buffer expected = {0};
    for (size_t i = 0; i < KEYS; i++) {
        char line[32];
        snprintf(names[i], sizeof(names[i]), "k%zu", i);
        args[i + 1] = bytes_of_str(names[i]);
        snprintf(line, sizeof(line), "SET k%zu v%zu", i, i);
        if (i % 3 != 0) run(f, line);
        buffer_append_str(&expected, i == 0 ? "[" : ", ");
        if (i % 3 != 0)
            buffer_printf(&expected, "\"v%zu\"", i);
        else
            buffer_append_str(&expected, "nil");
    }
    buffer_append_char(&expected, ']');
    assert_string_equal(fixture_run_args(f, args, KEYS + 1), buffer_c_str(&expected));
    buffer_destroy(&expected);
}

static void strlen_counts_bytes_of_text_and_digits_of_numbers(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a hello");
    run(f, "SET n -9223372036854775808");
    run(f, "SET e \"\"");
    assert_reply(f, "STRLEN a", "5");
    assert_reply(f, "STRLEN n", "20");
    assert_reply(f, "STRLEN e", "0");
    assert_reply(f, "STRLEN absent", "0");
}

static void getrange_cuts_what_lies_outside(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][2] = {
        {"0 3", "\"This\""},
        {"-3 -1", "\"ing\""},
        {"0 -1", "\"This is a string\""},
        {"10 100", "\"string\""},
        {"5 4", "\"\""},
        {"16 20", "\"\""},
        {"-100 3", "\"This\""},
        {"-100 -100", "\"T\""},
        {"-1 -100", "\"\""},
        {"0 -100", "\"T\""},
        {"3 -100", "\"\""},
        {"-9223372036854775808 9223372036854775807", "\"This is a string\""},
    };
    run(f, "SET s \"This is a string\"");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[100];
        snprintf(line, sizeof(line), "GETRANGE s %s", cases[i][0]);
        assert_reply(f, line, cases[i][1]);
        snprintf(line, sizeof(line), "SUBSTR s %s", cases[i][0]);
        assert_reply(f, line, cases[i][1]);
    }
}

static void getrange_of_numbers_empty_and_absent_values(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET n 12345");
    run(f, "SET e \"\"");
    assert_reply(f, "GETRANGE n 1 3", "\"234\"");
    assert_reply(f, "GETRANGE e 0 -1", "\"\"");
    assert_reply(f, "GETRANGE absent 0 -1", "\"\"");
    assert_reply(f, "GETRANGE n x 3", NOT_INTEGER);
    assert_reply(f, "GETRANGE n 1 9223372036854775808", NOT_INTEGER);
    assert_reply(f, "GETRANGE absent 0 x", NOT_INTEGER);
}

static void getdel_takes_the_key_away(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a text EX 100");
    assert_reply(f, "GETDEL a", "\"text\"");
    assert_events(f, "0:del:a");
    assert_reply(f, "EXISTS a", "0");
    assert_reply(f, "GETDEL a", "nil");
    assert_events(f, "");
}

static void getdel_of_a_large_value_answers_it_whole(void **state) {
    struct command_fixture *f = *state;
    enum { LEN = 100000 };
    run(f, "SETRANGE big 99999 z");
    (void)fixture_run(f, "GETDEL big");
    struct bytes raw = fixture_raw_reply(f);
    assert_int_equal(raw.len, 9 + LEN + 2);
    assert_memory_equal(raw.data, "$100000\r\n", 9);
    assert_int_equal(raw.data[9 + LEN - 1], 'z');
    assert_reply(f, "EXISTS big", "0");
}

static void getex_sets_a_time_in_each_unit(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a 1");
    assert_reply(f, "GETEX a", "\"1\"");
    assert_events(f, "");
    assert_reply(f, "GETEX a EX 10", "\"1\"");
    assert_events(f, "0:expire:a");
    assert_reply(f, "PTTL a", "10000");
    assert_reply(f, "GETEX a PX 1234", "\"1\"");
    assert_reply(f, "PTTL a", "1234");
    assert_reply(f, "GETEX a EXAT 1800000000", "\"1\"");
    assert_reply(f, "PEXPIRETIME a", "1800000000000");
    assert_reply(f, "GETEX a PXAT 1800000000123", "\"1\"");
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    (void)fixture_events(f);
    assert_reply(f, "GETEX a PERSIST", "\"1\"");
    assert_events(f, "0:persist:a");
    assert_reply(f, "TTL a", "-1");
    assert_reply(f, "GETEX a PERSIST", "\"1\"");
    assert_events(f, "");
}

static void getex_with_a_time_that_has_passed_deletes(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a 1");
    assert_reply(f, "GETEX a EXAT 1", "\"1\"");
    assert_events(f, "0:del:a");
    assert_reply(f, "EXISTS a", "0");
    run_quietly(f, "SET a 1");
    assert_reply(f, "GETEX a PXAT 1700000000000", "\"1\"");
    assert_events(f, "0:del:a");
}

static void getex_refuses_what_does_not_go_together(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {"GETEX a EX",           "GETEX a EX 10 PX 10",
                                        "GETEX a PERSIST EX 1", "GETEX a EX 1 PERSIST",
                                        "GETEX a KEEPTTL",      "GETEX a nonsense"};
    static const char *const invalid = "-ERR invalid expire time in 'getex' command";
    run_quietly(f, "SET a 1");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(f, lines[i], SYNTAX);
    assert_reply(f, "GETEX a EX 0", invalid);
    assert_reply(f, "GETEX a PX -1", invalid);
    assert_reply(f, "GETEX a EX 9223372036854775807", invalid);
    assert_reply(f, "GETEX a PX 9223372036854775807", invalid);
    assert_reply(f, "GETEX a EX x", NOT_INTEGER);
    assert_reply(f, "GETEX absent EX 10", "nil");
    assert_reply(f, "TTL a", "-1");
    assert_events(f, "");
}

static void readers_refuse_other_types(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {"GET a",    "STRLEN a", "GETRANGE a 0 1",
                                        "GETDEL a", "GETEX a",  "GETEX a EX x"};
    run(f, "SET a 1");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_wrong_type(f, "a", lines[i]);
}

static void only_a_missed_read_says_keymiss(void **state) {
    struct command_fixture *f = *state;
    fixture_want_all_events(f);
    assert_reply(f, "GET absent", "nil");
    assert_events(f, "0:keymiss:absent");
    run(f, "SET a 1");
    assert_events(f, "0:new:a 0:set:a");
    run(f, "GET a");
    assert_events(f, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(get_answers_the_value_or_nothing),
        TEST(an_absent_value_is_a_null_bulk_or_the_null_of_resp3),
        TEST(a_value_may_hold_any_byte),
        TEST(mget_answers_nil_for_what_is_absent_or_no_string),
        TEST(mget_of_many_keys_keeps_their_order),
        TEST(strlen_counts_bytes_of_text_and_digits_of_numbers),
        TEST(getrange_cuts_what_lies_outside),
        TEST(getrange_of_numbers_empty_and_absent_values),
        TEST(getdel_takes_the_key_away),
        TEST(getdel_of_a_large_value_answers_it_whole),
        TEST(getex_sets_a_time_in_each_unit),
        TEST(getex_with_a_time_that_has_passed_deletes),
        TEST(getex_refuses_what_does_not_go_together),
        TEST(readers_refuse_other_types),
        TEST(only_a_missed_read_says_keymiss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
