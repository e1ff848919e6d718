/* Effects: which commands are told to those who log writes, as what, and in which order. */
#include "engine/effects.h"

#include "engine/transaction.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct buffer told;

static void note_write(struct effect_listener *listener UNUSED, uint32_t db_number,
                       const struct bytes *args, uint32_t argc) {
    buffer_printf(&told, "%u:", db_number);
    for (uint32_t i = 0; i < argc; i++) {
        if (i != 0) buffer_append_char(&told, ' ');
        buffer_append_bytes(&told, args[i]);
    }
    buffer_append_char(&told, ';');
}

static void note_begin(struct effect_listener *listener UNUSED) {
    buffer_append_char(&told, '[');
}

static void note_end(struct effect_listener *listener UNUSED) {
    buffer_append_char(&told, ']');
}

static struct effect_listener log_of_writes = {
    .write = note_write, .begin = note_begin, .end = note_end};

/* Sets a key to what chance would give, and says so. */
static void draw_command(struct call *call) {
    struct found found = database_use(call->db, call_key(call, 1));
    string_store(call->db, call_key(call, 1), &found, BYTES("drawn"), 0);
    call_notify(call, KEY_EVENT_STRING, call->args[1], "set");
    CALL_EFFECT(call, BYTES("SET"), call->args[1], BYTES("drawn"));
    CALL_EFFECT(call, BYTES("PERSIST"), call->args[1]);
    reply_ok(call);
}

static void hide_command(struct call *call) {
    call_notify(call, KEY_EVENT_STRING, call->args[1], "set");
    call_no_effect(call);
    reply_ok(call);
}

static void stamp_command(struct call *call) {
    call_notify(call, KEY_EVENT_STRING, call->args[1], "set");
    call_effect_with(call, 2, BYTES("1700"));
    reply_ok(call);
}

static void gather_command(struct call *call) {
    call_effect_open(call, BYTES("RPUSH"), call->args[1]);
    call_effect_add_number(call, 12);
    call_effect_add_args(call, 2, call->argc);
    call_effect_close(call);
    call_effect_number(call, BYTES("LTRIM"), call->args[1], 7);
    call_effect_request(call);
    reply_ok(call);
}

static void due_command(struct call *call) {
    struct found found = database_find(call->db, call_key(call, 1));
    database_set_due(call->db, call_key(call, 1), &found, call_now_ms(call) + 10);
    call_notify(call, KEY_EVENT_GENERIC, call->args[1], "expire");
    reply_ok(call);
}

static void multi_command(struct call *call) {
    transaction_begin(call->session);
    reply_ok(call);
}

static void exec_command(struct call *call) {
    transaction_run(call);
}

#define ON_KEY .keys = {KEY_AT(1, "RW update")}
static const struct command_row rows[] = {
    {.name = "draw", .handler = draw_command, .arity = 2, .flags = COMMAND_WRITE, ON_KEY},
    {.name = "hide", .handler = hide_command, .arity = 2, .flags = COMMAND_WRITE, ON_KEY},
    {.name = "stamp", .handler = stamp_command, .arity = 4, .flags = COMMAND_WRITE, ON_KEY},
    {.name = "gather", .handler = gather_command, .arity = 4, .flags = COMMAND_WRITE, ON_KEY},
    {.name = "due", .handler = due_command, .arity = 2, .flags = COMMAND_WRITE, ON_KEY},
    {.name = "multi", .handler = multi_command, .arity = 1, .flags = COMMAND_NOT_QUEUED},
    {.name = "exec",
     .handler = exec_command,
     .arity = 1,
     .flags = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE},
};
static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const commands[] = {&sample_list_of_rows, &list, NULL};

static int listen(void **state) {
    struct command_fixture *fixture = fixture_new(commands);
    effects_listen(fixture->engine, &log_of_writes);
    *state = fixture;
    return 0;
}

static int stop(void **state) {
    struct command_fixture *fixture = *state;
    effects_ignore(fixture->engine, &log_of_writes);
    assert_null(fixture->engine->effects);
    fixture_free(fixture);
    buffer_destroy(&told);
    return 0;
}

static void assert_told(const char *expected) {
    assert_string_equal(buffer_c_str(&told), expected);
    told.len = 0;
}

static void what_changed_something_is_told_as_it_was_sent(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "SET k v");
    fixture_run(fixture, "get k");
    fixture_run(fixture, "get"); /* refused */
    fixture_run(fixture, "select 3");
    fixture_run(fixture, "set other w");
    assert_told("0:SET k v;3:set other w;");
}

static void a_handler_says_what_it_did_instead(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "draw k");
    fixture_run(fixture, "hide k");
    fixture_run(fixture, "stamp k soon NX");
    fixture_run(fixture, "gather k a b");
    assert_told("[0:SET k drawn;0:PERSIST k;]0:stamp k 1700 NX;"
                "[0:RPUSH k 12 a b;0:LTRIM k 7;0:gather k a b;]");
}

static void a_transaction_is_told_together_without_what_changed_nothing(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "multi");
    fixture_run(fixture, "get k");
    fixture_run(fixture, "draw k");
    fixture_run(fixture, "select 1");
    fixture_run(fixture, "set k v");
    fixture_run(fixture, "exec");
    fixture_run(fixture, "multi");
    fixture_run(fixture, "get k");
    fixture_run(fixture, "exec");
    assert_told("[0:SET k drawn;0:PERSIST k;1:set k v;]");
}

static void keys_that_come_due_are_told_as_deleted_before_what_follows(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "set k v");
    fixture_run(fixture, "due k");
    fixture_run(fixture, "set j v");
    fixture_run(fixture, "due j");
    told.len = 0;
    fixture_advance_ms(fixture, 10);
    fixture_run(fixture, "get k");
    fixture_run(fixture, "incr j");
    assert_told("0:DEL k;0:DEL j;");
}

static void listening_may_begin_and_end_at_any_time(void **state) {
    struct command_fixture *fixture = *state;
    struct effect_listener second = {.write = note_write, .begin = note_begin, .end = note_end};
    effects_listen(fixture->engine, &second);
    fixture_run(fixture, "set k v");
    effects_ignore(fixture->engine, &second);
    effects_ignore(fixture->engine, &second);
    fixture_run(fixture, "set k w");
    effects_ignore(fixture->engine, &log_of_writes);
    fixture_run(fixture, "draw k");
    effects_listen(fixture->engine, &log_of_writes);
    assert_told("0:set k v;0:set k v;0:set k w;");
}

int main(void) {
    mem_start();
#define TEST(name) cmocka_unit_test_setup_teardown(name, listen, stop)
    const struct CMUnitTest tests[] = {
        TEST(what_changed_something_is_told_as_it_was_sent),
        TEST(a_handler_says_what_it_did_instead),
        TEST(a_transaction_is_told_together_without_what_changed_nothing),
        TEST(keys_that_come_due_are_told_as_deleted_before_what_follows),
        TEST(listening_may_begin_and_end_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
