/* MONITOR among sessions without sockets; what becomes of one that does not read is in
 * e2e/monitor_test.c. */
#include "services/monitor/monitor.h"

#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/reply.h"
#include "engine/transaction.h"
#include "foundation/mem.h"
#include "services/monitor/monitor_line.h"
#include "unit/support/command_fixture.h"
#include "unit/support/waiting_commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- commands to be watched --- */

static void answer(struct call *call) {
    reply_simple(call, "PONG");
}

static void select_database(struct call *call) {
    uint32_t number;
    if (!argument_db(call, 1, &number)) return;
    call->session->db_number = number;
    reply_ok(call);
}

static void set_reply_mode(struct call *call) {
    call->session->reply_mode = argument_is(call, 1, "off") ? SESSION_REPLY_OFF : SESSION_REPLY_ON;
}

static void reset(struct call *call) {
    session_reset(call->session);
    reply_simple(call, "RESET");
}

static bool is_last(const struct bytes *args UNUSED, uint32_t argc, uint32_t index) {
    return index == argc - 1;
}

static const struct command_row rows[] = {
    {.name = "ping", .handler = answer, .arity = -1},
    {.name = "select", .handler = select_database, .arity = 2},
    {.name = "set",
     .handler = waiting_set,
     .arity = 3,
     .flags = COMMAND_WRITE,
     .keys = {KEY_AT(1, "OW")}},
    {.name = "get", .handler = answer, .arity = 2, .flags = COMMAND_READONLY},
    {.name = "publish", .handler = answer, .arity = 2, .flags = COMMAND_MAY_REPLICATE},
    {.name = "wait", .handler = waiting_wait, .arity = 2, .keys = {KEY_AT(1, "RO")}},
    {.name = "config", .handler = answer, .arity = -1, .flags = COMMAND_ADMIN},
    {.name = "eval", .handler = answer, .arity = -1, .flags = COMMAND_SKIP_MONITOR},
    {.name = "auth", .handler = answer, .arity = -2, .is_secret = is_last},
    {.name = "multi", .handler = waiting_begin, .arity = 1, .flags = COMMAND_NOT_QUEUED},
    {.name = "exec",
     .handler = transaction_run,
     .arity = 1,
     .flags = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE},
    {.name = "reply", .handler = set_reply_mode, .arity = 2},
    {.name = "reset", .handler = reset, .arity = 1},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&list, NULL};
static const struct feature watched_feature = {.name = "watched", .commands = lists};

/* --- fixture: one who runs commands, and two who may watch --- */

struct scene {
    struct command_fixture *fixture;
    struct session watchers[2];
    struct output_batch batches[2];
    char *shown;
};

static int set_up(void **state) {
    static const struct feature *const features[] = {&watched_feature, &monitor_feature, NULL};
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->fixture = fixture_new_of_features(features);
    scene->fixture->session.can_block = true;
    for (size_t i = 0; i < 2; i++) {
        session_init(&scene->watchers[i], scene->fixture->engine);
        scene->watchers[i].can_block = true;
    }
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    for (size_t i = 0; i < 2; i++) {
        session_destroy(&scene->watchers[i]);
        output_batch_destroy(&scene->batches[i]);
    }
    fixture_free(scene->fixture);
    free(scene->shown);
    free(scene);
    return 0;
}

/* Lends buffers to those who do not run the next command: pushes to them are then found there. */
static void prepare(struct scene *scene, const struct session *runner) {
    for (size_t i = 0; i < 2; i++) {
        output_destroy(&scene->watchers[i].output);
        if (&scene->watchers[i] != runner)
            output_lend(&scene->watchers[i].output, &scene->batches[i]);
    }
}

static const char *run(struct scene *scene, const char *line) {
    prepare(scene, NULL);
    return fixture_run(scene->fixture, line);
}

static const char *run_as(struct scene *scene, size_t who, const char *line) {
    prepare(scene, &scene->watchers[who]);
    return fixture_run_as(scene->fixture, &scene->watchers[who], line);
}

/* What the watcher has been sent since it was last asked. */
static const char *shown(struct scene *scene, size_t who) {
    struct output_batch *batch = &scene->batches[who];
    free(scene->shown);
    scene->shown = strndup(batch->bytes.data == NULL ? "" : batch->bytes.data, batch->bytes.len);
    output_destroy(&scene->watchers[who].output);
    return scene->shown;
}

