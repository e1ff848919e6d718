/* Several strings at once: MSET MSETNX MSETEX. */
#include "unit/commands/string/string_fixture.h"

static void mset_sets_all_and_the_last_of_a_name_counts(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a old EX 100");
    assert_reply(f, "MSET a 1 b two a 3", "OK");
    assert_events(f, "0:set:a 0:set:b 0:set:a");
    assert_reply(f, "MGET a b", "[\"3\", \"two\"]");
    assert_reply(f, "TTL a", "-1");
}

static void a_value_without_a_key_is_refused(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "MSET a 1 b", "-ERR wrong number of arguments for 'mset' command");
    assert_reply(f, "MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command");
    assert_reply(f, "MSET a", "-ERR wrong number of arguments for 'mset' command");
    assert_reply(f, "EXISTS a", "0");
    assert_events(f, "");
}

static void msetnx_sets_all_or_nothing(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET b old");
    assert_reply(f, "MSETNX a 1 b 2 c 3", "0");
    assert_reply(f, "MGET a b c", "[nil, \"old\", nil]");
    assert_events(f, "");
    assert_reply(f, "MSETNX a 1 c 3 c 4", "1");
    assert_events(f, "0:set:a 0:set:c 0:set:c");
    assert_reply(f, "MGET a b c", "[\"1\", \"old\", \"4\"]");
}

static void msetnx_takes_a_key_past_its_time_for_absent(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a old PX 10");
    fixture_advance_ms(f, 10);
    assert_reply(f, "MSETNX a 1 b 2", "1");
    assert_reply(f, "TTL a", "-1");
}

enum { MANY = 100 };

/* args: command, then `MANY` keys named k0…, each with its name for a value. */
static void name_many(struct bytes *args, char names[MANY][8]) {
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], 8, "k%zu", i);
        args[2 * i] = args[2 * i + 1] = bytes_of_str(names[i]);
    }
}

static void many_keys_are_set_in_several_portions(void **state) {
    struct command_fixture *f = *state;
    static char names[MANY][8];
    struct bytes args[1 + 2 * MANY] = {BYTES("MSETNX")};
    name_many(args + 1, names);
    run(f, "SET k99 there");
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)), "0");
    assert_int_equal(f->engine->keyspace->dbs[0]->keys.count, 1);
    run(f, "DEL k99");
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)), "1");
    assert_int_equal(f->engine->keyspace->dbs[0]->keys.count, MANY);
    assert_reply(f, "MGET k0 k31 k32 k99", "[\"k0\", \"k31\", \"k32\", \"k99\"]");
    args[0] = BYTES("MSET");
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)), "OK");
}

static void msetex_gives_all_keys_one_lifetime(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "MSETEX 2 a 1 b 2 EX 10", "1");
    assert_events(f, "0:set:a 0:expire:a 0:set:b 0:expire:b");
    assert_reply(f, "PTTL a", "10000");
    assert_reply(f, "PTTL b", "10000");
    assert_reply(f, "MSETEX 1 a 1 PXAT 1800000000123", "1");
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    assert_reply(f, "MSETEX 2 a 3 c 4 KEEPTTL", "1");
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    assert_reply(f, "TTL c", "-1");
    assert_reply(f, "MSETEX 1 a 5", "1");
    assert_reply(f, "TTL a", "-1");
}

static void msetex_with_a_condition_sets_all_or_nothing(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a old PX 1000");
    assert_reply(f, "MSETEX 2 a 1 b 2 NX EX 10", "0");
    assert_reply(f, "MSETEX 2 b 1 a 2 XX EX 10", "0");
    assert_events(f, "");
    assert_reply(f, "MGET a b", "[\"old\", nil]");
    assert_reply(f, "PTTL a", "1000");
    assert_reply(f, "MSETEX 2 b 1 c 2 NX", "1");
    assert_reply(f, "MSETEX 2 a 7 b 8 EX 10 XX", "1");
    assert_reply(f, "MGET a b c", "[\"7\", \"8\", \"2\"]");
    assert_reply(f, "TTL b", "10");
}

static void msetex_refuses_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    static const char *const count = "-ERR invalid numkeys value";
    static const char *const pairs = "-ERR wrong number of key-value pairs";
    static const char *const lines[] = {
        "MSETEX 1 a 1 NX XX", "MSETEX 1 a 1 EX",           "MSETEX 1 a 1 EX 1 PX 1",
        "MSETEX 1 a 1 b",     "MSETEX 1 a 1 KEEPTTL EX 1", "MSETEX 1 a 1 EX 1 KEEPTTL",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(f, lines[i], SYNTAX);
    assert_reply(f, "MSETEX 0 a 1", count);
    assert_reply(f, "MSETEX -1 a 1", count);
    assert_reply(f, "MSETEX x a 1", count);
    assert_reply(f, "MSETEX 2147483648 a 1", count);
    assert_reply(f, "MSETEX 2 a 1", pairs);
    assert_reply(f, "MSETEX 2147483647 a 1", pairs);
    assert_reply(f, "MSETEX 2 a 1 b", pairs);
    assert_reply(f, "MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command");
    assert_reply(f, "EXISTS a", "0");
    assert_events(f, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(mset_sets_all_and_the_last_of_a_name_counts),
        TEST(a_value_without_a_key_is_refused),
        TEST(msetnx_sets_all_or_nothing),
        TEST(msetnx_takes_a_key_past_its_time_for_absent),
        TEST(many_keys_are_set_in_several_portions),
        TEST(msetex_gives_all_keys_one_lifetime),
        TEST(msetex_with_a_condition_sets_all_or_nothing),
        TEST(msetex_refuses_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
