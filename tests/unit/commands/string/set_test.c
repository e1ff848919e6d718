/* Writing whole strings: SET with all its options, SETEX PSETEX SETNX GETSET. */
#include "unit/commands/string/string_fixture.h"

static void set_chooses_how_a_value_is_held(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 9223372036854775807");
    assert_encoding(f, "a", "int");
    run(f, "SET a 9223372036854775808");
    assert_encoding(f, "a", "embstr");
    run(f, "SET a 12345678901234567890123456789012345678901234");
    assert_encoding(f, "a", "embstr");
    run(f, "SET a 123456789012345678901234567890123456789012345");
    assert_encoding(f, "a", "raw");
    run(f, "SET a 007");
    assert_encoding(f, "a", "embstr");
    assert_reply(f, "GET a", "\"007\"");
}

static void set_takes_the_time_away_unless_told(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1 EX 100");
    run(f, "SET a 2");
    assert_reply(f, "TTL a", "-1");
    run(f, "SET a 3 EX 100");
    run(f, "SET a text KEEPTTL");
    assert_reply(f, "TTL a", "100");
    run(f, "SET b 1 KEEPTTL");
    assert_reply(f, "TTL b", "-1");
}

static void set_takes_a_time_in_each_unit(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1 EX 10");
    assert_reply(f, "PTTL a", "10000");
    run(f, "SET a 1 px 1234");
    assert_reply(f, "PTTL a", "1234");
    run(f, "SET a 1 EXAT 1800000000");
    assert_reply(f, "PEXPIRETIME a", "1800000000000");
    run(f, "SET a 1 PXAT 1800000000123");
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    run(f, "SET a 1 EX 10 EX 20");
    assert_reply(f, "TTL a", "20");
}

static void a_value_is_gone_when_its_time_has_come(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a 1 PX 100");
    fixture_advance_ms(f, 99);
    assert_reply(f, "GET a", "\"1\"");
    fixture_advance_ms(f, 1);
    assert_reply(f, "GET a", "nil");
    assert_events(f, "0:expired:a");
    assert_int_equal(f->engine->keyspace->dbs[0]->keys.count, 0);
}

static void a_value_set_for_a_moment_that_has_passed_is_never_seen(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SET a 1 EXAT 1", "OK");
    assert_events(f, "0:set:a 0:expire:a");
    assert_reply(f, "GET a", "nil");
    assert_events(f, "0:expired:a");
    run_quietly(f, "SET a 1 PXAT 1700000000000");
    fixture_advance_ms(f, 10);
    fixture_expire_due(f);
    assert_events(f, "0:expired:a");
}

static void a_time_set_anew_replaces_the_old_one(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1 PX 100");
    run(f, "SET a 2 PX 50");
    run(f, "SET b 1 PX 50");
    run_quietly(f, "SET b 2 PX 500");
    fixture_advance_ms(f, 60);
    fixture_expire_due(f);
    assert_events(f, "0:expired:a");
    fixture_advance_ms(f, 500);
    fixture_expire_due(f);
    assert_events(f, "0:expired:b");
}

static void nx_and_xx_decide_whether_to_set(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SET a 1 XX", "nil");
    assert_reply(f, "SET a 1 NX", "OK");
    assert_events(f, "0:set:a");
    assert_reply(f, "SET a 2 NX EX 100", "nil");
    assert_reply(f, "TTL a", "-1");
    assert_events(f, "");
    assert_reply(f, "SET a 2 XX EX 100", "OK");
    assert_events(f, "0:set:a 0:expire:a");
    assert_reply(f, "SET a 3 NX", "nil");
    assert_reply(f, "TTL a", "100");
    assert_reply(f, "GET a", "\"2\"");
}

static void get_returns_the_old_value_whether_it_was_set_or_not(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SET a 1 GET", "nil");
    assert_reply(f, "SET a 2 GET", "\"1\"");
    assert_reply(f, "SET a 3 NX GET", "\"2\"");
    assert_reply(f, "GET a", "\"2\"");
    assert_reply(f, "SET b 1 NX GET", "nil");
    assert_reply(f, "GET b", "\"1\"");
    assert_reply(f, "SET c 1 XX GET", "nil");
    assert_reply(f, "EXISTS c", "0");
    assert_reply(f, "SET a 4 GET XX PX 77", "\"2\"");
    assert_reply(f, "PTTL a", "77");
}

