/* The connection family without connections: what CLIENT does to others is in
 * e2e/connection_test.c. */
#include "commands/connection/connection_commands.h"

#include "engine/authentication.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- fixture: the family, and requirepass as CONFIG SET sets it --- */

static struct directives *directives;

static void set_password(const char *password) {
    struct buffer error = {0};
    struct bytes pair[] = {BYTES("requirepass"), bytes_of_str(password)};
    assert_true(directives_set(directives, pair, 1, false, &error));
    buffer_destroy(&error);
}

static int set_up(void **state) {
    static const struct command_list *const lists[] = {
        &connection_basic_commands,
        &connection_handshake_commands,
        &connection_client_commands,
        NULL,
    };
    directives = directives_new();
    directives_add(directives, authentication_feature.directives,
                   authentication_feature.directive_count);
    directives_apply_defaults(directives);
    *state = fixture_new(lists);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    directives_free(directives);
    return 0;
}

/* The fixture's session as one that has just connected. */
static void connect_again(struct command_fixture *fixture) {
    session_destroy(&fixture->session);
    memset(&fixture->session, 0, sizeof(fixture->session));
    session_init(&fixture->session, fixture->engine);
}

/* The value of a field in a line of CLIENT INFO. */
static const char *info_field(struct command_fixture *fixture, const char *name) {
    static char value[128];
    char wanted[64];
    snprintf(wanted, sizeof(wanted), " %s=", name);
    const char *line = fixture_run(fixture, "CLIENT INFO");
    const char *found = strstr(line, wanted);
    assert_non_null(found);
    found += strlen(wanted);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, " \\\""), found);
    return value;
}

static const char wrong_pass[] = "-WRONGPASS invalid username-password pair or user is disabled.";

/* --- basics --- */

static void ping_and_echo_answer_what_they_were_given(void **state) {
    assert_reply(*state, "PING", "PONG");
    assert_reply(*state, "PING hello", "\"hello\"");
    assert_reply(*state, "PING a b", "-ERR wrong number of arguments for 'ping' command");
    assert_reply(*state, "ECHO \"\\x00\\r\\n\"", "\"\\x00\\r\\n\"");
}

static void select_changes_the_database_of_the_session(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "SELECT 15", "OK");
    assert_int_equal(fixture->session.db_number, 15);
    assert_reply(fixture, "SELECT 16", "-ERR DB index is out of range");
    assert_reply(fixture, "SELECT -1", "-ERR DB index is out of range");
    assert_reply(fixture, "SELECT abc", "-ERR value is not an integer or out of range");
    assert_int_equal(fixture->session.db_number, 15);
    assert_string_equal(info_field(fixture, "db"), "15");
}

static void quit_answers_and_closes(void **state) {
    struct command_fixture *fixture = *state;
    assert_false(fixture->session.is_closing);
    assert_reply(fixture, "QUIT extra", "OK");
    assert_true(fixture->session.is_closing);
}

static void reset_brings_the_session_back_to_its_beginning(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "HELLO 3 SETNAME me");
    fixture_run(fixture, "SELECT 4");
    fixture_run(fixture, "CLIENT NO-EVICT ON");
    fixture_run(fixture, "CLIENT NO-TOUCH ON");
    fixture_run(fixture, "CLIENT SETINFO LIB-NAME lib");
    assert_reply(fixture, "RESET", "RESET");
    assert_int_equal(fixture->session.version, RESP2);
    assert_reply(fixture, "CLIENT GETNAME", "nil");
    assert_string_equal(info_field(fixture, "db"), "0");
    assert_string_equal(info_field(fixture, "flags"), "N");
    assert_string_equal(info_field(fixture, "lib-name"), "lib");
}

static void reset_takes_the_authentication_away(void **state) {
    struct command_fixture *fixture = *state;
    set_password("secret");
    assert_reply(fixture, "PING", "PONG");
    assert_reply(fixture, "RESET", "RESET");
    assert_reply(fixture, "PING", "-NOAUTH Authentication required.");
}

