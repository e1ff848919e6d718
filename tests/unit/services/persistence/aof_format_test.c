/* Effects as bytes of the log. */
#include "services/persistence/aof_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct aof_format format;
static struct buffer out;

static int set_up(void **state) {
    (void)state;
    format = (struct aof_format){0};
    buffer_clear(&out);
    return 0;
}

static void write_to(uint32_t db_number, const char *name, const char *arg, int64_t now_s) {
    const struct bytes args[] = {bytes_of_str(name), bytes_of_str(arg)};
    aof_format_write(&format, &out, db_number, args, 2, now_s);
}

/* What was written since the last look, with a space for each line end. */
static void assert_written(const char *expected) {
    struct buffer text = {0};
    for (size_t i = 0; i < out.len; i++) {
        if (out.data[i] != '\r') buffer_append_char(&text, out.data[i] == '\n' ? ' ' : out.data[i]);
    }
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
    buffer_clear(&out);
}

static void the_database_is_named_when_it_changes(void **state) {
    (void)state;
    write_to(0, "DEL", "a", 0);
    assert_written("*2 $6 SELECT $1 0 *2 $3 DEL $1 a ");
    write_to(0, "DEL", "b", 0);
    assert_written("*2 $3 DEL $1 b ");
    write_to(11, "DEL", "", 0);
    assert_written("*2 $6 SELECT $2 11 *2 $3 DEL $0  ");
    aof_format_start_file(&format);
    write_to(11, "DEL", "b", 0);
    assert_written("*2 $6 SELECT $2 11 *2 $3 DEL $1 b ");
}

static void a_group_stands_in_a_transaction(void **state) {
    (void)state;
    aof_format_begin(&format);
    write_to(0, "DEL", "a", 0);
    write_to(1, "DEL", "b", 0);
    write_to(1, "DEL", "c", 0);
    aof_format_end(&format, &out);
    assert_written("*2 $6 SELECT $1 0 *1 $5 MULTI *2 $3 DEL $1 a *2 $6 SELECT $1 1 "
                   "*2 $3 DEL $1 b *2 $3 DEL $1 c *1 $4 EXEC ");
}

static void a_group_of_one_or_none_needs_no_transaction(void **state) {
    (void)state;
    write_to(0, "DEL", "x", 0);
    aof_format_begin(&format);
    aof_format_end(&format, &out);
    aof_format_begin(&format);
    write_to(0, "DEL", "a", 0);
    aof_format_end(&format, &out);
    aof_format_end(&format, &out);
    write_to(0, "DEL", "b", 0);
    assert_written("*2 $6 SELECT $1 0 *2 $3 DEL $1 x *2 $3 DEL $1 a *2 $3 DEL $1 b ");
}

static void the_time_is_told_once_a_second_and_never_within_a_transaction(void **state) {
    (void)state;
    format.has_times = true;
    write_to(0, "DEL", "a", 1700000000);
    write_to(0, "DEL", "b", 1700000000);
    assert_written("#TS:1700000000 *2 $6 SELECT $1 0 *2 $3 DEL $1 a *2 $3 DEL $1 b ");
    aof_format_begin(&format);
    write_to(0, "DEL", "a", 1700000001);
    write_to(0, "DEL", "b", 1700000002);
    aof_format_end(&format, &out);
    assert_written("#TS:1700000001 *1 $5 MULTI *2 $3 DEL $1 a *2 $3 DEL $1 b *1 $4 EXEC ");
    write_to(0, "DEL", "a", 1600000000);
    assert_written("*2 $3 DEL $1 a ");
    aof_format_start_file(&format);
    write_to(0, "DEL", "a", 1600000000);
    assert_written("#TS:1600000000 *2 $6 SELECT $1 0 *2 $3 DEL $1 a ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_database_is_named_when_it_changes, set_up),
        cmocka_unit_test_setup(a_group_stands_in_a_transaction, set_up),
        cmocka_unit_test_setup(a_group_of_one_or_none_needs_no_transaction, set_up),
        cmocka_unit_test_setup(the_time_is_told_once_a_second_and_never_within_a_transaction,
                               set_up),
    };
    mem_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_destroy(&out);
    return failed;
}
