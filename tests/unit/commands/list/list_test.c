/* The list family against an engine in process. */
#include "commands/keys/key_commands.h"
#include "commands/list/list_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "data/types/list/list.h"
#include "foundation/directive.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct command_list *const lists[] = {
    &string_get_commands, &string_set_commands, &key_exist_commands,   &key_expire_commands,
    &key_move_commands,   &key_object_commands, &transaction_commands, NULL,
};

static const struct feature plain_feature = {.name = "plain", .commands = lists};
static const struct feature *const features[] = {&plain_feature, &list_commands_feature, NULL};

enum { SMALL_BLOCK = 3, DEFAULT_BLOCK = -2 };

/* Blocks of three elements, so that a dozen of them is a long list. */
static int set_up(void **state) {
    *state = fixture_new_of_features(features);
    list_set_limits(SMALL_BLOCK);
    return 0;
}

static int tear_down(void **state) {
    list_set_limits(DEFAULT_BLOCK);
    fixture_free(*state);
    return 0;
}

#define NOT_POSITIVE "-ERR value is out of range, must be positive"
#define BAD_COUNT "-ERR count should be greater than 0"
#define BAD_KEY_COUNT "-ERR numkeys should be greater than 0"

/* Runs a line and forgets its events. */
static void prepare(struct command_fixture *f, const char *line) {
    const char *reply = fixture_run(f, line);
    assert_true(reply[0] != '-');
    (void)fixture_events(f);
}

/* --- pushing and popping --- */

static void pushes_tell_the_new_length(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LPUSH k a", "1");
    assert_reply(f, "LPUSH k b c", "3");
    assert_reply(f, "RPUSH k d e", "5");
    assert_reply(f, "LRANGE k 0 -1", "[\"c\", \"b\", \"a\", \"d\", \"e\"]");
    assert_reply(f, "LLEN k", "5");
    assert_events(f, "0:lpush:k 0:lpush:k 0:rpush:k");
}

static void pushes_to_absent_lists_may_be_declined(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LPUSHX k a", "0");
    assert_reply(f, "RPUSHX k a b", "0");
    assert_reply(f, "EXISTS k", "0");
    assert_events(f, "");
    prepare(f, "RPUSH k a");
    assert_reply(f, "LPUSHX k b", "2");
    assert_reply(f, "RPUSHX k c d", "4");
    assert_events(f, "0:lpush:k 0:rpush:k");
}

static void popping_the_last_element_deletes_the_key(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b c");
    assert_reply(f, "LPOP k", "\"a\"");
    assert_reply(f, "RPOP k", "\"c\"");
    assert_events(f, "0:lpop:k 0:rpop:k");
    assert_reply(f, "RPOP k", "\"b\"");
    assert_events(f, "0:rpop:k 0:del:k");
    assert_reply(f, "LPOP k", "nil");
    assert_events(f, "");
}

static void several_are_popped_in_the_order_of_their_going(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 0 1 2 3 4 5 6 7 8 9");
    assert_reply(f, "LPOP k 4", "[\"0\", \"1\", \"2\", \"3\"]");
    assert_reply(f, "RPOP k 4", "[\"9\", \"8\", \"7\", \"6\"]");
    assert_events(f, "0:lpop:k 0:rpop:k");
    assert_reply(f, "LPOP k 0", "[]");
    assert_events(f, "");
    assert_reply(f, "RPOP k 9223372036854775807", "[\"5\", \"4\"]");
    assert_events(f, "0:rpop:k 0:del:k");
}

static void popping_from_nothing_is_null_in_the_form_of_the_reply(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LPOP k", "nil");
    assert_reply(f, "LPOP k 2", "nil-array");
    assert_reply(f, "RPOP k 0", "nil-array");
    f->session.version = RESP3;
    assert_reply(f, "LPOP k", "nil");
    assert_reply(f, "LPOP k 2", "nil");
}