/* --- authentication --- */

static void auth_without_a_password_configured_says_so(void **state) {
    assert_reply(*state, "AUTH x",
                 "-ERR AUTH <password> called without any password configured for the default "
                 "user. Are you sure your configuration is correct?");
    assert_reply(*state, "AUTH default whatever", "OK");
    assert_reply(*state, "AUTH nobody whatever", wrong_pass);
    assert_reply(*state, "AUTH a b c", "-ERR syntax error");
}

static void only_the_exact_password_opens(void **state) {
    static const char *const wrong[] = {
        "AUTH \"\"",        "AUTH secre",       "AUTH secrets",        "AUTH secretsecret",
        "AUTH Secret",      "AUTH sfcret",      "AUTH default wrong",  "AUTH nobody secret",
        "AUTH secret\\x00", "AUTH \"\" secret", "AUTH DEFAULT secret", "AUTH \"secret\\x00\"",
    };
    struct command_fixture *fixture = *state;
    set_password("secret");
    connect_again(fixture);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_reply(fixture, wrong[i], wrong_pass);
        assert_reply(fixture, "PING", "-NOAUTH Authentication required.");
    }
    assert_int_equal(fixture->engine->stats.acl_denied_auth, ARRAY_LEN(wrong));
    assert_reply(fixture, "AUTH secret", "OK");
    assert_reply(fixture, "PING", "PONG");
    assert_reply(fixture, "AUTH wrong", wrong_pass);
    assert_reply(fixture, "PING", "PONG");
}

static void a_session_keeps_its_authentication_when_the_password_changes(void **state) {
    struct command_fixture *fixture = *state;
    set_password("first");
    assert_reply(fixture, "PING", "PONG");
    connect_again(fixture);
    assert_reply(fixture, "AUTH default first", "OK");
    set_password("second");
    assert_reply(fixture, "PING", "PONG");
    assert_reply(fixture, "AUTH first", wrong_pass);
}

static void without_the_password_everybody_may_go_on(void **state) {
    struct command_fixture *fixture = *state;
    set_password("secret");
    connect_again(fixture);
    assert_reply(fixture, "PING", "-NOAUTH Authentication required.");
    set_password("");
    assert_reply(fixture, "PING", "PONG");
    connect_again(fixture);
    assert_reply(fixture, "PING", "PONG");
}

/* --- HELLO --- */

static void hello_describes_the_server(void **state) {
    assert_reply(*state, "HELLO",
                 "[\"server\", \"redis\", \"version\", \"7.2.0\", \"proto\", 2, \"id\", 1, "
                 "\"mode\", \"standalone\", \"role\", \"master\", \"modules\", []]");
    assert_reply(*state, "HELLO 3",
                 "{\"server\": \"redis\", \"version\": \"7.2.0\", \"proto\": 3, \"id\": 1, "
                 "\"mode\": \"standalone\", \"role\": \"master\", \"modules\": []}");
    assert_reply(*state, "CLIENT GETNAME", "nil");
}

static void hello_refuses_what_it_does_not_know(void **state) {
    static const char not_integer[] = "-ERR Protocol version is not an integer or out of range";
    assert_reply(*state, "HELLO 1", "-NOPROTO unsupported protocol version");
    assert_reply(*state, "HELLO 4", "-NOPROTO unsupported protocol version");
    assert_reply(*state, "HELLO abc", not_integer);
    assert_reply(*state, "HELLO \"\"", not_integer);
    assert_reply(*state, "HELLO 3 foo", "-ERR Syntax error in HELLO option 'foo'");
    assert_reply(*state, "HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'");
    assert_reply(*state, "HELLO 3 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'");
    assert_reply(*state, "HELLO 3 SETNAME \"a b\"",
                 "-ERR Client names cannot contain spaces, newlines or special characters.");
    assert_int_equal(((struct command_fixture *)*state)->session.version, RESP2);
}

