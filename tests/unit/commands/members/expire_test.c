/* Due times of members of sets and hashes, against an engine in process. */
#include "commands/hash/hash_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/members/members_commands.h"
#include "commands/set/set_commands.h"
#include "commands/string/string_commands.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct command_list *const lists[] = {
    &member_expire_commands,
    &key_exist_commands,
    &string_set_commands,
    NULL,
};
static const struct feature others = {.name = "others", .commands = lists};
static const struct feature *const features[] = {
    &others,
    &set_commands_feature,
    &hash_commands_feature,
    NULL,
};

static int set_up(void **state) {
    *state = fixture_new_of_features(features);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

/* A set s and a hash h with members a and b. */
static void make_both(struct command_fixture *f) {
    fixture_run(f, "SADD s a b");
    fixture_run(f, "HSET h a 1 b 2");
    (void)fixture_events(f);
}

static void expiremember_gives_a_member_a_due_time(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    assert_reply(f, "EXPIREMEMBER s a 10", "1");
    assert_events(f, "0:sexpire:s");
    assert_reply(f, "EXPIREMEMBER h a 10 s", "1");
    assert_events(f, "0:hexpire:h");
    assert_reply(f, "EXPIREMEMBER s b 1500 ms", "1");
    assert_reply(f, "FIELDTTL s a", "10");
    assert_reply(f, "FIELDTTL h a", "10");
    assert_reply(f, "FIELDTTL s b", "2");
    assert_reply(f, "FIELDTTL h b", "-1");
    fixture_advance_ms(f, 10000);
    assert_reply(f, "EXISTS s", "0");
    assert_reply(f, "HGETALL h", "[\"b\", \"2\"]");
}

static void unix_times_are_in_seconds_or_ms(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    assert_reply(f, "EXPIREMEMBERAT s a 1700000100", "1");
    assert_reply(f, "PEXPIREMEMBERAT h a 1700000200001", "1");
    assert_reply(f, "FIELDTTL s a", "100");
    assert_reply(f, "FIELDTTL h a", "201");
    assert_reply(f, "HPTTL h FIELDS 1 a", "[200001]");
}

static void a_time_that_has_passed_removes_the_member(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    assert_reply(f, "EXPIREMEMBER s a 0", "1");
    assert_events(f, "0:srem:s");
    assert_reply(f, "EXPIREMEMBER s b -5 ms", "1");
    assert_events(f, "0:srem:s 0:del:s");
    assert_reply(f, "EXPIREMEMBERAT h a 1", "1");
    assert_events(f, "0:hdel:h");
    assert_reply(f, "PEXPIREMEMBERAT h b 0", "1");
    assert_events(f, "0:hdel:h 0:del:h");
    assert_reply(f, "EXISTS s h", "0");
}

static void what_is_not_there_gets_no_due_time(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    assert_reply(f, "EXPIREMEMBER absent a 10", "0");
    assert_reply(f, "EXPIREMEMBER s x 10", "0");
    assert_reply(f, "EXPIREMEMBERAT h x 10", "0");
    assert_reply(f, "PEXPIREMEMBERAT h x 10", "0");
    assert_reply(f, "FIELDEXPIRE absent 10 a b", "[-2, -2]");
    assert_reply(f, "FIELDTTL absent a", "-2");
    assert_reply(f, "FIELDTTL s x", "-3");
    assert_reply(f, "FIELDTTL h x", "-3");
    assert_events(f, "");
}

static void mistakes_are_refused(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    fixture_run(f, "SET k v");
    (void)fixture_events(f);
    assert_reply(f, "EXPIREMEMBER s a x", NOT_INTEGER);
    assert_reply(f, "EXPIREMEMBER s a 1 h", "-ERR Invalid unit arg");
    assert_reply(f, "EXPIREMEMBER s a 1 s s", "-ERR Invalid number of arguments");
    assert_reply(f, "EXPIREMEMBER s a 9223372036854775807",
                 "-ERR invalid expire time in 'expiremember' command");
    assert_reply(f, "EXPIREMEMBERAT s a x", NOT_INTEGER);
    assert_reply(f, "EXPIREMEMBERAT s a 9223372036854775807",
                 "-ERR invalid expire time in 'expirememberat' command");
    assert_reply(f, "PEXPIREMEMBERAT s a 1.5", NOT_INTEGER);
    assert_reply(f, "EXPIREMEMBER k a 1", WRONG_TYPE);
    assert_reply(f, "FIELDEXPIRE k 1 a", WRONG_TYPE);
    assert_reply(f, "FIELDTTL k a", WRONG_TYPE);
    assert_reply(f, "FIELDEXPIRE s x a", NOT_INTEGER);
    assert_reply(f, "FIELDEXPIRE s -1 a", "-ERR invalid expire time in 'fieldexpire' command");
    assert_reply(f, "FIELDEXPIRE s 9223372036854775807 a",
                 "-ERR invalid expire time in 'fieldexpire' command");
    assert_events(f, "");
}

static void fieldexpire_answers_for_each_field(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    assert_reply(f, "FIELDEXPIRE s 10 a x b", "[1, -2, 1]");
    assert_events(f, "0:sexpire:s");
    assert_reply(f, "FIELDEXPIRE h 10 x a", "[-2, 1]");
    assert_events(f, "0:hexpire:h");
    assert_reply(f, "FIELDTTL h a", "10");
    assert_reply(f, "FIELDEXPIRE h 0 a x b a", "[2, -2, 2, -2]");
    assert_events(f, "0:hdel:h 0:del:h");
    assert_reply(f, "FIELDEXPIRE s 0 a", "[2]");
    assert_events(f, "0:srem:s");
    fixture_advance_ms(f, 10000);
    fixture_expire_due(f);
    assert_reply(f, "EXISTS s h", "0");
}

static void a_due_time_far_away_is_kept(void **state) {
    struct command_fixture *f = *state;
    make_both(f);
    assert_reply(f, "PEXPIREMEMBERAT s a 9223372036854775807", "1");
    assert_reply(f, "FIELDTTL s a", "9223370336854776");
    assert_reply(f, "EXPIREMEMBER s b 60", "1");
    fixture_advance_ms(f, 60000);
    assert_reply(f, "SMEMBERS s", "[\"a\"]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(expiremember_gives_a_member_a_due_time),
        TEST(unix_times_are_in_seconds_or_ms),
        TEST(a_time_that_has_passed_removes_the_member),
        TEST(what_is_not_there_gets_no_due_time),
        TEST(mistakes_are_refused),
        TEST(fieldexpire_answers_for_each_field),
        TEST(a_due_time_far_away_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
