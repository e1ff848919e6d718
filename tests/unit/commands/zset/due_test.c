/* Sorted sets as queues of delayed jobs: taking and moving what is due, and waiting for it. */
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "commands/zset/zset_commands.h"
#include "data/types/zset/zset.h"
#include "engine/blocking.h"
#include "unit/support/crowd.h"
#include "unit/support/error_texts.h"

#include <string.h>

#define TWO_KINDS                                                                                  \
    "-ERR source and destination have scores of different kinds: only one of them is a set of "    \
    "exact integers"

static const struct command_list *const lists[] = {
    &string_set_commands,
    &key_exist_commands,
    &transaction_commands,
    NULL,
};
static const struct feature others = {.name = "others", .commands = lists};
static const struct feature *const features[] = {&zset_commands_feature, &others, NULL};

/* Workers beside the fixture's own session. */
struct shop {
    struct command_fixture *fixture;
    struct crowd workers;
};

static int set_up_with_limit(void **state, int64_t max_packed) {
    static struct shop shop;
    shop = (struct shop){.fixture = fixture_new_of_features(features)};
    zset_set_limits(max_packed, 64);
    fixture_run(shop.fixture, "SET s text");
    crowd_gather(&shop.workers, shop.fixture);
    (void)fixture_events(shop.fixture);
    *state = &shop;
    return 0;
}

static int set_up_packed(void **state) {
    return set_up_with_limit(state, 128);
}

static int set_up_table(void **state) {
    return set_up_with_limit(state, 0);
}

static int tear_down(void **state) {
    struct shop *shop = *state;
    crowd_dismiss(&shop->workers);
    int is_left = shop->fixture->engine->blocking != NULL;
    fixture_free(shop->fixture);
    return is_left;
}

/* Moves the clock to so many ms after the start and does what is due. */
static void come_to(struct shop *shop, int64_t ms) {
    struct command_fixture *f = shop->fixture;
    fixture_advance_ms(f, FIXTURE_START_MS + ms - f->clock.unix_ms);
    blocking_expire(f->engine, f->clock.unix_ms);
}

/* --- taking --- */

static void the_lowest_in_the_range_are_taken(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a 2 b 3 c 4 d");
    (void)fixture_events(f);
    assert_reply(f, "ZPOPBYSCORE q (1 +inf", "[\"b\", \"2\"]");
    assert_events(f, "0:zpopbyscore:q");
    assert_reply(f, "ZPOPBYSCORE q 5 9", "[]");
    assert_reply(f, "ZPOPBYSCORE q 9 5 COUNT 3", "[]");
    assert_events(f, "");
    f->session.version = RESP3;
    assert_reply(f, "ZPOPBYSCORE q -inf 3 COUNT 5", "[[\"a\", 1], [\"c\", 3]]");
    assert_reply(f, "ZPOPBYSCORE q 0 9", "[[\"d\", 4]]");
    assert_events(f, "0:zpopbyscore:q 0:zpopbyscore:q 0:del:q");
    assert_reply(f, "ZPOPBYSCORE q 0 9", "[]");
}

static void now_is_the_unix_time_in_ms(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1700000000000 due 1700000000000.5 later 1700000000001 last");
    assert_reply(f, "ZPOPBYSCORE q 0 NOW COUNT 9", "[\"due\", \"1700000000000\"]");
    fixture_advance_ms(f, 1);
    assert_reply(f, "ZPOPBYSCORE q 0 now COUNT 9",
                 "[\"later\", \"1700000000000.5\", \"last\", \"1700000000001\"]");
    fixture_run(f, "ZADD x INT64 1700000000001 due 1700000000002 later");
    assert_reply(f, "ZPOPBYSCORE x -inf NOW COUNT 9", "[\"due\", \"1700000000001\"]");
}

static void what_zpopbyscore_is_given_is_checked(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    static const char syntax[] = "-ERR syntax error, only COUNT with a number may follow";
    assert_reply(f, "ZPOPBYSCORE q NOW 1", "-ERR min or max is not a float");
    assert_reply(f, "ZPOPBYSCORE q 0 (NOW", "-ERR min or max is not a float");
    assert_reply(f, "ZPOPBYSCORE q 0 1 COUNT", syntax);
    assert_reply(f, "ZPOPBYSCORE q 0 1 LIMIT 1", syntax);
    assert_reply(f, "ZPOPBYSCORE q 0 1 COUNT 1 1", syntax);
    assert_reply(f, "ZPOPBYSCORE q 0 1 COUNT 0", "-ERR count should be greater than 0");
    assert_reply(f, "ZPOPBYSCORE s 0 1", WRONG_TYPE);
    assert_reply(f, "BZPOPBYSCORE q 0 NOW x", "-ERR timeout is not a float or out of range");
    assert_reply(f, "BZPOPBYSCORE q x NOW 0", "-ERR min or max is not a float");
    assert_reply(f, "BZPOPBYSCORE s 0 NOW 0", WRONG_TYPE);
}