static void the_count_of_a_pop_is_checked_before_the_key(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "SET s v");
    assert_reply(f, "LPOP s -1", NOT_POSITIVE);
    assert_reply(f, "RPOP s abc", NOT_POSITIVE);
    assert_reply(f, "LPOP s 1", WRONG_TYPE);
    assert_reply(f, "LPOP k 1 2", "-ERR wrong number of arguments for 'lpop' command");
    assert_events(f, "");
}

static void every_command_refuses_another_type(void **state) {
    static const char *const lines[] = {
        "LPUSH s a",
        "RPUSHX s a",
        "LPOP s",
        "LLEN s",
        "LINDEX s 0",
        "LRANGE s 0 -1",
        "LPOS s a",
        "LSET s 0 a",
        "LTRIM s 0 0",
        "LREM s 0 a",
        "LINSERT s BEFORE a b",
        "LMPOP 1 s LEFT",
        "RPOPLPUSH s k",
        "RPOPLPUSH l s",
        "LMOVE s k LEFT LEFT",
        "LMOVEM l s LEFT LEFT",
        "BLPOP none s 0",
        "BRPOPLPUSH l s 0",
        "BLMPOP 0 1 s LEFT",
        "BLMOVEM s k LEFT LEFT 0",
    };
    struct command_fixture *f = *state;
    prepare(f, "SET s v");
    prepare(f, "RPUSH l a b");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(f, lines[i], WRONG_TYPE);
    assert_events(f, "");
    assert_reply(f, "LRANGE l 0 -1", "[\"a\", \"b\"]");
}

static void a_list_keeps_its_due_time_until_it_goes(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b");
    prepare(f, "PEXPIRE k 5000");
    prepare(f, "LPUSH k c");
    prepare(f, "LMOVE k k LEFT RIGHT");
    prepare(f, "LTRIM k 0 0");
    prepare(f, "LMOVE k k LEFT RIGHT");
    assert_reply(f, "PTTL k", "5000");
    prepare(f, "LPOP k");
    prepare(f, "RPUSH k a");
    assert_reply(f, "PTTL k", "-1");
}

/* --- reading --- */

static void indexes_count_from_either_end(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 0 1 2 3 4 5 6 7 8 9");
    assert_reply(f, "LINDEX k 0", "\"0\"");
    assert_reply(f, "LINDEX k 6", "\"6\"");
    assert_reply(f, "LINDEX k -1", "\"9\"");
    assert_reply(f, "LINDEX k -10", "\"0\"");
    assert_reply(f, "LINDEX k 10", "nil");
    assert_reply(f, "LINDEX k -11", "nil");
    assert_reply(f, "LINDEX k -9223372036854775808", "nil");
    assert_reply(f, "LINDEX k abc", NOT_INTEGER);
    assert_reply(f, "LINDEX none abc", "nil");
}

static void ranges_are_cut_to_the_list(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 0 1 2 3 4 5 6 7");
    assert_reply(f, "LRANGE k 2 5", "[\"2\", \"3\", \"4\", \"5\"]");
    assert_reply(f, "LRANGE k -3 -2", "[\"5\", \"6\"]");
    assert_reply(f, "LRANGE k -100 1", "[\"0\", \"1\"]");
    assert_reply(f, "LRANGE k 6 9223372036854775807", "[\"6\", \"7\"]");
    assert_reply(f, "LRANGE k 6 8", "[\"6\", \"7\"]");
    assert_reply(f, "LRANGE k 5 4", "[]");
    assert_reply(f, "LRANGE k 8 9", "[]");
    assert_reply(f, "LRANGE k 9223372036854775807 -9223372036854775808", "[]");
    assert_reply(f, "LRANGE none 0 x", NOT_INTEGER);
}

