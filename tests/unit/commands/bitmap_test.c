/* The bitmap family against an engine in process. */
#include "commands/bitmap/bitmap_commands.h"
#include "commands/string/string_commands.h"
#include "engine/command_keys.h"
#include "foundation/mem.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct command_list *const lists[] = {
    &bitmap_bit_commands, &bitmap_bitop_commands, &bitmap_bitfield_commands,
    &string_get_commands, &string_set_commands,   NULL,
};

static int set_up(void **state) {
    *state = fixture_new(lists);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

#define BAD_OFFSET "-ERR bit offset is not an integer or out of range"

/* --- single bits --- */

static void setbit_grows_the_string_and_tells_the_old_bit(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SETBIT k 7 1", "0");
    assert_reply(f, "GET k", "\"\\x01\"");
    assert_reply(f, "SETBIT k 7 0", "1");
    assert_reply(f, "SETBIT k 16 1", "0");
    assert_reply(f, "GET k", "\"\\x00\\x00\\x80\"");
}

static void setbit_reports_only_what_changed(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SETBIT k 3 0");
    assert_events(f, "0:setbit:k");
    fixture_run(f, "SETBIT k 3 0");
    assert_events(f, "");
    fixture_run(f, "SETBIT k 3 1");
    assert_events(f, "0:setbit:k");
    fixture_run(f, "SETBIT k 8 0");
    assert_events(f, "0:setbit:k");
}

static void setbit_edits_a_number_as_text_and_keeps_the_due_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET n 12345 PX 1000");
    assert_reply(f, "SETBIT n 7 0", "1");
    assert_reply(f, "GET n", "\"02345\"");
    fixture_advance_ms(f, 1000);
    assert_reply(f, "GET n", "nil");
}

static void bits_beyond_the_end_are_clear(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k \"\\x80\"");
    assert_reply(f, "GETBIT k 0", "1");
    assert_reply(f, "GETBIT k 1", "0");
    assert_reply(f, "GETBIT k 4294967295", "0");
    assert_reply(f, "GETBIT absent 0", "0");
}

static void offsets_and_bits_out_of_range_are_refused(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SETBIT k -1 1", BAD_OFFSET);
    assert_reply(f, "SETBIT k 4294967296 1", BAD_OFFSET);
    assert_reply(f, "GETBIT k #1", BAD_OFFSET);
    assert_reply(f, "GETBIT k 1.5", BAD_OFFSET);
    assert_reply(f, "SETBIT k 0 2", "-ERR bit is not an integer or out of range");
    assert_reply(f, "SETBIT k 0 on", "-ERR bit is not an integer or out of range");
    assert_reply(f, "GET k", "nil");
}

/* --- ranges --- */

static void bitcount_counts_in_bytes_and_in_bits(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k foobar");
    assert_reply(f, "BITCOUNT k", "26");
    assert_reply(f, "BITCOUNT k 1 1", "6");
    assert_reply(f, "BITCOUNT k -2 -1 BYTE", "7");
    assert_reply(f, "BITCOUNT k 5 30 BIT", "17");
    assert_reply(f, "BITCOUNT k -100 -50", "4");
    assert_reply(f, "BITCOUNT k -50 -100", "0");
    assert_reply(f, "BITCOUNT k 9 20", "0");
    assert_reply(f, "BITCOUNT absent 0 -1", "0");
}

static void a_range_is_checked_before_its_key(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "BITCOUNT absent 0", SYNTAX);
    assert_reply(f, "BITCOUNT absent 0 x", NOT_INTEGER);
    assert_reply(f, "BITCOUNT absent 0 1 NIBBLE", SYNTAX);
    assert_reply(f, "BITPOS absent 1 x", NOT_INTEGER);
    assert_reply(f, "BITPOS absent 1 0 1 NIBBLE", SYNTAX);
    assert_reply(f, "BITPOS absent 1 0 1 BIT more", SYNTAX);
    assert_reply(f, "BITPOS absent 2", "-ERR The bit argument must be 1 or 0.");
}

static void bitpos_sees_clear_bits_behind_a_string_without_end(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k \"\\xff\\xff\"");
    assert_reply(f, "BITPOS k 0", "16");
    assert_reply(f, "BITPOS k 0 1", "16");
    assert_reply(f, "BITPOS k 0 0 -1", "-1");
    assert_reply(f, "BITPOS k 0 2", "-1");
    assert_reply(f, "BITPOS absent 0", "0");
    assert_reply(f, "BITPOS absent 1", "-1");
}

