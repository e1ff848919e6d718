#include "data/rdb/rdb_reader.h"

#include "data/rdb/rdb_format.h"
#include "data/rdb/rdb_writer.h"
#include "foundation/crc64.h"
#include "foundation/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_bytes(struct bytes got, struct bytes want) {
    assert_int_equal(got.len, want.len);
    if (want.len != 0) assert_memory_equal(got.data, want.data, want.len);
}

static struct rdb_reader reader_of(struct bytes bytes) {
    struct rdb_reader reader;
    rdb_reader_init(&reader, bytes);
    return reader;
}

/* The reader has failed with that text; it is destroyed. */
static void assert_failed(struct rdb_reader *reader, const char *error) {
    assert_true(rdb_has_failed(reader));
    assert_string_equal(rdb_reader_error(reader), error);
    rdb_reader_destroy(reader);
}

/* --- sources that give their bytes in pieces --- */

struct pieces {
    struct bytes rest;
    size_t max; /* bytes of a piece; 0: any number */
};

static size_t give_piece(void *context, char *to, size_t max) {
    struct pieces *pieces = context;
    size_t len = pieces->max == 0 ? 1 + random_below(200) : pieces->max;
    if (len > max) len = max;
    if (len > pieces->rest.len) len = pieces->rest.len;
    if (len != 0) memcpy(to, pieces->rest.data, len);
    pieces->rest = bytes_of(pieces->rest.data + len, pieces->rest.len - len);
    return len;
}

static struct rdb_source source_of(struct pieces *pieces) {
    return (struct rdb_source){
        .refill = give_piece, .context = pieces, .total_bytes = pieces->rest.len};
}

/* --- primitives --- */

static void lengths_of_every_form_are_read(void **state) {
    (void)state;
    static const uint64_t lengths[] = {0, 1, 63, 64, 16383, 16384, UINT32_MAX, UINT64_MAX, 5};
    const struct rdb_writer_settings settings = {0};
    struct rdb_writer writer;
    rdb_writer_init(&writer, &settings);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) rdb_write_length(&writer, lengths[i]);
    struct rdb_reader reader = reader_of(rdb_writer_bytes(&writer));
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        assert_int_equal(rdb_read_length(&reader, "a length"), lengths[i]);
    assert_true(rdb_reader_is_at_end(&reader));
    assert_false(rdb_has_failed(&reader));
    rdb_reader_destroy(&reader);
    rdb_writer_destroy(&writer);
}

static void strings_of_every_form_are_read(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\x03"
                                               "abc\xc0\x80\xc1\x00\x80\xc2\xff\x7f\xff\xff\x00"
                                               "\x40\x02xy\xc0\x7f\x01z"));
    assert_bytes(rdb_read_string(&reader, "s"), BYTES("abc"));
    assert_bytes(rdb_read_string(&reader, "s"), BYTES("-128"));
    assert_bytes(rdb_read_string(&reader, "s"), BYTES("-32768"));
    assert_bytes(rdb_read_string(&reader, "s"), BYTES("-32769"));
    assert_bytes(rdb_read_element(&reader, "s"), BYTES(""));
    assert_bytes(rdb_read_key(&reader), BYTES("xy"));
    struct bytes text;
    int64_t value;
    assert_true(rdb_read_string_or_i64(&reader, &text, &value, "s"));
    assert_int_equal(value, 127);
    assert_false(rdb_read_string_or_i64(&reader, &text, &value, "s"));
    assert_bytes(text, BYTES("z"));
    assert_true(rdb_reader_is_at_end(&reader));
    rdb_reader_destroy(&reader);
}

static void strings_are_views_of_bytes_in_memory(void **state) {
    (void)state;
    struct bytes bytes = BYTES("\x03"
                               "abc\x01z");
    struct rdb_reader reader = reader_of(bytes);
    assert_ptr_equal(rdb_read_string(&reader, "s").data, bytes.data + 1);
    assert_ptr_equal(rdb_read_key(&reader).data, bytes.data + 5);
    rdb_reader_destroy(&reader);
}

