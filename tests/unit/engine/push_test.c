/* Pushes: shared stretches, and their place behind the reply of a running command. */
#include "engine/push.h"

#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct push_writer writer;

static struct push_piece write_piece(const char *text) {
    size_t len = strlen(text);
    memcpy(push_room(&writer, len), text, len);
    return push_commit(&writer, len);
}

/* A command that pushes to whoever calls it, before and between what it replies. */
static void echo_and_push(struct call *call) {
    push_send(call->session, write_piece("+one\r\n"));
    reply_array(call, 1);
    push_send(call->session, write_piece("+two\r\n"));
    reply_integer(call, 7);
}

static const struct command_row rows[] = {
    {.name = "noisy", .handler = echo_and_push, .arity = 1},
};
static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const commands[] = {&list, NULL};

static void start_session(struct session *session, struct engine *engine) {
    *session = (struct session){0};
    session_init(session, engine);
}

static void pushes_follow_the_reply_of_the_command_that_runs(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    fixture_run(fixture, "noisy");
    struct bytes raw = fixture_raw_reply(fixture);
    assert_true(bytes_equal(raw, BYTES("*1\r\n:7\r\n+one\r\n+two\r\n")));
    assert_null(fixture->session.pushes);
    push_close(&writer);
    fixture_free(fixture);
}

static void pushes_are_heard_from_a_session_that_has_silenced_its_replies(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    fixture->session.reply_mode = SESSION_REPLY_OFF;
    fixture_run(fixture, "noisy");
    struct bytes raw = fixture_raw_reply(fixture);
    assert_true(bytes_equal(raw, BYTES("+one\r\n+two\r\n")));
    push_close(&writer);
    fixture_free(fixture);
}

static void many_receivers_share_what_was_written_once(void **state) {
    (void)state;
    enum { RECEIVERS = 50, MESSAGES = 1000 };
    static struct session sessions[RECEIVERS];
    struct command_fixture *fixture = fixture_new(commands);
    for (int i = 0; i < RECEIVERS; i++) start_session(&sessions[i], fixture->engine);
    size_t before = mem_used_bytes();
    for (int i = 0; i < MESSAGES; i++) {
        struct push_piece piece = write_piece("a message of some forty bytes in length.");
        for (int j = 0; j < RECEIVERS; j++) push_send(&sessions[j], piece);
    }
    for (int i = 0; i < RECEIVERS; i++) {
        assert_int_equal(output_pending_bytes(&sessions[i].output), 40 * MESSAGES);
        assert_in_range(sessions[i].output.node_count, 2, 8);
    }
    size_t shared = 40 * MESSAGES;
    assert_true(mem_used_bytes() - before < 4 * shared); /* of fifty times as much if copied */
    push_close(&writer);
    for (int i = 0; i < RECEIVERS; i++) session_destroy(&sessions[i]);
    assert_true(mem_used_bytes() <= before);
    fixture_free(fixture);
}

static void a_stretch_nobody_waits_for_is_written_anew(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    const char *first = write_piece("abc").bytes.data;
    assert_ptr_equal(write_piece("def").bytes.data, first);
    struct session session;
    start_session(&session, fixture->engine);
    push_send(&session, write_piece("ghi"));
    assert_ptr_equal(write_piece("jkl").bytes.data, first + 3);
    push_close(&writer);
    session_destroy(&session);
    fixture_free(fixture);
}

static void a_closing_session_is_sent_nothing(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    struct session session;
    start_session(&session, fixture->engine);
    session.is_closing = true;
    push_send(&session, write_piece("abc"));
    assert_int_equal(output_pending_bytes(&session.output), 0);
    push_close(&writer);
    session_destroy(&session);
    fixture_free(fixture);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushes_follow_the_reply_of_the_command_that_runs),
        cmocka_unit_test(pushes_are_heard_from_a_session_that_has_silenced_its_replies),
        cmocka_unit_test(many_receivers_share_what_was_written_once),
        cmocka_unit_test(a_stretch_nobody_waits_for_is_written_anew),
        cmocka_unit_test(a_closing_session_is_sent_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