/* --- waiting --- */

static void what_is_due_is_taken_without_waiting(void **state) {
    struct shop *shop = *state;
    struct command_fixture *f = shop->fixture;
    fixture_run(f, "ZADD q 5 job");
    (void)fixture_events(f);
    assert_reply(f, "BZPOPBYSCORE q 0 NOW 0", "[\"q\", \"job\", \"5\"]");
    assert_events(f, "0:zpopbyscore:q 0:del:q");
    fixture_run(f, "MULTI");
    fixture_run(f, "BZPOPBYSCORE q 0 NOW 0");
    assert_reply(f, "EXEC", "[nil-array]");
}

static void a_worker_wakes_when_a_job_comes_due(void **state) {
    struct shop *shop = *state;
    fixture_run(shop->fixture, "ZADD q 1700000000500 job 1700000009000 far");
    (void)fixture_events(shop->fixture);
    crowd_run(&shop->workers, 0, "BZPOPBYSCORE q 0 NOW 0");
    come_to(shop, 499);
    crowd_assert_waits(&shop->workers, 0);
    assert_events(shop->fixture, "");
    come_to(shop, 500);
    crowd_assert_served(&shop->workers, 0,
                        "*3\r\n$1\r\nq\r\n$3\r\njob\r\n$13\r\n1700000000500\r\n");
    assert_events(shop->fixture, "0:zpopbyscore:q");
}

static void an_earlier_job_wakes_earlier(void **state) {
    struct shop *shop = *state;
    crowd_run(&shop->workers, 0, "BZPOPBYSCORE q 0 NOW 0");
    fixture_run(shop->fixture, "ZADD q 1700000000900 late");
    blocking_serve_ready(shop->fixture->engine);
    crowd_assert_waits(&shop->workers, 0);
    fixture_run(shop->fixture, "ZADD q 1700000000300.5 early");
    blocking_serve_ready(shop->fixture->engine);
    come_to(shop, 300);
    crowd_assert_waits(&shop->workers, 0);
    come_to(shop, 301);
    assert_false(blocking_is_blocked(&shop->workers.sessions[0]));
    assert_reply(shop->fixture, "ZRANGE q 0 -1", "[\"late\"]");
}

static void workers_are_served_in_the_order_of_coming(void **state) {
    struct shop *shop = *state;
    fixture_run(shop->fixture, "ZADD q 1700000000100 a 1700000000200 b 1700000000300 c");
    for (size_t i = 0; i < CROWD_SIZE; i++) crowd_run(&shop->workers, i, "BZPOPBYSCORE q 0 NOW 0");
    come_to(shop, 100);
    assert_false(blocking_is_blocked(&shop->workers.sessions[0]));
    crowd_assert_waits(&shop->workers, 1);
    come_to(shop, 200);
    assert_false(blocking_is_blocked(&shop->workers.sessions[1]));
    crowd_assert_waits(&shop->workers, 2);
    come_to(shop, 300);
    assert_false(blocking_is_blocked(&shop->workers.sessions[2]));
    assert_reply(shop->fixture, "EXISTS q", "0");
}

static void a_job_put_off_is_waited_for_anew(void **state) {
    struct shop *shop = *state;
    fixture_run(shop->fixture, "ZADD q 1700000000100 job");
    crowd_run(&shop->workers, 0, "BZPOPBYSCORE q 0 NOW 1");
    fixture_run(shop->fixture, "ZADD q 1700000000700 job");
    blocking_serve_ready(shop->fixture->engine);
    come_to(shop, 100);
    crowd_assert_waits(&shop->workers, 0);
    come_to(shop, 699);
    crowd_assert_waits(&shop->workers, 0);
    come_to(shop, 700);
    assert_false(blocking_is_blocked(&shop->workers.sessions[0]));
    assert_reply(shop->fixture, "EXISTS q", "0");
}

