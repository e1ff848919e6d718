/* SORT against an engine in process. */
#include "commands/hash/hash_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/list/list_commands.h"
#include "commands/set/set_commands.h"
#include "commands/sort/sort_commands.h"
#include "commands/string/string_commands.h"
#include "foundation/random.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct command_list *const sort_lists[] = {&sort_commands, NULL};
static const struct command_list *const key_lists[] = {
    &string_set_commands, &string_multi_commands, &key_exist_commands, &key_object_commands, NULL,
};
static const struct feature sort_feature = {.name = "sort", .commands = sort_lists};
static const struct feature keys_feature = {.name = "keys", .commands = key_lists};
static const struct feature *const features[] = {
    &list_commands_feature, &hash_commands_feature, &set_commands_feature,
    &sort_feature,          &keys_feature,          NULL,
};

static int set_up(void **state) {
    *state = fixture_new_of_features(features);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void numbers_are_sorted_as_numbers_and_words_as_bytes(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "RPUSH l 3 10 -1 2.5 0x4");
    assert_reply(f, "SORT l", "[\"-1\", \"2.5\", \"3\", \"0x4\", \"10\"]");
    assert_reply(f, "SORT l DESC", "[\"10\", \"0x4\", \"3\", \"2.5\", \"-1\"]");
    assert_reply(f, "SORT l ALPHA", "[\"-1\", \"0x4\", \"10\", \"2.5\", \"3\"]");
    assert_reply(f, "SORT_RO l ALPHA DESC", "[\"3\", \"2.5\", \"10\", \"0x4\", \"-1\"]");
    fixture_run(f, "RPUSH words b a");
    assert_reply(f, "SORT words", "-ERR One or more scores can't be converted into double");
    assert_reply(f, "SORT words ALPHA", "[\"a\", \"b\"]");
    assert_reply(f, "SORT nothing", "[]");
}

static void numbers_out_of_range_and_nan_are_refused(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "RPUSH big 1 1e400");
    assert_reply(f, "SORT big", "-ERR One or more scores can't be converted into double");
    fixture_run(f, "RPUSH nan 1 nan");
    assert_reply(f, "SORT nan", "-ERR One or more scores can't be converted into double");
    fixture_run(f, "RPUSH ends inf 5 -inf");
    assert_reply(f, "SORT ends", "[\"-inf\", \"5\", \"inf\"]");
}

static void empty_elements_are_sorted_too(void **state) {
    struct command_fixture *f = *state;
    struct bytes push[] = {BYTES("RPUSH"), BYTES("l"), BYTES(""), BYTES("")};
    fixture_run_args(f, push, ARRAY_LEN(push));
    assert_reply(f, "SORT l ALPHA", "[\"\", \"\"]");
    assert_reply(f, "SORT l", "[\"\", \"\"]");
    assert_reply(f, "SORT l ALPHA STORE m", "2");
}

static void weights_come_from_strings_and_fields(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "RPUSH l 1 2 3");
    fixture_run(f, "MSET w1 30 w2 20 w3 10");
    assert_reply(f, "SORT l BY w*", "[\"3\", \"2\", \"1\"]");
    fixture_run(f, "HSET h1 age 5");
    fixture_run(f, "HSET h2 age 4 name two");
    assert_reply(f, "SORT l BY h*->age", "[\"3\", \"2\", \"1\"]");
    assert_reply(f, "SORT l BY w* GET h*->name GET # GET w*",
                 "[nil, \"3\", \"10\", \"two\", \"2\", \"20\", nil, \"1\", \"30\"]");
    assert_reply(f, "SORT l BY w* GET nothing", "[nil, nil, nil]");
}

static void a_missing_weight_is_zero_or_before_all_words(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "RPUSH l 1 2 3");
    fixture_run(f, "MSET w1 -5 w3 z");
    assert_reply(f, "SORT l BY w* ALPHA", "[\"2\", \"1\", \"3\"]");
    fixture_run(f, "SET w3 ''");
    assert_reply(f, "SORT l BY w*", "[\"1\", \"2\", \"3\"]");
}

