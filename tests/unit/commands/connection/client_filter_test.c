/* The filters of CLIENT LIST and CLIENT KILL, held against a client that has no connection; those
 * on addresses are in e2e/clients_test.c. */
#include "commands/connection/client_filter.h"

#include "commands/connection/client_handlers.h"
#include "commands/connection/connection_commands.h"
#include "engine/dispatch.h"
#include "foundation/words.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct scene {
    struct command_fixture *fixture;
    struct client client; /* the one that is held against filters; it has the second id */
};

static int set_up(void **state) {
    static const struct command_list *const lists[] = {&connection_client_commands, NULL};
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->fixture = fixture_new(lists);
    session_init(&scene->client.session, scene->fixture->engine);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    session_destroy(&scene->client.session);
    fixture_free(scene->fixture);
    free(scene);
    return 0;
}

/* Whether the client is meant by the filters behind "CLIENT LIST" or "CLIENT KILL". */
static bool accepts(struct scene *scene, const char *line) {
    struct words words;
    struct call call;
    struct client_filter filter = {.is_list = strstr(line, "LIST") != NULL};
    assert_true(words_split(bytes_of_str(line), &words));
    dispatch_prepare(&call, &scene->fixture->session, words.items, (uint32_t)words.count, NULL);
    assert_true(client_filter_read(&call, &filter));
    bool is_accepted = client_filter_accepts(&call, &filter, &scene->client);
    client_filter_destroy(&filter);
    words_destroy(&words);
    return is_accepted;
}

/* Holds for the client, and its opposite does not. */
static void assert_holds(struct scene *scene, const char *filter) {
    char line[128];
    snprintf(line, sizeof(line), "CLIENT LIST %s", filter);
    assert_true(accepts(scene, line));
    snprintf(line, sizeof(line), "CLIENT LIST NOT-%s", filter);
    assert_false(accepts(scene, line));
}

static void assert_fails(struct scene *scene, const char *filter) {
    char line[128];
    snprintf(line, sizeof(line), "CLIENT LIST %s", filter);
    assert_false(accepts(scene, line));
    snprintf(line, sizeof(line), "CLIENT LIST NOT-%s", filter);
    assert_true(accepts(scene, line));
}

/* --- each filter --- */

static void no_filter_means_everybody(void **state) {
    assert_true(accepts(*state, "CLIENT LIST"));
}

static void ids_mean_any_of_them(void **state) {
    assert_holds(*state, "ID 2");
    assert_holds(*state, "ID 7 2 1");
    assert_holds(*state, "id 9 8 7 6 5 4 3 2 1");
    assert_fails(*state, "ID 1");
    assert_fails(*state, "ID 1 3 22");
}

static void types_tell_subscribers_from_the_rest(void **state) {
    struct scene *scene = *state;
    assert_holds(scene, "TYPE normal");
    assert_fails(scene, "TYPE pubsub");
    scene->client.session.subscriptions.shard_channels = 1;
    assert_holds(scene, "TYPE PUBSUB");
    assert_fails(scene, "TYPE normal");
    assert_fails(scene, "TYPE replica");
    assert_fails(scene, "TYPE primary");
    scene->client.session.subscriptions.shard_channels = 0;
    scene->client.session.is_monitor = true;
    assert_holds(scene, "TYPE normal");
    scene->client.session.is_monitor = false;
}

static void there_is_one_user(void **state) {
    assert_holds(*state, "USER default");
}

static void texts_must_be_the_same(void **state) {
    struct scene *scene = *state;
    assert_holds(scene, "NAME \"\"");
    session_set_text(&scene->client.session.name, BYTES("worker"));
    session_set_text(&scene->client.session.lib_name, BYTES("lib"));
    session_set_text(&scene->client.session.lib_version, BYTES("1.2"));
    assert_holds(scene, "NAME worker");
    assert_fails(scene, "NAME work");
    assert_fails(scene, "NAME \"\"");
    assert_holds(scene, "LIB-NAME lib");
    assert_fails(scene, "LIB-NAME Lib");
    assert_holds(scene, "LIB-VER 1.2");
    assert_fails(scene, "LIB-VER 1.20");
}