static void bitpos_finds_in_bytes_and_in_bits(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k \"\\xff\\xf0\\x00\"");
    assert_reply(f, "BITPOS k 0", "12");
    assert_reply(f, "BITPOS k 0 2", "16");
    assert_reply(f, "BITPOS k 1 -2 -1", "8");
    assert_reply(f, "BITPOS k 1 7 15 BIT", "7");
    assert_reply(f, "BITPOS k 1 12 20 BIT", "-1");
}

/* --- BITOP --- */

static void bitop_pads_short_strings_with_zeros(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a \"\\xff\\x0f\\x01\"");
    fixture_run(f, "SET b \"\\x0f\\x0f\"");
    assert_reply(f, "BITOP AND d a b", "3");
    assert_reply(f, "GET d", "\"\\x0f\\x0f\\x00\"");
    assert_reply(f, "BITOP xor d a b absent", "3");
    assert_reply(f, "GET d", "\"\\xf0\\x00\\x01\"");
    assert_reply(f, "BITOP NOT b b", "2");
    assert_reply(f, "GET b", "\"\\xf0\\xf0\"");
}

static void bitop_knows_the_forms_with_a_first_key_apart(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a \"\\xff\\x0f\"");
    fixture_run(f, "SET b \"\\x0f\"");
    fixture_run(f, "SET c \"\\x81\\x01\"");
    fixture_run(f, "BITOP DIFF d a b c");
    assert_reply(f, "GET d", "\"p\\x0e\"");
    fixture_run(f, "BITOP DIFF1 d b a c");
    assert_reply(f, "GET d", "\"\\xf0\\x0f\"");
    fixture_run(f, "BITOP ANDOR d a b c");
    assert_reply(f, "GET d", "\"\\x8f\\x01\"");
    fixture_run(f, "BITOP ONE d a b c");
    assert_reply(f, "GET d", "\"p\\x0e\"");
}

static void bitop_refuses_a_wrong_number_of_sources(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key.");
    assert_reply(f, "BITOP diff1 d a",
                 "-ERR BITOP DIFF1 must be called with at least two source keys.");
    assert_reply(f, "BITOP NAND d a b", SYNTAX);
}

static void an_empty_result_deletes_the_destination(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a x");
    fixture_run(f, "SET d y PX 1000");
    (void)fixture_events(f);
    assert_reply(f, "BITOP OR d a", "1");
    assert_events(f, "0:set:d");
    fixture_advance_ms(f, 1000);
    assert_reply(f, "GET d", "\"x\"");
    assert_reply(f, "BITOP AND d absent absent2", "0");
    assert_events(f, "0:del:d");
    assert_reply(f, "BITOP AND d absent absent2", "0");
    assert_events(f, "");
}

static void bitop_reads_numbers_as_text(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET n 123");
    fixture_run(f, "SET m 400");
    assert_reply(f, "BITOP OR d n m", "3");
    assert_reply(f, "GET d", "\"523\"");
}

/* --- BITFIELD --- */

static void bitfield_runs_its_operations_in_order(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "BITFIELD k SET u8 0 200 GET i8 0 INCRBY u8 0 5 GET u4 #1",
                 "[0, -56, 205, 13]");
    assert_reply(f, "GET k", "\"\\xcd\"");
    assert_reply(f, "BITFIELD k SET i5 100 -3 GET i5 100 GET u5 100", "[0, -3, 29]");
    assert_reply(f, "STRLEN k", "14");
}

static void bitfield_treats_overflow_as_told(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "BITFIELD k SET u8 0 250");
    assert_reply(f, "BITFIELD k OVERFLOW FAIL INCRBY u8 0 10 OVERFLOW SAT INCRBY u8 0 10",
                 "[nil, 255]");
    assert_reply(f, "BITFIELD k OVERFLOW WRAP INCRBY u8 0 10", "[9]");
    assert_reply(f, "BITFIELD k OVERFLOW SAT SET i4 0 -9 GET i4 0", "[0, -8]");
    assert_reply(f, "BITFIELD k OVERFLOW FAIL SET u4 0 16 GET u4 0", "[nil, 8]");
}

static void saturation_far_below_the_range_ends_at_the_minimum(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0", "[0, -128]");
}

static void bitfield_reports_only_what_changed(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "BITFIELD k GET u8 0");
    assert_events(f, "");
    fixture_run(f, "BITFIELD k SET u8 0 0");
    assert_events(f, "0:setbit:k");
    fixture_run(f, "BITFIELD k SET u8 0 0 OVERFLOW FAIL INCRBY u8 0 300");
    assert_events(f, "");
    fixture_run(f, "BITFIELD k SET u8 0 1 SET u8 0 2");
    assert_events(f, "0:setbit:k");
    fixture_run(f, "BITFIELD k SET u8 8 0");
    assert_events(f, "0:setbit:k");
}

