/* ZADD, ZINCRBY and the questions about members, against an engine in process. */
#include "unit/commands/zset/zset_fixture.h"

static void zadd_tells_how_many_members_are_new(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD z 1 a 2 b 3 a", "2");
    assert_events(f, "0:zadd:z");
    assert_reply(f, "ZADD z CH 3 a 4 b 5 c", "2");
    assert_events(f, "0:zadd:z");
    assert_reply(f, "ZADD z 3 a", "0");
    assert_events(f, "");
    assert_reply(f, "ZADD z 7 a", "0");
    assert_events(f, "0:zadd:z");
    assert_reply(f, "ZRANGE z 0 -1 WITHSCORES", "[\"b\", \"4\", \"c\", \"5\", \"a\", \"7\"]");
}

static void conditions_decide_member_by_member(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD z XX 1 a", "0");
    assert_reply(f, "EXISTS z", "0");
    assert_events(f, "");
    assert_reply(f, "ZADD z NX 5 a 5 b", "2");
    assert_reply(f, "ZADD z NX CH 6 a 6 c", "1");
    assert_reply(f, "ZADD z GT CH 4 a 9 b 1 d", "2");
    assert_reply(f, "ZADD z LT CH 4 a 10 b", "1");
    assert_reply(f, "ZADD z XX GT CH 100 c 100 nobody", "1");
    assert_reply(f, "ZMSCORE z a b c d nobody", "[\"4\", \"9\", \"100\", \"1\", nil]");
}

static void incr_replies_the_sum_or_nothing(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD z INCR 1.5 a", "\"1.5\"");
    assert_events(f, "0:zincr:z");
    assert_reply(f, "ZADD z INCR 0 a", "\"1.5\"");
    assert_events(f, "");
    assert_reply(f, "ZADD z NX INCR 1 a", "nil");
    assert_reply(f, "ZADD z XX INCR 1 b", "nil");
    assert_reply(f, "ZADD z GT INCR -1 a", "nil");
    assert_events(f, "");
    assert_reply(f, "ZINCRBY z -2 a", "\"-0.5\"");
    assert_events(f, "0:zincr:z");
    f->session.version = RESP3;
    assert_reply(f, "ZINCRBY z 1 a", "0.5");
    assert_reply(f, "ZADD z XX INCR 1 b", "nil");
}

static void a_sum_that_is_no_number_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z inf a");
    (void)fixture_events(f);
    assert_reply(f, "ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)");
    assert_reply(f, "ZADD z XX INCR -inf a", "-ERR resulting score is not a number (NaN)");
    assert_reply(f, "ZADD z NX INCR -inf a", "nil");
    assert_events(f, "");
    assert_reply(f, "ZSCORE z a", "\"inf\"");
}

static void a_fault_anywhere_leaves_the_set_alone(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD z 1 a x b", NOT_FLOAT);
    assert_reply(f, "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h nan i", NOT_FLOAT);
    assert_reply(f, "ZADD z 1 a 2", SYNTAX);
    assert_reply(f, "ZADD z NX XX 1 a",
                 "-ERR XX and NX options at the same time are not compatible");
    assert_reply(f, "ZADD z GT LT 1 a",
                 "-ERR GT, LT, and/or NX options at the same time are not compatible");
    assert_reply(f, "ZADD z INCR 1 a 2 b",
                 "-ERR INCR option supports a single increment-element pair");
    assert_reply(f, "EXISTS z", "0");
    fixture_run(f, "SET s v");
    assert_reply(f, "ZADD s x a", NOT_FLOAT);
    assert_reply(f, "ZADD s 1 a", WRONG_TYPE);
}

static void many_pairs_go_in_at_once(void **state) {
    struct command_fixture *f = *state;
    struct buffer line = {0};
    buffer_append_str(&line, "ZADD z CH");
    for (int i = 0; i < 100; i++) buffer_printf(&line, " %d m%d", i, i % 50);
    assert_reply(f, buffer_c_str(&line), "100");
    buffer_destroy(&line);
    assert_reply(f, "ZCARD z", "50");
    assert_reply(f, "ZSCORE z m0", "\"50\"");
    assert_reply(f, "ZREVRANGE z 0 1 WITHSCORES", "[\"m49\", \"99\", \"m48\", \"98\"]");
}

