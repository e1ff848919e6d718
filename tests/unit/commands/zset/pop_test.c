/* Members taken from the ends of sorted sets, drawn at random, and waited for. */
#include "engine/blocking.h"
#include "unit/commands/zset/zset_fixture.h"
#include "unit/support/crowd.h"

static void a_pop_without_a_count_is_flat(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z 1 a 2 b 3 c 4 d");
    (void)fixture_events(f);
    assert_reply(f, "ZPOPMIN z", "[\"a\", \"1\"]");
    assert_events(f, "0:zpopmin:z");
    f->session.version = RESP3;
    assert_reply(f, "ZPOPMAX z", "[\"d\", 4]");
    assert_events(f, "0:zpopmax:z");
    assert_reply(f, "ZPOPMAX z 1", "[[\"c\", 3]]");
    assert_reply(f, "ZPOPMIN z 0", "[]");
    (void)fixture_events(f);
    assert_reply(f, "ZPOPMIN z 9", "[[\"b\", 2]]");
    assert_events(f, "0:zpopmin:z 0:del:z");
    assert_reply(f, "ZPOPMIN z", "[]");
}

static void zmpop_takes_from_the_first_set_that_has_any(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z 1 a 2 b 3 c");
    (void)fixture_events(f);
    assert_reply(f, "ZMPOP 2 none z MAX COUNT 2", "[\"z\", [[\"c\", \"3\"], [\"b\", \"2\"]]]");
    assert_events(f, "0:zpopmax:z");
    assert_reply(f, "ZMPOP 1 z MIN", "[\"z\", [[\"a\", \"1\"]]]");
    assert_events(f, "0:zpopmin:z 0:del:z");
    assert_reply(f, "ZMPOP 1 z MIN", "nil-array");
    assert_reply(f, "ZMPOP 1 z BOTH", SYNTAX);
    assert_reply(f, "ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0");
}

static void random_members_come_with_scores_on_request(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z 1.5 a");
    assert_reply(f, "ZRANDMEMBER z", "\"a\"");
    assert_reply(f, "ZRANDMEMBER z -2 WITHSCORES", "[\"a\", \"1.5\", \"a\", \"1.5\"]");
    assert_reply(f, "ZRANDMEMBER z 2 WITHSCORES", "[\"a\", \"1.5\"]");
    assert_reply(f, "ZRANDMEMBER none", "nil");
    assert_reply(f, "ZRANDMEMBER none 2", "[]");
    assert_reply(f, "ZRANDMEMBER z -67108865", "-ERR value is out of range");
    f->session.version = RESP3;
    assert_reply(f, "ZRANDMEMBER z -2 WITHSCORES", "[[\"a\", 1.5], [\"a\", 1.5]]");
}

/* --- waiting --- */

static void zadd_serves_who_waits_in_the_order_of_coming(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    crowd_run(&crowd, 0, "BZPOPMIN z 0");
    crowd_assert_waits(&crowd, 0);
    crowd_run(&crowd, 1, "BZPOPMAX none z 0");
    crowd_assert_waits(&crowd, 1);
    crowd_run(&crowd, 2, "BZMPOP 0 1 z MIN COUNT 2");
    crowd_assert_waits(&crowd, 2);
    crowd_serve_after(f, "ZADD z 1 a");
    crowd_assert_served(&crowd, 0, "*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\n1\r\n");
    assert_true(blocking_is_blocked(&crowd.sessions[1]));
    assert_events(f, "0:zadd:z 0:zpopmin:z 0:del:z");
    crowd_serve_after(f, "ZUNIONSTORE z 1 none");
    assert_true(blocking_is_blocked(&crowd.sessions[1]));
    crowd_serve_after(f, "ZADD z 1 a 2 b 3 c 4.5 d");
    crowd_assert_served(&crowd, 1, "*3\r\n$1\r\nz\r\n$1\r\nd\r\n$3\r\n4.5\r\n");
    crowd_assert_served(
        &crowd, 2,
        "*2\r\n$1\r\nz\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
    assert_reply(f, "ZRANGE z 0 -1", "[\"c\"]");
    crowd_dismiss(&crowd);
}

static void the_time_that_is_up_ends_the_waiting(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    crowd_run(&crowd, 0, "BZPOPMIN z 0.5");
    crowd_assert_waits(&crowd, 0);
    crowd_run(&crowd, 1, "BZMPOP 0.5 1 z MAX");
    crowd_assert_waits(&crowd, 1);
    crowd_run(&crowd, 2, "BZPOPMAX z 5");
    crowd_assert_waits(&crowd, 2);
    blocking_expire(f->engine, FIXTURE_START_MS + 500);
    crowd_assert_served(&crowd, 0, "*-1\r\n");
    crowd_assert_served(&crowd, 1, "*-1\r\n");
    assert_true(blocking_is_blocked(&crowd.sessions[2]));
    crowd_dismiss(&crowd);
}

static void who_may_not_wait_gets_nothing_at_once(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "BZPOPMIN none 0", "nil-array");
    assert_reply(f, "BZMPOP 0 1 none MIN", "nil-array");
    assert_reply(f, "BZPOPMIN none x", "-ERR timeout is not a float or out of range");
    assert_reply(f, "BZMPOP x 1 none BOTH", SYNTAX);
    fixture_run(f, "SET s v");
    assert_reply(f, "BZPOPMAX none s 0", WRONG_TYPE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(a_pop_without_a_count_is_flat),
        TEST_BOTH(zmpop_takes_from_the_first_set_that_has_any),
        TEST_BOTH(random_members_come_with_scores_on_request),
        TEST_BOTH(zadd_serves_who_waits_in_the_order_of_coming),
        TEST_BOTH(the_time_that_is_up_ends_the_waiting),
        TEST_BOTH(who_may_not_wait_gets_nothing_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
