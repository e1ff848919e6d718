#include "services/slowlog/slowlog.h"

#include "engine/reply.h"
#include "engine/transaction.h"
#include "services/slowlog/slow_log.h"
#include "unit/support/command_fixture.h"
#include "unit/support/waiting_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- commands to be logged --- */

static void answer(struct call *call) {
    reply_simple(call, "PONG");
}

static void burn(struct call *call) {
    uint64_t start = clock_ticks();
    while (clock_ticks_to_ns(clock_ticks() - start) < 3000000) continue;
    reply_ok(call);
}

static bool is_last(const struct bytes *args UNUSED, uint32_t argc, uint32_t index) {
    return index == argc - 1;
}

static const struct command_row rows[] = {
    {.name = "ping", .handler = answer, .arity = -1},
    {.name = "burn", .handler = burn, .arity = 1},
    {.name = "set",
     .handler = waiting_set,
     .arity = 3,
     .flags = COMMAND_WRITE,
     .keys = {KEY_AT(1, "OW")}},
    {.name = "wait",
     .handler = waiting_wait,
     .arity = 2,
     .flags = COMMAND_BLOCKING,
     .keys = {KEY_AT(1, "RO")}},
    {.name = "auth", .handler = answer, .arity = -2, .is_secret = is_last},
    {.name = "multi", .handler = waiting_begin, .arity = 1, .flags = COMMAND_NOT_QUEUED},
    {.name = "exec",
     .handler = transaction_run,
     .arity = 1,
     .flags = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE | COMMAND_SKIP_SLOWLOG},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&list, NULL};
static const struct feature logged_feature = {.name = "logged", .commands = lists};

/* --- fixture --- */

static int set_up(void **state) {
    static const struct feature *const features[] = {&logged_feature, &slowlog_feature, NULL};
    struct command_fixture *fixture = fixture_new_of_features(features);
    fixture->session.can_block = true;
    assert_true(slowlog_feature.start(fixture->engine, NULL));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct command_fixture *fixture = *state;
    slowlog_feature.stop(fixture->engine);
    fixture_free(fixture);
    return 0;
}

static void log_all(struct command_fixture *fixture) {
    fixture_set_directive(fixture, "slowlog-log-slower-than", "0");
}

static void log_nothing(struct command_fixture *fixture) {
    fixture_set_directive(fixture, "slowlog-log-slower-than", "-1");
}

/* What the newest entry holds. */
static void assert_newest(struct command_fixture *fixture, const char *part) {
    log_nothing(fixture);
    const char *reply = fixture_run(fixture, "slowlog get 1");
    if (strstr(reply, part) == NULL) print_message("%s is not in %s\n", part, reply);
    assert_non_null(strstr(reply, part));
}

/* The number at `*text`, which moves behind it and the ", " that follows. */
static long long take_number(const char **text) {
    char *end;
    long long number = strtoll(*text, &end, 10);
    assert_true(end != *text);
    *text = end + strlen(", ");
    return number;
}

static long long newest_id(struct command_fixture *fixture) {
    const char *reply = fixture_run(fixture, "slowlog get 1") + strlen("[[");
    return take_number(&reply);
}

/* --- tests --- */

static void only_what_is_slow_is_logged(void **state) {
    struct command_fixture *fixture = *state;
    fixture_set_directive(fixture, "slowlog-log-slower-than", "3000");
    fixture_run(fixture, "burn");
    assert_reply(fixture, "slowlog len", "1");
    fixture_set_directive(fixture, "slowlog-log-slower-than", "100000000");
    fixture_run(fixture, "burn");
    log_nothing(fixture);
    fixture_run(fixture, "burn");
    assert_reply(fixture, "slowlog len", "1");
    const char *reply = fixture_run(fixture, "slowlog get") + strlen("[[");
    long long id = take_number(&reply), at_s = take_number(&reply), us = take_number(&reply);
    assert_string_equal(reply, "[\"burn\"], \"?:0\", \"\"]]");
    assert_int_equal(id, 0);
    assert_int_equal(at_s, FIXTURE_START_MS / 1000);
    assert_true(us >= 2999);
}