static void lpos_counts_matches_from_either_end(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b c 1 2 3 c c");
    assert_reply(f, "LPOS k c", "2");
    assert_reply(f, "LPOS k c RANK 2", "6");
    assert_reply(f, "LPOS k c RANK -1", "7");
    assert_reply(f, "LPOS k c RANK 4", "nil");
    assert_reply(f, "LPOS k c COUNT 0", "[2, 6, 7]");
    assert_reply(f, "LPOS k c RANK -2 COUNT 0", "[6, 2]");
    assert_reply(f, "LPOS k c RANK 2 COUNT 1", "[6]");
    assert_reply(f, "LPOS k c COUNT 0 MAXLEN 7", "[2, 6]");
    assert_reply(f, "LPOS k c RANK -1 COUNT 0 MAXLEN 2", "[7, 6]");
    assert_reply(f, "LPOS k x COUNT 3", "[]");
    assert_reply(f, "LPOS none a COUNT 0", "[]");
    assert_reply(f, "LPOS none a", "nil");
}

static void lpos_checks_its_options_before_the_key(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LPOS k a RANK 0",
                 "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second "
                 "... or use negative to start from the end of the list");
    assert_reply(f, "LPOS k a RANK -9223372036854775808",
                 "-ERR value is out of range, value must between -9223372036854775807 and "
                 "9223372036854775807");
    assert_reply(f, "LPOS k a COUNT -1", "-ERR COUNT can't be negative");
    assert_reply(f, "LPOS k a MAXLEN x", "-ERR MAXLEN can't be negative");
    assert_reply(f, "LPOS k a MAXLEN", SYNTAX);
    assert_reply(f, "LPOS k a FIRST 1", SYNTAX);
}

/* --- editing --- */

static void lset_replaces_one_element(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 0 1 2 3 4");
    assert_reply(f, "LSET k 3 x", "OK");
    assert_reply(f, "LSET k -5 12", "OK");
    assert_events(f, "0:lset:k 0:lset:k");
    assert_reply(f, "LSET k 5 y", "-ERR index out of range");
    assert_reply(f, "LSET k abc y", NOT_INTEGER);
    assert_reply(f, "LSET none abc y", "-ERR no such key");
    assert_events(f, "");
    assert_reply(f, "LRANGE k 0 -1", "[\"12\", \"1\", \"2\", \"x\", \"4\"]");
}

static void linsert_looks_for_its_pivot(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b c d e f");
    assert_reply(f, "LINSERT k BEFORE d x", "7");
    assert_reply(f, "LINSERT k AFTER d y", "8");
    assert_events(f, "0:linsert:k 0:linsert:k");
    assert_reply(f, "LINSERT k AFTER nothing y", "-1");
    assert_reply(f, "LINSERT none AFTER a y", "0");
    assert_reply(f, "LINSERT none NEXT a y", SYNTAX);
    assert_events(f, "");
    assert_reply(f, "LRANGE k 2 5", "[\"c\", \"x\", \"d\", \"y\"]");
}

static void lrem_removes_equal_elements_from_the_end_asked_for(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k x a x b x c x");
    assert_reply(f, "LREM k -2 x", "2");
    assert_reply(f, "LRANGE k 0 -1", "[\"x\", \"a\", \"x\", \"b\", \"c\"]");
    assert_reply(f, "LREM k 1 x", "1");
    assert_events(f, "0:lrem:k 0:lrem:k");
    assert_reply(f, "LREM k 0 nothing", "0");
    assert_reply(f, "LREM none 0 x", "0");
    assert_events(f, "");
    assert_reply(f, "LTRIM k 1 1", "OK");
    assert_reply(f, "LREM k -9223372036854775808 x", "1");
    assert_events(f, "0:ltrim:k 0:lrem:k 0:del:k");
}

static void ltrim_keeps_the_range_and_deletes_an_empty_list(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 0 1 2 3 4 5 6 7");
    assert_reply(f, "LTRIM k 0 -1", "OK");
    assert_reply(f, "LTRIM k 2 -3", "OK");
    assert_reply(f, "LRANGE k 0 -1", "[\"2\", \"3\", \"4\", \"5\"]");
    assert_events(f, "0:ltrim:k 0:ltrim:k");
    assert_reply(f, "LTRIM k 3 2", "OK");
    assert_reply(f, "EXISTS k", "0");
    assert_events(f, "0:ltrim:k 0:del:k");
    assert_reply(f, "LTRIM k 0 -1", "OK");
    assert_events(f, "");
}

