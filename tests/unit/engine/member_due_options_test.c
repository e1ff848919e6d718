/* What the commands on due times of members share. */
#include "engine/member_due_options.h"

#include "engine/reply.h"
#include "unit/support/command_fixture.h"

static const struct member_list_texts list_texts = {
    .keyword = "things",
    .missing = "ERR no THINGS",
    .bad_count = "ERR bad count",
    .not_all = "ERR not all",
};

static const struct member_option_texts option_texts = {
    .keyword = "things",
    .twice = "ERR THINGS twice",
    .too_short = "ERR THINGS too short",
    .bad_count = "ERR bad count",
    .missing = "ERR no THINGS",
};

static void reply_list(struct call *call, const struct member_list *list) {
    reply_array(call, list->count);
    for (uint32_t i = 0; i < list->count; i++) reply_bulk(call, list->items[i]);
}

/* LAST THINGS n thing… */
static void last_command(struct call *call) {
    struct member_list list;
    if (member_list_parse_last(call, 1, &list_texts, &list)) reply_list(call, &list);
}

/* OPTIONS [condition] THINGS n thing…: the condition as a number before the things. */
static void options_command(struct call *call) {
    struct member_due_options options;
    if (!member_due_parse_options(call, 1, &option_texts, &options)) return;
    reply_array(call, 2);
    reply_integer(call, options.condition);
    reply_list(call, &options.list);
}

/* PAIRS THINGS n thing value… */
static void pairs_command(struct call *call) {
    struct member_list list = {0};
    uint32_t index = 1;
    if (!member_list_parse_option(call, &index, 2, &option_texts, &list)) return;
    reply_array(call, 2);
    reply_integer(call, list.count);
    reply_integer(call, index);
}

/* DUE unit time */
static void due_command(struct call *call) {
    enum due_unit unit = (enum due_unit)(call->args[1].data[0] - '0');
    int64_t due_ms;
    if (member_due_parse(call, 2, unit, &due_ms)) reply_integer(call, due_ms);
}

static const struct command_row rows[] = {
    {.name = "last", .handler = last_command, .arity = -1},
    {.name = "options", .handler = options_command, .arity = -1},
    {.name = "pairs", .handler = pairs_command, .arity = -2},
    {.name = "due", .handler = due_command, .arity = 3},
};

static const struct command_list list_of_rows = COMMAND_LIST(rows);
static const struct command_list *const commands[] = {&list_of_rows, NULL};

static int start(void **state) {
    *state = fixture_new(commands);
    return 0;
}

static int stop(void **state) {
    fixture_free(*state);
    return 0;
}

static void a_last_list_takes_all_words(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LAST THINGS 2 a b", "[\"a\", \"b\"]");
    assert_reply(f, "LAST things 1 things", "[\"things\"]");
    assert_reply(f, "LAST THINGS 2 a", "-ERR not all");
    assert_reply(f, "LAST THINGS 1 a b", "-ERR not all");
    assert_reply(f, "LAST THINGS 0 a", "-ERR bad count");
    assert_reply(f, "LAST THINGS 9223372036854775808 a", "-ERR bad count");
    assert_reply(f, "LAST THINGS", "-ERR no THINGS");
    assert_reply(f, "LAST", "-ERR no THINGS");
}

static void options_come_in_any_order(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "OPTIONS THINGS 2 nx b gt", "[3, [\"nx\", \"b\"]]");
    assert_reply(f, "OPTIONS LT lt THINGS 1 a", "[4, [\"a\"]]");
    assert_reply(f, "OPTIONS THINGS 1 a", "[0, [\"a\"]]");
    assert_reply(f, "OPTIONS XX NX THINGS 1 a", "-ERR Multiple condition flags specified");
    assert_reply(f, "OPTIONS XX", "-ERR no THINGS");
    assert_reply(f, "OPTIONS THINGS 1 a what", "-ERR unknown argument: what");
    assert_reply(f, "OPTIONS THINGS 1 a THINGS 1 b", "-ERR THINGS twice");
    assert_reply(f, "OPTIONS THINGS 1", "-ERR THINGS too short");
    assert_reply(f, "OPTIONS THINGS 3 a b", "-ERR wrong number of arguments");
}

static void a_member_may_take_two_words(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PAIRS THINGS 2 a 1 b 2 more", "[2, 6]");
    assert_reply(f, "PAIRS THINGS 2 a 1 b", "-ERR wrong number of arguments");
    assert_reply(f, "PAIRS THINGS 2147483648 a 1", "-ERR bad count");
}

static void due_times_are_of_46_bits(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DUE 0 10", "1700000010000");
    assert_reply(f, "DUE 1 10", "1700000000010");
    assert_reply(f, "DUE 2 10", "10000");
    assert_reply(f, "DUE 3 10", "10");
    assert_reply(f, "DUE 3 0", "1");
    assert_reply(f, "DUE 3 70368744177663", "70368744177663");
    assert_reply(f, "DUE 3 70368744177664", "-ERR invalid expire time in 'due' command");
    assert_reply(f, "DUE 0 9223372036854775807", "-ERR invalid expire time in 'due' command");
    assert_reply(f, "DUE 1 9223372036854775807", "-ERR invalid expire time in 'due' command");
    assert_reply(f, "DUE 3 -1", "-ERR invalid expire time, must be >= 0");
    assert_reply(f, "DUE 3 1.5", "-ERR value is not an integer or out of range");
}

static void seconds_are_told_rounded_up(void **state) {
    (void)state;
    assert_int_equal(member_due_tell(5001, DUE_SECONDS, 5000), 1);
    assert_int_equal(member_due_tell(6000, DUE_SECONDS, 5000), 1);
    assert_int_equal(member_due_tell(6001, DUE_SECONDS, 5000), 2);
    assert_int_equal(member_due_tell(6001, DUE_MS, 5000), 1001);
    assert_int_equal(member_due_tell(6001, DUE_UNIX_SECONDS, 5000), 7);
    assert_int_equal(member_due_tell(6001, DUE_UNIX_MS, 5000), 6001);
}

static void no_due_time_counts_as_never(void **state) {
    (void)state;
    assert_true(member_due_condition_holds(MEMBER_DUE_ALWAYS, 0, 1));
    assert_true(member_due_condition_holds(MEMBER_DUE_ONLY_WITHOUT, 0, 1));
    assert_false(member_due_condition_holds(MEMBER_DUE_ONLY_WITHOUT, 5, 6));
    assert_false(member_due_condition_holds(MEMBER_DUE_ONLY_WITH, 0, 1));
    assert_true(member_due_condition_holds(MEMBER_DUE_ONLY_WITH, 5, 1));
    assert_false(member_due_condition_holds(MEMBER_DUE_ONLY_LATER, 0, 9));
    assert_false(member_due_condition_holds(MEMBER_DUE_ONLY_LATER, 5, 5));
    assert_true(member_due_condition_holds(MEMBER_DUE_ONLY_LATER, 5, 6));
    assert_true(member_due_condition_holds(MEMBER_DUE_ONLY_SOONER, 0, 9));
    assert_false(member_due_condition_holds(MEMBER_DUE_ONLY_SOONER, 5, 5));
    assert_true(member_due_condition_holds(MEMBER_DUE_ONLY_SOONER, 5, 4));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_last_list_takes_all_words), TEST(options_come_in_any_order),
        TEST(a_member_may_take_two_words), TEST(due_times_are_of_46_bits),
        TEST(seconds_are_told_rounded_up), TEST(no_due_time_counts_as_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