static void entries_are_told_newest_first_and_as_many_as_wanted(void **state) {
    struct command_fixture *fixture = *state;
    log_all(fixture);
    for (int i = 0; i < 12; i++) {
        char line[32];
        (void)snprintf(line, sizeof(line), "ping %d", i);
        fixture_run(fixture, line);
    }
    log_nothing(fixture);
    assert_reply(fixture, "slowlog len", "12");
    const char *reply = fixture_run(fixture, "slowlog get 2");
    assert_non_null(strstr(reply, "[\"ping\", \"11\"]"));
    assert_non_null(strstr(reply, "[\"ping\", \"10\"]"));
    assert_null(strstr(reply, "[\"ping\", \"9\"]"));
    assert_true(strstr(reply, "\"11\"") < strstr(reply, "\"10\""));
    reply = fixture_run(fixture, "slowlog get");
    assert_non_null(strstr(reply, "[\"ping\", \"2\"]"));
    assert_null(strstr(reply, "[\"ping\", \"1\"]"));
    assert_non_null(strstr(fixture_run(fixture, "slowlog get -1"), "[\"ping\", \"0\"]"));
    assert_non_null(strstr(fixture_run(fixture, "slowlog get 1000"), "[\"ping\", \"0\"]"));
    assert_reply(fixture, "slowlog get 0", "[]");
}

static void a_wrong_count_is_refused(void **state) {
    struct command_fixture *fixture = *state;
    const char *error = "-ERR count should be greater than or equal to -1";
    assert_reply(fixture, "slowlog get -2", error);
    assert_reply(fixture, "slowlog get many", error);
    assert_reply(fixture, "slowlog get 1 2",
                 "-ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG "
                 "HELP.");
}

static void the_oldest_entries_make_room(void **state) {
    struct command_fixture *fixture = *state;
    fixture_set_directive(fixture, "slowlog-max-len", "3");
    log_all(fixture);
    for (int i = 0; i < 100; i++) fixture_run(fixture, "ping");
    log_nothing(fixture);
    assert_reply(fixture, "slowlog len", "3");
    assert_int_equal(strncmp(fixture_run(fixture, "slowlog get"), "[[99,", 5), 0);
    fixture_set_directive(fixture, "slowlog-max-len", "1");
    assert_reply(fixture, "slowlog len", "1");
    fixture_set_directive(fixture, "slowlog-max-len", "0");
    log_all(fixture);
    fixture_run(fixture, "ping");
    assert_reply(fixture, "slowlog len", "0");
}

static void ids_go_on_behind_a_reset(void **state) {
    struct command_fixture *fixture = *state;
    log_all(fixture);
    fixture_run(fixture, "ping");
    log_nothing(fixture);
    long long before = newest_id(fixture);
    assert_reply(fixture, "slowlog reset", "OK");
    assert_reply(fixture, "slowlog get", "[]");
    log_all(fixture);
    fixture_run(fixture, "ping");
    log_nothing(fixture);
    assert_int_equal(newest_id(fixture), before + 1);
}

static void long_requests_and_arguments_are_cut(void **state) {
    struct command_fixture *fixture = *state;
    static char data[SLOW_LOG_SHOWN_MAX + 5];
    memset(data, 'A', sizeof(data));
    struct bytes args[40] = {BYTES("ping"), bytes_of(data, SLOW_LOG_SHOWN_MAX),
                             bytes_of(data, sizeof(data))};
    for (size_t i = 3; i < ARRAY_LEN(args); i++) args[i] = BYTES("x");
    log_all(fixture);
    fixture_run_args(fixture, args, 32);
    fixture_run_args(fixture, args, 33);
    fixture_run_args(fixture, args, ARRAY_LEN(args));
    log_nothing(fixture);
    const char *reply = fixture_run(fixture, "slowlog get 3");
    assert_non_null(strstr(reply, "AAAA\", \"AAAA"));
    assert_non_null(strstr(reply, "AAA... (5 more bytes)\", \"x\""));
    assert_non_null(strstr(reply, "\"x\", \"... (9 more arguments)\"]"));
    assert_non_null(strstr(reply, "\"x\", \"... (2 more arguments)\"]"));
    assert_null(strstr(reply, "(1 more arguments)"));
}