/* --- moving --- */

static void lmove_moves_between_all_ends(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b c d e f g h");
    assert_reply(f, "LMOVE k m LEFT LEFT", "\"a\"");
    assert_reply(f, "LMOVE k m LEFT RIGHT", "\"b\"");
    assert_reply(f, "LMOVE k m RIGHT LEFT", "\"h\"");
    assert_reply(f, "RPOPLPUSH k m", "\"g\"");
    assert_reply(f, "LRANGE m 0 -1", "[\"g\", \"h\", \"a\", \"b\"]");
    assert_reply(f, "LRANGE k 0 -1", "[\"c\", \"d\", \"e\", \"f\"]");
    assert_reply(f, "LMOVE none m LEFT LEFT", "nil");
    assert_reply(f, "LMOVE k m UP LEFT", SYNTAX);
}

static void moving_reports_the_push_before_the_pop(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b");
    prepare(f, "LMOVE k m LEFT RIGHT");
    prepare(f, "RPUSH k c");
    fixture_run(f, "LMOVE k m LEFT RIGHT");
    assert_events(f, "0:rpush:m 0:lpop:k");
    fixture_run(f, "RPOPLPUSH k m");
    assert_events(f, "0:lpush:m 0:rpop:k 0:del:k");
    fixture_run(f, "LMOVE m m RIGHT LEFT");
    assert_events(f, "0:lpush:m 0:rpop:m");
    fixture_run(f, "LMOVEM m k LEFT LEFT COUNT 9 BULK");
    assert_events(f, "0:lpush:k 0:lpop:m 0:del:m");
}

static void a_list_moves_within_itself(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k a b c d");
    assert_reply(f, "LMOVE k k LEFT RIGHT", "\"a\"");
    assert_reply(f, "LMOVE k k LEFT LEFT", "\"b\"");
    assert_reply(f, "LRANGE k 0 -1", "[\"b\", \"c\", \"d\", \"a\"]");
    prepare(f, "RPUSH one x");
    assert_reply(f, "RPOPLPUSH one one", "\"x\"");
    assert_reply(f, "LRANGE one 0 -1", "[\"x\"]");
}

static void lmpop_takes_from_the_first_list_that_has_any(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 0 1 2 3 4");
    assert_reply(f, "LMPOP 2 none k LEFT", "[\"k\", [\"0\"]]");
    assert_reply(f, "LMPOP 2 none k RIGHT COUNT 2", "[\"k\", [\"4\", \"3\"]]");
    assert_events(f, "0:lpop:k 0:rpop:k");
    assert_reply(f, "LMPOP 1 k LEFT COUNT 99", "[\"k\", [\"1\", \"2\"]]");
    assert_events(f, "0:lpop:k 0:del:k");
    assert_reply(f, "LMPOP 1 k LEFT", "nil-array");
}

static void lmpop_checks_its_arguments_in_order(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LMPOP 0 k UP", BAD_KEY_COUNT);
    assert_reply(f, "LMPOP abc k UP", BAD_KEY_COUNT);
    assert_reply(f, "LMPOP 9223372036854775807 k LEFT", SYNTAX);
    assert_reply(f, "LMPOP 2 k LEFT", SYNTAX);
    assert_reply(f, "LMPOP 1 k UP COUNT 0", SYNTAX);
    assert_reply(f, "LMPOP 1 k LEFT COUNT 0", BAD_COUNT);
    assert_reply(f, "LMPOP 1 k LEFT COUNT", SYNTAX);
    assert_reply(f, "LMPOP 1 k LEFT COUNT abc more", BAD_COUNT);
    assert_reply(f, "LMPOP 1 k LEFT COUNT 1 more", SYNTAX);
}

