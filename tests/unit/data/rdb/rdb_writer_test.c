#include "data/rdb/rdb_writer.h"

#include "data/rdb/rdb_format.h"
#include "data/rdb/rdb_reader.h"
#include "foundation/containers/packed.h"
#include "foundation/crc64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct rdb_writer_settings plain = {.is_checksumming = true};
static const struct rdb_writer_settings compressing = {.is_checksumming = true,
                                                       .is_compressing = true};

static void assert_bytes(struct bytes got, struct bytes want) {
    assert_int_equal(got.len, want.len);
    if (want.len != 0) assert_memory_equal(got.data, want.data, want.len);
}

/* What is written, and the writer emptied for the next. */
static void assert_written(struct rdb_writer *writer, struct bytes want) {
    assert_bytes(rdb_writer_bytes(writer), want);
    assert_int_equal(rdb_writer_len(writer), want.len);
    rdb_writer_clear(writer);
}

static void lengths_take_the_fewest_bytes(void **state) {
    (void)state;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &plain);
    rdb_write_length(&writer, 63);
    assert_written(&writer, BYTES("\x3f"));
    rdb_write_length(&writer, 64);
    assert_written(&writer, BYTES("\x40\x40"));
    rdb_write_length(&writer, 16383);
    assert_written(&writer, BYTES("\x7f\xff"));
    rdb_write_length(&writer, 16384);
    assert_written(&writer, BYTES("\x80\x00\x00\x40\x00"));
    rdb_write_length(&writer, UINT32_MAX);
    assert_written(&writer, BYTES("\x80\xff\xff\xff\xff"));
    rdb_write_length(&writer, (uint64_t)UINT32_MAX + 1);
    assert_written(&writer, BYTES("\x81\x00\x00\x00\x01\x00\x00\x00\x00"));
    rdb_writer_destroy(&writer);
}

static void texts_of_integers_become_integers(void **state) {
    (void)state;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &compressing);
    rdb_write_string(&writer, BYTES("-128"));
    assert_written(&writer, BYTES("\xc0\x80"));
    rdb_write_string(&writer, BYTES("128"));
    assert_written(&writer, BYTES("\xc1\x80\x00"));
    rdb_write_integer_string(&writer, -32769);
    assert_written(&writer, BYTES("\xc2\xff\x7f\xff\xff"));
    rdb_write_string(&writer, BYTES("2147483648"));
    assert_written(&writer, BYTES("\x0a"
                                  "2147483648"));
    rdb_write_integer_string(&writer, INT64_MIN);
    assert_written(&writer, BYTES("\x14"
                                  "-9223372036854775808"));
    rdb_write_string(&writer, BYTES("007"));
    assert_written(&writer, BYTES("\x03"
                                  "007"));
    struct packed_value value = {.integer = 5};
    rdb_write_packed(&writer, &value);
    assert_written(&writer, BYTES("\xc0\x05"));
    rdb_writer_destroy(&writer);
}

static void numbers_of_fixed_width_are_little_endian(void **state) {
    (void)state;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &plain);
    rdb_write_i64(&writer, 0x0102);
    assert_written(&writer, BYTES("\x02\x01\0\0\0\0\0\0"));
    rdb_write_double(&writer, 1);
    assert_written(&writer, BYTES("\0\0\0\0\0\0\xf0\x3f"));
    rdb_write_byte(&writer, 0xfe);
    assert_written(&writer, BYTES("\xfe"));
    rdb_writer_destroy(&writer);
}

static void only_strings_that_become_shorter_are_compressed(void **state) {
    (void)state;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &compressing);
    char text[21];
    memset(text, 'a', sizeof(text));
    rdb_write_string(&writer, bytes_of(text, 20));
    assert_int_equal(rdb_writer_len(&writer), 21);
    rdb_writer_clear(&writer);
    rdb_write_string(&writer, bytes_of(text, 21));
    assert_int_equal((uint8_t)rdb_writer_bytes(&writer).data[0], RDB_STRING_LZF);
    assert_true(rdb_writer_len(&writer) < 21);
    rdb_writer_clear(&writer);
    for (size_t i = 0; i < sizeof(text); i++) text[i] = (char)(i * 37);
    rdb_write_string(&writer, bytes_of(text, 21));
    assert_int_equal(rdb_writer_len(&writer), 22);
    rdb_writer_destroy(&writer);
}

