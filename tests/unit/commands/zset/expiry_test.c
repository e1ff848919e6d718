/* Members of sorted sets with due times of their own. */
#include "commands/keys/key_commands.h"
#include "commands/members/members_commands.h"
#include "commands/string/string_commands.h"
#include "commands/zset/zset_commands.h"
#include "data/types/zset/zset.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <stdio.h>

static const struct command_list *const lists[] = {
    &string_set_commands, &key_exist_commands, &key_object_commands, &member_expire_commands, NULL,
};
static const struct feature others = {.name = "others", .commands = lists};
static const struct feature *const features[] = {&zset_commands_feature, &others, NULL};

static int set_up(void **state) {
    struct command_fixture *fixture = fixture_new_of_features(features);
    zset_set_limits(128, 64);
    fixture_run(fixture, "SET s text");
    fixture_run(fixture, "ZADD z 1 a 2 b 3 c");
    (void)fixture_events(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void members_expire_on_their_own(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZEXPIRE z 10 MEMBERS 2 a absent", "[1, -2]");
    assert_events(f, "0:zexpire:z");
    assert_reply(f, "OBJECT ENCODING z", "\"skiplist\"");
    fixture_advance_ms(f, 9999);
    assert_reply(f, "ZCARD z", "3");
    fixture_advance_ms(f, 1);
    assert_reply(f, "ZRANGE z 0 -1", "[\"b\", \"c\"]");
    assert_events(f, "0:zexpired:z");
    assert_reply(f, "ZRANK z c", "1");
}

static void the_last_member_takes_the_key_along(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZPEXPIRE z 5 MEMBERS 3 a b c", "[1, 1, 1]");
    (void)fixture_events(f);
    fixture_advance_ms(f, 15);
    fixture_expire_due(f);
    assert_events(f, "0:zexpired:z 0:del:z");
    assert_reply(f, "EXISTS z", "0");
}

static void every_unit_sets_and_tells(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZEXPIRE z 100 MEMBERS 1 a", "[1]");
    assert_reply(f, "ZPEXPIRE z 100500 MEMBERS 1 b", "[1]");
    assert_reply(f, "ZTTL z MEMBERS 4 a b c d", "[100, 101, -1, -2]");
    assert_reply(f, "ZPTTL z MEMBERS 2 a b", "[100000, 100500]");
    assert_reply(f, "ZEXPIREAT z 1700000100 MEMBERS 1 a", "[1]");
    assert_reply(f, "ZPEXPIREAT z 1700000100500 MEMBERS 1 b", "[1]");
    assert_reply(f, "ZEXPIRETIME z MEMBERS 2 a b", "[1700000100, 1700000101]");
    assert_reply(f, "ZPEXPIRETIME z MEMBERS 3 a b c", "[1700000100000, 1700000100500, -1]");
    assert_reply(f, "ZTTL absent MEMBERS 2 a b", "[-2, -2]");
    assert_reply(f, "ZEXPIRE absent 10 MEMBERS 2 a b", "[-2, -2]");
}

static void conditions_look_at_the_old_time(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZEXPIRE z 100 XX MEMBERS 1 a", "[0]");
    assert_reply(f, "ZEXPIRE z 100 GT MEMBERS 1 a", "[0]");
    assert_reply(f, "ZEXPIRE z 100 NX MEMBERS 1 a", "[1]");
    assert_reply(f, "ZEXPIRE z 50 NX MEMBERS 1 a", "[0]");
    assert_reply(f, "ZEXPIRE z 50 GT MEMBERS 1 a", "[0]");
    assert_reply(f, "ZEXPIRE z 200 LT MEMBERS 1 a", "[0]");
    assert_reply(f, "ZEXPIRE z MEMBERS 1 a",
                 "-ERR wrong number of arguments for 'zexpire' command");
    assert_reply(f, "ZEXPIRE z 50 MEMBERS 2 a b LT", "[1, 1]");
    assert_reply(f, "ZEXPIRE z 60 XX MEMBERS 2 a c", "[1, 0]");
    assert_reply(f, "ZTTL z MEMBERS 3 a b c", "[60, 50, -1]");
}

static void a_time_that_has_passed_removes(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZEXPIRE z 0 MEMBERS 2 a absent", "[2, -2]");
    assert_events(f, "0:zrem:z");
    assert_reply(f, "ZEXPIREAT z 1 MEMBERS 3 b c b", "[2, 2, -2]");
    assert_events(f, "0:zrem:z 0:del:z");
}

static void persisting_takes_the_time_away(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZEXPIRE z 10 MEMBERS 1 a");
    (void)fixture_events(f);
    assert_reply(f, "ZPERSIST z MEMBERS 3 a b absent", "[1, -1, -2]");
    assert_events(f, "0:zpersist:z");
    assert_reply(f, "ZPERSIST z MEMBERS 1 a", "[-1]");
    assert_events(f, "");
    fixture_advance_ms(f, 20000);
    assert_reply(f, "ZCARD z", "3");
    assert_reply(f, "ZPERSIST absent MEMBERS 1 a", "[-2]");
}

static void arguments_are_checked(void **state) {
    static const struct {
        const char *line;
        const char *error;
    } cases[] = {
        {"ZEXPIRE s 10 MEMBERS 1 a", WRONG_TYPE},
        {"ZTTL s MEMBERS 1 a", WRONG_TYPE},
        {"ZPERSIST s MEMBERS 1 a", WRONG_TYPE},
        {"ZEXPIRE z x MEMBERS 1 a", "-ERR value is not an integer or out of range"},
        {"ZEXPIRE z -1 MEMBERS 1 a", "-ERR invalid expire time, must be >= 0"},
        {"ZEXPIRE z 9223372036854775807 MEMBERS 1 a",
         "-ERR invalid expire time in 'zexpire' command"},
        {"ZEXPIRE z 10 NX GT MEMBERS 1 a", "-ERR Multiple condition flags specified"},
        {"ZEXPIRE z 10 NX NX NX NX", "-ERR missing MEMBERS argument"},
        {"ZEXPIRE z 10 MEMBERS 0 a", "-ERR Parameter `numMembers` should be greater than 0"},
        {"ZEXPIRE z 10 MEMBERS 2 a", "-ERR wrong number of arguments"},
        {"ZEXPIRE z 10 MEMBERS 1 a MEMBERS 1 b", "-ERR MEMBERS keyword specified multiple times"},
        {"ZEXPIRE z 10 NX XX MEMBERS", "-ERR MEMBERS requires at least nummembers and one member "
                                       "argument"},
        {"ZEXPIRE z 10 FIELDS 1 a", "-ERR unknown argument: FIELDS"},
        {"ZTTL z FIELDS 1 a",
         "-ERR Mandatory argument MEMBERS is missing or not at the right position"},
        {"ZTTL z MEMBERS 2 a",
         "-ERR The `nummembers` parameter must match the number of arguments"},
        {"ZPERSIST z MEMBERS 0 a", "-ERR Number of members must be a positive integer"},
    };
    struct command_fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) assert_reply(f, cases[i].line, cases[i].error);
    assert_events(f, "");
}

static void the_commands_for_any_collection_take_sorted_sets(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "EXPIREMEMBER z a 10", "1");
    assert_reply(f, "PEXPIREMEMBERAT z b 1700000020000", "1");
    assert_events(f, "0:zexpire:z 0:zexpire:z");
    assert_reply(f, "FIELDTTL z a", "10");
    assert_reply(f, "FIELDTTL z c", "-1");
    assert_reply(f, "FIELDTTL z absent", "-3");
    assert_reply(f, "FIELDEXPIRE z 20 a absent", "[1, -2]");
    assert_reply(f, "EXPIREMEMBERAT z a 1", "1");
    assert_reply(f, "ZRANGE z 0 -1", "[\"b\", \"c\"]");
    assert_events(f, "0:zexpire:z 0:zrem:z");
    fixture_advance_ms(f, 20000);
    assert_reply(f, "ZRANGE z 0 -1", "[\"c\"]");
}

static void exact_sets_have_them_too(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD x INT64 1 a 2 b");
    assert_reply(f, "ZPEXPIRE x 10 MEMBERS 1 a", "[1]");
    assert_reply(f, "ZINCRBY x 5 a", "\"6\"");
    assert_reply(f, "ZPTTL x MEMBERS 1 a", "[10]");
    fixture_advance_ms(f, 10);
    assert_reply(f, "ZRANGE x 0 -1 WITHSCORES", "[\"b\", \"2\"]");
    assert_reply(f, "OBJECT ENCODING x", "\"skiplist-int64\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(members_expire_on_their_own),
        TEST(the_last_member_takes_the_key_along),
        TEST(every_unit_sets_and_tells),
        TEST(conditions_look_at_the_old_time),
        TEST(a_time_that_has_passed_removes),
        TEST(persisting_takes_the_time_away),
        TEST(arguments_are_checked),
        TEST(the_commands_for_any_collection_take_sorted_sets),
        TEST(exact_sets_have_them_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
