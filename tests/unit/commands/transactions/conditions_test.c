/* EXEC with conditions: IFEQ IFNE XX NX. */
#include "commands/connection/connection_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/list/list_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "engine/transaction.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <string.h>

static const char *const syntax_error =
    "-EXECABORT Transaction discarded because of: invalid check condition syntax";

static const struct command_list *const lists[] = {
    &transaction_commands,    &connection_client_commands,
    &string_get_commands,     &string_set_commands,
    &string_counter_commands, &key_exist_commands,
    &key_database_commands,   NULL,
};

static const struct feature tested = {.name = "tested", .commands = lists};
static const struct feature *const features[] = {&tested, &list_commands_feature, NULL};

static int start(void **state) {
    *state = fixture_new_of_features(features);
    return 0;
}

static int stop(void **state) {
    fixture_free(*state);
    return 0;
}

static void run_other(struct command_fixture *fixture, const char *line) {
    struct session other = {0};
    session_init(&other, fixture->engine);
    assert_int_not_equal(fixture_run_as(fixture, &other, line)[0], '-');
    session_destroy(&other);
}

/* Queues SET done 1 and ends with the given EXEC; the transaction is over whatever it answers. */
static void assert_exec(struct command_fixture *fixture, const char *exec, const char *expected) {
    fixture_run(fixture, "DEL done");
    assert_reply(fixture, "MULTI", "OK");
    assert_reply(fixture, "SET done 1", "QUEUED");
    assert_reply(fixture, exec, expected);
    assert_null(fixture->session.transaction);
    bool has_run = strcmp(expected, "[OK]") == 0;
    assert_reply(fixture, "EXISTS done", has_run ? "1" : "0");
}

static void a_condition_decides_whether_the_queue_runs(void **state) {
    static const struct {
        const char *exec;
        bool holds;
    } cases[] = {
        {"EXEC IFEQ text hello", true},   {"EXEC IFEQ text hell", false},
        {"EXEC IFEQ text HELLO", false},  {"EXEC IFEQ absent hello", false},
        {"EXEC IFEQ absent \"\"", false}, {"EXEC IFEQ empty \"\"", true},
        {"EXEC IFEQ number 42", true},    {"EXEC IFEQ number 042", false},
        {"EXEC IFNE text hello", false},  {"EXEC IFNE text hell", true},
        {"EXEC IFNE absent hello", true}, {"EXEC IFNE absent \"\"", true},
        {"EXEC IFNE number 42", false},   {"EXEC XX text", true},
        {"EXEC XX list", true},           {"EXEC XX absent", false},
        {"EXEC NX text", false},          {"EXEC NX list", false},
        {"EXEC NX absent", true},         {"exec ifeq text hello", true},
        {"EXEC NX done", true},           {"EXEC NX NX", true},
    };
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET text hello");
    fixture_run(fixture, "SET empty \"\"");
    fixture_run(fixture, "SET number 42");
    fixture_run(fixture, "RPUSH list a");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_exec(fixture, cases[i].exec, cases[i].holds ? "[OK]" : "nil-array");
    fixture->session.version = RESP3;
    assert_exec(fixture, "EXEC NX text", "nil");
}

static void all_of_several_must_hold(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET a 1");
    fixture_run(fixture, "SET b 2");
    assert_exec(fixture, "EXEC IFEQ a 1 XX b NX c IFNE b 1", "[OK]");
    assert_exec(fixture, "EXEC IFEQ a 1 XX b NX c IFNE b 2", "nil-array");
    assert_exec(fixture, "EXEC NX a IFEQ b 2", "nil-array");
    assert_exec(fixture, "EXEC IFNE a 2 IFNE a 3 IFNE a 4", "[OK]");
    assert_exec(fixture, "EXEC XX a NX a", "nil-array");
}

static void comparing_what_is_no_string_is_an_error(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "RPUSH list a");
    assert_exec(fixture, "EXEC IFEQ list a", WRONG_TYPE);
    assert_exec(fixture, "EXEC IFNE list a", WRONG_TYPE);
    assert_exec(fixture, "EXEC XX list IFNE list a", WRONG_TYPE);
    assert_exec(fixture, "EXEC NX list IFNE list a", "nil-array");
}

static void a_malformed_condition_ends_the_transaction(void **state) {
    static const char *const lines[] = {
        "EXEC x",      "EXEC IFEQ",   "EXEC IFEQ a",    "EXEC IFNE a",
        "EXEC XX",     "EXEC NX",     "EXEC NX a XX",   "EXEC IFEQ a 1 b",
        "EXEC NX a b", "EXEC \"\" a", "EXEC IFDEQ a 1", "EXEC IFEQ a 1 IFNE b",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_exec(*state, lines[i], syntax_error);
        assert_reply(*state, lines[i], "-ERR EXEC without MULTI");
    }
}

