/* Unions, intersections and differences of sorted sets. */
#include "unit/commands/zset/zset_fixture.h"

static void fill(struct command_fixture *f) {
    fixture_run(f, "ZADD a 1 x 2 y 3 z");
    fixture_run(f, "ZADD b 10 y 20 z 30 w");
    fixture_run(f, "SADD s y q");
    (void)fixture_events(f);
}

static void scores_are_weighted_and_aggregated(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    assert_reply(f, "ZINTER 2 a b WITHSCORES", "[\"y\", \"12\", \"z\", \"23\"]");
    assert_reply(f, "ZINTER 2 a b WEIGHTS 10 0.5 AGGREGATE MIN WITHSCORES",
                 "[\"y\", \"5\", \"z\", \"10\"]");
    assert_reply(f, "ZUNION 2 a b AGGREGATE MAX WITHSCORES",
                 "[\"x\", \"1\", \"y\", \"10\", \"z\", \"20\", \"w\", \"30\"]");
    assert_reply(f, "ZUNION 2 a s", "[\"q\", \"x\", \"y\", \"z\"]");
    f->session.version = RESP3;
    assert_reply(f, "ZINTER 2 a s WITHSCORES", "[[\"y\", 3]]");
    assert_reply(f, "ZDIFF 2 a b WITHSCORES", "[[\"x\", 1]]");
}

static void count_adds_the_weights_of_the_sets_that_have_a_member(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    assert_reply(f, "ZUNION 3 a b s AGGREGATE COUNT WITHSCORES",
                 "[\"q\", \"1\", \"w\", \"1\", \"x\", \"1\", \"z\", \"2\", \"y\", \"3\"]");
    assert_reply(f, "ZINTER 3 a b s WEIGHTS 1 10 100 AGGREGATE COUNT WITHSCORES",
                 "[\"y\", \"111\"]");
    assert_reply(f, "ZDIFF 1 a AGGREGATE COUNT", SYNTAX);
}

static void what_is_no_number_becomes_zero(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD p inf m");
    fixture_run(f, "ZADD n -inf m");
    assert_reply(f, "ZUNION 2 p n WITHSCORES", "[\"m\", \"0\"]");
    assert_reply(f, "ZUNION 1 p WEIGHTS 0 WITHSCORES", "[\"m\", \"0\"]");
    fixture_run(f, "ZADD q 5 m");
    assert_reply(f, "ZINTER 2 q p WEIGHTS 1 0 AGGREGATE MIN WITHSCORES", "[\"m\", \"5\"]");
}

static void a_result_replaces_its_destination(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    fixture_run(f, "SET d v");
    (void)fixture_events(f);
    assert_reply(f, "ZUNIONSTORE d 2 a b", "4");
    assert_events(f, "0:zunionstore:d");
    assert_reply(f, "ZINTERSTORE d 2 d b WEIGHTS 1 0", "3");
    assert_events(f, "0:zinterstore:d");
    assert_reply(f, "ZRANGE d 0 -1 WITHSCORES", "[\"y\", \"12\", \"z\", \"23\", \"w\", \"30\"]");
    assert_reply(f, "ZDIFFSTORE d 2 d b", "0");
    assert_events(f, "0:del:d");
    assert_reply(f, "ZDIFFSTORE d 2 d b", "0");
    assert_events(f, "");
}

static void zintercard_stops_at_its_limit(void **state) {
    struct command_fixture *f = *state;
    fill(f);
    assert_reply(f, "ZINTERCARD 2 a b", "2");
    assert_reply(f, "ZINTERCARD 2 a b LIMIT 1", "1");
    assert_reply(f, "ZINTERCARD 2 a b LIMIT 0", "2");
    assert_reply(f, "ZINTERCARD 3 a b none", "0");
    assert_reply(f, "ZINTERCARD 2 a b LIMIT -1", "-ERR LIMIT can't be negative");
    assert_reply(f, "ZINTERCARD 0 a",
                 "-ERR at least 1 input key is needed for 'zintercard' command");
}

static void exact_scores_stay_exact_or_are_refused(void **state) {
    struct command_fixture *f = *state;
    put_exact(f, "e", "m", 9007199254740993);
    put_exact(f, "g", "m", 1);
    put_exact(f, "h", "m", INT64_MAX);
    assert_reply(f, "ZUNION 2 e g WITHSCORES", "[\"m\", \"9007199254740994\"]");
    assert_reply(f, "ZINTER 2 e g WEIGHTS 2 1 WITHSCORES", "[\"m\", \"18014398509481987\"]");
    assert_reply(f, "ZUNION 2 e g AGGREGATE COUNT WITHSCORES", "[\"m\", \"2\"]");
    assert_reply(f, "ZUNIONSTORE d 2 h g", "-ERR resulting score is out of range");
    assert_reply(f, "ZUNIONSTORE d 1 h WEIGHTS 2", "-ERR resulting score is out of range");
    assert_reply(f, "EXISTS d", "0");
    assert_reply(f, "ZUNIONSTORE d 2 e g", "1");
    assert_reply(f, "OBJECT ENCODING d", "\"skiplist-int64\"");
    assert_reply(f, "ZUNION 1 g WEIGHTS 0.5 WITHSCORES", "[\"m\", \"0.5\"]");
    assert_reply(f, "ZDIFFSTORE d 2 e none", "1");
    assert_reply(f, "ZSCORE d m", "\"9007199254740993\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(scores_are_weighted_and_aggregated),
        TEST_BOTH(count_adds_the_weights_of_the_sets_that_have_a_member),
        TEST_BOTH(what_is_no_number_becomes_zero),
        TEST_BOTH(a_result_replaces_its_destination),
        TEST_BOTH(zintercard_stops_at_its_limit),
        TEST_BOTH(exact_scores_stay_exact_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