static void only_the_range_is_waited_for(void **state) {
    struct shop *shop = *state;
    fixture_run(shop->fixture, "ZADD q 5 never 1700000000100 job");
    crowd_run(&shop->workers, 0, "BZPOPBYSCORE q 1000 NOW 0");
    crowd_run(&shop->workers, 1, "BZPOPBYSCORE q 50 60 0.2");
    come_to(shop, 100);
    assert_false(blocking_is_blocked(&shop->workers.sessions[0]));
    crowd_assert_waits(&shop->workers, 1);
    assert_reply(shop->fixture, "ZRANGE q 0 -1", "[\"never\"]");
    come_to(shop, 200);
    crowd_assert_served(&shop->workers, 1, "*-1\r\n");
    crowd_run(&shop->workers, 2, "BZPOPBYSCORE q 50 60 0");
    fixture_run(shop->fixture, "ZADD q 55 x");
    blocking_serve_ready(shop->fixture->engine);
    crowd_assert_served(&shop->workers, 2, "*3\r\n$1\r\nq\r\n$1\r\nx\r\n$2\r\n55\r\n");
}

static void scores_that_are_no_times_wake_nobody(void **state) {
    struct shop *shop = *state;
    fixture_run(shop->fixture, "ZADD q +inf never 1e300 hardly");
    crowd_run(&shop->workers, 0, "BZPOPBYSCORE q 0 NOW 0");
    come_to(shop, 1000000);
    crowd_assert_waits(&shop->workers, 0);
    fixture_run(shop->fixture, "ZADD x INT64 9223372036854775807 never");
    crowd_run(&shop->workers, 1, "BZPOPBYSCORE x 0 NOW 0");
    come_to(shop, 2000000);
    crowd_assert_waits(&shop->workers, 1);
}

/* --- moving --- */

static void bzmove_takes_from_an_end(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a 2 b 3 c");
    (void)fixture_events(f);
    assert_reply(f, "BZMOVE q busy MIN 0", "[\"a\", \"1\"]");
    assert_events(f, "0:zadd:busy 0:zpopmin:q");
    assert_reply(f, "BZMOVE q busy max 0", "[\"c\", \"3\"]");
    assert_events(f, "0:zadd:busy 0:zpopmax:q");
    f->session.version = RESP3;
    assert_reply(f, "BZMOVE q busy MIN 0", "[\"b\", 2]");
    assert_events(f, "0:zadd:busy 0:zpopmin:q 0:del:q");
    f->session.version = RESP2;
    assert_reply(f, "ZRANGE busy 0 -1 WITHSCORES", "[\"a\", \"1\", \"b\", \"2\", \"c\", \"3\"]");
    assert_reply(f, "BZMOVE q busy MIN 1", "nil-array");
}

static void what_arrives_replaces_the_score(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a");
    fixture_run(f, "ZADD busy 9 a 5 b");
    assert_reply(f, "BZMOVE q busy MIN 0", "[\"a\", \"1\"]");
    assert_reply(f, "ZRANGE busy 0 -1 WITHSCORES", "[\"a\", \"1\", \"b\", \"5\"]");
}

static void a_member_moved_onto_itself_stays(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a 2 b");
    (void)fixture_events(f);
    assert_reply(f, "BZMOVE q q MAX 0", "[\"b\", \"2\"]");
    assert_reply(f, "ZMOVEDUE q q NOW COUNT 2", "[\"a\", \"1\", \"b\", \"2\"]");
    assert_reply(f, "ZCARD q", "2");
    assert_events(f, "");
}

static void moves_wake_each_other(void **state) {
    struct shop *shop = *state;
    crowd_run(&shop->workers, 0, "BZMOVE a b MIN 0");
    crowd_run(&shop->workers, 1, "BZMOVE b c MAX 0");
    crowd_run(&shop->workers, 2, "BZPOPBYSCORE c 0 NOW 0");
    (void)fixture_events(shop->fixture);
    fixture_run(shop->fixture, "ZADD a 7 m");
    blocking_serve_ready(shop->fixture->engine);
    crowd_assert_served(&shop->workers, 0, "*2\r\n$1\r\nm\r\n$1\r\n7\r\n");
    crowd_assert_served(&shop->workers, 1, "*2\r\n$1\r\nm\r\n$1\r\n7\r\n");
    crowd_assert_served(&shop->workers, 2, "*3\r\n$1\r\nc\r\n$1\r\nm\r\n$1\r\n7\r\n");
    assert_events(shop->fixture, "0:zadd:a 0:zadd:b 0:zpopmin:a 0:del:a 0:zadd:c 0:zpopmax:b "
                                 "0:del:b 0:zpopbyscore:c 0:del:c");
}