/* --- LMOVEM --- */

static void one_by_one_turns_round_what_goes_from_one_side_to_the_same(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 1 2 3 4 5 6 7 8");
    assert_reply(f, "LMOVEM k m LEFT LEFT COUNT 2 OBO", "[\"2\", \"1\"]");
    assert_reply(f, "LMOVEM k m RIGHT RIGHT COUNT 2 OBO", "[\"8\", \"7\"]");
    assert_reply(f, "LMOVEM k m LEFT RIGHT COUNT 2 OBO", "[\"3\", \"4\"]");
    assert_reply(f, "LMOVEM k m RIGHT LEFT COUNT 2 OBO", "[\"5\", \"6\"]");
    assert_reply(f, "LRANGE m 0 -1", "[\"5\", \"6\", \"2\", \"1\", \"8\", \"7\", \"3\", \"4\"]");
    assert_reply(f, "EXISTS k", "0");
}

static void in_bulk_the_order_is_kept(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 1 2 3 4 5 6 7 8");
    assert_reply(f, "LMOVEM k m LEFT LEFT COUNT 2 BULK", "[\"1\", \"2\"]");
    assert_reply(f, "LMOVEM k m RIGHT RIGHT COUNT 2 BULK", "[\"7\", \"8\"]");
    assert_reply(f, "LMOVEM k m LEFT RIGHT COUNT 2 BULK", "[\"3\", \"4\"]");
    assert_reply(f, "LMOVEM k m RIGHT LEFT COUNT 2 BULK", "[\"5\", \"6\"]");
    assert_reply(f, "LRANGE m 0 -1", "[\"5\", \"6\", \"1\", \"2\", \"7\", \"8\", \"3\", \"4\"]");
}

static void exactly_is_all_or_nothing(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 1 2 3");
    assert_reply(f, "LMOVEM k m LEFT RIGHT EXACTLY 4 BULK", "nil-array");
    assert_events(f, "");
    assert_reply(f, "LMOVEM k m LEFT RIGHT EXACTLY 3 BULK", "[\"1\", \"2\", \"3\"]");
    assert_reply(f, "LMOVEM k m LEFT RIGHT", "nil-array");
    assert_reply(f, "LMOVEM m k LEFT RIGHT", "[\"1\"]");
}

/* What LMOVEM does within one list, told by moving to a list of its own and back. */
static void check_move_within(struct command_fixture *f, size_t len, size_t count,
                              const char *ends) {
    char line[160];
    fixture_run(f, "DEL k");
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(line, sizeof(line), "RPUSH k %s%zu", i % 3 == 0 ? "e" : "", i);
        fixture_run(f, line);
    }
    fixture_run(f, "COPY k expected REPLACE");
    (void)snprintf(line, sizeof(line), "LMOVEM k k %s COUNT %zu OBO", ends, count);
    fixture_run(f, line);
    bool is_one_end = strcmp(ends, "LEFT LEFT") == 0 || strcmp(ends, "RIGHT RIGHT") == 0;
    bool is_left = ends[0] == 'L';
    /* Popped into a stack and taken from it in the order of pushing. */
    (void)snprintf(line, sizeof(line), "LMOVEM expected held %s RIGHT COUNT %zu OBO",
                   is_left ? "LEFT" : "RIGHT", count);
    fixture_run(f, line);
    bool is_to_left = is_one_end == is_left;
    (void)snprintf(line, sizeof(line), "LMOVEM held expected LEFT %s COUNT %zu OBO",
                   is_to_left ? "LEFT" : "RIGHT", count);
    fixture_run(f, line);
    char *expected = strdup(fixture_run(f, "LRANGE expected 0 -1"));
    assert_reply(f, "LRANGE k 0 -1", expected);
    free(expected);
}

