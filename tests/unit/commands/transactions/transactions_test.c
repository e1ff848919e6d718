/* MULTI, EXEC, DISCARD, WATCH, UNWATCH with another session that writes. */
#include "commands/transactions/transaction_commands.h"

#include "commands/connection/connection_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "engine/dispatch.h"
#include "foundation/words.h"
#include "unit/support/command_fixture.h"

#include <string.h>

static const struct command_list *const lists[] = {
    &transaction_commands, &connection_basic_commands, &connection_client_commands,
    &string_get_commands,  &string_set_commands,       &string_counter_commands,
    &key_exist_commands,   &key_database_commands,     NULL,
};

static int start(void **state) {
    *state = fixture_new(lists);
    return 0;
}

static int stop(void **state) {
    fixture_free(*state);
    return 0;
}

/* Runs a line as somebody else; its reply is dropped. */
static void run_other(struct command_fixture *fixture, const char *line) {
    struct session other = {0};
    struct words words;
    session_init(&other, fixture->engine);
    assert_true(words_split(bytes_of_str(line), &words));
    dispatch(&other, words.items, (uint32_t)words.count);
    words_destroy(&words);
    session_destroy(&other);
}

static void exec_runs_what_was_queued(void **state) {
    assert_reply(*state, "MULTI", "OK");
    assert_reply(*state, "SET k 1", "QUEUED");
    assert_reply(*state, "INCR k", "QUEUED");
    assert_reply(*state, "EXEC", "[OK, 2]");
    assert_reply(*state, "EXEC", "-ERR EXEC without MULTI");
}

static void discard_drops_it(void **state) {
    assert_reply(*state, "DISCARD", "-ERR DISCARD without MULTI");
    assert_reply(*state, "MULTI", "OK");
    assert_reply(*state, "SET k 1", "QUEUED");
    assert_reply(*state, "DISCARD", "OK");
    assert_reply(*state, "GET k", "nil");
}

static void multi_and_watch_inside_are_refused_without_harm(void **state) {
    assert_reply(*state, "MULTI", "OK");
    assert_reply(*state, "MULTI", "-ERR MULTI calls can not be nested");
    assert_reply(*state, "WATCH k", "-ERR WATCH inside MULTI is not allowed");
    assert_reply(*state, "UNWATCH", "QUEUED");
    assert_reply(*state, "EXEC", "[OK]");
}

static void an_error_while_queueing_aborts(void **state) {
    assert_reply(*state, "MULTI", "OK");
    assert_reply(*state, "GET", "-ERR wrong number of arguments for 'get' command");
    assert_reply(*state, "EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    assert_reply(*state, "EXEC", "-ERR EXEC without MULTI");
}

static void a_changed_key_makes_exec_answer_null(void **state) {
    struct command_fixture *fixture = *state;
    for (int version = RESP2; version <= RESP3; version++) {
        fixture->session.version = (enum resp_version)version;
        assert_reply(fixture, "WATCH a k", "OK");
        run_other(fixture, "SET k 1");
        assert_reply(fixture, "MULTI", "OK");
        assert_reply(fixture, "SET k 2", "QUEUED");
        assert_reply(fixture, "EXEC", version == RESP2 ? "nil-array" : "nil");
        assert_reply(fixture, "GET k", "\"1\"");
    }
}

static void unwatch_exec_discard_and_reset_forget(void **state) {
    static const char *const enders[] = {"UNWATCH", "EXEC", "DISCARD", "RESET"};
    struct command_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(enders); i++) {
        fixture_run(fixture, "WATCH k");
        run_other(fixture, "INCR k");
        if (i > 0) fixture_run(fixture, "MULTI");
        fixture_run(fixture, enders[i]);
        assert_null(fixture->engine->watches);
        assert_reply(fixture, "MULTI", "OK");
        assert_reply(fixture, "PING", "QUEUED");
        assert_reply(fixture, "EXEC", "[PONG]");
    }
}

static void reset_ends_the_transaction(void **state) {
    assert_reply(*state, "MULTI", "OK");
    assert_reply(*state, "SET k 1", "QUEUED");
    assert_reply(*state, "RESET", "RESET");
    assert_reply(*state, "GET k", "nil");
}

static void client_info_tells_of_it(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "WATCH a b a");
    assert_non_null(strstr(fixture_run(fixture, "CLIENT INFO"), " multi=-1 watch=2 "));
    fixture_run(fixture, "MULTI");
    fixture_run(fixture, "CLIENT INFO");
    const char *text = fixture_run(fixture, "EXEC");
    assert_non_null(strstr(text, " flags=x "));
    assert_non_null(strstr(text, " multi=1 watch=0 "));
    assert_null(strstr(text, " multi-mem=0 "));
    fixture_run(fixture, "WATCH a");
    run_other(fixture, "SET a 1");
    assert_non_null(strstr(fixture_run(fixture, "CLIENT INFO"), " flags=d "));
}

static void a_flush_and_a_swap_count(void **state) {
    static const char *const lines[] = {"FLUSHDB", "FLUSHALL", "SWAPDB 0 1"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        fixture_run(*state, "SET k 1");
        fixture_run(*state, "WATCH k");
        run_other(*state, lines[i]);
        fixture_run(*state, "MULTI");
        assert_reply(*state, "EXEC", "nil-array");
    }
}

#define TRANSACTION_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TRANSACTION_TEST(exec_runs_what_was_queued),
        TRANSACTION_TEST(discard_drops_it),
        TRANSACTION_TEST(multi_and_watch_inside_are_refused_without_harm),
        TRANSACTION_TEST(an_error_while_queueing_aborts),
        TRANSACTION_TEST(a_changed_key_makes_exec_answer_null),
        TRANSACTION_TEST(unwatch_exec_discard_and_reset_forget),
        TRANSACTION_TEST(reset_ends_the_transaction),
        TRANSACTION_TEST(client_info_tells_of_it),
        TRANSACTION_TEST(a_flush_and_a_swap_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