static void get_returns_a_large_old_value_whole(void **state) {
    struct command_fixture *f = *state;
    enum { LEN = 50000 };
    run(f, "SETRANGE big 49999 z");
    (void)fixture_run(f, "SET big small GET");
    struct bytes raw = fixture_raw_reply(f);
    assert_int_equal(raw.len, 8 + LEN + 2);
    assert_int_equal(raw.data[8 + LEN - 1], 'z');
    assert_reply(f, "GET big", "\"small\"");
}

static void set_refuses_what_does_not_go_together(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {
        "SET a 2 NX XX",        "SET a 2 XX NX",     "SET a 2 EX 10 PX 10", "SET a 2 EX 1 KEEPTTL",
        "SET a 2 KEEPTTL EX 1", "SET a 2 EX",        "SET a 2 nonsense",    "SET a 2 3",
        "SET a 2 IFEQ",         "SET a 2 NX IFEQ 1", "SET a 2 IFEQ 1 XX",   "SET a 2 IFEQ 1 IFNE 2",
        "SET a 2 PERSIST",
    };
    run_quietly(f, "SET a 1");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(f, lines[i], SYNTAX);
    assert_reply(f, "SET a", "-ERR wrong number of arguments for 'set' command");
    assert_reply(f, "GET a", "\"1\"");
    assert_events(f, "");
}

static void a_time_must_be_positive_and_fit(void **state) {
    struct command_fixture *f = *state;
    static const char *const times[] = {"EX 0",   "EX -1",   "EX 9223372036854775807",
                                        "PX 0",   "PX -1",   "PX 9223372036854775807",
                                        "EXAT 0", "PXAT -1", "EXAT 9223372036854775807"};
    run_quietly(f, "SET a 1");
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char line[100];
        snprintf(line, sizeof(line), "SET a 2 %s", times[i]);
        assert_reply(f, line, "-ERR invalid expire time in 'set' command");
    }
    assert_reply(f, "SET a 2 EX x", NOT_INTEGER);
    assert_reply(f, "SET a 2 PX 1.5", NOT_INTEGER);
    assert_reply(f, "GET a", "\"1\"");
    assert_events(f, "");
    assert_reply(f, "SET a 2 PXAT 9223372036854775807", "OK");
    assert_reply(f, "PEXPIRETIME a", "9223372036854775807");
}

static void setex_and_psetex_set_value_and_time(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SETEX a 10 v", "OK");
    assert_events(f, "0:set:a 0:expire:a");
    assert_reply(f, "PTTL a", "10000");
    assert_reply(f, "PSETEX a 10 w", "OK");
    assert_events(f, "0:set:a 0:expire:a");
    assert_reply(f, "PTTL a", "10");
    assert_reply(f, "GET a", "\"w\"");
    assert_reply(f, "SETEX a 0 v", "-ERR invalid expire time in 'setex' command");
    assert_reply(f, "PSETEX a -5 v", "-ERR invalid expire time in 'psetex' command");
    assert_reply(f, "SETEX a ten v", NOT_INTEGER);
    assert_events(f, "");
}

static void setnx_sets_only_what_is_absent(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SETNX a 1", "1");
    assert_events(f, "0:set:a");
    assert_reply(f, "SETNX a 2", "0");
    assert_events(f, "");
    assert_reply(f, "GET a", "\"1\"");
    run(f, "PEXPIRE a 10");
    fixture_advance_ms(f, 10);
    assert_reply(f, "SETNX a 3", "1");
    assert_reply(f, "TTL a", "-1");
}

static void getset_returns_the_old_value_and_drops_the_time(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "GETSET a 1", "nil");
    assert_events(f, "0:set:a");
    run(f, "EXPIRE a 100");
    assert_reply(f, "GETSET a 2", "\"1\"");
    assert_reply(f, "TTL a", "-1");
}

