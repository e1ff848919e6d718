/* LCS: the command's options and replies; the algorithm is tested with foundation/lcs. */
#include "foundation/mem.h"
#include "unit/commands/string/string_fixture.h"

static void set_texts(struct command_fixture *f) {
    run(f, "MSET a ohmytext b mynewtext");
}

static void it_answers_the_text_or_its_length(void **state) {
    struct command_fixture *f = *state;
    set_texts(f);
    assert_reply(f, "LCS a b", "\"mytext\"");
    assert_reply(f, "LCS a b LEN", "6");
    assert_reply(f, "LCS a a", "\"ohmytext\"");
    assert_reply(f, "LCS a absent", "\"\"");
    assert_reply(f, "LCS a absent LEN", "0");
    run(f, "MSET n 12345 m 245");
    assert_reply(f, "LCS n m", "\"245\"");
}

static void idx_answers_the_ranges_from_the_end(void **state) {
    struct command_fixture *f = *state;
    set_texts(f);
    assert_reply(f, "LCS a b IDX",
                 "[\"matches\", [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], \"len\", 6]");
    assert_reply(f, "LCS a b IDX MINMATCHLEN 4", "[\"matches\", [[[4, 7], [5, 8]]], \"len\", 6]");
    assert_reply(f, "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
                 "[\"matches\", [[[4, 7], [5, 8], 4]], \"len\", 6]");
    assert_reply(f, "LCS a b IDX MINMATCHLEN 5", "[\"matches\", [], \"len\", 6]");
    assert_reply(f, "LCS a b IDX MINMATCHLEN -5 WITHMATCHLEN",
                 "[\"matches\", [[[4, 7], [5, 8], 4], [[2, 3], [0, 1], 2]], \"len\", 6]");
    assert_reply(f, "LCS a absent IDX", "[\"matches\", [], \"len\", 0]");
}

static void idx_is_a_map_in_resp3(void **state) {
    struct command_fixture *f = *state;
    set_texts(f);
    f->session.version = RESP3;
    assert_reply(f, "LCS a b IDX MINMATCHLEN 4", "{\"matches\": [[[4, 7], [5, 8]]], \"len\": 6}");
}

static void it_refuses_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    set_texts(f);
    assert_reply(f, "LCS a b LEN IDX",
                 "-ERR If you want both the length and indexes, please just use IDX.");
    assert_reply(f, "LCS a b MINMATCHLEN", SYNTAX);
    assert_reply(f, "LCS a b MINMATCHLEN x", NOT_INTEGER);
    assert_reply(f, "LCS a b nonsense", SYNTAX);
    assert_reply(f, "LCS a", "-ERR wrong number of arguments for 'lcs' command");
    struct entry *entry = database_find(f->engine->keyspace->dbs[0], key_of(BYTES("a"))).entry;
    entry->type = 15;
    const char *reply = fixture_run(f, "LCS b a");
    entry->type = VALUE_STRING;
    assert_string_equal(reply, "-ERR The specified keys must contain string values");
}

static void strings_too_long_for_memory_are_refused(void **state) {
    struct command_fixture *f = *state;
    static const char *const error = "-ERR Insufficient memory, the strings are too long for LCS";
    run(f, "MSET a ohmytext b mynewtext");
    mem_fail_nth_try(1);
    assert_reply(f, "LCS a b", error);
    mem_fail_nth_try(1);
    assert_reply(f, "LCS a b LEN", error);
    mem_fail_nth_try(0);
    assert_reply(f, "LCS a b LEN", "6");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_answers_the_text_or_its_length),
        TEST(idx_answers_the_ranges_from_the_end),
        TEST(idx_is_a_map_in_resp3),
        TEST(it_refuses_bad_arguments),
        TEST(strings_too_long_for_memory_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
