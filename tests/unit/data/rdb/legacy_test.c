/* Ziplists and zipmaps, put together by hand; tests/golden holds some that redis-server took. */
#include "data/rdb/legacy.h"

#include "foundation/containers/listpack.h"
#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The elements of the listpack are these, parted by commas; it is freed. */
static void assert_elements(char *listpack, const char *want) {
    assert_non_null(listpack);
    struct bytes rest = bytes_of_str(want), word;
    for (const char *at = listpack_first(listpack); at != NULL; at = listpack_next(listpack, at)) {
        char scratch[PACKED_SCRATCH];
        struct packed_value value = packed_read(at);
        assert_true(bytes_next_word(&rest, ',', &word));
        assert_true(bytes_equal(packed_text(&value, scratch), word));
    }
    assert_false(bytes_next_word(&rest, ',', &word));
    listpack_free(listpack);
}

static void a_ziplist_becomes_a_listpack(void **state) {
    (void)state;
    assert_elements(legacy_ziplist_to_listpack(BYTES("\x0b\0\0\0\x0a\0\0\0\0\0\xff")), "");
    assert_elements(legacy_ziplist_to_listpack(BYTES("\x16\0\0\0\x11\0\0\0\x03\0\x00\x02hi\x04\x01x"
                                                     "\x03\xc0\x39\x30\xff")),
                    "hi,x,12345");
}

static void integers_of_every_width_are_read(void **state) {
    (void)state;
    assert_elements(
        legacy_ziplist_to_listpack(BYTES(
            "\x2b\0\0\0\x20\0\0\0\x07\0\x00\xf1\x02\xfd\x02\xfe\x80\x03\xc0\x00\x80\x04\xf0\x00\x00"
            "\x80\x05\xd0\x00\x00\x00\x80\x06\xe0\x00\x00\x00\x00\x00\x00\x00\x80\xff")),
        "0,12,-128,-32768,-8388608,-2147483648,-9223372036854775808");
}

static void the_long_form_of_a_small_size_is_read(void **state) {
    (void)state;
    assert_elements(legacy_ziplist_to_listpack(
                        BYTES("\x14\0\0\0\x0c\0\0\0\x02\0\x00\xf2\xfe\x02\0\0\0\x01x\xff")),
                    "1,x");
}

static void every_changed_byte_of_a_ziplists_frame_is_noticed(void **state) {
    (void)state;
    static const char ziplist[] =
        "\x16\0\0\0\x11\0\0\0\x03\0\x00\x02hi\x04\x01x\x03\xc0\x39\x30\xff";
    enum { LEN = sizeof(ziplist) - 1 };
    /* All but the bytes of elements. */
    static const size_t frame[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 17, 18, 21};
    for (size_t i = 0; i < ARRAY_LEN(frame); i++) {
        char copy[LEN];
        memcpy(copy, ziplist, LEN);
        copy[frame[i]] ^= 0x41;
        assert_null(legacy_ziplist_to_listpack(bytes_of(copy, LEN)));
    }
    for (size_t len = 0; len < LEN; len++) {
        char copy[LEN];
        memcpy(copy, ziplist, LEN);
        copy[0] = (char)len; /* even where it tells that length */
        assert_null(legacy_ziplist_to_listpack(bytes_of(copy, len)));
    }
}

static void a_zipmap_becomes_a_listpack_of_pairs(void **state) {
    (void)state;
    assert_elements(legacy_zipmap_to_listpack(BYTES("\x00\xff")), "");
    assert_elements(legacy_zipmap_to_listpack(BYTES("\x02\x03"
                                                    "foo\x03\x00"
                                                    "bar\x05"
                                                    "hello\x05\x02"
                                                    "world??\xff")),
                    "foo,bar,hello,world");
    assert_elements(legacy_zipmap_to_listpack(BYTES("\xfe\xfe\x01\0\0\0f\x01\x00v\xff")), "f,v");
}

static void malformed_zipmaps_are_refused(void **state) {
    (void)state;
    static const char zipmap[] = "\x01\x03"
                                 "foo\x03\x01"
                                 "bar?\xff";
    for (size_t len = 0; len < sizeof(zipmap) - 1; len++)
        assert_null(legacy_zipmap_to_listpack(bytes_of(zipmap, len)));
    assert_null(legacy_zipmap_to_listpack(BYTES("\x02\x01"
                                                "f\x01\x00v\xff")));
    assert_null(legacy_zipmap_to_listpack(BYTES("\x01\x01"
                                                "f\xff\x00v\xff")));
    assert_null(legacy_zipmap_to_listpack(BYTES("\x01\x01"
                                                "f\x01\x00v\xff\x00")));
    assert_null(legacy_zipmap_to_listpack(BYTES("\x01\xfe\xff\xff\xff\xff"
                                                "f\x01\x00v\xff")));
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ziplist_becomes_a_listpack),
        cmocka_unit_test(integers_of_every_width_are_read),
        cmocka_unit_test(the_long_form_of_a_small_size_is_read),
        cmocka_unit_test(every_changed_byte_of_a_ziplists_frame_is_noticed),
        cmocka_unit_test(a_zipmap_becomes_a_listpack_of_pairs),
        cmocka_unit_test(malformed_zipmaps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