static void by_a_pattern_without_a_place_keeps_the_order(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "RPUSH l c a b");
    assert_reply(f, "SORT l BY nosort", "[\"c\", \"a\", \"b\"]");
    assert_reply(f, "SORT l BY nosort DESC", "[\"b\", \"a\", \"c\"]");
    assert_reply(f, "SORT l BY nosort LIMIT 1 1", "[\"a\"]");
    fixture_run(f, "SADD s c a b");
    assert_reply(f, "SORT s BY nosort STORE d", "3");
    assert_reply(f, "LRANGE d 0 -1", "[\"a\", \"b\", \"c\"]");
}

static void limits_cut_the_answer(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "RPUSH l 5 4 3 2 1");
    assert_reply(f, "SORT l LIMIT 1 2", "[\"2\", \"3\"]");
    assert_reply(f, "SORT l LIMIT -3 2", "[\"1\", \"2\"]");
    assert_reply(f, "SORT l LIMIT 3 -1", "[\"4\", \"5\"]");
    assert_reply(f, "SORT l LIMIT 9 1", "[]");
    assert_reply(f, "SORT l LIMIT 0 0", "[]");
    assert_reply(f, "SORT l LIMIT 9223372036854775807 9223372036854775807", "[]");
    assert_reply(f, "SORT l LIMIT a 1", "-ERR value is not an integer or out of range");
    assert_reply(f, "SORT l LIMIT 1", "-ERR syntax error");
}

static void what_is_stored_is_a_list(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s 3 1 2");
    fixture_run(f, "SET w1 one");
    fixture_events(f);
    assert_reply(f, "SORT s GET w* STORE d", "3");
    assert_events(f, "0:sortstore:d");
    assert_reply(f, "LRANGE d 0 -1", "[\"one\", \"\", \"\"]");
    assert_reply(f, "SORT d ALPHA DESC STORE d", "3");
    assert_reply(f, "LRANGE d 0 -1", "[\"one\", \"\", \"\"]");
    fixture_events(f);
    assert_reply(f, "SORT nothing STORE d", "0");
    assert_events(f, "0:del:d");
    assert_reply(f, "EXISTS d", "0");
    assert_reply(f, "SORT_RO s STORE d", "-ERR syntax error");
}

static void a_key_of_another_type_is_refused(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k 1");
    assert_reply(f, "SORT k", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_reply(f, "SORT k FOO", "-ERR syntax error");
}

static int compare_numbers(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

static void the_first_of_many_are_those_of_the_whole_order(void **state) {
    enum { COUNT = 2000, WANTED = 37 };
    struct command_fixture *f = *state;
    int numbers[COUNT];
    struct buffer line = {0}, expected = {0};
    buffer_append_str(&line, "RPUSH l");
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = (int)random_below(5000);
        buffer_printf(&line, " %d", numbers[i]);
    }
    fixture_run(f, buffer_c_str(&line));
    qsort(numbers, COUNT, sizeof(*numbers), compare_numbers);
    for (int i = 0; i < WANTED; i++)
        buffer_printf(&expected, "%s\"%d\"", i == 0 ? "[" : ", ", numbers[i]);
    buffer_append_str(&expected, "]");
    assert_reply(f, "SORT l LIMIT 0 37", buffer_c_str(&expected));
    buffer_destroy(&line);
    buffer_destroy(&expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_sorted_as_numbers_and_words_as_bytes),
        TEST(numbers_out_of_range_and_nan_are_refused),
        TEST(empty_elements_are_sorted_too),
        TEST(weights_come_from_strings_and_fields),
        TEST(a_missing_weight_is_zero_or_before_all_words),
        TEST(by_a_pattern_without_a_place_keeps_the_order),
        TEST(limits_cut_the_answer),
        TEST(what_is_stored_is_a_list),
        TEST(a_key_of_another_type_is_refused),
        TEST(the_first_of_many_are_those_of_the_whole_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
