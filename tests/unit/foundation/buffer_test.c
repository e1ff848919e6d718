#include "foundation/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_buffer_needs_nothing(void **state) {
    (void)state;
    struct buffer buffer = {0};
    size_t len = 7;
    buffer_append(&buffer, NULL, 0);
    assert_int_equal(buffer_bytes(&buffer).len, 0);
    assert_null(buffer_detach(&buffer, &len));
    assert_int_equal(len, 0);
    buffer_destroy(&buffer);
}

static void what_is_appended_stands_in_order(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_append_str(&buffer, "ab");
    buffer_append_char(&buffer, '\0');
    buffer_append_i64(&buffer, INT64_MIN);
    buffer_append_u64(&buffer, UINT64_MAX);
    buffer_printf(&buffer, "<%s %d>", "x", 5);
    assert_true(bytes_equal(buffer_bytes(&buffer),
                            BYTES("ab\0-922337203685477580818446744073709551615<x 5>")));
    buffer_destroy(&buffer);
    assert_int_equal(buffer.cap, 0);
}

static void a_long_print_grows_the_buffer(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_printf(&buffer, "%0*d|", 5000, 1);
    assert_int_equal(buffer.len, 5001);
    assert_int_equal(buffer.data[5000], '|');
    buffer_destroy(&buffer);
}

static void growth_past_a_mebibyte_keeps_the_content(void **state) {
    (void)state;
    struct buffer buffer = {0};
    for (uint32_t i = 0; i < 1000000; i++) {
        buffer_append(&buffer, &i, sizeof(i));
    }
    for (uint32_t i = 0; i < 1000000; i += 997) {
        assert_memory_equal(buffer.data + i * sizeof(i), &i, sizeof(i));
    }
    assert_true(buffer.cap < buffer.len * 2);
    buffer_destroy(&buffer);
}

static void quoting_escapes_what_does_not_print(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_append_quoted(&buffer, BYTES("a\"\\\n\r\t\a\b\0\x7f\xff~"));
    assert_string_equal(buffer_c_str(&buffer), "\"a\\\"\\\\\\n\\r\\t\\a\\b\\x00\\x7f\\xff~\"");
    buffer_destroy(&buffer);
}

static void a_c_string_is_not_counted(void **state) {
    (void)state;
    struct buffer buffer = {0};
    assert_string_equal(buffer_c_str(&buffer), "");
    buffer_append_str(&buffer, "abc");
    assert_string_equal(buffer_c_str(&buffer), "abc");
    assert_int_equal(buffer.len, 3);
    buffer_destroy(&buffer);
}

static void consuming_moves_the_rest_down(void **state) {
    (void)state;
    struct buffer buffer = {0};
    buffer_consume(&buffer, 0);
    buffer_append_str(&buffer, "abcdef");
    buffer_consume(&buffer, 4);
    assert_true(bytes_equal(buffer_bytes(&buffer), BYTES("ef")));
    buffer_consume(&buffer, 2);
    assert_int_equal(buffer.len, 0);
    buffer_destroy(&buffer);
}

static void appending_without_memory_changes_nothing(void **state) {
    (void)state;
    struct buffer buffer = {0};
    char bytes[1000] = {0};
    assert_true(buffer_try_append(&buffer, "abc", 3));
    mem_fail_nth_try(1);
    assert_false(buffer_try_append(&buffer, bytes, sizeof(bytes)));
    mem_fail_nth_try(0);
    assert_true(bytes_equal(buffer_bytes(&buffer), BYTES("abc")));
    assert_true(buffer_try_append(&buffer, bytes, sizeof(bytes)));
    assert_int_equal(buffer.len, 3 + sizeof(bytes));
    buffer_destroy(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_needs_nothing),
        cmocka_unit_test(what_is_appended_stands_in_order),
        cmocka_unit_test(a_long_print_grows_the_buffer),
        cmocka_unit_test(growth_past_a_mebibyte_keeps_the_content),
        cmocka_unit_test(quoting_escapes_what_does_not_print),
        cmocka_unit_test(a_c_string_is_not_counted),
        cmocka_unit_test(consuming_moves_the_rest_down),
        cmocka_unit_test(appending_without_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