static void zmovedue_moves_what_is_due(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a 2 b 1700000000000 c 1700000000001 d");
    (void)fixture_events(f);
    assert_reply(f, "ZMOVEDUE q busy NOW", "[\"a\", \"1\"]");
    assert_events(f, "0:zadd:busy 0:zpopbyscore:q");
    assert_reply(f, "ZMOVEDUE q busy now COUNT 9", "[\"b\", \"2\", \"c\", \"1700000000000\"]");
    assert_reply(f, "ZMOVEDUE q busy NOW COUNT 9", "[]");
    assert_reply(f, "ZMOVEDUE q busy (1700000000001", "[]");
    f->session.version = RESP3;
    assert_reply(f, "ZMOVEDUE q busy 1700000000001", "[[\"d\", 1700000000001]]");
    assert_reply(f, "EXISTS q", "0");
    assert_reply(f, "ZMOVEDUE q busy NOW", "[]");
    assert_reply(f, "ZCARD busy", "4");
}

static void moves_are_whole_or_not_at_all(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a");
    fixture_run(f, "ZADD x INT64 1 b");
    (void)fixture_events(f);
    assert_reply(f, "ZMOVEDUE q x NOW", TWO_KINDS);
    assert_reply(f, "BZMOVE x q MIN 0", TWO_KINDS);
    assert_reply(f, "ZMOVEDUE q s NOW", WRONG_TYPE);
    assert_reply(f, "BZMOVE q s MIN 0", WRONG_TYPE);
    assert_reply(f, "BZMOVE s q MIN 0", WRONG_TYPE);
    assert_reply(f, "BZMOVE q busy LOW 0",
                 "-ERR syntax error, which member to move must be MIN or MAX");
    assert_reply(f, "BZMOVE q busy MIN x", "-ERR timeout is not a float or out of range");
    assert_reply(f, "ZMOVEDUE q busy x", "-ERR min or max is not a float");
    assert_events(f, "");
    assert_reply(f, "BZMOVE x y MAX 0", "[\"b\", \"1\"]");
    assert_reply(f, "ZADD y INT64 2 c", "1");
}

static void due_times_move_with_the_members(void **state) {
    struct command_fixture *f = ((struct shop *)*state)->fixture;
    fixture_run(f, "ZADD q 1 a 2 b 3 c");
    fixture_run(f, "ZADD busy 1 b 9 z");
    fixture_run(f, "ZPEXPIRE q 1000 MEMBERS 1 a");
    fixture_run(f, "ZPEXPIRE busy 1000 MEMBERS 1 b");
    assert_reply(f, "ZMOVEDUE q busy NOW COUNT 2", "[\"a\", \"1\", \"b\", \"2\"]");
    assert_reply(f, "ZPTTL busy MEMBERS 3 a b z", "[1000, -1, -1]");
    fixture_advance_ms(f, 1000);
    assert_reply(f, "ZRANGE busy 0 -1", "[\"b\", \"z\"]");
    assert_reply(f, "ZRANGE q 0 -1", "[\"c\"]");
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, set_up_packed, tear_down),                               \
        cmocka_unit_test_setup_teardown(test, set_up_table, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(the_lowest_in_the_range_are_taken),
        BOTH(now_is_the_unix_time_in_ms),
        BOTH(what_zpopbyscore_is_given_is_checked),
        BOTH(what_is_due_is_taken_without_waiting),
        BOTH(a_worker_wakes_when_a_job_comes_due),
        BOTH(an_earlier_job_wakes_earlier),
        BOTH(workers_are_served_in_the_order_of_coming),
        BOTH(a_job_put_off_is_waited_for_anew),
        BOTH(only_the_range_is_waited_for),
        BOTH(scores_that_are_no_times_wake_nobody),
        BOTH(bzmove_takes_from_an_end),
        BOTH(what_arrives_replaces_the_score),
        BOTH(a_member_moved_onto_itself_stays),
        BOTH(moves_wake_each_other),
        BOTH(zmovedue_moves_what_is_due),
        BOTH(moves_are_whole_or_not_at_all),
        BOTH(due_times_move_with_the_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