static void only_options_that_read_mind_the_type(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1");
    assert_wrong_type(f, "a", "SET a 2 GET");
    assert_wrong_type(f, "a", "GETSET a 2");
    assert_wrong_type(f, "a", "SET a 2 IFEQ 1");
    assert_wrong_type(f, "a", "SET a 2 NX GET");
    assert_reply(f, "GET a", "\"1\"");
}

static void a_value_grows_and_shrinks_through_every_form(void **state) {
    struct command_fixture *f = *state;
    static const size_t lens[] = {0, 1, 44, 45, 1024, 1025, 16384, 100000, 1025, 1024, 20, 0};
    char *text = malloc(100000);
    memset(text, 'x', 100000);
    run(f, "SET a 1 PX 1000");
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        struct bytes set[] = {BYTES("SET"), BYTES("a"), bytes_of(text, lens[i]), BYTES("KEEPTTL")};
        char expected[32];
        assert_string_equal(fixture_run_args(f, set, ARRAY_LEN(set)), "OK");
        snprintf(expected, sizeof(expected), "%zu", lens[i]);
        assert_reply(f, "STRLEN a", expected);
        assert_reply(f, "PTTL a", "1000");
        run(f, "SET a 5 KEEPTTL");
        assert_reply(f, "GET a", "\"5\"");
        (void)fixture_run_args(f, set, ARRAY_LEN(set));
    }
    free(text);
}

static int64_t take_lock(struct command_fixture *f, const char *line) {
    const char *reply = fixture_run(f, line);
    int64_t token = strtoll(reply, NULL, 10);
    assert_true(token > 0);
    return token;
}

static void fence_numbers_every_taking_of_a_lock_higher(void **state) {
    struct command_fixture *f = *state;
    int64_t first = take_lock(f, "SET lock a NX PX 100 FENCE");
    assert_events(f, "0:set:lock 0:expire:lock");
    assert_int_equal(first, FIXTURE_START_MS * 1000);
    assert_reply(f, "SET lock b NX PX 100 FENCE", "nil");
    assert_reply(f, "PTTL lock", "100");
    assert_events(f, "");
    fixture_advance_ms(f, -50);
    run(f, "DEL lock");
    int64_t second = take_lock(f, "SET lock b fence nx EX 1");
    assert_true(second > first);
    assert_true(take_lock(f, "SET other b FENCE FENCE NX") > second);
    assert_reply(f, "GET lock", "\"b\"");
    fixture_advance_ms(f, 1000);
    assert_true(take_lock(f, "SET lock c NX FENCE") > second);
}

static void fence_stands_with_nx_and_without_get(void **state) {
    static const char *const lines[] = {
        "SET lock a FENCE",        "SET lock a XX FENCE",
        "SET lock a FENCE GET",    "SET lock a NX FENCE GET",
        "SET lock a NX GET FENCE", "SET lock a IFEQ a FENCE",
        "SET lock a IFNE a FENCE", "SET lock a FENCE EX 10",
        "SET lock a NX FENCE EX",  "SET lock a NX FENCE nofence",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(*state, lines[i], SYNTAX);
    assert_reply(*state, "EXISTS lock", "0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(set_chooses_how_a_value_is_held),
        TEST(set_takes_the_time_away_unless_told),
        TEST(set_takes_a_time_in_each_unit),
        TEST(a_value_is_gone_when_its_time_has_come),
        TEST(a_value_set_for_a_moment_that_has_passed_is_never_seen),
        TEST(a_time_set_anew_replaces_the_old_one),
        TEST(nx_and_xx_decide_whether_to_set),
        TEST(get_returns_the_old_value_whether_it_was_set_or_not),
        TEST(get_returns_a_large_old_value_whole),
        TEST(set_refuses_what_does_not_go_together),
        TEST(a_time_must_be_positive_and_fit),
        TEST(setex_and_psetex_set_value_and_time),
        TEST(setnx_sets_only_what_is_absent),
        TEST(getset_returns_the_old_value_and_drops_the_time),
        TEST(only_options_that_read_mind_the_type),
        TEST(a_value_grows_and_shrinks_through_every_form),
        TEST(fence_numbers_every_taking_of_a_lock_higher),
        TEST(fence_stands_with_nx_and_without_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