static void the_largest_entry_fits(void **state) {
    struct command_fixture *fixture = *state;
    static char data[100000];
    memset(data, 'A', sizeof(data));
    struct bytes args[1000];
    args[0] = BYTES("ping");
    for (size_t i = 1; i < ARRAY_LEN(args); i++) args[i] = bytes_of(data, sizeof(data));
    session_set_text(&fixture->session.name, bytes_of(data, sizeof(data)));
    log_all(fixture);
    fixture_run_args(fixture, args, ARRAY_LEN(args));
    log_nothing(fixture);
    const char *reply = fixture_run(fixture, "slowlog get 1");
    assert_true(strlen(reply) < SLOW_LOG_ENTRY_MAX);
    assert_non_null(strstr(reply, "\"... (969 more arguments)\"]"));
    assert_non_null(strstr(reply, "A... (99872 more bytes)\"]]"));
}

static void any_byte_is_logged_as_it_was_sent(void **state) {
    struct command_fixture *fixture = *state;
    log_all(fixture);
    fixture_run(fixture, "PiNg \"a\\x00b\\r\\n\\xff\" \"\"");
    assert_newest(fixture, "[\"PiNg\", \"a\\x00b\\r\\n\\xff\", \"\"]");
}

static void secrets_are_not_logged(void **state) {
    struct command_fixture *fixture = *state;
    log_all(fixture);
    fixture_run(fixture, "auth user secret");
    assert_newest(fixture, "[\"auth\", \"user\", \"(redacted)\"]");
    assert_null(strstr(fixture_run(fixture, "slowlog get -1"), "secret"));
}

static void the_caller_is_told_by_name(void **state) {
    struct command_fixture *fixture = *state;
    session_set_text(&fixture->session.name, BYTES("me"));
    log_all(fixture);
    fixture_run(fixture, "ping");
    assert_newest(fixture, "[\"ping\"], \"?:0\", \"me\"]");
}

static void of_exec_its_commands_are_logged(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "multi");
    fixture_run(fixture, "set a 1");
    fixture_run(fixture, "ping");
    log_all(fixture);
    fixture_run(fixture, "exec");
    log_nothing(fixture);
    assert_reply(fixture, "slowlog len", "2");
    const char *reply = fixture_run(fixture, "slowlog get");
    assert_non_null(strstr(reply, "[\"ping\"]"));
    assert_non_null(strstr(reply, "[\"set\", \"a\", \"1\"]"));
}

static void who_waits_is_logged_when_served(void **state) {
    struct command_fixture *fixture = *state;
    struct session waiter = {0};
    session_init(&waiter, fixture->engine);
    waiter.can_block = true;
    log_all(fixture);
    fixture_run_as(fixture, &waiter, "wait k");
    log_nothing(fixture);
    assert_reply(fixture, "slowlog len", "0");
    log_all(fixture);
    fixture_run(fixture, "set k v");
    log_nothing(fixture);
    const char *reply = fixture_run(fixture, "slowlog get");
    assert_non_null(strstr(reply, "[\"wait\", \"k\"]"));
    assert_true(strstr(reply, "[\"wait\", \"k\"]") < strstr(reply, "[\"set\", \"k\", \"v\"]"));
    assert_reply(fixture, "slowlog len", "2");
    session_destroy(&waiter);
}

static void the_log_is_there_in_both_protocols(void **state) {
    struct command_fixture *fixture = *state;
    log_all(fixture);
    fixture_run(fixture, "ping");
    log_nothing(fixture);
    char *resp2 = strdup(fixture_run(fixture, "slowlog get"));
    fixture->session.version = RESP3;
    assert_reply(fixture, "slowlog get", resp2);
    free(resp2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_slow_is_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_are_told_newest_first_and_as_many_as_wanted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_count_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_entries_make_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_go_on_behind_a_reset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_requests_and_arguments_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_entry_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_byte_is_logged_as_it_was_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets_are_not_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_caller_is_told_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_exec_its_commands_are_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_is_logged_when_served, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_log_is_there_in_both_protocols, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