static void moves_within_a_list_agree_with_moves_through_another(void **state) {
    static const char *const ends[] = {"LEFT LEFT", "LEFT RIGHT", "RIGHT LEFT", "RIGHT RIGHT"};
    for (size_t len = 1; len <= 40; len += len < 8 ? 1 : 8) {
        for (size_t count = 1; count <= len + 1; count += count < 4 ? 1 : 5) {
            for (size_t i = 0; i < ARRAY_LEN(ends); i++)
                check_move_within(*state, len, count, ends[i]);
        }
    }
}

static void in_bulk_within_a_list_nothing_or_a_rotation_happens(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 1 2 3 4 5 6 7");
    assert_reply(f, "LMOVEM k k LEFT LEFT COUNT 3 BULK", "[\"1\", \"2\", \"3\"]");
    assert_reply(f, "LMOVEM k k LEFT RIGHT COUNT 9 BULK",
                 "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\"]");
    assert_events(f, "0:lpush:k 0:lpop:k 0:rpush:k 0:lpop:k");
    assert_reply(f, "LMOVEM k k LEFT RIGHT COUNT 5 BULK", "[\"1\", \"2\", \"3\", \"4\", \"5\"]");
    assert_reply(f, "LRANGE k 0 2", "[\"6\", \"7\", \"1\"]");
}

static void lmovem_wants_a_selector_a_count_and_an_order(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "LMOVEM k m LEFT UP", SYNTAX);
    assert_reply(f, "LMOVEM k m LEFT LEFT COUNT 2", SYNTAX);
    assert_reply(f, "LMOVEM k m LEFT LEFT COUNT 2 ANY", SYNTAX);
    assert_reply(f, "LMOVEM k m LEFT LEFT ABOUT 2 OBO", SYNTAX);
    assert_reply(f, "LMOVEM k m LEFT LEFT COUNT 2 OBO x", SYNTAX);
    assert_reply(f, "LMOVEM k m LEFT LEFT EXACTLY 0 OBO", BAD_COUNT);
    assert_reply(f, "LMOVEM k m LEFT LEFT COUNT x BULK", BAD_COUNT);
}

/* --- blocking --- */

static void blocking_commands_take_what_is_there(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH k 1 2 3 4 5 6 7 8 9");
    assert_reply(f, "BLPOP none k 0", "[\"k\", \"1\"]");
    assert_reply(f, "BRPOP none k 0", "[\"k\", \"9\"]");
    assert_reply(f, "BLMPOP 0 2 none k LEFT COUNT 2", "[\"k\", [\"2\", \"3\"]]");
    assert_reply(f, "BLMOVE k m LEFT LEFT 0", "\"4\"");
    assert_reply(f, "BRPOPLPUSH k m 0.5", "\"8\"");
    assert_reply(f, "BLMOVEM k m LEFT RIGHT 0 EXACTLY 2 BULK", "[\"5\", \"6\"]");
    assert_events(f, "0:lpop:k 0:rpop:k 0:lpop:k 0:lpush:m 0:lpop:k 0:lpush:m 0:rpop:k "
                     "0:rpush:m 0:lpop:k");
}

static void who_may_not_wait_is_told_of_nothing_at_once(void **state) {
    struct command_fixture *f = *state;
    prepare(f, "RPUSH one x");
    fixture_run(f, "MULTI");
    fixture_run(f, "BLPOP k 0");
    fixture_run(f, "BLMPOP 0 1 k LEFT");
    fixture_run(f, "BLMOVE k m LEFT LEFT 0");
    fixture_run(f, "BRPOPLPUSH k m 0");
    fixture_run(f, "BLMOVEM one m LEFT LEFT 0 EXACTLY 2 OBO");
    assert_reply(f, "EXEC", "[nil-array, nil-array, nil, nil, nil-array]");
}