static void all_flags_must_be_there(void **state) {
    struct scene *scene = *state;
    assert_holds(scene, "FLAGS N");
    scene->client.session.is_no_touch = true;
    scene->client.session.is_no_evict = true;
    assert_holds(scene, "FLAGS eT");
    assert_holds(scene, "FLAGS T");
    assert_holds(scene, "FLAGS \"\"");
    assert_fails(scene, "FLAGS N");
    assert_fails(scene, "FLAGS eTx");
}

static void databases_and_times_are_numbers(void **state) {
    struct scene *scene = *state;
    scene->client.session.db_number = 3;
    assert_holds(scene, "DB 3");
    assert_fails(scene, "DB 0");
    fixture_advance_ms(scene->fixture, 9500);
    assert_true(accepts(scene, "CLIENT LIST MAXAGE 9"));
    assert_false(accepts(scene, "CLIENT LIST MAXAGE 10"));
    assert_true(accepts(scene, "CLIENT LIST IDLE 9"));
    scene->client.session.last_active_ms += 1000;
    assert_false(accepts(scene, "CLIENT LIST IDLE 9"));
    assert_true(accepts(scene, "CLIENT LIST IDLE 8 MAXAGE 9"));
}

static void every_filter_must_hold(void **state) {
    assert_true(accepts(*state, "CLIENT LIST ID 1 2 DB 0 NOT-TYPE pubsub"));
    assert_false(accepts(*state, "CLIENT LIST ID 1 2 DB 1"));
    assert_false(accepts(*state, "CLIENT LIST NOT-ID 2 DB 0"));
    assert_true(accepts(*state, "CLIENT KILL ID 2 SKIPME yes"));
}

static void a_filter_counts_as_it_was_given_last(void **state) {
    assert_true(accepts(*state, "CLIENT KILL ID 1 ID 2"));
    assert_false(accepts(*state, "CLIENT KILL ID 2 ID 1"));
    assert_true(accepts(*state, "CLIENT LIST TYPE pubsub TYPE normal"));
    assert_true(accepts(*state, "CLIENT LIST NOT-DB 0 NOT-DB 1"));
}

/* --- what is refused --- */

static void assert_refused(struct scene *scene, const char *line, const char *error) {
    assert_reply(scene->fixture, line, error);
}

static void wrong_ids_are_refused(void **state) {
    static const char list_error[] = "-ERR Invalid client ID";
    static const char kill_error[] = "-ERR client-id should be greater than 0";
    assert_refused(*state, "CLIENT LIST ID x", list_error);
    assert_refused(*state, "CLIENT LIST ID 1 x", list_error);
    assert_refused(*state, "CLIENT LIST ID 1 99999999999999999999", list_error);
    assert_refused(*state, "CLIENT LIST ID TYPE normal", list_error);
    assert_refused(*state, "CLIENT LIST DB 1 x", "-ERR syntax error");
    assert_refused(*state, "CLIENT KILL ID x SKIPME no", kill_error);
    assert_refused(*state, "CLIENT KILL ID 0 SKIPME no", kill_error);
    assert_refused(*state, "CLIENT KILL ID 3 -1 4", kill_error);
    assert_refused(*state, "CLIENT KILL NOT-ID 0 ID 1", kill_error);
    assert_refused(*state, "CLIENT KILL ID 1 x", "-ERR syntax error");
}

static void wrong_values_are_refused(void **state) {
    assert_refused(*state, "CLIENT LIST TYPE x", "-ERR Unknown client type 'x'");
    assert_refused(*state, "CLIENT LIST NOT-TYPE x", "-ERR Unknown client type 'x'");
    assert_refused(*state, "CLIENT KILL USER x", "-ERR No such user 'x'");
    assert_refused(*state, "CLIENT KILL FLAGS xyz",
                   "-ERR Unknown flags found in the provided filter: xyz");
    assert_refused(*state, "CLIENT KILL FLAGS \"x\\x00\"",
                   "-ERR Unknown flags found in the provided filter: x");
    assert_refused(*state, "CLIENT LIST DB 16", "-ERR DB index is out of range");
    assert_refused(*state, "CLIENT LIST DB x", "-ERR value is not an integer or out of range");
    assert_refused(*state, "CLIENT LIST MAXAGE x", "-ERR maxage is not an integer or out of range");
    assert_refused(*state, "CLIENT LIST MAXAGE 0", "-ERR maxage should be greater than 0");
    assert_refused(*state, "CLIENT LIST IDLE x", "-ERR idle is not an integer or out of range");
    assert_refused(*state, "CLIENT LIST IDLE -1", "-ERR idle should be greater than 0");
    assert_refused(*state, "CLIENT KILL SKIPME maybe", "-ERR syntax error");
}

