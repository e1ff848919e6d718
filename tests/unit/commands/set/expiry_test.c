/* SADDEX, and what other set commands do with members that have a due time. */
#include "unit/commands/set/set_fixture.h"

#include "commands/members/members_commands.h"

static const struct command_list *const lists[] = {&member_expire_commands, NULL};
static const struct feature members_feature = {.name = "members", .commands = lists};

static int set_up(void **state) {
    const struct feature *const features[] = {
        &set_fixture_others,
        &set_commands_feature,
        &members_feature,
        NULL,
    };
    *state = fixture_new_of_features(features);
    use_default_limits(*state);
    return 0;
}

static void saddex_adds_members_that_expire(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SADDEX s 10 a b a", "2");
    assert_events(f, "0:sadd:s 0:sexpire:s");
    assert_reply(f, "SADD s c", "1");
    assert_reply(f, "FIELDTTL s a", "10");
    assert_reply(f, "FIELDTTL s c", "-1");
    (void)fixture_events(f);
    fixture_advance_ms(f, 9999);
    assert_reply(f, "SCARD s", "3");
    fixture_advance_ms(f, 1);
    assert_reply(f, "SCARD s", "1");
    assert_reply(f, "SMEMBERS s", "[\"c\"]");
    assert_events(f, "0:sexpired:s");
}

static void members_expire_though_nobody_asks(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADDEX s 1 a b");
    (void)fixture_events(f);
    fixture_advance_ms(f, 1010);
    fixture_expire_due(f);
    assert_events(f, "0:sexpired:s 0:del:s");
    assert_reply(f, "EXISTS s", "0");
}

static void saddex_gives_old_members_a_new_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADDEX s 10 a");
    fixture_run(f, "SADD s b");
    (void)fixture_events(f);
    assert_reply(f, "SADDEX s 20 a b", "0");
    assert_events(f, "0:sexpire:s");
    assert_reply(f, "FIELDTTL s a", "20");
    assert_reply(f, "FIELDTTL s b", "20");
}

static void saddex_keepttl_leaves_old_members_as_they_are(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SADDEX s KEEPTTL 10 a", "1");
    fixture_run(f, "SADD s b");
    (void)fixture_events(f);
    assert_reply(f, "SADDEX s keepttl 20 a b c c", "1");
    assert_events(f, "0:sadd:s 0:sexpire:s");
    assert_reply(f, "FIELDTTL s a", "10");
    assert_reply(f, "FIELDTTL s b", "-1");
    assert_reply(f, "FIELDTTL s c", "20");
    assert_reply(f, "SADDEX s KEEPTTL 20 a b", "0");
    assert_events(f, "");
}

static void saddex_refuses(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    (void)fixture_events(f);
    assert_reply(f, "SADDEX s 0 a", "-ERR invalid expire time in 'saddex' command");
    assert_reply(f, "SADDEX s -1 a", "-ERR invalid expire time in 'saddex' command");
    assert_reply(f, "SADDEX s 9223372036854775807 a",
                 "-ERR invalid expire time in 'saddex' command");
    assert_reply(f, "SADDEX s x a", NOT_INTEGER);
    assert_reply(f, "SADDEX s KEEPTTL 10", "-ERR wrong number of arguments for 'saddex' command");
    assert_reply(f, "SADDEX s 10", "-ERR wrong number of arguments for 'saddex' command");
    assert_reply(f, "SADDEX k 10 a", WRONG_TYPE);
    assert_reply(f, "EXISTS s", "0");
    assert_events(f, "");
}

static void sadd_leaves_a_due_time_and_srem_ends_it(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADDEX s 10 a b");
    assert_reply(f, "SADD s a", "0");
    assert_reply(f, "FIELDTTL s a", "10");
    fixture_run(f, "SREM s a");
    fixture_run(f, "SADD s a");
    assert_reply(f, "FIELDTTL s a", "-1");
}

static void a_moved_member_takes_its_due_time_along(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADDEX s 10 a b");
    fixture_run(f, "SADD t b");
    assert_reply(f, "SMOVE s t a", "1");
    assert_reply(f, "SMOVE s t b", "1");
    assert_reply(f, "FIELDTTL t a", "10");
    assert_reply(f, "FIELDTTL t b", "-1");
    fixture_advance_ms(f, 10000);
    assert_reply(f, "SMEMBERS t", "[\"b\"]");
}

static void stored_results_do_not_expire(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADDEX s 10 a b");
    fixture_run(f, "SADD t b c");
    fixture_run(f, "SUNIONSTORE d s t");
    assert_reply(f, "FIELDTTL d a", "-1");
    fixture_run(f, "SUNIONSTORE s s t");
    assert_reply(f, "FIELDTTL s a", "-1");
    fixture_advance_ms(f, 20000);
    fixture_expire_due(f);
    assert_reply(f, "SCARD s", "3");
    assert_reply(f, "SCARD d", "3");
}

static void algebra_does_not_see_members_past_their_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADDEX s 10 a b");
    fixture_run(f, "SADD s c");
    fixture_run(f, "SADD t a c");
    fixture_run(f, "SADDEX u 10 c");
    fixture_advance_ms(f, 10000);
    assert_reply(f, "SINTER s t", "[\"c\"]");
    assert_reply(f, "SDIFF t s", "[\"a\"]");
    assert_reply(f, "SINTERCARD 3 s t u", "0");
    assert_reply(f, "SUNIONCARD 3 s t u", "2");
    assert_reply(f, "EXISTS u", "0");
    assert_reply(f, "SPOP s 5", "[\"c\"]");
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_sets)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(saddex_adds_members_that_expire),
        TEST(members_expire_though_nobody_asks),
        TEST(saddex_gives_old_members_a_new_time),
        TEST(saddex_keepttl_leaves_old_members_as_they_are),
        TEST(saddex_refuses),
        TEST(sadd_leaves_a_due_time_and_srem_ends_it),
        TEST(a_moved_member_takes_its_due_time_along),
        TEST(stored_results_do_not_expire),
        TEST(algebra_does_not_see_members_past_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