static void blocking_commands_check_everything_before_they_wait(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "BLPOP k abc", "-ERR timeout is not a float or out of range");
    assert_reply(f, "BRPOP k -1", "-ERR timeout is negative");
    assert_reply(f, "BLMPOP 0 0 k LEFT", BAD_KEY_COUNT);
    assert_reply(f, "BLMPOP -1 0 k LEFT", BAD_KEY_COUNT);
    assert_reply(f, "BLMPOP -1 1 k LEFT", "-ERR timeout is negative");
    assert_reply(f, "BLMPOP 0 1 k UP", SYNTAX);
    assert_reply(f, "BLMOVE k m UP LEFT abc", SYNTAX);
    assert_reply(f, "BLMOVE k m LEFT LEFT abc", "-ERR timeout is not a float or out of range");
    assert_reply(f, "BLMOVEM k m LEFT LEFT 0 COUNT 2", SYNTAX);
}

/* --- the limit of blocks --- */

static void the_directive_takes_effect_at_once(void **state) {
    struct command_fixture *f = *state;
    struct buffer error = {0};
    struct bytes small[] = {BYTES("list-max-listpack-size"), BYTES("2")};
    struct bytes old_name[] = {BYTES("list-max-ziplist-size"), BYTES("-2")};
    assert_true(directives_set(f->directives, small, 1, false, &error));
    prepare(f, "RPUSH k a b c");
    assert_reply(f, "OBJECT ENCODING k", "\"quicklist\"");
    assert_true(directives_set(f->directives, old_name, 1, false, &error));
    prepare(f, "RPUSH m a b c");
    assert_reply(f, "OBJECT ENCODING m", "\"listpack\"");
    buffer_destroy(&error);
}

static void every_number_is_a_limit(void **state) {
    static const char *const limits[] = {"0", "-6", "-2147483648", "2147483647"};
    struct command_fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct buffer error = {0};
        struct bytes pair[] = {BYTES("list-max-listpack-size"), bytes_of_str(limits[i])};
        assert_true(directives_set(f->directives, pair, 1, false, &error));
        prepare(f, "RPUSH k a b c");
        assert_reply(f, "LRANGE k 0 -1", "[\"a\", \"b\", \"c\"]");
        assert_reply(f, "LPOP k 3", "[\"a\", \"b\", \"c\"]");
        buffer_destroy(&error);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(pushes_tell_the_new_length),
        TEST(pushes_to_absent_lists_may_be_declined),
        TEST(popping_the_last_element_deletes_the_key),
        TEST(several_are_popped_in_the_order_of_their_going),
        TEST(popping_from_nothing_is_null_in_the_form_of_the_reply),
        TEST(the_count_of_a_pop_is_checked_before_the_key),
        TEST(every_command_refuses_another_type),
        TEST(a_list_keeps_its_due_time_until_it_goes),
        TEST(indexes_count_from_either_end),
        TEST(ranges_are_cut_to_the_list),
        TEST(lpos_counts_matches_from_either_end),
        TEST(lpos_checks_its_options_before_the_key),
        TEST(lset_replaces_one_element),
        TEST(linsert_looks_for_its_pivot),
        TEST(lrem_removes_equal_elements_from_the_end_asked_for),
        TEST(ltrim_keeps_the_range_and_deletes_an_empty_list),
        TEST(lmove_moves_between_all_ends),
        TEST(moving_reports_the_push_before_the_pop),
        TEST(a_list_moves_within_itself),
        TEST(lmpop_takes_from_the_first_list_that_has_any),
        TEST(lmpop_checks_its_arguments_in_order),
        TEST(one_by_one_turns_round_what_goes_from_one_side_to_the_same),
        TEST(in_bulk_the_order_is_kept),
        TEST(exactly_is_all_or_nothing),
        TEST(moves_within_a_list_agree_with_moves_through_another),
        TEST(in_bulk_within_a_list_nothing_or_a_rotation_happens),
        TEST(lmovem_wants_a_selector_a_count_and_an_order),
        TEST(blocking_commands_take_what_is_there),
        TEST(who_may_not_wait_is_told_of_nothing_at_once),
        TEST(blocking_commands_check_everything_before_they_wait),
        TEST(the_directive_takes_effect_at_once),
        TEST(every_number_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