static void a_wrong_operation_keeps_the_ones_before_it_from_running(void **state) {
    struct command_fixture *f = *state;
    const char *bad_type =
        "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is "
        "not supported but i64 is.";
    assert_reply(f, "BITFIELD k SET u8 0 1 GET u64 0", bad_type);
    assert_reply(f, "BITFIELD k SET u8 0 1 GET i65 0", bad_type);
    assert_reply(f, "BITFIELD k SET u8 0 1 GET \"\" 0", bad_type);
    assert_reply(f, "BITFIELD k SET u8 0 1 GET u8 -1", BAD_OFFSET);
    assert_reply(f, "BITFIELD k SET u8 0 1 GET u8 #9223372036854775807", BAD_OFFSET);
    assert_reply(f, "BITFIELD k SET u8 0 1 SET u8 0 x", NOT_INTEGER);
    assert_reply(f, "BITFIELD k SET u8 0 1 SET u8 0", SYNTAX);
    assert_reply(f, "BITFIELD k SET u8 0 1 OVERFLOW NONE", "-ERR Invalid OVERFLOW type specified");
    assert_reply(f, "GET k", "nil");
}

static void bitfield_ro_only_reads(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k \"\\x12\\x34\"");
    assert_reply(f, "BITFIELD_RO k GET u4 #1 GET u16 0", "[2, 4660]");
    assert_reply(f, "BITFIELD_RO absent GET u8 0", "[0]");
    assert_reply(f, "BITFIELD_RO k GET u8 0 SET u8 0 1",
                 "-ERR BITFIELD_RO only supports the GET subcommand");
    assert_reply(f, "GET k", "\"\\x124\"");
}

static void assert_key_flags(struct command_fixture *f, const struct bytes *args, uint32_t argc,
                             const char *flags) {
    struct command *command = command_table_find(f->engine->commands, args[0]);
    struct key_position position;
    assert_non_null(command);
    assert_int_equal(command->row->find_keys(args, argc, &position, 1), 1);
    assert_int_equal(position.index, 1);
    assert_string_equal(position.flags, flags);
}

static void bitfield_uses_its_key_as_its_operations_do(void **state) {
    struct command_fixture *f = *state;
    const struct bytes reads[] = {BYTES("BITFIELD"), BYTES("k"), BYTES("GET"), BYTES("u8"),
                                  BYTES("0")};
    const struct bytes writes[] = {BYTES("BITFIELD"), BYTES("k"),  BYTES("OVERFLOW"), BYTES("SAT"),
                                   BYTES("SET"),      BYTES("u8"), BYTES("0"),        BYTES("1")};
    assert_key_flags(f, reads, ARRAY_LEN(reads), "RO access");
    assert_key_flags(f, writes, ARRAY_LEN(writes), "RW access update");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* --- memory --- */

static void no_memory_for_the_string_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    static const char *const lines[] = {"SETBIT absent 4000000000 1", "SETBIT k 4000000000 1",
                                        "BITFIELD absent SET u8 4000000000 1",
                                        "BITFIELD k GET u8 0 INCRBY u8 4000000000 1"};
    fixture_run(f, "SET k 7");
    (void)fixture_events(f);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        mem_fail_nth_try(1);
        assert_reply(f, lines[i], "-ERR insufficient memory for a string of that size");
        mem_fail_nth_try(0);
    }
    assert_events(f, "");
    assert_reply(f, "GET absent", "nil");
    assert_reply(f, "GET k", "\"7\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(setbit_grows_the_string_and_tells_the_old_bit),
        TEST(no_memory_for_the_string_changes_nothing),
        TEST(setbit_reports_only_what_changed),
        TEST(setbit_edits_a_number_as_text_and_keeps_the_due_time),
        TEST(bits_beyond_the_end_are_clear),
        TEST(offsets_and_bits_out_of_range_are_refused),
        TEST(bitcount_counts_in_bytes_and_in_bits),
        TEST(a_range_is_checked_before_its_key),
        TEST(bitpos_sees_clear_bits_behind_a_string_without_end),
        TEST(bitpos_finds_in_bytes_and_in_bits),
        TEST(bitop_pads_short_strings_with_zeros),
        TEST(bitop_knows_the_forms_with_a_first_key_apart),
        TEST(bitop_refuses_a_wrong_number_of_sources),
        TEST(an_empty_result_deletes_the_destination),
        TEST(bitop_reads_numbers_as_text),
        TEST(bitfield_runs_its_operations_in_order),
        TEST(bitfield_treats_overflow_as_told),
        TEST(saturation_far_below_the_range_ends_at_the_minimum),
        TEST(bitfield_reports_only_what_changed),
        TEST(a_wrong_operation_keeps_the_ones_before_it_from_running),
        TEST(bitfield_ro_only_reads),
        TEST(bitfield_uses_its_key_as_its_operations_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
