/* The steps between a request and its handler: what is refused, with which words, and what is counted. */
#include "engine/dispatch.h"

#include "engine/call_listener.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct command_fixture *start(void) {
    return fixture_new(sample_commands);
}

static const struct command_stats *stats_of(const struct command_fixture *fixture,
                                            const char *name) {
    return &command_table_find(fixture->engine->commands, bytes_of_str(name))->stats;
}

static void names_are_found_in_any_case(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "PiNg", "PONG");
    assert_reply(fixture, "SET k v", "OK");
    assert_reply(fixture, "get k", "\"v\"");
    assert_reply(fixture, "BOX Open", "\"Open\"");
    fixture_free(fixture);
}

static void unknown_commands_are_refused_with_what_was_sent(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ");
    assert_reply(fixture, "nosuch a \"b c\"",
                 "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b c' ");
    assert_reply(fixture, "\"no\\r\\nsuch\" \"a\\nb\"",
                 "-ERR unknown command 'no  such', with args beginning with: 'a b' ");
    assert_reply(fixture, "\"nos\\x00ch\" \"a\\x00b\" c",
                 "-ERR unknown command 'nos', with args beginning with: 'a' 'c' ");
    assert_reply(fixture, "\"get\\x00\" k",
                 "-ERR unknown command 'get', with args beginning with: 'k' ");
    assert_reply(fixture, "\"\"", "-ERR unknown command '', with args beginning with: ");
    fixture_free(fixture);
}

static void a_subscriber_in_resp2_may_run_little_else(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    fixture->session.subscriptions.patterns = 1;
    assert_reply(fixture, "ping", "PONG");
    assert_reply(fixture, "GET k",
                 "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                 "RESET are allowed in this context");
    assert_int_equal(stats_of(fixture, "get")->rejected, 1);
    fixture->session.version = RESP3;
    assert_reply(fixture, "get k", "nil");
    fixture->session.version = RESP2;
    fixture->session.subscriptions.patterns = 0;
    assert_reply(fixture, "get k", "nil");
    fixture_free(fixture);
}

static void while_data_is_loaded_or_cannot_be_written_few_commands_run(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    fixture->engine->is_loading = true;
    assert_reply(fixture, "get k", "-LOADING Redis is loading the dataset in memory");
    fixture->session.is_internal = true;
    assert_reply(fixture, "get k", "nil");
    fixture->session.is_internal = false;
    fixture->engine->is_loading = false;
    fixture->engine->write_refusal = "MISCONF the disk is full";
    assert_reply(fixture, "get k", "nil");
    assert_reply(fixture, "set k v", "-MISCONF the disk is full");
    assert_reply(fixture, "ping", "-MISCONF the disk is full");
    fixture->engine->write_refusal = NULL;
    assert_reply(fixture, "set k v", "OK");
    fixture_free(fixture);
}

struct counting_listener {
    struct call_listener listener;
    int before;
    int after;
};

static void count_before(struct call_listener *listener, const struct call *call) {
    struct counting_listener *counting = (struct counting_listener *)(void *)listener;
    assert_ptr_equal(call->engine->running, call);
    assert_int_equal(counting->before, counting->after);
    counting->before++;
}

static void count_after(struct call_listener *listener, const struct call *call) {
    struct counting_listener *counting = (struct counting_listener *)(void *)listener;
    assert_ptr_equal(call->engine->running, call);
    counting->after++;
}

static void listeners_are_told_of_calls_that_run(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    struct counting_listener first = {.listener = {.before = count_before, .after = count_after}};
    struct counting_listener second = {.listener = {.after = count_after}};
    call_listener_add(fixture->engine, &first.listener);
    call_listener_add(fixture->engine, &second.listener);
    assert_reply(fixture, "set k v", "OK");
    fixture_run(fixture, "get"); /* refused */
    call_listener_remove(fixture->engine, &first.listener);
    call_listener_remove(fixture->engine, &first.listener);
    assert_reply(fixture, "get k", "\"v\"");
    assert_int_equal(first.before, 1);
    assert_int_equal(first.after, 1);
    assert_int_equal(second.after, 2);
    call_listener_remove(fixture->engine, &second.listener);
    fixture_free(fixture);
}

static void long_unknown_commands_are_cut_at_128_bytes(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    char text[201], line[500], expected[500];
    memset(text, 'a', 200);
    text[200] = '\0';
    snprintf(line, sizeof(line), "%s aa %s b", text, text);
    snprintf(expected, sizeof(expected),
             "-ERR unknown command '%.128s', with args beginning with: 'aa' '%.123s' ", text, text);
    assert_reply(fixture, line, expected);
    fixture_free(fixture);
}

static void subcommands_that_do_not_exist_are_refused(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "box", "-ERR wrong number of arguments for 'box' command");
    assert_reply(fixture, "box foo", "-ERR unknown subcommand 'foo'. Try BOX HELP.");
    assert_reply(fixture, "box put", "-ERR wrong number of arguments for 'box|put' command");
    fixture_free(fixture);
}

