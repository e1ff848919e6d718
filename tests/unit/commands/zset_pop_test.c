/* Members taken from the ends of sorted sets, drawn at random, and waited for. */
#include "engine/blocking.h"
#include "engine/dispatch.h"
#include "foundation/words.h"
#include "unit/commands/zset_fixture.h"

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

enum { WAITERS = 3 };

/* More clients of the fixture's engine; of their replies the tests see the length. */
struct crowd {
    struct session sessions[WAITERS];
    struct output_batch batch;
};

static void gather(struct command_fixture *f, struct crowd *crowd) {
    *crowd = (struct crowd){0};
    for (size_t i = 0; i < WAITERS; i++) {
        session_init(&crowd->sessions[i], f->engine);
        crowd->sessions[i].can_block = true;
    }
}

static void dismiss(struct crowd *crowd) {
    for (size_t i = 0; i < WAITERS; i++) session_destroy(&crowd->sessions[i]);
    output_batch_destroy(&crowd->batch);
}

static void wait_with(struct crowd *crowd, size_t who, const char *line) {
    struct words words;
    struct session *session = &crowd->sessions[who];
    assert_true(words_split(bytes_of_str(line), &words));
    output_lend(&session->output, &crowd->batch);
    (void)dispatch(session, words.items, (uint32_t)words.count);
    output_keep(&session->output);
    words_destroy(&words);
    assert_true(blocking_is_blocked(session));
    assert_int_equal(output_pending_bytes(&session->output), 0);
}

static void run_and_serve(struct command_fixture *f, const char *line) {
    fixture_run(f, line);
    if (blocking_has_ready(f->engine)) blocking_serve_ready(f->engine);
}

/* `reply` is raw. */
static void assert_served(struct crowd *crowd, size_t who, const char *reply) {
    assert_false(blocking_is_blocked(&crowd->sessions[who]));
    assert_int_equal(output_pending_bytes(&crowd->sessions[who].output), strlen(reply));
}

static void zadd_serves_who_waits_in_the_order_of_coming(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    gather(f, &crowd);
    wait_with(&crowd, 0, "BZPOPMIN z 0");
    wait_with(&crowd, 1, "BZPOPMAX none z 0");
    wait_with(&crowd, 2, "BZMPOP 0 1 z MIN COUNT 2");
    run_and_serve(f, "ZADD z 1 a");
    assert_served(&crowd, 0, "*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\n1\r\n");
    assert_true(blocking_is_blocked(&crowd.sessions[1]));
    assert_events(f, "0:zadd:z 0:zpopmin:z 0:del:z");
    run_and_serve(f, "ZUNIONSTORE z 1 none");
    assert_true(blocking_is_blocked(&crowd.sessions[1]));
    run_and_serve(f, "ZADD z 1 a 2 b 3 c 4.5 d");
    assert_served(&crowd, 1, "*3\r\n$1\r\nz\r\n$1\r\nd\r\n$3\r\n4.5\r\n");
    assert_served(
        &crowd, 2,
        "*2\r\n$1\r\nz\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
    assert_reply(f, "ZRANGE z 0 -1", "[\"c\"]");
    dismiss(&crowd);
}

static void the_time_that_is_up_ends_the_waiting(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    gather(f, &crowd);
    wait_with(&crowd, 0, "BZPOPMIN z 0.5");
    wait_with(&crowd, 1, "BZMPOP 0.5 1 z MAX");
    wait_with(&crowd, 2, "BZPOPMAX z 5");
    blocking_expire(f->engine, FIXTURE_START_MS + 500);
    assert_served(&crowd, 0, "*-1\r\n");
    assert_served(&crowd, 1, "*-1\r\n");
    assert_true(blocking_is_blocked(&crowd.sessions[2]));
    dismiss(&crowd);
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