static void exact_sets_take_and_tell_whole_numbers(void **state) {
    struct command_fixture *f = *state;
    put_exact(f, "z", "a", INT64_MAX - 1);
    assert_reply(f, "ZADD z 1.5 b", NOT_INTEGER);
    assert_reply(f, "ZADD z 1 b 1e3 c", NOT_INTEGER);
    assert_reply(f, "ZCARD z", "1");
    assert_reply(f, "ZADD z 9007199254740993 b", "1");
    assert_reply(f, "ZSCORE z b", "\"9007199254740993\"");
    assert_reply(f, "ZADD z GT CH 9007199254740992 b", "0");
    assert_reply(f, "ZADD z GT CH 9007199254740994 b", "1");
    assert_reply(f, "ZINCRBY z 1 a", "\"9223372036854775807\"");
    assert_reply(f, "ZINCRBY z 1 a", "-ERR increment or decrement would overflow");
    f->session.version = RESP3;
    assert_reply(f, "ZMSCORE z a b nobody", "[9223372036854775807, 9007199254740994, nil]");
    assert_reply(f, "ZRANGE z 0 -1 WITHSCORES",
                 "[[\"b\", 9007199254740994], [\"a\", 9223372036854775807]]");
    assert_reply(f, "ZRANK z a WITHSCORE", "[1, 9223372036854775807]");
}

static void ranks_come_with_scores_on_request(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z 1 a 2 b 2 c");
    assert_reply(f, "ZRANK z c", "2");
    assert_reply(f, "ZREVRANK z a", "2");
    assert_reply(f, "ZRANK z b WITHSCORE", "[1, \"2\"]");
    assert_reply(f, "ZREVRANK z b withscore", "[1, \"2\"]");
    assert_reply(f, "ZRANK z nobody", "nil");
    assert_reply(f, "ZRANK z nobody WITHSCORE", "nil-array");
    assert_reply(f, "ZRANK none a WITHSCORE", "nil-array");
    assert_reply(f, "ZRANK z b SCORE", SYNTAX);
    f->session.version = RESP3;
    assert_reply(f, "ZREVRANK z c WITHSCORE", "[0, 2]");
    assert_reply(f, "ZREVRANK z nobody WITHSCORE", "nil");
}

static void zscan_tells_scores_as_text(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z 1.5 a");
    assert_reply(f, "ZSCAN z 0", "[\"0\", [\"a\", \"1.5\"]]");
    f->session.version = RESP3;
    assert_reply(f, "ZSCAN z 0 MATCH a", "[\"0\", [\"a\", \"1.5\"]]");
    assert_reply(f, "ZSCAN z 0 MATCH b*", "[\"0\", []]");
}

static void the_directives_set_the_limits_of_the_packed_form(void **state) {
    struct command_fixture *f = *state;
    use_limits(f, "2");
    fixture_run(f, "ZADD z 1 a 2 b");
    assert_reply(f, "OBJECT ENCODING z", "\"listpack\"");
    fixture_run(f, "ZADD z 3 c");
    assert_reply(f, "OBJECT ENCODING z", "\"skiplist\"");
    fixture_set_directive(f, "zset-max-ziplist-value", "3");
    fixture_run(f, "ZADD y 1 abcd");
    assert_reply(f, "OBJECT ENCODING y", "\"skiplist\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_BOTH(zadd_tells_how_many_members_are_new),
        TEST_BOTH(conditions_decide_member_by_member),
        TEST_BOTH(incr_replies_the_sum_or_nothing),
        TEST_BOTH(a_sum_that_is_no_number_changes_nothing),
        TEST_BOTH(a_fault_anywhere_leaves_the_set_alone),
        TEST_BOTH(many_pairs_go_in_at_once),
        TEST_BOTH(exact_sets_take_and_tell_whole_numbers),
        TEST_BOTH(ranks_come_with_scores_on_request),
        TEST_BOTH(zscan_tells_scores_as_text),
        TEST_BOTH(the_directives_set_the_limits_of_the_packed_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