static void a_wrong_number_of_arguments_is_refused_and_counted(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "get", "-ERR wrong number of arguments for 'get' command");
    assert_reply(fixture, "GET a b", "-ERR wrong number of arguments for 'get' command");
    assert_int_equal(stats_of(fixture, "get")->rejected, 2);
    assert_int_equal(stats_of(fixture, "get")->calls, 0);
    fixture_free(fixture);
}

static void runs_and_failures_are_counted(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "set k v", "OK");
    assert_reply(fixture, "incr k", "-ERR value is not an integer or out of range");
    assert_reply(fixture, "incr n", "1");
    assert_int_equal(stats_of(fixture, "incr")->calls, 2);
    assert_int_equal(stats_of(fixture, "incr")->failed, 1);
    assert_int_equal(fixture->engine->stats.commands, 3);
    assert_int_equal(fixture->engine->errors.total, 1);
    assert_int_equal(fixture->session.command_count, 3);
    assert_string_equal(fixture->session.last_command->full_name, "incr");
    assert_null(fixture->engine->running);
    fixture_free(fixture);
}

static void without_the_password_only_some_commands_run(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    sample_set_password(fixture->engine, BYTES("secret"));
    assert_reply(fixture, "ping", "PONG"); /* it was let in when there was no password */
    session_reset(&fixture->session);
    assert_reply(fixture, "ping", "-NOAUTH Authentication required.");
    assert_reply(fixture, "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ");
    assert_reply(fixture, "get", "-ERR wrong number of arguments for 'get' command");
    assert_reply(fixture, "auth wrong", "-WRONGPASS no");
    assert_reply(fixture, "ping", "-NOAUTH Authentication required.");
    assert_reply(fixture, "auth secret", "OK");
    assert_reply(fixture, "ping", "PONG");
    fixture_free(fixture);
}

static void internal_sessions_need_no_password_and_no_pause_stops_them(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    sample_set_password(fixture->engine, BYTES("secret"));
    session_reset(&fixture->session);
    fixture->session.is_internal = true;
    pause_start(&fixture->engine->pause, PAUSE_ALL, INT64_MAX, fixture->clock.unix_ms);
    assert_reply(fixture, "ping", "PONG");
    fixture_free(fixture);
}

/* The reply of a postponed call is empty. */
static void a_pause_postpones_what_it_covers_and_nothing_refused(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    struct pause *pause = &fixture->engine->pause;
    pause_start(pause, PAUSE_WRITES, fixture->clock.unix_ms + 100, fixture->clock.unix_ms);
    assert_reply(fixture, "set k v", "");
    assert_reply(fixture, "box put x", "");
    assert_reply(fixture, "get k", "nil");
    pause_start(pause, PAUSE_ALL, fixture->clock.unix_ms + 100, fixture->clock.unix_ms);
    assert_reply(fixture, "ping", "");
    assert_reply(fixture, "get", "-ERR wrong number of arguments for 'get' command");
    assert_reply(fixture, "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ");
    assert_int_equal(stats_of(fixture, "ping")->calls, 0);
    fixture_advance_ms(fixture, 100);
    assert_reply(fixture, "ping", "PONG");
    fixture_free(fixture);
}

