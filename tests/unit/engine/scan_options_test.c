/* The cursor, the options and the reply of SCAN and its kin. */
#include "engine/reply.h"
#include "engine/scan_options.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What the last ECHOSCAN was told. */
static uint64_t cursor;
static struct scan_options options;
static bool is_type_hash;

/* ECHOSCAN cursor [options]: replies what a walk that found "a" and "b" would. */
static void echoscan_command(struct call *call) {
    unsigned words = SCAN_TAKES_TYPE | SCAN_TAKES_NO_VALUES;
    if (!scan_parse_cursor(call, 1, &cursor) || !scan_parse_options(call, 2, words, &options))
        return;
    is_type_hash = bytes_equal(options.type, BYTES("hash"));
    size_t mark = reply_mark(call), count = 0;
    const struct bytes names[] = {BYTES("a"), BYTES("b")};
    for (size_t i = 0; i < 2; i++) {
        if (!scan_matches(&options, names[i])) continue;
        reply_bulk(call, names[i]);
        count++;
    }
    scan_insert_head(call, mark, cursor, count);
}

/* PLAINSCAN cursor [options]: takes COUNT and MATCH alone, and finds nothing. */
static void plainscan_command(struct call *call) {
    if (scan_parse_cursor(call, 1, &cursor) && scan_parse_options(call, 2, 0, &options))
        scan_reply_head(call, cursor, 0);
}

static const struct command_row rows[] = {
    {
        .name = "echoscan",
        .handler = echoscan_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .summary = "Tells what was parsed.",
        .syntax = "cursor",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "plainscan",
        .handler = plainscan_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .summary = "Finds nothing.",
        .syntax = "cursor",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
};
static const struct command_list commands = COMMAND_LIST(rows);

static int set_up(void **state) {
    static const struct command_list *const lists[] = {&commands, NULL};
    *state = fixture_new(lists);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

#define SYNTAX "-ERR syntax error"

static void a_cursor_is_any_unsigned_number(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PLAINSCAN 0", "[\"0\", []]");
    assert_reply(f, "PLAINSCAN 18446744073709551615", "[\"18446744073709551615\", []]");
    assert_reply(f, "PLAINSCAN -1", "[\"18446744073709551615\", []]");
    assert_reply(f, "PLAINSCAN \"\"", "[\"0\", []]");
    assert_reply(f, "PLAINSCAN 18446744073709551616", "-ERR invalid cursor");
    assert_reply(f, "PLAINSCAN 1x", "-ERR invalid cursor");
    assert_reply(f, "PLAINSCAN x NONSENSE", "-ERR invalid cursor");
}

static void options_have_defaults(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ECHOSCAN 0");
    assert_int_equal(options.count, SCAN_DEFAULT_COUNT);
    assert_true(options.matches_all);
    assert_false(options.has_type || options.has_no_values);
    assert_int_equal(scan_max_buckets(&options), 100);
}

static void options_may_stand_in_any_order_and_the_last_counts(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ECHOSCAN 7 novalues COUNT 5 TYPE set MATCH a count 6 match b type hash",
                 "[\"7\", [\"b\"]]");
    assert_int_equal(options.count, 6);
    assert_true(options.has_type && is_type_hash && options.has_no_values);
    assert_false(options.matches_all);
    assert_reply(f, "ECHOSCAN 0 MATCH x MATCH *", "[\"0\", [\"a\", \"b\"]]");
}

static void a_word_that_a_command_does_not_take_is_refused(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PLAINSCAN 0 TYPE set", SYNTAX);
    assert_reply(f, "PLAINSCAN 0 NOVALUES", SYNTAX);
    assert_reply(f, "ECHOSCAN 0 NONSENSE", SYNTAX);
    assert_reply(f, "ECHOSCAN 0 NONSENSE x", SYNTAX);
    assert_reply(f, "ECHOSCAN 0 COUNT", SYNTAX);
    assert_reply(f, "ECHOSCAN 0 MATCH", SYNTAX);
    assert_reply(f, "ECHOSCAN 0 TYPE", SYNTAX);
}

static void a_count_is_at_least_one(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PLAINSCAN 0 COUNT 0", SYNTAX);
    assert_reply(f, "PLAINSCAN 0 COUNT -3", SYNTAX);
    assert_reply(f, "PLAINSCAN 0 COUNT x", "-ERR value is not an integer or out of range");
    assert_reply(f, "PLAINSCAN 0 COUNT 9223372036854775807", "[\"0\", []]");
    assert_true(scan_max_buckets(&options) == UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_cursor_is_any_unsigned_number),
        TEST(options_have_defaults),
        TEST(options_may_stand_in_any_order_and_the_last_counts),
        TEST(a_word_that_a_command_does_not_take_is_refused),
        TEST(a_count_is_at_least_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