static void compressed_strings_are_read(void **state) {
    (void)state;
    const struct rdb_writer_settings settings = {.is_compressing = true};
    char text[5000];
    for (size_t i = 0; i < sizeof(text); i++) text[i] = (char)('a' + i * i / 97 % 3);
    struct rdb_writer writer;
    rdb_writer_init(&writer, &settings);
    rdb_write_string(&writer, bytes_of(text, sizeof(text)));
    rdb_write_string(&writer, bytes_of(text, 300));
    assert_true(rdb_writer_len(&writer) < sizeof(text));
    struct rdb_reader reader = reader_of(rdb_writer_bytes(&writer));
    assert_bytes(rdb_read_string(&reader, "s"), bytes_of(text, sizeof(text)));
    struct bytes key = rdb_read_key(&reader);
    assert_bytes(key, bytes_of(text, 300));
    assert_true(rdb_reader_is_at_end(&reader));
    rdb_reader_destroy(&reader);
    rdb_writer_destroy(&writer);
}

static void doubles_are_read_as_bytes_and_as_text(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\0\0\0\0\0\0\xf0\x3f\x04-2.5\xfe\xff\xfd"));
    assert_true(rdb_read_double(&reader, "d") == 1);
    assert_true(rdb_read_text_double(&reader, "d") == -2.5);
    assert_true(rdb_read_text_double(&reader, "d") == INFINITY);
    assert_true(rdb_read_text_double(&reader, "d") == -INFINITY);
    assert_true(isnan(rdb_read_text_double(&reader, "d")));
    assert_false(rdb_has_failed(&reader));
    rdb_reader_destroy(&reader);
}

/* --- failures --- */

static void the_end_is_told_with_its_offset(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\x01"
                                               "a\x05xyz"));
    (void)rdb_read_string(&reader, "a string");
    (void)rdb_read_string(&reader, "a field");
    assert_failed(&reader, "offset 3: expected a field, found 3 of its 5 bytes");
    reader = reader_of(BYTES(""));
    (void)rdb_read_length(&reader, "a count");
    assert_failed(&reader, "offset 0: expected a count, found the end");
}

static void the_first_failure_stays_and_nothing_is_read_any_more(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\x82\x01\x01zzzzzzzzzzzz"));
    assert_int_equal(rdb_read_length(&reader, "a count"), 0);
    assert_int_equal(rdb_read_byte(&reader, "a byte"), 0);
    assert_int_equal(rdb_read_string(&reader, "a string").len, 0);
    assert_int_equal(rdb_read_i64(&reader, "a time"), 0);
    assert_int_equal(rdb_read_count(&reader, 1, "a count"), 0);
    assert_true(rdb_reader_is_at_end(&reader));
    rdb_fail(&reader, 99, "something else", "nothing");
    assert_failed(&reader,
                  "offset 0: expected a count, found the byte 0x82, which begins no length");
}

static void counts_that_cannot_follow_are_refused(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\x03zzzzz"));
    (void)rdb_read_count(&reader, 2, "a number of fields");
    assert_failed(&reader, "offset 0: expected a number of fields, found 3 with 5 bytes left");
    reader = reader_of(BYTES("\x00zzzzz"));
    (void)rdb_read_count(&reader, 2, "a number of fields");
    assert_failed(&reader, "offset 0: expected a number of fields, found that there are none");
}

static void compressed_strings_that_lie_are_refused(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\xc3\x02\x80\x7f\xff\xff\xff\x00z"));
    (void)rdb_read_string(&reader, "a value");
    assert_failed(&reader,
                  "offset 1: expected a value, found 2 bytes that are to become 2147483647");
    reader = reader_of(BYTES("\xc3\x02\x05\x00z"));
    (void)rdb_read_string(&reader, "a value");
    assert_failed(&reader, "offset 1: expected a value, found compressed bytes that are broken");
    reader = reader_of(BYTES("\xc3\x00\x00"));
    (void)rdb_read_string(&reader, "a value");
    assert_failed(&reader, "offset 1: expected a value, found 0 bytes that are to become 0");
    reader = reader_of(BYTES("\xc4"));
    (void)rdb_read_string(&reader, "a value");
    assert_failed(&reader,
                  "offset 0: expected a value, found the byte 0xc4, which begins no length");
}

