/* Changing part of a string: APPEND and SETRANGE. */
#include "data/types/string/string.h"
#include "foundation/mem.h"
#include "unit/commands/string/string_fixture.h"

#define NO_MEMORY "-ERR insufficient memory for a string of that size"
#define TOO_LONG "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"

static void append_adds_to_the_end(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "APPEND a Hello", "5");
    assert_events(f, "0:append:a");
    assert_encoding(f, "a", "embstr");
    assert_reply(f, "APPEND a \" World\"", "11");
    assert_encoding(f, "a", "raw");
    assert_reply(f, "GET a", "\"Hello World\"");
    assert_reply(f, "APPEND a \"\"", "11");
    assert_events(f, "0:append:a 0:append:a");
    assert_reply(f, "APPEND e \"\"", "0");
    assert_reply(f, "EXISTS e", "1");
}

static void append_to_nothing_may_make_a_number(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "APPEND a 12", "2");
    assert_encoding(f, "a", "int");
    assert_reply(f, "APPEND a 3", "3");
    assert_reply(f, "GET a", "\"123\"");
    assert_encoding(f, "a", "raw");
}

static void edits_keep_the_time(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1 PX 1000");
    run(f, "APPEND a 2");
    assert_reply(f, "PTTL a", "1000");
    run(f, "SETRANGE a 5000 x");
    assert_reply(f, "PTTL a", "1000");
    fixture_advance_ms(f, 1000);
    fixture_expire_due(f);
    assert_reply(f, "EXISTS a", "0");
}

static void append_grows_a_value_through_every_form(void **state) {
    struct command_fixture *f = *state;
    enum { STEPS = 3000, STEP = 7 };
    char expected[STEPS * STEP + 1] = "";
    for (size_t i = 1; i <= STEPS; i++) {
        char line[32], reply[16];
        snprintf(line, sizeof(line), "APPEND a %07zu", i);
        snprintf(reply, sizeof(reply), "%zu", i * STEP);
        snprintf(expected + (i - 1) * STEP, STEP + 1, "%07zu", i);
        assert_reply(f, line, reply);
    }
    const char *value = fixture_run(f, "GET a");
    assert_memory_equal(value + 1, expected, sizeof(expected) - 1);
}

static void setrange_overwrites_and_fills_with_zeros(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SETRANGE a 0 foo", "3");
    assert_events(f, "0:setrange:a");
    assert_reply(f, "SETRANGE a 5 bar", "8");
    assert_reply(f, "GET a", "\"foo\\x00\\x00bar\"");
    run(f, "SET b \"Hello World\"");
    assert_reply(f, "SETRANGE b 6 Redis", "11");
    assert_reply(f, "GET b", "\"Hello Redis\"");
    assert_encoding(f, "b", "raw");
    run(f, "SET n 1234");
    assert_reply(f, "SETRANGE n 1 9", "4");
    assert_reply(f, "GET n", "\"1934\"");
    assert_encoding(f, "n", "raw");
}

static void setrange_of_nothing_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SETRANGE absent 5 \"\"", "0");
    assert_reply(f, "EXISTS absent", "0");
    run_quietly(f, "SET a text");
    assert_reply(f, "SETRANGE a 100 \"\"", "4");
    assert_encoding(f, "a", "embstr");
    assert_events(f, "");
}

static void edits_refuse_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "SET a text");
    assert_reply(f, "SETRANGE a -1 x", "-ERR offset is out of range");
    assert_reply(f, "SETRANGE a x y", NOT_INTEGER);
    assert_reply(f, "SETRANGE a 536870912 x", TOO_LONG);
    assert_reply(f, "SETRANGE absent 536870911 xy", TOO_LONG);
    assert_reply(f, "SETRANGE a 9223372036854775807 x", TOO_LONG);
    assert_wrong_type(f, "a", "APPEND a x");
    assert_wrong_type(f, "a", "SETRANGE a 0 x");
    assert_reply(f, "GET a", "\"text\"");
    assert_reply(f, "EXISTS absent", "0");
    assert_events(f, "");
}

static void a_size_for_which_there_is_no_memory_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {"SETRANGE absent 500000000 x",
                                        "SETRANGE n 500000000 x",
                                        "SETRANGE t 500000000 x",
                                        "SETRANGE big 500000000 x",
                                        "APPEND n 5",
                                        "APPEND t x"};
    run(f, "SET n 1234 PX 1000");
    run(f, "SET t text");
    run_quietly(f, "SETRANGE big 5000 x");
    fixture_want_all_events(f);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        mem_fail_nth_try(1);
        assert_reply(f, lines[i], NO_MEMORY);
        mem_fail_nth_try(0);
    }
    assert_events(f, "");
    assert_reply(f, "EXISTS absent", "0");
    assert_reply(f, "GET n", "\"1234\"");
    assert_encoding(f, "n", "int");
    assert_reply(f, "PTTL n", "1000");
    assert_reply(f, "GET t", "\"text\"");
    assert_encoding(f, "t", "embstr");
    assert_reply(f, "STRLEN big", "5001");
}

static void a_value_on_its_way_out_is_not_changed_by_an_edit(void **state) {
    struct command_fixture *f = *state;
    enum { LEN = 20000 };
    run(f, "SETRANGE a 19999 z");
    struct database *db = f->engine->keyspace->dbs[0];
    struct string_block *block = string_share(database_find(db, key_of(BYTES("a"))).entry);
    assert_non_null(block);
    run(f, "SETRANGE a 19999 y");
    assert_int_equal(block->data[LEN - 1], 'z');
    assert_reply(f, "GETRANGE a -1 -1", "\"y\"");
    string_block_release(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(append_adds_to_the_end),
        TEST(append_to_nothing_may_make_a_number),
        TEST(edits_keep_the_time),
        TEST(append_grows_a_value_through_every_form),
        TEST(setrange_overwrites_and_fills_with_zeros),
        TEST(setrange_of_nothing_changes_nothing),
        TEST(edits_refuse_bad_arguments),
        TEST(a_size_for_which_there_is_no_memory_changes_nothing),
        TEST(a_value_on_its_way_out_is_not_changed_by_an_edit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
