/* The queue of a transaction, and how dispatch fills it and runs it. */
#include "engine/transaction.h"

#include "engine/client.h"
#include "engine/dispatch.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>

static void begin_sample(struct call *call) {
    transaction_begin(call->session);
    reply_ok(call);
}

static void exec_sample(struct call *call) {
    if (call->session->transaction == NULL)
        reply_ok(call);
    else if (transaction_is_aborted(call->session->transaction))
        reply_error(call, "EXECABORT");
    else
        transaction_run(call);
}

static const struct command_row rows[] = {
    {.name = "begin", .handler = begin_sample, .arity = 1, .flags = COMMAND_FAST},
    {.name = "exec",
     .handler = exec_sample,
     .arity = 1,
     .flags = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE},
    {.name = "stop", .handler = exec_sample, .arity = 1, .flags = COMMAND_NO_MULTI},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&sample_list_of_rows, &list, NULL};

static int start(void **state) {
    *state = fixture_new(lists);
    return 0;
}

static int stop(void **state) {
    fixture_free(*state);
    return 0;
}

static uint64_t calls_of(const struct command_fixture *fixture, const char *name) {
    return command_table_find(fixture->engine->commands, bytes_of_str(name))->stats.calls;
}

static void calls_are_queued_and_run_in_order(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "BEGIN", "OK");
    assert_reply(fixture, "SET k 1", "QUEUED");
    assert_reply(fixture, "INCR k", "QUEUED");
    assert_reply(fixture, "LIST a \"\" \"b\\x00c\"", "QUEUED");
    assert_int_equal(transaction_count(&fixture->session), 3);
    assert_int_equal(calls_of(fixture, "set"), 0);
    assert_reply(fixture, "EXEC", "[OK, 2, [\"a\", \"\", \"b\\x00c\"]]");
    assert_int_equal(transaction_count(&fixture->session), -1);
    assert_int_equal(calls_of(fixture, "set"), 1);
    assert_int_equal(calls_of(fixture, "exec"), 1);
}

static void an_empty_queue_answers_an_empty_array(void **state) {
    fixture_run(*state, "BEGIN");
    assert_reply(*state, "EXEC", "[]");
}

static void a_refused_call_aborts(void **state) {
    static const char *const lines[] = {"NOSUCH", "GET", "BOX", "BOX nosuch x", "STOP"};
    struct command_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        fixture_run(fixture, "BEGIN");
        assert_reply(fixture, "SET k v", "QUEUED");
        assert_int_equal(fixture_run(fixture, lines[i])[0], '-');
        assert_true(transaction_is_aborted(fixture->session.transaction));
        assert_reply(fixture, "SET k v", "QUEUED");
        assert_reply(fixture, "EXEC", "-EXECABORT");
        transaction_discard(&fixture->session);
    }
    assert_reply(fixture, "GET k", "nil");
}

static void a_refused_exec_ends_it(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "BEGIN");
    assert_reply(fixture, "EXEC x",
                 "-EXECABORT Transaction discarded because of: wrong number of arguments for "
                 "'exec' command");
    assert_null(fixture->session.transaction);
}

static void an_aborted_queue_gives_its_memory_back(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "BEGIN");
    size_t empty_bytes = transaction_used_bytes(&fixture->session);
    for (int i = 0; i < 100; i++) fixture_run(fixture, "SET key value");
    assert_true(transaction_used_bytes(&fixture->session) > empty_bytes + 100 * 11);
    fixture_run(fixture, "NOSUCH");
    assert_int_equal(transaction_used_bytes(&fixture->session), empty_bytes);
    fixture_run(fixture, "SET key value");
    assert_int_equal(transaction_used_bytes(&fixture->session), empty_bytes);
    transaction_discard(&fixture->session);
    assert_int_equal(transaction_used_bytes(&fixture->session), 0);
}

static void set_limit(struct command_fixture *fixture, struct bytes value) {
    struct buffer error = {0};
    struct bytes pair[2] = {BYTES("client-query-buffer-limit"), value};
    assert_true(directives_set(fixture->directives, pair, 1, true, &error));
    buffer_destroy(&error);
}

