/* Packed elements: the exact bytes at every edge, as redis-server 7.0.15 writes them, and the way
 * back; whatever is validated is in the one form that packed_put writes. */
#include "foundation/containers/packed.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TEXT_MAX = (1 << 21) + 16 };

struct sample {
    struct bytes text;
    struct bytes packed;
};

static const struct sample samples[] = {
    {BYTES("0"), BYTES("\x00\x01")},
    {BYTES("127"), BYTES("\x7f\x01")},
    {BYTES("128"), BYTES("\xc0\x80\x02")},
    {BYTES("-1"), BYTES("\xdf\xff\x02")},
    {BYTES("4095"), BYTES("\xcf\xff\x02")},
    {BYTES("-4096"), BYTES("\xd0\x00\x02")},
    {BYTES("4096"), BYTES("\xf1\x00\x10\x03")},
    {BYTES("-4097"), BYTES("\xf1\xff\xef\x03")},
    {BYTES("32767"), BYTES("\xf1\xff\x7f\x03")},
    {BYTES("32768"), BYTES("\xf2\x00\x80\x00\x04")},
    {BYTES("-32769"), BYTES("\xf2\xff\x7f\xff\x04")},
    {BYTES("8388607"), BYTES("\xf2\xff\xff\x7f\x04")},
    {BYTES("-8388608"), BYTES("\xf2\x00\x00\x80\x04")},
    {BYTES("8388608"), BYTES("\xf3\x00\x00\x80\x00\x05")},
    {BYTES("2147483647"), BYTES("\xf3\xff\xff\xff\x7f\x05")},
    {BYTES("2147483648"), BYTES("\xf4\x00\x00\x00\x80\x00\x00\x00\x00\x09")},
    {BYTES("-9223372036854775808"), BYTES("\xf4\x00\x00\x00\x00\x00\x00\x00\x80\x09")},
    {BYTES("9223372036854775808"), BYTES("\x93"
                                         "9223372036854775808"
                                         "\x14")},
    {BYTES(""), BYTES("\x80\x01")},
    {BYTES("a"), BYTES("\x81"
                       "a"
                       "\x02")},
    {BYTES("-"), BYTES("\x81-\x02")},
    {BYTES("-0"), BYTES("\x82-0\x03")},
    {BYTES("01"), BYTES("\x82"
                        "01"
                        "\x03")},
    {BYTES("+1"), BYTES("\x82+1\x03")},
    {BYTES("1 "), BYTES("\x82"
                        "1 "
                        "\x03")},
    {BYTES("1.0"), BYTES("\x83"
                         "1.0"
                         "\x04")},
    {BYTES("\xff"), BYTES("\x81\xff\x02")},
};

/* Long texts, their headers and backlens; the backlen grows one before a power of two. */
static const struct {
    size_t len;
    struct bytes header, backlen;
} long_samples[] = {
    {63, BYTES("\xbf"), BYTES("\x40")},
    {64, BYTES("\xe0\x40"), BYTES("\x42")},
    {125, BYTES("\xe0\x7d"), BYTES("\x7f")},
    {126, BYTES("\xe0\x7e"), BYTES("\x01\x80")},
    {4095, BYTES("\xef\xff"), BYTES("\x20\x81")},
    {4096, BYTES("\xf0\x00\x10\x00\x00"), BYTES("\x20\x85")},
    {16377, BYTES("\xf0\xf9\x3f\x00\x00"), BYTES("\x7f\xfe")},
    {16378, BYTES("\xf0\xfa\x3f\x00\x00"), BYTES("\x00\xff\xff")},
    {16379, BYTES("\xf0\xfb\x3f\x00\x00"), BYTES("\x01\x80\x80")},
    {2097145, BYTES("\xf0\xf9\xff\x1f\x00"), BYTES("\x7f\xff\xfe")},
    {2097146, BYTES("\xf0\xfa\xff\x1f\x00"), BYTES("\x00\xff\xff\xff")},
    {2097147, BYTES("\xf0\xfb\xff\x1f\x00"), BYTES("\x01\x80\x80\x80")},
};

/* An exact copy, so that a read beyond the element is seen. The caller frees it. */
static char *put_text(struct bytes text, size_t *size) {
    struct packed_item item = packed_item_of(text);
    char *packed = mem_alloc(item.size);
    assert_ptr_equal(packed_put(packed, &item), packed + item.size);
    *size = item.size;
    return packed;
}

static void check_way_back(struct bytes text) {
    size_t size, valid_size;
    char *packed = put_text(text, &size);
    char scratch[PACKED_SCRATCH];
    struct packed_value value = packed_read(packed);
    struct bytes got = packed_text(&value, scratch);
    assert_true(bytes_equal(got, text));
    int64_t integer;
    assert_int_equal(value.data == NULL, number_parse_i64(text, &integer));
    assert_int_equal(packed_size(packed), size);
    assert_int_equal(packed_size_before(packed + size), size);
    assert_true(packed_validate(packed, packed + size, &valid_size));
    assert_int_equal(valid_size, size);
    assert_false(packed_validate(packed, packed + size - 1, &valid_size));
    struct packed_item item = packed_item_of(text);
    assert_true(packed_is(packed, &item));
    mem_free(packed);
}