static void the_sum_covers_all_that_was_written(void **state) {
    (void)state;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &plain);
    assert_int_equal(rdb_writer_crc(&writer), 0);
    rdb_write_raw(&writer, BYTES("1234"));
    (void)rdb_writer_crc(&writer);
    rdb_write_raw(&writer, BYTES("56789"));
    assert_int_equal(rdb_writer_crc(&writer), 0xe9c6d914c4b8d9ca);
    rdb_writer_clear(&writer);
    assert_int_equal(rdb_writer_crc(&writer), 0);
    rdb_writer_destroy(&writer);

    const struct rdb_writer_settings unsummed = {0};
    rdb_writer_init(&writer, &unsummed);
    rdb_write_raw(&writer, BYTES("123456789"));
    assert_int_equal(rdb_writer_crc(&writer), 0);
    rdb_writer_destroy(&writer);
}

/* --- handing on --- */

struct sink {
    struct buffer all;
    size_t calls, allowed_calls;
};

static bool take_bytes(void *context, struct bytes bytes) {
    struct sink *sink = context;
    if (sink->calls == sink->allowed_calls) return false;
    sink->calls++;
    buffer_append_bytes(&sink->all, bytes);
    return true;
}

static void write_sample(struct rdb_writer *writer) {
    char text[100];
    for (unsigned i = 0; i < 300; i++) {
        int len = snprintf(text, sizeof(text), "string number %u %0*u", i, (int)(i % 70), i);
        rdb_write_string(writer, bytes_of(text, (size_t)len));
        rdb_write_length(writer, (uint64_t)i * i * i);
        rdb_write_double(writer, i);
        rdb_write_byte(writer, (uint8_t)i);
    }
    char *blob = rdb_writer_blob(writer, 5000);
    for (size_t i = 0; i < 5000; i++) blob[i] = (char)(i * i >> 5);
    rdb_write_string(writer, bytes_of(blob, 5000));
}

static void pieces_handed_on_are_the_whole(void **state) {
    (void)state;
    struct rdb_writer whole, parted;
    rdb_writer_init(&whole, &compressing);
    write_sample(&whole);
    static const size_t sizes[] = {1, 7, 64, 1000, 1 << 20};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct sink sink = {.allowed_calls = SIZE_MAX};
        struct rdb_writer_settings settings = compressing;
        settings.flush = take_bytes;
        settings.context = &sink;
        settings.flush_bytes = sizes[i];
        rdb_writer_init(&parted, &settings);
        write_sample(&parted);
        assert_true(rdb_writer_flush(&parted));
        assert_int_equal(rdb_writer_len(&parted), rdb_writer_len(&whole));
        assert_int_equal(rdb_writer_crc(&parted), rdb_writer_crc(&whole));
        assert_bytes(buffer_bytes(&sink.all), rdb_writer_bytes(&whole));
        assert_int_equal(rdb_writer_crc(&whole), crc64_add(0, buffer_bytes(&sink.all)));
        rdb_writer_destroy(&parted);
        buffer_destroy(&sink.all);
    }
    rdb_writer_destroy(&whole);
}

static void a_failed_piece_is_told_at_the_end_and_none_follows(void **state) {
    (void)state;
    struct sink sink = {.allowed_calls = 3};
    const struct rdb_writer_settings settings = {
        .flush = take_bytes, .context = &sink, .flush_bytes = 100};
    struct rdb_writer writer;
    rdb_writer_init(&writer, &settings);
    write_sample(&writer);
    sink.allowed_calls = SIZE_MAX;
    assert_false(rdb_writer_flush(&writer));
    assert_int_equal(sink.calls, 3);
    rdb_writer_destroy(&writer);
    buffer_destroy(&sink.all);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_take_the_fewest_bytes),
        cmocka_unit_test(texts_of_integers_become_integers),
        cmocka_unit_test(numbers_of_fixed_width_are_little_endian),
        cmocka_unit_test(only_strings_that_become_shorter_are_compressed),
        cmocka_unit_test(the_sum_covers_all_that_was_written),
        cmocka_unit_test(pieces_handed_on_are_the_whole),
        cmocka_unit_test(a_failed_piece_is_told_at_the_end_and_none_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