static void a_session_that_wants_no_replies_gets_none(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "mute off", "");
    assert_reply(fixture, "incr n", "");
    assert_reply(fixture, "nosuch", "");
    assert_reply(fixture, "list a b", "");
    assert_reply(fixture, "mute skip", "");
    assert_reply(fixture, "ping", "");
    assert_reply(fixture, "mute on", "OK");
    assert_reply(fixture, "get n", "\"1\"");
    assert_reply(fixture, "list a b", "[\"a\", \"b\"]");
    fixture_free(fixture);
}

static void skip_silences_the_next_command_only(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "mute skip", "");
    assert_reply(fixture, "incr n", "");
    assert_reply(fixture, "incr n", "2");
    assert_reply(fixture, "mute skip", "");
    assert_reply(fixture, "mute skip", "");
    assert_reply(fixture, "nosuch", "");
    assert_reply(fixture, "incr n", "3");
    fixture_free(fixture);
}

static void a_postponed_command_stays_silenced(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "mute skip", "");
    pause_start(&fixture->engine->pause, PAUSE_ALL, fixture->clock.unix_ms + 10,
                fixture->clock.unix_ms);
    assert_reply(fixture, "incr n", "");
    fixture_advance_ms(fixture, 10);
    assert_reply(fixture, "incr n", "");
    assert_reply(fixture, "incr n", "2");
    fixture_free(fixture);
}

static void a_session_may_leave_access_clocks_alone(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    assert_reply(fixture, "set k v", "OK");
    fixture_advance_ms(fixture, 10000);
    fixture->session.is_no_touch = true;
    assert_reply(fixture, "get k", "\"v\"");
    const struct entry *entry =
        database_find(fixture->engine->keyspace->dbs[0], key_of(BYTES("k"))).entry;
    assert_int_equal(access_idle_seconds(entry, fixture->clock.unix_ms), 10);
    fixture->session.is_no_touch = false;
    assert_reply(fixture, "get k", "\"v\"");
    assert_int_equal(access_idle_seconds(entry, fixture->clock.unix_ms), 0);
    fixture_free(fixture);
}

static void the_guess_of_the_command_before_never_misleads(void **state) {
    (void)state;
    struct command_fixture *fixture = start();
    struct bytes words[] = {BYTES("box"), BYTES("put"), BYTES("x")};
    struct call call;
    dispatch_prepare(&call, &fixture->session, words, 3, NULL);
    assert_string_equal(call.command->full_name, "box|put");
    struct bytes put[] = {BYTES("put")};
    dispatch_prepare(&call, &fixture->session, put, 1, call.command);
    assert_null(call.command);
    struct bytes get[] = {BYTES("get"), BYTES("k")};
    dispatch_prepare(&call, &fixture->session, get, 2, NULL);
    assert_true(call.has_key);
    dispatch_prepare(&call, &fixture->session, get, 1, call.command);
    assert_string_equal(call.command->full_name, "get");
    assert_false(call.has_key);
    fixture_free(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_any_case),
        cmocka_unit_test(unknown_commands_are_refused_with_what_was_sent),
        cmocka_unit_test(long_unknown_commands_are_cut_at_128_bytes),
        cmocka_unit_test(a_subscriber_in_resp2_may_run_little_else),
        cmocka_unit_test(while_data_is_loaded_or_cannot_be_written_few_commands_run),
        cmocka_unit_test(listeners_are_told_of_calls_that_run),
        cmocka_unit_test(subcommands_that_do_not_exist_are_refused),
        cmocka_unit_test(a_wrong_number_of_arguments_is_refused_and_counted),
        cmocka_unit_test(runs_and_failures_are_counted),
        cmocka_unit_test(without_the_password_only_some_commands_run),
        cmocka_unit_test(internal_sessions_need_no_password_and_no_pause_stops_them),
        cmocka_unit_test(a_pause_postpones_what_it_covers_and_nothing_refused),
        cmocka_unit_test(a_session_that_wants_no_replies_gets_none),
        cmocka_unit_test(skip_silences_the_next_command_only),
        cmocka_unit_test(a_postponed_command_stays_silenced),
        cmocka_unit_test(a_session_may_leave_access_clocks_alone),
        cmocka_unit_test(the_guess_of_the_command_before_never_misleads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