static void without_multi_a_condition_is_not_looked_at(void **state) {
    assert_reply(*state, "EXEC IFEQ a 1", "-ERR EXEC without MULTI");
    assert_reply(*state, "EXEC NX a", "-ERR EXEC without MULTI");
}

static void an_abort_says_more_than_a_condition(void **state) {
    assert_reply(*state, "MULTI", "OK");
    assert_reply(*state, "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: ");
    assert_reply(*state, "EXEC XX a",
                 "-EXECABORT Transaction discarded because of previous errors.");
    assert_reply(*state, "MULTI", "OK");
    assert_int_equal(fixture_run(*state, "NOSUCH")[0], '-');
    assert_reply(*state, "EXEC XX", syntax_error);
}

static void conditions_and_watched_keys_must_both_hold(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET a 1");
    assert_reply(fixture, "WATCH w", "OK");
    assert_exec(fixture, "EXEC IFEQ a 1", "[OK]");
    assert_reply(fixture, "WATCH w", "OK");
    run_other(fixture, "SET w 1");
    assert_exec(fixture, "EXEC IFEQ a 1", "nil-array");
    assert_reply(fixture, "WATCH w", "OK");
    assert_exec(fixture, "EXEC IFEQ a 2", "nil-array");
    assert_null(fixture->engine->watches);
    assert_exec(fixture, "EXEC IFEQ a 1", "[OK]");
}

static void conditions_see_the_moment_of_exec(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET a 1 PX 100");
    assert_reply(fixture, "MULTI", "OK");
    assert_reply(fixture, "INCR a", "QUEUED");
    run_other(fixture, "INCR a");
    assert_reply(fixture, "EXEC IFEQ a 2", "[3]");
    fixture_advance_ms(fixture, 99);
    assert_exec(fixture, "EXEC NX a", "nil-array");
    fixture_advance_ms(fixture, 1);
    assert_exec(fixture, "EXEC NX a", "[OK]");
    assert_reply(fixture, "EXISTS a", "0");
}

static void conditions_look_into_the_database_in_which_exec_is_called(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET a 1");
    assert_reply(fixture, "MULTI", "OK");
    assert_reply(fixture, "SWAPDB 0 1", "QUEUED");
    assert_reply(fixture, "EXISTS a", "QUEUED");
    assert_reply(fixture, "EXEC IFEQ a 1", "[OK, 0]");
    fixture->session.db_number = 1;
    assert_exec(fixture, "EXEC IFEQ a 1", "[OK]");
}

static void a_silenced_session_runs_it_all_the_same(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "CLIENT REPLY OFF", "");
    assert_reply(fixture, "MULTI", "");
    assert_reply(fixture, "SET done 1", "");
    assert_reply(fixture, "EXEC NX done", "");
    assert_reply(fixture, "MULTI", "");
    assert_reply(fixture, "SET done 2", "");
    assert_reply(fixture, "EXEC NX done", "");
    assert_reply(fixture, "CLIENT REPLY ON", "OK");
    assert_reply(fixture, "GET done", "\"1\"");
}

static void a_look_is_no_use_of_the_key(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET a 1");
    const struct keyspace_stats *stats = &fixture->engine->keyspace->stats;
    uint64_t hits = stats->hits, misses = stats->misses;
    assert_reply(fixture, "MULTI", "OK");
    assert_reply(fixture, "EXEC IFEQ a 1 NX absent", "[]");
    assert_int_equal(stats->hits, hits);
    assert_int_equal(stats->misses, misses);
}

#define CONDITIONS_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        CONDITIONS_TEST(a_condition_decides_whether_the_queue_runs),
        CONDITIONS_TEST(all_of_several_must_hold),
        CONDITIONS_TEST(comparing_what_is_no_string_is_an_error),
        CONDITIONS_TEST(a_malformed_condition_ends_the_transaction),
        CONDITIONS_TEST(without_multi_a_condition_is_not_looked_at),
        CONDITIONS_TEST(an_abort_says_more_than_a_condition),
        CONDITIONS_TEST(conditions_and_watched_keys_must_both_hold),
        CONDITIONS_TEST(conditions_see_the_moment_of_exec),
        CONDITIONS_TEST(conditions_look_into_the_database_in_which_exec_is_called),
        CONDITIONS_TEST(a_silenced_session_runs_it_all_the_same),
        CONDITIONS_TEST(a_look_is_no_use_of_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
