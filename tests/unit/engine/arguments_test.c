/* Reading arguments: what is taken, and with which words the rest is refused. */
#include "engine/arguments.h"

#include "engine/engine.h"
#include "engine/reply.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void i64_command(struct call *call) {
    int64_t value;
    if (argument_i64(call, 1, &value)) reply_integer(call, value);
}

static void between_command(struct call *call) {
    int64_t value = 77;
    bool is_taken =
        argument_i64_in(call, 1, -5, 5, &value, call->argc == 3 ? "ERR own text" : NULL);
    if (is_taken) reply_integer(call, value);
    CHECK(is_taken || value == 77);
}

static void double_command(struct call *call) {
    double value;
    if (argument_double(call, 1, &value)) reply_double(call, value);
}

static void db_command(struct call *call) {
    uint32_t number;
    if (argument_db(call, 1, &number)) reply_integer(call, number);
}

/* due UNIT VALUE [past] */
static void due_command(struct call *call) {
    enum due_unit unit;
    int64_t due_ms;
    if (!argument_is_due_unit(call, 1, &unit)) {
        reply_error_syntax(call);
    } else if (argument_due(call, 2, unit, argument_has_next(call, 2), &due_ms)) {
        reply_integer(call, due_ms);
    }
}

static const struct command_row rows[] = {
    {.name = "i64", .handler = i64_command, .arity = 2},
    {.name = "between", .handler = between_command, .arity = -2},
    {.name = "double", .handler = double_command, .arity = 2},
    {.name = "db", .handler = db_command, .arity = 2},
    {.name = "due", .handler = due_command, .arity = -3},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const commands[] = {&list, NULL};

static void integers_are_taken_in_canonical_form_only(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    static const char *const refused[] = {
        "x", "1x", "\"\"", "\" 1\"", "+1", "01", "-0", "1.0", "9223372036854775808"};
    assert_reply(fixture, "i64 -9223372036854775808", "-9223372036854775808");
    assert_reply(fixture, "i64 9223372036854775807", "9223372036854775807");
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char line[64];
        snprintf(line, sizeof(line), "i64 %s", refused[i]);
        assert_reply(fixture, line, "-ERR value is not an integer or out of range");
    }
    fixture_free(fixture);
}

static void integers_beyond_their_range_are_refused(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    assert_reply(fixture, "between -5", "-5");
    assert_reply(fixture, "between 5", "5");
    assert_reply(fixture, "between 6 own", "-ERR own text");
    assert_reply(fixture, "between x own", "-ERR own text");
    assert_reply(fixture, "between x", "-ERR value is not an integer or out of range");
    assert_int_equal(fixture_run(fixture, "between 6")[0], '-');
    fixture_free(fixture);
}

static void doubles_are_taken_and_what_is_none_is_refused(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    assert_reply(fixture, "double 1.5", "\"1.5\"");
    assert_reply(fixture, "double -inf", "\"-inf\"");
    assert_reply(fixture, "double nan", "-ERR value is not a valid float");
    assert_reply(fixture, "double 1x", "-ERR value is not a valid float");
    fixture_free(fixture);
}

static void databases_are_numbered_below_their_count(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    assert_reply(fixture, "db 15", "15");
    assert_reply(fixture, "db 16", "-ERR DB index is out of range");
    assert_reply(fixture, "db -1", "-ERR DB index is out of range");
    assert_reply(fixture, "db x", "-ERR value is not an integer or out of range");
    assert_reply(fixture, "db 99999999999",
                 "-ERR value is out of range, value must between -2147483648 and 2147483647");
    fixture_free(fixture);
}

static void due_times_are_read_in_their_unit(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands); /* it is 1700000000000 */
    assert_reply(fixture, "due ex 10", "1700000010000");
    assert_reply(fixture, "due PX 10", "1700000000010");
    assert_reply(fixture, "due exat 10", "10000");
    assert_reply(fixture, "due pxAT 10", "10");
    assert_reply(fixture, "due keepttl 10", "-ERR syntax error");
    fixture_free(fixture);
}

static void due_times_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    static const char *const refused[] = {"ex 0",
                                          "px -1",
                                          "exat -1",
                                          "pxat 0",
                                          "ex 9223372036854775807",
                                          "exat 9223372036854776",
                                          "px 9223372036854775807",
                                          "ex -9223372036854776 past",
                                          "px 9223372036854775000 past"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char line[64];
        snprintf(line, sizeof(line), "due %s", refused[i]);
        assert_reply(fixture, line, "-ERR invalid expire time in 'due' command");
    }
    assert_reply(fixture, "due ex x", "-ERR value is not an integer or out of range");
    fixture_free(fixture);
}

static void due_times_may_lie_in_the_past_where_that_is_allowed(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    assert_reply(fixture, "due ex -1 past", "1699999999000");
    assert_reply(fixture, "due pxat -5 past", "1");
    assert_reply(fixture, "due px -9223372036854775808 past", "1");
    assert_reply(fixture, "due pxat 9223372036854775807 past", "9223372036854775807");
    fixture_free(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_taken_in_canonical_form_only),
        cmocka_unit_test(integers_beyond_their_range_are_refused),
        cmocka_unit_test(doubles_are_taken_and_what_is_none_is_refused),
        cmocka_unit_test(databases_are_numbered_below_their_count),
        cmocka_unit_test(due_times_are_read_in_their_unit),
        cmocka_unit_test(due_times_that_do_not_fit_are_refused),
        cmocka_unit_test(due_times_may_lie_in_the_past_where_that_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