static void a_queue_over_the_limit_aborts(void **state) {
    enum { BIG = 100 * 1000, FIT = 10 };
    struct command_fixture *fixture = *state;
    set_limit(fixture, BYTES("1048576"));
    char *value = mem_alloc_zeroed(BIG);
    struct bytes args[] = {BYTES("set"), BYTES("k"), bytes_of(value, BIG)};
    fixture_run(fixture, "BEGIN");
    for (int i = 0; i < FIT; i++) assert_string_equal(fixture_run_args(fixture, args, 3), "QUEUED");
    assert_string_equal(fixture_run_args(fixture, args, 3),
                        "-ERR the transaction is larger than client-query-buffer-limit");
    assert_true(transaction_is_aborted(fixture->session.transaction));
    assert_true(transaction_used_bytes(&fixture->session) < BIG);
    mem_free(value);
}

static void flags_add_up(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "BEGIN");
    assert_int_equal(transaction_flags(fixture->session.transaction), 0);
    fixture_run(fixture, "GET k");
    fixture_run(fixture, "INCR k");
    assert_int_equal(transaction_flags(fixture->session.transaction),
                     COMMAND_READONLY | COMMAND_WRITE);
}

static enum dispatch_result dispatch_exec(struct command_fixture *fixture) {
    struct bytes args[] = {BYTES("exec")};
    return dispatch(&fixture->session, args, 1);
}

static void a_pause_of_writes_holds_back_a_queue_that_writes(void **state) {
    struct command_fixture *fixture = *state;
    struct engine *engine = fixture->engine;
    fixture_run(fixture, "BEGIN");
    fixture_run(fixture, "GET k");
    pause_start(&engine->pause, PAUSE_WRITES, FIXTURE_START_MS + 10, FIXTURE_START_MS);
    assert_reply(fixture, "EXEC", "[nil]");
    pause_end(&engine->pause);
    fixture_run(fixture, "BEGIN");
    fixture_run(fixture, "INCR k");
    pause_start(&engine->pause, PAUSE_WRITES, FIXTURE_START_MS + 10, FIXTURE_START_MS);
    assert_int_equal(dispatch_exec(fixture), DISPATCH_POSTPONED);
    assert_int_equal(transaction_count(&fixture->session), 1);
    fixture_advance_ms(fixture, 10);
    assert_reply(fixture, "EXEC", "[1]");
}

static void failures_are_those_of_the_commands_inside(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET k x");
    fixture_run(fixture, "BEGIN");
    fixture_run(fixture, "INCR k");
    fixture_run(fixture, "PING");
    assert_reply(fixture, "EXEC", "[-ERR value is not an integer or out of range, PONG]");
    struct command_table *table = fixture->engine->commands;
    assert_int_equal(command_table_find(table, BYTES("incr"))->stats.failed, 1);
    assert_int_equal(command_table_find(table, BYTES("exec"))->stats.failed, 0);
}

static void databases_chosen_inside_count(void **state) {
    fixture_run(*state, "BEGIN");
    fixture_run(*state, "SELECT 2");
    fixture_run(*state, "SET k in2");
    assert_reply(*state, "EXEC", "[OK, OK]");
    assert_reply(*state, "GET k", "\"in2\"");
    fixture_run(*state, "SELECT 0");
    assert_reply(*state, "GET k", "nil");
}

static void a_silenced_session_queues_and_runs_in_silence(void **state) {
    fixture_run(*state, "MUTE off");
    assert_reply(*state, "BEGIN", "");
    assert_reply(*state, "SET k 1", "");
    assert_reply(*state, "LIST a b", "");
    assert_reply(*state, "EXEC", "");
    assert_reply(*state, "MUTE on", "OK");
    assert_reply(*state, "GET k", "\"1\"");
}

static void a_session_that_ends_takes_its_queue_along(void **state) {
    fixture_run(*state, "BEGIN");
    fixture_run(*state, "SET k 1");
    watch_add(&((struct command_fixture *)*state)->session, key_of(BYTES("k")));
}

#define TRANSACTION_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TRANSACTION_TEST(calls_are_queued_and_run_in_order),
        TRANSACTION_TEST(an_empty_queue_answers_an_empty_array),
        TRANSACTION_TEST(a_refused_call_aborts),
        TRANSACTION_TEST(a_refused_exec_ends_it),
        TRANSACTION_TEST(an_aborted_queue_gives_its_memory_back),
        TRANSACTION_TEST(a_queue_over_the_limit_aborts),
        TRANSACTION_TEST(flags_add_up),
        TRANSACTION_TEST(a_pause_of_writes_holds_back_a_queue_that_writes),
        TRANSACTION_TEST(failures_are_those_of_the_commands_inside),
        TRANSACTION_TEST(databases_chosen_inside_count),
        TRANSACTION_TEST(a_silenced_session_queues_and_runs_in_silence),
        TRANSACTION_TEST(a_session_that_ends_takes_its_queue_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