static void watch(struct scene *scene, size_t who) {
    assert_string_equal(run_as(scene, who, "MONITOR"), "OK");
}

#define assert_shown(scene, line, expected)                                                        \
    do {                                                                                           \
        run((scene), (line));                                                                      \
        assert_string_equal(shown((scene), 0), (expected));                                        \
    } while (0)

#define AT "+1700000000.000000 [0 ?:0]"

/* --- lines --- */

static void a_command_is_shown_as_it_was_sent(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_shown(scene, "Set key \"a value\"", AT " \"Set\" \"key\" \"a value\"\r\n");
    fixture_advance_ms(scene->fixture, 1234);
    assert_shown(scene, "PING", "+1700000001.234000 [0 ?:0] \"PING\"\r\n");
}

static void bytes_that_do_not_print_are_escaped(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_shown(scene, "PING \"a\\x00b\\\"\\\\\\n\\r\\t\\a\\b\\xff\\x7f~ \"",
                 AT " \"PING\" \"a\\x00b\\\"\\\\\\n\\r\\t\\a\\b\\xff\\x7f~ \"\r\n");
    assert_shown(scene, "PING \"\"", AT " \"PING\" \"\"\r\n");
}

static void the_database_is_the_one_after_the_command(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_shown(scene, "SELECT 3", "+1700000000.000000 [3 ?:0] \"SELECT\" \"3\"\r\n");
    assert_shown(scene, "PING", "+1700000000.000000 [3 ?:0] \"PING\"\r\n");
}

static void passwords_are_not_shown(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_shown(scene, "AUTH user pass", AT " \"AUTH\" \"user\" \"(redacted)\"\r\n");
}

static void a_request_of_more_than_a_mebibyte_is_cut(void **state) {
    struct scene *scene = *state;
    size_t len = MONITOR_LINE_SHOWN_MAX + 100;
    char *big = malloc(len);
    assert_non_null(big);
    memset(big, 'x', len);
    const struct bytes args[] = {BYTES("ping"), bytes_of(big, len), BYTES("a"), BYTES("b")};
    watch(scene, 0);
    prepare(scene, NULL);
    fixture_run_args(scene->fixture, args, ARRAY_LEN(args));
    const char *line = shown(scene, 0);
    const char *end = strstr(line, "x... (");
    assert_non_null(end);
    assert_string_equal(end, "x... (104 more bytes)\" \"... (2 more arguments)\"\r\n");
    assert_int_equal(strspn(strchr(line, 'x'), "x"), MONITOR_LINE_SHOWN_MAX - 4);
    assert_shown(scene, "PING", AT " \"PING\"\r\n");
    free(big);
}

/* --- what is shown --- */

static void what_is_refused_or_administration_is_not_shown(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_shown(scene, "NONSENSE", "");
    assert_shown(scene, "GET", "");
    assert_shown(scene, "CONFIG SET requirepass secret", "");
    assert_shown(scene, "EVAL x", "");
}

static void commands_of_a_transaction_come_before_its_end(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_shown(scene, "MULTI", AT " \"MULTI\"\r\n");
    assert_shown(scene, "PING 1", "");
    assert_shown(scene, "PING 2", "");
    assert_shown(scene, "EXEC",
                 AT " \"PING\" \"1\"\r\n" AT " \"PING\" \"2\"\r\n" AT " \"EXEC\"\r\n");
}

static void a_command_that_waits_is_shown_once(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_string_equal(run(scene, "WAIT k"), "");
    assert_true(blocking_is_blocked(&scene->fixture->session));
    assert_string_equal(shown(scene, 0), AT " \"WAIT\" \"k\"\r\n");
    run_as(scene, 1, "SET k v");
    assert_false(blocking_is_blocked(&scene->fixture->session));
    assert_string_equal(shown(scene, 0), AT " \"SET\" \"k\" \"v\"\r\n");
}

/* --- who watches --- */

