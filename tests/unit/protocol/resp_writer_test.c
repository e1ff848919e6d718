#include "protocol/resp_writer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char out[256];

static void assert_put(const char *end, const char *expected) {
    assert_int_equal(end - out, strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
}

static void integers_of_every_length_are_written(void **state) {
    (void)state;
    assert_put(resp_put_integer(out, 0), ":0\r\n");
    assert_put(resp_put_integer(out, 9), ":9\r\n");
    assert_put(resp_put_integer(out, 10), ":10\r\n");
    assert_put(resp_put_integer(out, 99), ":99\r\n");
    assert_put(resp_put_integer(out, 100), ":100\r\n");
    assert_put(resp_put_integer(out, -1), ":-1\r\n");
    assert_put(resp_put_integer(out, INT64_MIN), ":-9223372036854775808\r\n");
    assert_put(resp_put_integer(out, INT64_MAX), ":9223372036854775807\r\n");
    assert_put(resp_put_bulk_integer(out, -42), "$3\r\n-42\r\n");
}

static void bulk_strings_and_lines_carry_their_bytes(void **state) {
    (void)state;
    assert_put(resp_put_bulk(out, BYTES("")), "$0\r\n\r\n");
    assert_put(resp_put_bulk(out, BYTES("a\r\nb")), "$4\r\na\r\nb\r\n");
    assert_put(resp_put_bulk(out, BYTES("0123456789abcdef")), "$16\r\n0123456789abcdef\r\n");
    assert_put(resp_put_bulk_header(out, 70000), "$70000\r\n");
    assert_put(resp_put_simple(out, BYTES("OK")), "+OK\r\n");
    assert_put(resp_put_raw(out, (struct bytes){0}), "");
}

static void line_ends_in_an_error_become_spaces(void **state) {
    (void)state;
    assert_put(resp_put_error(out, BYTES("ERR a\r\nb")), "-ERR a  b\r\n");
}

static void what_is_not_there_has_a_form_for_each_version(void **state) {
    (void)state;
    assert_put(resp_put_null(out, RESP2), "$-1\r\n");
    assert_put(resp_put_null(out, RESP3), "_\r\n");
    assert_put(resp_put_null_array(out, RESP2), "*-1\r\n");
    assert_put(resp_put_null_array(out, RESP3), "_\r\n");
}

static void aggregates_fall_back_to_arrays(void **state) {
    (void)state;
    assert_put(resp_put_array(out, 3), "*3\r\n");
    assert_put(resp_put_map(out, RESP2, 70), "*140\r\n");
    assert_put(resp_put_map(out, RESP3, 70), "%70\r\n");
    assert_put(resp_put_set(out, RESP2, 2), "*2\r\n");
    assert_put(resp_put_set(out, RESP3, 2), "~2\r\n");
    assert_put(resp_put_push(out, RESP2, 3), "*3\r\n");
    assert_put(resp_put_push(out, RESP3, 3), ">3\r\n");
    assert_put(resp_put_attribute(out, 1), "|1\r\n");
}

static void booleans_fall_back_to_integers(void **state) {
    (void)state;
    assert_put(resp_put_bool(out, RESP2, true), ":1\r\n");
    assert_put(resp_put_bool(out, RESP2, false), ":0\r\n");
    assert_put(resp_put_bool(out, RESP3, true), "#t\r\n");
    assert_put(resp_put_bool(out, RESP3, false), "#f\r\n");
}

static void doubles_fall_back_to_bulk_strings(void **state) {
    (void)state;
    assert_put(resp_put_double(out, RESP2, 1.5), "$3\r\n1.5\r\n");
    assert_put(resp_put_double(out, RESP3, 1.5), ",1.5\r\n");
    assert_put(resp_put_double(out, RESP3, 0.1), ",0.1\r\n");
    assert_put(resp_put_double(out, RESP3, 3), ",3\r\n");
    assert_put(resp_put_double(out, RESP3, INFINITY), ",inf\r\n");
    assert_put(resp_put_double(out, RESP3, -INFINITY), ",-inf\r\n");
    assert_put(resp_put_double(out, RESP3, (double)NAN), ",nan\r\n");
    assert_put(resp_put_double(out, RESP2, -INFINITY), "$4\r\n-inf\r\n");
}

static void big_numbers_and_verbatim_texts_fall_back_to_bulk_strings(void **state) {
    (void)state;
    struct bytes digits = BYTES("123456789012345678901234567890");
    assert_put(resp_put_big_number(out, RESP2, digits),
               "$30\r\n123456789012345678901234567890\r\n");
    assert_put(resp_put_big_number(out, RESP3, digits), "(123456789012345678901234567890\r\n");
    assert_put(resp_put_verbatim(out, RESP2, "txt", BYTES("hi")), "$2\r\nhi\r\n");
    assert_put(resp_put_verbatim(out, RESP3, "txt", BYTES("hi")), "=6\r\ntxt:hi\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_every_length_are_written),
        cmocka_unit_test(bulk_strings_and_lines_carry_their_bytes),
        cmocka_unit_test(line_ends_in_an_error_become_spaces),
        cmocka_unit_test(what_is_not_there_has_a_form_for_each_version),
        cmocka_unit_test(aggregates_fall_back_to_arrays),
        cmocka_unit_test(booleans_fall_back_to_integers),
        cmocka_unit_test(doubles_fall_back_to_bulk_strings),
        cmocka_unit_test(big_numbers_and_verbatim_texts_fall_back_to_bulk_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