static void a_score_in_no_form_is_refused(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\x03"
                                               "1.x"));
    (void)rdb_read_text_double(&reader, "a score");
    assert_failed(&reader, "offset 0: expected a score, found the text \"1.x\"");
}

static void no_memory_is_a_failure_and_not_the_end(void **state) {
    (void)state;
    struct rdb_reader reader = reader_of(BYTES("\xc3\x02\x20\x00z"));
    mem_fail_nth_try(1);
    (void)rdb_read_string(&reader, "a value");
    mem_fail_nth_try(0);
    assert_failed(&reader, "offset 5: expected a value, found no memory for it");
}

/* --- sources --- */

enum { SAMPLES = 400, SAMPLE_MAX = 700 };

static struct bytes sample_text(char text[SAMPLE_MAX], unsigned i) {
    size_t len = i % 7 == 0 ? i % SAMPLE_MAX : i % 50;
    for (size_t j = 0; j < len; j++) text[j] = (char)('a' + (i + j * (i % 5)) % 23);
    return bytes_of(text, len);
}

static void write_sample(struct rdb_writer *writer) {
    char text[SAMPLE_MAX];
    for (unsigned i = 0; i < SAMPLES; i++) {
        rdb_write_string(writer, sample_text(text, i));
        rdb_write_length(writer, (uint64_t)i << i % 60);
        rdb_write_integer_string(writer, (int64_t)i * 1000 - 5000);
        rdb_write_string(writer, sample_text(text, i * 3));
        rdb_write_i64(writer, (int64_t)i * i);
    }
}

/* The key of a round is to be valid until the next round's. */
static void read_sample(struct rdb_reader *reader) {
    char text[SAMPLE_MAX];
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct bytes key = rdb_read_key(reader);
        assert_int_equal(rdb_read_length(reader, "n"), (uint64_t)i << i % 60);
        struct bytes digits = rdb_read_string(reader, "n");
        char want[NUMBER_I64_MAX_CHARS];
        assert_bytes(digits, bytes_of(want, number_format_i64(want, (int64_t)i * 1000 - 5000)));
        assert_bytes(rdb_read_string(reader, "s"), sample_text(text, i * 3));
        assert_int_equal(rdb_read_i64(reader, "n"), (int64_t)i * i);
        assert_bytes(key, sample_text(text, i));
    }
    assert_string_equal(rdb_reader_error(reader), "");
    assert_true(rdb_reader_is_at_end(reader));
    assert_false(rdb_has_failed(reader));
}

static void a_source_is_read_whatever_its_pieces(void **state) {
    (void)state;
    const struct rdb_writer_settings settings = {.is_compressing = true, .is_checksumming = true};
    struct rdb_writer writer;
    rdb_writer_init(&writer, &settings);
    write_sample(&writer);
    static const size_t sizes[] = {0, 0, 0, 1, 2, 3, 63, 64, 65, 100000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct pieces pieces = {rdb_writer_bytes(&writer), sizes[i]};
        struct rdb_source source = source_of(&pieces);
        if (i % 2 == 0) source.total_bytes = RDB_SOURCE_ENDLESS;
        struct rdb_reader reader;
        rdb_reader_init_source(&reader, &source);
        read_sample(&reader);
        assert_int_equal(rdb_reader_offset(&reader), rdb_writer_len(&writer));
        assert_int_equal(rdb_reader_crc(&reader), rdb_writer_crc(&writer));
        rdb_reader_destroy(&reader);
    }
    struct rdb_reader reader = reader_of(rdb_writer_bytes(&writer));
    read_sample(&reader);
    assert_int_equal(rdb_reader_crc(&reader), rdb_writer_crc(&writer));
    rdb_reader_destroy(&reader);
    rdb_writer_destroy(&writer);
}

static void a_length_that_lies_takes_no_more_memory_than_has_come(void **state) {
    (void)state;
    char bytes[1000] = "\x81\x00\x00\x00\x10\x00\x00\x00\x00";
    struct pieces pieces = {bytes_of(bytes, sizeof(bytes)), 100};
    struct rdb_source source = source_of(&pieces);
    source.total_bytes = RDB_SOURCE_ENDLESS;
    struct rdb_reader reader;
    rdb_reader_init_source(&reader, &source);
    assert_int_equal(rdb_read_string(&reader, "a value").len, 0);
    assert_true(reader.cap <= 2 * sizeof(bytes));
    assert_failed(&reader, "offset 9: expected a value, found 991 of its 68719476736 bytes");
}

