#include "foundation/crc64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Bit by bit, from the polynomial. */
static uint64_t add_slowly(uint64_t crc, struct bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (uint8_t)bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5 : 0);
    }
    return crc;
}

/* The check value of the catalogue of CRCs, and the sum of a payload of redis-server. */
static void known_sums_come_out(void **state) {
    (void)state;
    assert_int_equal(crc64_add(0, BYTES("123456789")), 0xe9c6d914c4b8d9ca);
    assert_int_equal(crc64_add(0, BYTES("\x00\xc0\x01\x0a\x00")), 0xfc1101d1b6e77826);
    assert_int_equal(crc64_add(5, BYTES("")), 5);
}

static void sums_of_every_length_are_those_of_the_polynomial(void **state) {
    (void)state;
    char bytes[600];
    for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (char)(i * i + i / 3);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        uint64_t want = add_slowly(0, bytes_of(bytes, len));
        assert_int_equal(crc64_add(0, bytes_of(bytes, len)), want);
        size_t half = len / 3;
        uint64_t crc = crc64_add(0, bytes_of(bytes, half));
        assert_int_equal(crc64_add(crc, bytes_of(bytes + half, len - half)), want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums_come_out),
        cmocka_unit_test(sums_of_every_length_are_those_of_the_polynomial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