static void commands_are_listened_to_only_while_somebody_watches(void **state) {
    struct scene *scene = *state;
    const struct engine *engine = scene->fixture->engine;
    assert_null(engine->call_listeners);
    watch(scene, 0);
    watch(scene, 1);
    assert_non_null(engine->call_listeners);
    run_as(scene, 0, "RESET");
    assert_false(scene->watchers[0].is_monitor);
    assert_true(scene->watchers[1].is_monitor);
    run(scene, "PING");
    assert_string_equal(shown(scene, 0), "");
    assert_string_equal(shown(scene, 1), AT " \"PING\"\r\n");
    session_destroy(&scene->watchers[1]);
    session_init(&scene->watchers[1], scene->fixture->engine);
    assert_null(engine->call_listeners);
    assert_null(engine->monitors);
    assert_string_equal(run(scene, "PING"), "PONG");
}

static void all_who_watch_are_shown_the_same(void **state) {
    struct scene *scene = *state;
    watch(scene, 1);
    watch(scene, 0);
    run(scene, "PING x");
    assert_string_equal(shown(scene, 0), AT " \"PING\" \"x\"\r\n");
    assert_string_equal(shown(scene, 1), AT " \"PING\" \"x\"\r\n");
}

static void who_watches_sees_its_own_commands_behind_their_replies(void **state) {
    struct scene *scene = *state;
    assert_string_equal(run(scene, "MONITOR"), "OK");
    assert_string_equal(run(scene, "PING"), "PONG1700000000.000000 [0 ?:0] \"PING\"");
}

static void watching_is_begun_once(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    assert_string_equal(run_as(scene, 0, "MONITOR"), "");
    assert_shown(scene, "PING", AT " \"PING\"\r\n");
}

static void watching_cannot_be_begun_where_each_command_has_a_reply(void **state) {
    struct scene *scene = *state;
    run(scene, "MULTI");
    assert_string_equal(run(scene, "MONITOR"), "QUEUED");
    assert_string_equal(run(scene, "EXEC"),
                        "[-ERR MONITOR isn't allowed for DENY BLOCKING client]");
    scene->fixture->session.can_block = false;
    assert_string_equal(run(scene, "MONITOR"),
                        "-ERR MONITOR isn't allowed for DENY BLOCKING client");
    assert_null(scene->fixture->engine->monitors);
}

static void who_watches_may_not_touch_keys(void **state) {
    struct scene *scene = *state;
    static const char refused[] = "-ERR Replica can't interact with the keyspace";
    watch(scene, 0);
    assert_string_equal(run_as(scene, 0, "GET k"), refused);
    assert_string_equal(run_as(scene, 0, "SET k v"), refused);
    assert_string_equal(run_as(scene, 0, "PUBLISH c"), refused);
    run_as(scene, 0, "RESET");
    assert_string_equal(run_as(scene, 0, "SET k v"), "OK");
}

static void who_wants_no_replies_is_shown_nothing(void **state) {
    struct scene *scene = *state;
    watch(scene, 0);
    watch(scene, 1);
    run_as(scene, 0, "REPLY OFF");
    run(scene, "PING");
    assert_string_equal(shown(scene, 0), "");
    assert_string_equal(shown(scene, 1), AT " \"PING\"\r\n");
    run_as(scene, 0, "REPLY ON");
    assert_shown(scene, "PING", AT " \"PING\"\r\n");
}

static void who_watches_is_not_held_back_by_a_pause(void **state) {
    struct scene *scene = *state;
    int64_t now_ms = scene->fixture->clock.unix_ms;
    watch(scene, 0);
    pause_start(&scene->fixture->engine->pause, PAUSE_ALL, now_ms + 1000, now_ms);
    assert_string_equal(run(scene, "PING"), "");
    const char *own = run_as(scene, 0, "PING");
    assert_int_equal(strncmp(own, "PONG", 4), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_command_is_shown_as_it_was_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_do_not_print_are_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_database_is_the_one_after_the_command, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(passwords_are_not_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_of_more_than_a_mebibyte_is_cut, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_refused_or_administration_is_not_shown, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(commands_of_a_transaction_come_before_its_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_command_that_waits_is_shown_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commands_are_listened_to_only_while_somebody_watches,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_who_watch_are_shown_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_watches_sees_its_own_commands_behind_their_replies,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(watching_is_begun_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(watching_cannot_be_begun_where_each_command_has_a_reply,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_watches_may_not_touch_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_wants_no_replies_is_shown_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_watches_is_not_held_back_by_a_pause, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