static void a_refused_hello_changes_nothing(void **state) {
    struct command_fixture *fixture = *state;
    set_password("secret");
    connect_again(fixture);
    const char *text = fixture_run(fixture, "HELLO 3 SETNAME me");
    assert_int_equal(strncmp(text, "-NOAUTH HELLO must be called with", 33), 0);
    assert_reply(fixture, "HELLO 3 SETNAME me AUTH default wrong", wrong_pass);
    assert_int_equal(fixture->session.version, RESP2);
    assert_null(fixture->session.name);
    fixture_run(fixture, "HELLO 3 SETNAME me AUTH default secret");
    assert_int_equal(fixture->session.version, RESP3);
    assert_reply(fixture, "CLIENT GETNAME", "\"me\"");
}

/* --- CLIENT --- */

static void a_name_must_be_printable_without_spaces(void **state) {
    static const char *const refused[] = {"CLIENT SETNAME \"a b\"", "CLIENT SETNAME \"a\\nb\"",
                                          "CLIENT SETNAME \"\\xff\"", "CLIENT SETNAME \"\\x7f\""};
    assert_reply(*state, "CLIENT SETNAME ~!x", "OK");
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_reply(*state, refused[i],
                     "-ERR Client names cannot contain spaces, newlines or special characters.");
    assert_reply(*state, "CLIENT GETNAME", "\"~!x\"");
    assert_string_equal(info_field(*state, "name"), "~!x");
    assert_reply(*state, "CLIENT SETNAME \"\"", "OK");
    assert_reply(*state, "CLIENT GETNAME", "nil");
}

static void setinfo_keeps_the_library(void **state) {
    assert_reply(*state, "CLIENT SETINFO LIB-NAME redis-py", "OK");
    assert_reply(*state, "CLIENT SETINFO lib-ver 5.0.1", "OK");
    assert_string_equal(info_field(*state, "lib-name"), "redis-py");
    assert_string_equal(info_field(*state, "lib-ver"), "5.0.1");
    assert_reply(*state, "CLIENT SETINFO Lib-Name \"a b\"",
                 "-ERR Lib-Name cannot contain spaces, newlines or special characters.");
    assert_reply(*state, "CLIENT SETINFO nonsense x", "-ERR Unrecognized option 'nonsense'");
    assert_reply(*state, "CLIENT SETINFO LIB-NAME \"\"", "OK");
    assert_string_equal(info_field(*state, "lib-name"), "");
}

static void info_tells_what_is_known(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "PING");
    fixture_advance_ms(fixture, 2500);
    assert_string_equal(info_field(fixture, "age"), "2");
    assert_string_equal(info_field(fixture, "flags"), "N");
    assert_string_equal(info_field(fixture, "cmd"), "client|info");
    assert_string_equal(info_field(fixture, "argv-mem"), "10");
    assert_string_equal(info_field(fixture, "user"), "default");
    assert_string_equal(info_field(fixture, "resp"), "2");
    assert_string_equal(info_field(fixture, "multi"), "-1");
    fixture_run(fixture, "CLIENT NO-EVICT ON");
    fixture_run(fixture, "CLIENT NO-TOUCH ON");
    assert_string_equal(info_field(fixture, "flags"), "eT");
}

static void info_is_a_verbatim_string_in_resp3(void **state) {
    fixture_run(*state, "HELLO 3");
    assert_int_equal(strncmp(fixture_run(*state, "CLIENT INFO"), "=txt\"id=1 ", 10), 0);
}

static void reply_off_silences_all_until_it_is_on(void **state) {
    assert_reply(*state, "CLIENT REPLY OFF", "");
    assert_reply(*state, "PING", "");
    assert_reply(*state, "NONSENSE", "");
    assert_reply(*state, "CLIENT REPLY SKIP", "");
    assert_reply(*state, "PING", "");
    assert_reply(*state, "CLIENT REPLY ON", "OK");
    assert_reply(*state, "PING", "PONG");
    assert_reply(*state, "CLIENT REPLY nonsense", "-ERR syntax error");
}

