#include "engine/command_keys.h"

#include "foundation/buffer.h"
#include "foundation/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MAX_ARGS = 32 };

/* The keys of a call, parted by spaces; "invalid" when there are none to be told. */
static void assert_keys(const struct command_row *row, const char *line, const char *expected) {
    struct command command = {.row = row};
    struct bytes args[MAX_ARGS];
    struct key_position positions[MAX_ARGS];
    uint32_t argc = 0;
    struct bytes rest = bytes_of_str(line);
    while (bytes_next_word(&rest, ' ', &args[argc])) argc++;
    int64_t count = command_find_keys(&command, args, argc, positions, MAX_ARGS);
    if (count < 0) {
        assert_string_equal("invalid", expected);
        return;
    }
    struct buffer text = {0};
    for (int64_t i = 0; i < count; i++) {
        if (i > 0) buffer_append_char(&text, ' ');
        buffer_append_bytes(&text, args[positions[i].index]);
    }
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
}

static const struct command_row get_row = {.keys = {KEY_AT(1, "RO access")}};
static const struct command_row mget_row = {.keys = {KEYS_FROM(1, "RO access")}};
static const struct command_row lcs_row = {.keys = {KEYS_AT(1, 2, "RO access")}};
static const struct command_row mset_row = {.keys = {KEYS_EVERY_SECOND(1, "OW update")}};
static const struct command_row msetex_row = {.keys = {KEYS_COUNTED_EVERY_SECOND(1, "OW update")}};
static const struct command_row rename_row = {
    .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "OW update")}};
static const struct command_row zunionstore_row = {
    .keys = {KEY_AT(1, "OW update"), KEYS_COUNTED(2, "RO access")}};
static const struct command_row xread_row = {.keys = {{.flags = "RO access",
                                                       .keyword = "STREAMS",
                                                       .index = 1,
                                                       .last = -1,
                                                       .step = 1,
                                                       .limit = 2}}};
static const struct command_row migrate_row = {.keys = {KEY_AT(3, "RW access delete"),
                                                        {.flags = "RW access delete incomplete",
                                                         .keyword = "KEYS",
                                                         .index = -2,
                                                         .last = -1,
                                                         .step = 1}}};
static const struct command_row blpop_row = {
    .keys = {{.flags = "RW access delete", .index = 1, .last = -2, .step = 1}}};
static const struct command_row sort_row = {
    .keys = {KEY_AT(1, "RO access"), KEYS_UNKNOWN("RO access"), KEYS_UNKNOWN("OW update")}};
static const struct command_row channel_row = {.keys = {KEY_AT(1, "not_key")}};
static const struct command_row ping_row = {.name = "ping"};

static void keys_stand_in_a_range(void **state UNUSED) {
    assert_keys(&get_row, "get a b", "a");
    assert_keys(&mget_row, "mget a b c", "a b c");
    assert_keys(&lcs_row, "lcs a b len", "a b");
    assert_keys(&mset_row, "mset a 1 b 2", "a b");
    assert_keys(&rename_row, "rename a b", "a b");
    assert_keys(&blpop_row, "blpop a b 0", "a b");
    assert_keys(&ping_row, "ping", "");
}

static void a_range_beyond_the_arguments_is_invalid(void **state UNUSED) {
    assert_keys(&get_row, "get", "invalid");
    assert_keys(&rename_row, "rename a", "invalid");
    assert_keys(&lcs_row, "lcs a", "a");
}

static void a_count_says_how_many_keys_follow(void **state UNUSED) {
    assert_keys(&zunionstore_row, "zunionstore d 2 a b weights", "d a b");
    assert_keys(&zunionstore_row, "zunionstore d 0 a", "d");
    assert_keys(&msetex_row, "msetex 2 a 1 b 2 nx", "a b");
}

static void a_count_that_cannot_be_is_invalid(void **state UNUSED) {
    assert_keys(&zunionstore_row, "zunionstore d 3 a b", "invalid");
    assert_keys(&zunionstore_row, "zunionstore d -1 a b", "invalid");
    assert_keys(&zunionstore_row, "zunionstore d x a b", "invalid");
    assert_keys(&zunionstore_row, "zunionstore d 9223372036854775807 a b", "invalid");
    assert_keys(&zunionstore_row, "zunionstore d", "invalid");
    assert_keys(&msetex_row, "msetex 2 a 1 b", "invalid");
}

static void a_keyword_tells_where_keys_begin(void **state UNUSED) {
    assert_keys(&xread_row, "xread count 1 streams a b 0 0", "a b");
    assert_keys(&xread_row, "xread count 1 STREAMS a 0", "a");
    assert_keys(&xread_row, "xread count 1", "");
    assert_keys(&xread_row, "xread streams", "invalid");
}

static void a_keyword_may_be_sought_from_the_end(void **state UNUSED) {
    assert_keys(&migrate_row, "migrate h 1 k 0 0 keys b c", "k b c");
    assert_keys(&migrate_row, "migrate h 1 k 0 0", "k");
}

static void unknown_places_are_left_out(void **state UNUSED) {
    assert_keys(&sort_row, "sort a by b store c", "a");
}

static void no_more_positions_are_stored_than_there_is_room(void **state UNUSED) {
    struct command command = {.row = &mget_row};
    struct bytes args[] = {BYTES("mget"), BYTES("a"), BYTES("b"), BYTES("c")};
    struct key_position positions[2] = {{.index = 77}, {.index = 77}};
    assert_int_equal(command_find_keys(&command, args, 4, positions, 1), 3);
    assert_int_equal(positions[0].index, 1);
    assert_string_equal(positions[0].flags, "RO access");
    assert_int_equal(positions[1].index, 77);
}

static void channels_are_no_keys(void **state UNUSED) {
    assert_true(command_has_keys(&(struct command){.row = &get_row}));
    assert_true(command_has_keys(&(struct command){.row = &sort_row}));
    assert_false(command_has_keys(&(struct command){.row = &channel_row}));
    assert_false(command_has_keys(&(struct command){.row = &ping_row}));
}

static void assert_key_range(const struct command_row *row, int first, int last, int step) {
    struct command command = {.row = row};
    command_fill_key_range(&command);
    assert_int_equal(command.first_key, first);
    assert_int_equal(command.last_key, last);
    assert_int_equal(command.key_step, step);
}

static void specs_that_follow_each_other_make_one_range(void **state UNUSED) {
    assert_key_range(&ping_row, 0, 0, 0);
    assert_key_range(&get_row, 1, 1, 1);
    assert_key_range(&lcs_row, 1, 2, 1);
    assert_key_range(&mset_row, 1, -1, 2);
    assert_key_range(&rename_row, 1, 2, 1);
    assert_key_range(&sort_row, 1, 1, 1);
    assert_key_range(&zunionstore_row, 1, 1, 1);
    assert_key_range(&xread_row, 0, 0, 0);
    assert_key_range(&blpop_row, 1, -2, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_stand_in_a_range),
        cmocka_unit_test(a_range_beyond_the_arguments_is_invalid),
        cmocka_unit_test(a_count_says_how_many_keys_follow),
        cmocka_unit_test(a_count_that_cannot_be_is_invalid),
        cmocka_unit_test(a_keyword_tells_where_keys_begin),
        cmocka_unit_test(a_keyword_may_be_sought_from_the_end),
        cmocka_unit_test(unknown_places_are_left_out),
        cmocka_unit_test(no_more_positions_are_stored_than_there_is_room),
        cmocka_unit_test(channels_are_no_keys),
        cmocka_unit_test(specs_that_follow_each_other_make_one_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