static void what_is_no_filter_is_a_syntax_error(void **state) {
    static const char *const lines[] = {
        "CLIENT LIST x",          "CLIENT LIST x y",          "CLIENT LIST ID",
        "CLIENT LIST TYPE",       "CLIENT LIST NOT- x",       "CLIENT LIST NOT-SKIPME yes",
        "CLIENT LIST NOT-IDLE 1", "CLIENT LIST NOT-MAXAGE 1", "CLIENT LIST NOT-NOT-ID 1",
        "CLIENT KILL ID 1 TYPE",  "CLIENT KILL x y",          "CLIENT LIST CAPA r",
        "CLIENT LIST DB 1 NAME",
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_refused(scene, lines[i], "-ERR syntax error");
}

/* --- flags --- */

static const char *flags_of(struct scene *scene) {
    static char flags[CLIENT_FLAGS_MAX];
    client_flags(&scene->client.session, flags);
    return flags;
}

static void flags_tell_what_a_session_does_in_the_order_of_redis(void **state) {
    struct scene *scene = *state;
    struct session *session = &scene->client.session;
    session->client = &scene->client;
    assert_string_equal(flags_of(scene), "N");
    session->is_monitor = true;
    session->subscriptions.patterns = 1;
    session->tracking = SESSION_TRACKING_ON | SESSION_TRACKING_BROADCAST |
                        SESSION_TRACKING_BROKEN_REDIRECT | SESSION_TRACKING_NO_LOOP;
    session->watches.is_dirty = true;
    session->is_closing = session->is_no_evict = session->is_no_touch = true;
    scene->client.is_postponed = scene->client.is_unix = scene->client.is_woken = true;
    assert_string_equal(flags_of(scene), "OPbtRBdcuUeT");
    session->tracking = SESSION_TRACKING_NO_LOOP;
    session->is_monitor = session->watches.is_dirty = session->is_closing = false;
    session->is_no_evict = session->is_no_touch = false;
    session->subscriptions.patterns = 0;
    scene->client = (struct client){.session = scene->client.session};
    assert_string_equal(flags_of(scene), "N");
    session->client = NULL;
}

/* A field of CLIENT INFO, as " name=value ". */
static void assert_field(struct scene *scene, const char *field) {
    assert_non_null(strstr(fixture_run(scene->fixture, "CLIENT INFO"), field));
}

static void info_tells_subscriptions_and_redirection(void **state) {
    struct scene *scene = *state;
    struct session *session = &scene->fixture->session;
    assert_field(scene, " sub=0 psub=0 ssub=0 ");
    assert_field(scene, " redir=-1 ");
    session->subscriptions = (struct session_subscriptions){1, 2, 3};
    session->version = RESP3;
    session->tracking = SESSION_TRACKING_ON;
    assert_field(scene, " flags=Pt ");
    assert_field(scene, " sub=1 psub=2 ssub=3 ");
    assert_field(scene, " redir=0 ");
    session->tracking_redirect = 42;
    assert_field(scene, " redir=42 ");
    session->tracking = 0;
    session->subscriptions = (struct session_subscriptions){0};
    assert_field(scene, " redir=-1 ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_filter_means_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_mean_any_of_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(types_tell_subscribers_from_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_one_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_must_be_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_flags_must_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(databases_and_times_are_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_filter_must_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_filter_counts_as_it_was_given_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_ids_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_values_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_filter_is_a_syntax_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_tell_what_a_session_does_in_the_order_of_redis,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(info_tells_subscriptions_and_redirection, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
