/* Sessions: how a new caller stands, and what RESET takes back. */
#include "engine/session.h"

#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_new_session_has_the_next_id_and_the_defaults(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(sample_commands);
    struct session session = {0};
    session_init(&session, fixture->engine);
    assert_int_equal(session.id, fixture->session.id + 1);
    assert_int_equal(session.version, RESP2);
    assert_int_equal(session.reply_mode, SESSION_REPLY_ON);
    assert_int_equal(session.db_number, 0);
    assert_true(session.is_authenticated);
    assert_int_equal(session.created_ms, FIXTURE_START_MS);
    assert_null(session.name);
    session_destroy(&session);
    sample_set_password(fixture->engine, BYTES("secret"));
    session = (struct session){0};
    session_init(&session, fixture->engine);
    assert_false(session.is_authenticated);
    session_destroy(&session);
    fixture_free(fixture);
}

static void a_reset_takes_back_what_the_caller_set(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(sample_commands);
    struct session *session = &fixture->session;
    uint64_t id = session->id;
    session->version = RESP3;
    session->reply_mode = SESSION_REPLY_OFF;
    session->db_number = 5;
    session->is_no_evict = session->is_no_touch = true;
    session_set_text(&session->name, BYTES("name"));
    session_set_text(&session->lib_name, BYTES("lib"));
    session_reset(session);
    assert_int_equal(session->id, id);
    assert_int_equal(session->version, RESP2);
    assert_int_equal(session->reply_mode, SESSION_REPLY_ON);
    assert_int_equal(session->db_number, 0);
    assert_false(session->is_no_evict || session->is_no_touch);
    assert_null(session->name);
    assert_string_equal(session->lib_name, "lib");
    fixture_free(fixture);
}

static void texts_are_copied_and_an_empty_one_takes_them_away(void **state) {
    (void)state;
    char text[] = "first";
    char *field = NULL;
    session_set_text(&field, bytes_of_str(text));
    memset(text, 'X', sizeof(text));
    assert_string_equal(field, "first");
    session_set_text(&field, BYTES("second"));
    assert_string_equal(field, "second");
    session_set_text(&field, bytes_of(NULL, 0));
    assert_null(field);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_session_has_the_next_id_and_the_defaults),
        cmocka_unit_test(a_reset_takes_back_what_the_caller_set),
        cmocka_unit_test(texts_are_copied_and_an_empty_one_takes_them_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