static void a_source_that_ends_early_or_lacks_memory_is_a_failure(void **state) {
    (void)state;
    char bytes[500] = "\x41\x90";
    for (int i = 0; i < 2; i++) {
        struct pieces pieces = {bytes_of(bytes, i == 0 ? 100 : 500), 50};
        struct rdb_source source = source_of(&pieces);
        source.total_bytes = 500;
        struct rdb_reader reader;
        rdb_reader_init_source(&reader, &source);
        if (i == 1) mem_fail_nth_try(1);
        (void)rdb_read_string(&reader, "a value");
        mem_fail_nth_try(0);
        assert_failed(&reader, i == 0 ? "offset 2: expected a value, found 98 of its 400 bytes"
                                      : "offset 2: expected a value, found no memory for it");
    }
}

static void what_is_read_can_be_kept_whatever_its_pieces(void **state) {
    (void)state;
    char bytes[900];
    for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (char)random_below(256);
    for (int round = 0; round < 200; round++) {
        struct pieces pieces = {bytes_of(bytes, sizeof(bytes)), 1 + random_below(200)};
        struct rdb_source source = source_of(&pieces);
        size_t before = random_below(300), len = random_below(600);
        struct rdb_reader reader;
        source.total_bytes = sizeof(bytes);
        rdb_reader_init_source(&reader, &source);
        for (size_t i = 0; i < before; i++) (void)rdb_read_byte(&reader, "a byte");
        rdb_reader_start_keeping(&reader);
        for (size_t i = 0; i < len; i++) (void)rdb_read_byte(&reader, "a byte");
        struct bytes kept = rdb_reader_end_keeping(&reader, "bytes");
        assert_true(bytes_equal(kept, bytes_of(bytes + before, len)));
        rdb_reader_destroy(&reader);
    }
}

static void keeping_without_memory_for_it_is_a_failure(void **state) {
    (void)state;
    char bytes[500] = {0};
    for (uint64_t nth = 1; nth <= 2; nth++) {
        struct pieces pieces = {bytes_of(bytes, sizeof(bytes)), 50};
        struct rdb_source source = source_of(&pieces);
        struct rdb_reader reader;
        source.total_bytes = sizeof(bytes);
        rdb_reader_init_source(&reader, &source);
        rdb_reader_start_keeping(&reader);
        mem_fail_nth_try(nth);
        for (int i = 0; i < 400 && !rdb_has_failed(&reader); i++)
            (void)rdb_read_byte(&reader, "a byte");
        mem_fail_nth_try(0);
        assert_non_null(strstr(rdb_reader_error(&reader), "found no memory for it"));
        assert_int_equal(rdb_reader_end_keeping(&reader, "bytes").len, 0);
        rdb_reader_destroy(&reader);
    }
}

int main(void) {
    mem_start();
    random_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_of_every_form_are_read),
        cmocka_unit_test(strings_of_every_form_are_read),
        cmocka_unit_test(strings_are_views_of_bytes_in_memory),
        cmocka_unit_test(compressed_strings_are_read),
        cmocka_unit_test(doubles_are_read_as_bytes_and_as_text),
        cmocka_unit_test(the_end_is_told_with_its_offset),
        cmocka_unit_test(the_first_failure_stays_and_nothing_is_read_any_more),
        cmocka_unit_test(counts_that_cannot_follow_are_refused),
        cmocka_unit_test(compressed_strings_that_lie_are_refused),
        cmocka_unit_test(a_score_in_no_form_is_refused),
        cmocka_unit_test(no_memory_is_a_failure_and_not_the_end),
        cmocka_unit_test(a_source_is_read_whatever_its_pieces),
        cmocka_unit_test(a_length_that_lies_takes_no_more_memory_than_has_come),
        cmocka_unit_test(a_source_that_ends_early_or_lacks_memory_is_a_failure),
        cmocka_unit_test(what_is_read_can_be_kept_whatever_its_pieces),
        cmocka_unit_test(keeping_without_memory_for_it_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