static void reply_skip_silences_one_command(void **state) {
    assert_reply(*state, "CLIENT REPLY SKIP", "");
    assert_reply(*state, "PING", "");
    assert_reply(*state, "PING", "PONG");
    assert_reply(*state, "CLIENT REPLY SKIP", "");
    assert_reply(*state, "CLIENT REPLY SKIP", "");
    assert_reply(*state, "PING", "");
    assert_reply(*state, "PING", "PONG");
    assert_reply(*state, "CLIENT REPLY SKIP", "");
    assert_reply(*state, "CLIENT REPLY ON", "OK");
    assert_reply(*state, "PING", "PONG");
    assert_reply(*state, "CLIENT REPLY SKIP", "");
    assert_reply(*state, "CLIENT REPLY OFF", "");
    assert_reply(*state, "PING", "");
}

static void reset_is_heard_after_reply_off_but_not_after_skip(void **state) {
    fixture_run(*state, "CLIENT REPLY OFF");
    assert_reply(*state, "RESET", "RESET");
    assert_reply(*state, "PING", "PONG");
    fixture_run(*state, "CLIENT REPLY SKIP");
    assert_reply(*state, "RESET", "");
    assert_reply(*state, "PING", "PONG");
}

static void switches_are_on_or_off(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "CLIENT NO-TOUCH on", "OK");
    assert_reply(fixture, "CLIENT NO-TOUCH maybe", "-ERR syntax error");
    assert_true(fixture->session.is_no_touch);
    assert_reply(fixture, "CLIENT NO-TOUCH off", "OK");
    assert_false(fixture->session.is_no_touch);
    assert_reply(fixture, "CLIENT NO-EVICT maybe", "-ERR syntax error");
    assert_false(fixture->session.is_no_evict);
}

static void pause_refuses_what_is_no_time(void **state) {
    struct command_fixture *fixture = *state;
    static const char not_integer[] = "-ERR timeout is not an integer or out of range";
    assert_reply(fixture, "CLIENT PAUSE abc", not_integer);
    assert_reply(fixture, "CLIENT PAUSE 99999999999999999999", not_integer);
    assert_reply(fixture, "CLIENT PAUSE -1", "-ERR timeout is negative");
    assert_reply(fixture, "CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range");
    assert_reply(fixture, "CLIENT PAUSE abc maybe", "-ERR CLIENT PAUSE mode must be WRITE or ALL");
    assert_reply(fixture, "CLIENT PAUSE 1 ALL x",
                 "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT "
                 "HELP.");
    assert_int_equal(fixture->engine->pause.scope, PAUSE_NONE);
}

static void pauses_widen_and_prolong_but_never_shrink(void **state) {
    struct command_fixture *fixture = *state;
    const struct pause *pause = &fixture->engine->pause;
    assert_reply(fixture, "CLIENT PAUSE 1000 WRITE", "OK");
    assert_reply(fixture, "CLIENT PAUSE 10 WRITE", "OK");
    assert_int_equal(pause_scope_at(pause, FIXTURE_START_MS + 999), PAUSE_WRITES);
    assert_int_equal(pause_scope_at(pause, FIXTURE_START_MS + 1000), PAUSE_NONE);
    assert_reply(fixture, "CLIENT PAUSE 2000", "OK");
    assert_int_equal(pause_scope_at(pause, FIXTURE_START_MS + 1999), PAUSE_ALL);
}

static void unpause_ends_a_pause_at_once(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "CLIENT PAUSE 1000 WRITE", "OK");
    assert_reply(fixture, "CLIENT UNPAUSE", "OK");
    assert_int_equal(pause_scope_at(&fixture->engine->pause, FIXTURE_START_MS), PAUSE_NONE);
    assert_reply(fixture, "CLIENT PAUSE 0", "OK");
    assert_reply(fixture, "PING", "PONG");
}