static void elements_are_the_bytes_that_redis_writes(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        size_t size;
        char *packed = put_text(samples[i].text, &size);
        assert_int_equal(size, samples[i].packed.len);
        assert_memory_equal(packed, samples[i].packed.data, size);
        mem_free(packed);
        check_way_back(samples[i].text);
    }
}

static void long_elements_are_the_bytes_that_redis_writes(void **state) {
    (void)state;
    char *text = mem_alloc(TEXT_MAX);
    memset(text, 'x', TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(long_samples); i++) {
        struct bytes header = long_samples[i].header, backlen = long_samples[i].backlen;
        size_t size, len = long_samples[i].len;
        char *packed = put_text(bytes_of(text, len), &size);
        assert_int_equal(size, header.len + len + backlen.len);
        assert_memory_equal(packed, header.data, header.len);
        assert_memory_equal(packed + size - backlen.len, backlen.data, backlen.len);
        mem_free(packed);
        check_way_back(bytes_of(text, len));
    }
    mem_free(text);
}

static void integers_and_texts_of_them_are_the_same_item(void **state) {
    (void)state;
    for (int step = 0; step < 300000; step++) {
        int64_t value = (int64_t)random_u64() >> random_below(64);
        char text[NUMBER_I64_MAX_CHARS], packed[32], packed_of_text[32];
        size_t len = number_format_i64(text, value);
        struct packed_item item = packed_item_of_integer(value);
        struct packed_item item_of_text = packed_item_of(bytes_of(text, len));
        packed_put(packed, &item);
        packed_put(packed_of_text, &item_of_text);
        assert_int_equal(item.size, item_of_text.size);
        assert_memory_equal(packed, packed_of_text, item.size);
        assert_true(packed_is(packed, &item_of_text));
        assert_int_equal(packed_read(packed).integer, value);
    }
}

static void an_element_is_only_its_own_item(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct packed_item item = packed_item_of(samples[i].text);
        for (size_t j = 0; j < ARRAY_LEN(samples); j++)
            assert_int_equal(packed_is(samples[j].packed.data, &item), i == j);
    }
    struct packed_item empty = packed_item_of(BYTES(""));
    assert_false(packed_is("\xff", &empty));
}

static void forms_that_are_not_the_shortest_are_refused(void **state) {
    (void)state;
    static const struct bytes refused[] = {
        BYTES("\x81"
              "1"
              "\x02"),             /* an integer as bytes */
        BYTES("\xc0\x7f\x02"),     /* 127 in 13 bits */
        BYTES("\xf1\x01\x00\x03"), /* 1 in 16 bits */
        BYTES("\xf3\xff\xff\x7f\x00\x05"),
        BYTES("\xf4\xff\xff\xff\x7f\x00\x00\x00\x00\x09"),
        BYTES("\xe0\x01"
              "a"
              "\x03"), /* one byte in 12 bits of length */
        BYTES("\xf0\x01\x00\x00\x00"
              "a"
              "\x06"),
        BYTES("\x81"
              "a"
              "\x03"), /* another backlen */
        BYTES("\x81"
              "a"
              "\x00\x82"), /* a backlen longer than need be */
        BYTES("\xf5\x01"),
        BYTES("\xfe\x01"),
        BYTES("\xff"),
        BYTES("\xf0\xff\xff\xff\xff"),
        BYTES("\xe0"),
        BYTES(""),
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char *copy = mem_alloc(refused[i].len);
        memcpy(copy, refused[i].data, refused[i].len);
        size_t size;
        assert_false(packed_validate(copy, copy + refused[i].len, &size));
        mem_free(copy);
    }
}

static void random_texts_come_back(void **state) {
    (void)state;
    static char text[6000];
    for (size_t i = 0; i < sizeof(text); i++) text[i] = (char)random_u64();
    for (int step = 0; step < 100000; step++) {
        size_t len = random_below(random_below(20) == 0 ? sizeof(text) / 2 : 150);
        check_way_back(bytes_of(text + random_below(sizeof(text) / 2), len));
    }
}

int main(void) {
    mem_start();
    random_set_seed(5);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_the_bytes_that_redis_writes),
        cmocka_unit_test(long_elements_are_the_bytes_that_redis_writes),
        cmocka_unit_test(integers_and_texts_of_them_are_the_same_item),
        cmocka_unit_test(an_element_is_only_its_own_item),
        cmocka_unit_test(forms_that_are_not_the_shortest_are_refused),
        cmocka_unit_test(random_texts_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
