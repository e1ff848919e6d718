/* The HyperLogLog family against an engine in process. */
#include "commands/hyperloglog/hyperloglog_commands.h"
#include "commands/string/string_commands.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct command_list *const lists[] = {
    &string_get_commands,
    &string_set_commands,
    &string_edit_commands,
    NULL,
};

static const struct feature strings = {.name = "string", .commands = lists};
static const struct feature *const features[] = {
    &strings,
    &hyperloglog_commands_feature,
    NULL,
};

static int set_up(void **state) {
    *state = fixture_new_of_features(features);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

#define WRONG_TYPE "-WRONGTYPE Key is not a valid HyperLogLog string value."
#define CORRUPT "-INVALIDOBJ Corrupted HLL object detected"

static void add_range(struct command_fixture *f, const char *key, int first, int count) {
    for (int i = first; i < first + count; i++) {
        char line[64];
        snprintf(line, sizeof(line), "PFADD %s %d", key, i);
        fixture_run(f, line);
    }
}

static void pfadd_tells_whether_a_register_rose(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PFADD h a b", "1");
    assert_events(f, "0:pfadd:h");
    assert_reply(f, "PFADD h a b", "0");
    assert_events(f, "");
    assert_reply(f, "PFADD h c", "1");
    assert_reply(f, "PFCOUNT h", "3");
}

static void pfadd_without_elements_makes_an_empty_sketch(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PFADD h", "1");
    assert_reply(f, "PFADD h", "0");
    assert_reply(f, "STRLEN h", "18");
    assert_reply(f, "PFCOUNT h", "0");
}

static void a_sketch_keeps_its_due_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "PFADD source a");
    fixture_run(f, "PFADD h a");
    fixture_run(f, "GETEX h PX 1000");
    fixture_run(f, "PFADD h b");
    fixture_run(f, "PFMERGE h source");
    fixture_run(f, "PFDEBUG TODENSE h");
    assert_reply(f, "PFCOUNT h", "2");
    fixture_advance_ms(f, 1000);
    assert_reply(f, "PFCOUNT h", "0");
}

static void pfcount_keeps_its_result_in_the_header(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "PFADD h a b c");
    assert_reply(f, "GETRANGE h 8 15", "\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\"");
    assert_reply(f, "PFCOUNT h", "3");
    assert_reply(f, "GETRANGE h 8 15", "\"\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"");
    fixture_run(f, "SETRANGE h 8 \"\\x09\"");
    assert_reply(f, "PFCOUNT h", "9");
    fixture_run(f, "PFADD h d");
    assert_reply(f, "PFCOUNT h", "4");
}

static void pfcount_of_several_keys_counts_their_union(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "PFADD a 1 2 3");
    fixture_run(f, "PFADD b 3 4");
    assert_reply(f, "PFCOUNT a b absent", "4");
    fixture_run(f, "PFDEBUG TODENSE b");
    assert_reply(f, "PFCOUNT a b", "4");
}

static void pfmerge_takes_the_destination_in(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "PFADD a 1 2 3");
    fixture_run(f, "PFADD d 3 4");
    (void)fixture_events(f);
    assert_reply(f, "PFMERGE d a absent", "OK");
    assert_events(f, "0:pfadd:d");
    assert_reply(f, "PFCOUNT d", "4");
    assert_reply(f, "PFDEBUG ENCODING d", "sparse");
    fixture_run(f, "PFDEBUG TODENSE a");
    assert_reply(f, "PFMERGE d a", "OK");
    assert_reply(f, "PFDEBUG ENCODING d", "dense");
    assert_reply(f, "PFMERGE new", "OK");
    assert_reply(f, "PFCOUNT new", "0");
}

static void a_grown_sketch_becomes_dense_and_goes_on_counting(void **state) {
    struct command_fixture *f = *state;
    fixture_set_directive(f, "hll-sparse-max-bytes", "100");
    add_range(f, "h", 0, 20);
    assert_reply(f, "PFDEBUG ENCODING h", "sparse");
    add_range(f, "h", 20, 200);
    assert_reply(f, "PFDEBUG ENCODING h", "dense");
    assert_reply(f, "STRLEN h", "12304");
    add_range(f, "h", 220, 780);
    long count = strtol(fixture_run(f, "PFCOUNT h"), NULL, 10);
    assert_in_range(count, 970, 1030);
    assert_reply(f, "PFADD h 1 2 3", "0");
}

static void what_is_no_sketch_is_refused(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    fixture_run(f, "SET n 12345");
    fixture_run(f, "PFADD h a");
    assert_reply(f, "PFADD k a", WRONG_TYPE);
    assert_reply(f, "PFADD n a", WRONG_TYPE);
    assert_reply(f, "PFCOUNT h k", WRONG_TYPE);
    assert_reply(f, "PFMERGE d h n", WRONG_TYPE);
    assert_reply(f, "GET d", "nil");
    assert_reply(f, "PFDEBUG ENCODING k", WRONG_TYPE);
}

static void a_corrupt_sketch_stays_as_it_is(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f,
                "SET k \"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x05\"");
    (void)fixture_events(f);
    assert_reply(f, "PFADD k a b c d", CORRUPT);
    assert_reply(f, "PFCOUNT k", CORRUPT);
    assert_reply(f, "PFCOUNT k k", CORRUPT);
    assert_reply(f, "PFMERGE d k", CORRUPT);
    assert_reply(f, "PFDEBUG TODENSE k", CORRUPT);
    assert_reply(f, "PFDEBUG GETREG k", CORRUPT);
    assert_reply(f, "PFDEBUG DECODE k", CORRUPT);
    assert_reply(f, "STRLEN k", "17");
    assert_events(f, "");
}

static void pfdebug_shows_a_sketch(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "PFADD h");
    assert_reply(f, "PFDEBUG DECODE h", "\"Z:16384\"");
    assert_reply(f, "PFDEBUG todense h", "1");
    assert_reply(f, "PFDEBUG TODENSE h", "0");
    assert_reply(f, "PFDEBUG DECODE h", "-ERR HLL encoding is not sparse");
    assert_reply(f, "PFDEBUG NONSENSE h", "-ERR Unknown PFDEBUG subcommand 'NONSENSE'");
    assert_reply(f, "PFDEBUG NONSENSE absent", "-ERR The specified key does not exist");
}

static void pfdebug_getreg_makes_a_sketch_dense(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "PFADD h a");
    const char *registers = fixture_run(f, "PFDEBUG GETREG h");
    int raised = 0, count = 0;
    for (char *at, *next = (char *)(uintptr_t)registers + 1; *next != '\0'; count++) {
        raised += strtol(next, &at, 10) != 0;
        next = at + strspn(at, ", ]");
    }
    assert_int_equal(count, 16384);
    assert_int_equal(raised, 1);
    assert_reply(f, "PFDEBUG ENCODING h", "dense");
}

static void the_self_test_passes(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "PFSELFTEST", "OK");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(pfadd_tells_whether_a_register_rose),
        TEST(pfadd_without_elements_makes_an_empty_sketch),
        TEST(a_sketch_keeps_its_due_time),
        TEST(pfcount_keeps_its_result_in_the_header),
        TEST(pfcount_of_several_keys_counts_their_union),
        TEST(pfmerge_takes_the_destination_in),
        TEST(a_grown_sketch_becomes_dense_and_goes_on_counting),
        TEST(what_is_no_sketch_is_refused),
        TEST(a_corrupt_sketch_stays_as_it_is),
        TEST(pfdebug_shows_a_sketch),
        TEST(pfdebug_getreg_makes_a_sketch_dense),
        TEST(the_self_test_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
