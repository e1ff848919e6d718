/* Ranges of sorted sets: read, counted, stored and removed. */
#include "unit/commands/zset/zset_fixture.h"

static void fill(struct command_fixture *f) {
    fixture_run(f, "ZADD z 1 a 2 b 2 c 3 d 4.5 e");
    (void)fixture_events(f);
}

static void ranks_count_from_either_end(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    assert_reply(f, "ZRANGE z 1 2", "[\"b\", \"c\"]");
    assert_reply(f, "ZRANGE z -2 100", "[\"d\", \"e\"]");
    assert_reply(f, "ZRANGE z 3 1", "[]");
    assert_reply(f, "ZRANGE z 0 1 REV WITHSCORES", "[\"e\", \"4.5\", \"d\", \"3\"]");
    assert_reply(f, "ZREVRANGE z -1 -1", "[\"a\"]");
    f->session.version = RESP3;
    assert_reply(f, "ZREVRANGE z 0 1 WITHSCORES", "[[\"e\", 4.5], [\"d\", 3]]");
}

static void scores_bound_a_range_openly_or_not(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    assert_reply(f, "ZRANGE z (1 3 BYSCORE", "[\"b\", \"c\", \"d\"]");
    assert_reply(f, "ZRANGE z (3 1 BYSCORE REV LIMIT 1 5", "[\"b\", \"a\"]");
    assert_reply(f, "ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "[\"b\", \"c\"]");
    assert_reply(f, "ZRANGEBYSCORE z -inf +inf LIMIT -1 2", "[]");
    assert_reply(f, "ZREVRANGEBYSCORE z inf -inf LIMIT 3 -1", "[\"b\", \"a\"]");
    assert_reply(f, "ZCOUNT z (2 inf", "2");
    assert_reply(f, "ZCOUNT z \"\" \" 2\"", "3");
    assert_reply(f, "ZCOUNT z 1 nan", "-ERR min or max is not a float");
    assert_reply(f, "ZCOUNT z 3 1", "0");
}

static void bytes_bound_a_range_of_equal_scores(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z 0 a 0 b 0 c 0 bb");
    assert_reply(f, "ZRANGE z (a [bb BYLEX", "[\"b\", \"bb\"]");
    assert_reply(f, "ZRANGE z + - BYLEX REV LIMIT 0 2", "[\"c\", \"bb\"]");
    assert_reply(f, "ZRANGEBYLEX z - (c", "[\"a\", \"b\", \"bb\"]");
    assert_reply(f, "ZREVRANGEBYLEX z [b -", "[\"b\", \"a\"]");
    assert_reply(f, "ZLEXCOUNT z - +", "4");
    assert_reply(f, "ZLEXCOUNT z b +", "-ERR min or max not valid string range item");
    assert_reply(f, "ZREMRANGEBYLEX z [b (c", "2");
    assert_events(f, "0:zadd:z 0:zremrangebylex:z");
    assert_reply(f, "ZRANGE z 0 -1", "[\"a\", \"c\"]");
}

static void options_that_do_not_go_together_are_refused(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZRANGE z 0 -1 LIMIT 0 1",
                 "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or "
                 "BYLEX");
    assert_reply(f, "ZRANGE z 0 -1 LIMIT 0 -1", "[]");
    assert_reply(f, "ZRANGE z - + BYLEX WITHSCORES",
                 "-ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    assert_reply(f, "ZRANGE z 0 -1 REV REV", SYNTAX);
    assert_reply(f, "ZRANGE z 0 -1 BYLEX BYSCORE", SYNTAX);
    assert_reply(f, "ZREVRANGE z 0 -1 BYSCORE", SYNTAX);
    assert_reply(f, "ZRANGESTORE d z 0 -1 WITHSCORES", SYNTAX);
}

static void zrangestore_replaces_what_was_there(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    fixture_run(f, "SET d v");
    (void)fixture_events(f);
    assert_reply(f, "ZRANGESTORE d z 4 (1 BYSCORE REV LIMIT 0 2", "2");
    assert_events(f, "0:zrangestore:d");
    assert_reply(f, "ZRANGE d 0 -1 WITHSCORES", "[\"c\", \"2\", \"d\", \"3\"]");
    assert_reply(f, "ZRANGESTORE z z 1 2", "2");
    assert_reply(f, "ZRANGE z 0 -1", "[\"b\", \"c\"]");
    (void)fixture_events(f);
    assert_reply(f, "ZRANGESTORE d z 5 9", "0");
    assert_events(f, "0:del:d");
    assert_reply(f, "ZRANGESTORE d none 0 -1", "0");
    assert_events(f, "");
}

static void removing_the_last_of_a_range_deletes_the_key(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    assert_reply(f, "ZREMRANGEBYRANK z 0 0", "1");
    assert_events(f, "0:zremrangebyrank:z");
    assert_reply(f, "ZREMRANGEBYRANK z 7 9", "0");
    assert_reply(f, "ZREMRANGEBYSCORE z 10 20", "0");
    assert_events(f, "");
    assert_reply(f, "ZREMRANGEBYSCORE z (2 3", "1");
    assert_events(f, "0:zremrangebyscore:z");
    assert_reply(f, "ZREM z b nobody b", "1");
    assert_events(f, "0:zrem:z");
    assert_reply(f, "ZREMRANGEBYSCORE z -inf inf", "2");
    assert_events(f, "0:zremrangebyscore:z 0:del:z");
    assert_reply(f, "EXISTS z", "0");
    fixture_run(f, "ZADD z 1 a");
    (void)fixture_events(f);
    assert_reply(f, "ZREM z a", "1");
    assert_events(f, "0:zrem:z 0:del:z");
}

static void bounds_of_exact_sets_are_exact(void **state) {
    struct command_fixture *f = *state;
    put_exact(f, "z", "a", 9007199254740992);
    put_exact(f, "z", "b", 9007199254740993);
    put_exact(f, "z", "c", 9007199254740994);
    assert_reply(f, "ZRANGEBYSCORE z 9007199254740993 inf", "[\"b\", \"c\"]");
    assert_reply(f, "ZCOUNT z -inf (9007199254740993", "1");
    assert_reply(f, "ZCOUNT z 0.5 9007199254740992.0", "1");
    assert_reply(f, "ZRANGESTORE d z 1 2", "2");
    assert_reply(f, "ZSCORE d b", "\"9007199254740993\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(ranks_count_from_either_end),
        TEST_BOTH(scores_bound_a_range_openly_or_not),
        TEST_BOTH(bytes_bound_a_range_of_equal_scores),
        TEST_BOTH(options_that_do_not_go_together_are_refused),
        TEST_BOTH(zrangestore_replaces_what_was_there),
        TEST_BOTH(removing_the_last_of_a_range_deletes_the_key),
        TEST_BOTH(bounds_of_exact_sets_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