static void unblock_ends_nothing_where_nobody_waits(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "CLIENT UNBLOCK 1", "0");
    assert_reply(fixture, "CLIENT UNBLOCK -1 TIMEOUT", "0");
    assert_reply(fixture, "CLIENT UNBLOCK 1 error", "0");
}

static void unblock_refuses_what_it_does_not_know(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "CLIENT UNBLOCK",
                 "-ERR wrong number of arguments for 'client|unblock' command");
    assert_reply(fixture, "CLIENT UNBLOCK x", "-ERR value is not an integer or out of range");
    assert_reply(fixture, "CLIENT UNBLOCK x nonsense",
                 "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    assert_reply(fixture, "CLIENT UNBLOCK 1 ERROR extra",
                 "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT "
                 "HELP.");
}

static void list_refuses_what_it_does_not_know(void **state) {
    assert_reply(*state, "CLIENT LIST nonsense", "-ERR syntax error");
    assert_reply(*state, "CLIENT LIST TYPE", "-ERR syntax error");
    assert_reply(*state, "CLIENT LIST ID", "-ERR syntax error");
    assert_reply(*state, "CLIENT LIST TYPE normal extra", "-ERR syntax error");
    assert_reply(*state, "CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'");
    assert_reply(*state, "CLIENT LIST ID abc", "-ERR Invalid client ID");
    assert_reply(*state, "CLIENT LIST ID 0 -1 99", "\"\"");
}

static void kill_refuses_what_it_does_not_know(void **state) {
    static const char id_error[] = "-ERR client-id should be greater than 0";
    assert_reply(*state, "CLIENT KILL nonsense", "-ERR No such client");
    assert_reply(*state, "CLIENT KILL ID", "-ERR No such client");
    assert_reply(*state, "CLIENT KILL a b c", "-ERR syntax error");
    assert_reply(*state, "CLIENT KILL ID 1 ADDR", "-ERR syntax error");
    assert_reply(*state, "CLIENT KILL ID abc", id_error);
    assert_reply(*state, "CLIENT KILL ID 0", id_error);
    assert_reply(*state, "CLIENT KILL ID 99999999999999999999", id_error);
    assert_reply(*state, "CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'");
    assert_reply(*state, "CLIENT KILL USER nobody", "-ERR No such user 'nobody'");
    assert_reply(*state, "CLIENT KILL SKIPME maybe", "-ERR syntax error");
    assert_reply(*state, "CLIENT KILL MAXAGE abc", "-ERR maxage is not an integer or out of range");
    assert_reply(*state, "CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0");
    assert_reply(*state, "CLIENT KILL ID 99 USER default SKIPME no", "0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(ping_and_echo_answer_what_they_were_given),
        TEST(select_changes_the_database_of_the_session),
        TEST(quit_answers_and_closes),
        TEST(reset_brings_the_session_back_to_its_beginning),
        TEST(reset_takes_the_authentication_away),
        TEST(auth_without_a_password_configured_says_so),
        TEST(only_the_exact_password_opens),
        TEST(a_session_keeps_its_authentication_when_the_password_changes),
        TEST(without_the_password_everybody_may_go_on),
        TEST(hello_describes_the_server),
        TEST(hello_refuses_what_it_does_not_know),
        TEST(a_refused_hello_changes_nothing),
        TEST(a_name_must_be_printable_without_spaces),
        TEST(setinfo_keeps_the_library),
        TEST(info_tells_what_is_known),
        TEST(info_is_a_verbatim_string_in_resp3),
        TEST(reply_off_silences_all_until_it_is_on),
        TEST(reply_skip_silences_one_command),
        TEST(reset_is_heard_after_reply_off_but_not_after_skip),
        TEST(switches_are_on_or_off),
        TEST(pause_refuses_what_is_no_time),
        TEST(pauses_widen_and_prolong_but_never_shrink),
        TEST(unpause_ends_a_pause_at_once),
        TEST(unblock_ends_nothing_where_nobody_waits),
        TEST(unblock_refuses_what_it_does_not_know),
        TEST(list_refuses_what_it_does_not_know),
        TEST(kill_refuses_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
