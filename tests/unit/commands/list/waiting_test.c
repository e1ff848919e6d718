/* Clients that wait for lists: several sessions of one engine in process. */
#include "commands/keys/key_commands.h"
#include "commands/list/list_commands.h"
#include "commands/string/string_commands.h"
#include "engine/blocking.h"
#include "unit/support/crowd.h"
#include "unit/support/error_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct command_list *const lists[] = {
    &string_set_commands,
    &key_exist_commands,
    NULL,
};

static const struct feature plain_feature = {.name = "plain", .commands = lists};
static const struct feature *const features[] = {&plain_feature, &list_commands_feature, NULL};

static int set_up(void **state) {
    *state = fixture_new_of_features(features);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void a_push_serves_who_waits_in_the_order_of_coming(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    crowd_run(&crowd, 0, "BLPOP k 0");
    crowd_run(&crowd, 1, "BRPOP none k 0");
    crowd_run(&crowd, 2, "BLMPOP 0 1 k LEFT COUNT 2");
    crowd_assert_waits(&crowd, 0);
    crowd_serve_after(f, "RPUSH k a");
    crowd_assert_served(&crowd, 0, "*2\r\n$1\r\nk\r\n$1\r\na\r\n");
    crowd_assert_waits(&crowd, 1);
    assert_events(f, "0:rpush:k 0:lpop:k 0:del:k");
    crowd_serve_after(f, "RPUSH k 1 2 3 4");
    crowd_assert_served(&crowd, 1, "*2\r\n$1\r\nk\r\n$1\r\n4\r\n");
    crowd_assert_served(&crowd, 2, "*2\r\n$1\r\nk\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    assert_reply(f, "LRANGE k 0 -1", "[\"3\"]");
    assert_int_equal(blocking_session_count(f->engine), 0);
    crowd_dismiss(&crowd);
}

static void moves_wake_each_other(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    crowd_run(&crowd, 0, "BLMOVE a b LEFT RIGHT 0");
    crowd_run(&crowd, 1, "BRPOPLPUSH b c 0");
    crowd_run(&crowd, 2, "BLMOVEM c d LEFT RIGHT 0 COUNT 5 OBO");
    crowd_serve_after(f, "RPUSH a x");
    crowd_assert_served(&crowd, 0, "$1\r\nx\r\n");
    crowd_assert_served(&crowd, 1, "$1\r\nx\r\n");
    crowd_assert_served(&crowd, 2, "*1\r\n$1\r\nx\r\n");
    assert_events(f, "0:rpush:a 0:rpush:b 0:lpop:a 0:del:a 0:lpush:c 0:rpop:b 0:del:b "
                     "0:rpush:d 0:lpop:c 0:del:c");
    crowd_dismiss(&crowd);
}

static void who_wants_more_than_there_is_waits_on_and_lets_others_pass(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    crowd_run(&crowd, 0, "BLMOVEM k m LEFT RIGHT 0 EXACTLY 2 BULK");
    crowd_run(&crowd, 1, "BLPOP k 0");
    crowd_run(&crowd, 2, "BLPOP k 0");
    crowd_serve_after(f, "RPUSH k a");
    crowd_assert_waits(&crowd, 0);
    crowd_assert_served(&crowd, 1, "*2\r\n$1\r\nk\r\n$1\r\na\r\n");
    crowd_assert_waits(&crowd, 2);
    crowd_serve_after(f, "RPUSH k b c");
    crowd_assert_served(&crowd, 0, "*2\r\n$1\r\nb\r\n$1\r\nc\r\n");
    crowd_assert_waits(&crowd, 2);
    assert_reply(f, "LRANGE m 0 -1", "[\"b\", \"c\"]");
    crowd_dismiss(&crowd);
}

static void the_time_that_is_up_ends_the_waiting(void **state) {
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    crowd_run(&crowd, 0, "BLPOP k 0.5");
    crowd_run(&crowd, 1, "BLMOVE k m LEFT LEFT 0.5");
    crowd_run(&crowd, 2, "BLMPOP 5 1 k LEFT");
    blocking_expire(f->engine, FIXTURE_START_MS + 499);
    crowd_assert_waits(&crowd, 0);
    blocking_expire(f->engine, FIXTURE_START_MS + 500);
    crowd_assert_served(&crowd, 0, "*-1\r\n");
    crowd_assert_served(&crowd, 1, "*-1\r\n");
    crowd_assert_waits(&crowd, 2);
    crowd_dismiss(&crowd);
    assert_int_equal(blocking_session_count(f->engine), 0);
}

static void a_wrong_destination_is_an_error_when_the_move_comes(void **state) {
    static const char error[] = WRONG_TYPE "\r\n";
    struct command_fixture *f = *state;
    struct crowd crowd;
    crowd_gather(&crowd, f);
    fixture_run(f, "SET s v");
    crowd_run(&crowd, 0, "BLMOVE k s LEFT LEFT 0");
    crowd_run(&crowd, 1, "BLMOVEM k s LEFT LEFT 0 COUNT 2 OBO");
    crowd_serve_after(f, "RPUSH k a");
    crowd_assert_served(&crowd, 0, error);
    crowd_assert_served(&crowd, 1, error);
    assert_reply(f, "LRANGE k 0 -1", "[\"a\"]");
    crowd_dismiss(&crowd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_push_serves_who_waits_in_the_order_of_coming),
        TEST(moves_wake_each_other),
        TEST(who_wants_more_than_there_is_waits_on_and_lets_others_pass),
        TEST(the_time_that_is_up_ends_the_waiting),
        TEST(a_wrong_destination_is_an_error_when_the_move_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
