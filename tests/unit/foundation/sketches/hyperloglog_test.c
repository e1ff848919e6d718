/* HyperLogLog: bytes and counts known from redis-server 7.0.15, a model of plain registers, and
 * broken strings. */
#include "foundation/sketches/hyperloglog.h"

#include "foundation/mem.h"
#include "foundation/random.h"
#include "foundation/sketches/registers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { SPARSE_MAX_BYTES = 3000, ROUNDS = 300 };

static uint32_t crc32_of(struct bytes bytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.data[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void add_elements(struct buffer *sketch, int begin, int end) {
    for (int i = begin; i < end; i++) {
        char text[32];
        size_t len = (size_t)snprintf(text, sizeof(text), "element:%d", i);
        assert_int_not_equal(hyperloglog_add(sketch, bytes_of(text, len), SPARSE_MAX_BYTES),
                             HYPERLOGLOG_CORRUPT);
    }
}

static uint64_t count_of(const struct buffer *sketch) {
    uint64_t count = 0;
    assert_true(hyperloglog_count(buffer_bytes(sketch), &count));
    return count;
}

/* A sketch of these bytes behind the header. */
static void set_codes(struct buffer *sketch, struct bytes codes) {
    buffer_clear(sketch);
    hyperloglog_create(sketch);
    sketch->len = HYPERLOGLOG_HEADER_BYTES;
    buffer_append_bytes(sketch, codes);
}

static void bytes_and_counts_are_those_of_redis(void **state) {
    (void)state;
    static const struct {
        int elements;
        uint32_t crc;
        uint64_t count;
        size_t len;
    } known[] = {
        {1, 0xa5624137, 1, 21},
        {10, 0xf93a673d, 10, 48},
        {100, 0x50aa00e1, 99, 285},
        {1000, 0x0c2a7f48, 997, 1897},
        {1600, 0x9ee94c60, 1604, 2886},
        {5000, 0xc44f0411, 5005, 12304},
        {100000, 0x433af986, 100039, 12304},
    };
    struct buffer sketch = {0};
    hyperloglog_create(&sketch);
    int added = 0;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        add_elements(&sketch, added, known[i].elements);
        added = known[i].elements;
        assert_int_equal(sketch.len, known[i].len);
        assert_int_equal(count_of(&sketch), known[i].count);
        /* The checksums were taken with the count cached, which is then stale again. */
        hyperloglog_store_count(sketch.data, known[i].count);
        assert_int_equal(crc32_of(buffer_bytes(&sketch)), known[i].crc);
    }
    buffer_destroy(&sketch);
}

static void the_codes_read_as_text(void **state) {
    (void)state;
    struct buffer sketch = {0}, text = {0};
    hyperloglog_create(&sketch);
    const struct bytes elements[] = {BYTES("a"), BYTES("b"), BYTES("c"), BYTES("foo")};
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        assert_int_equal(hyperloglog_add(&sketch, elements[i], SPARSE_MAX_BYTES),
                         HYPERLOGLOG_CHANGED);
    }
    assert_true(hyperloglog_decode(buffer_bytes(&sketch), &text));
    assert_string_equal(buffer_c_str(&text),
                        "Z:7348 v:5,1 Z:1087 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
    buffer_destroy(&sketch);
    buffer_destroy(&text);
}

static void an_empty_sketch_counts_nothing(void **state) {
    (void)state;
    struct buffer sketch = {0};
    uint64_t count;
    hyperloglog_create(&sketch);
    assert_int_equal(sketch.len, 18);
    assert_true(hyperloglog_is_valid(buffer_bytes(&sketch)));
    assert_false(hyperloglog_cached_count(buffer_bytes(&sketch), &count));
    assert_int_equal(count_of(&sketch), 0);
    assert_true(hyperloglog_to_dense(&sketch));
    assert_int_equal(count_of(&sketch), 0);
    buffer_destroy(&sketch);
}

static void the_cached_count_lasts_until_a_change(void **state) {
    (void)state;
    struct buffer sketch = {0};
    uint64_t count;
    hyperloglog_create(&sketch);
    add_elements(&sketch, 0, 10);
    hyperloglog_store_count(sketch.data, 10);
    add_elements(&sketch, 0, 10);
    assert_true(hyperloglog_cached_count(buffer_bytes(&sketch), &count));
    assert_int_equal(count, 10);
    add_elements(&sketch, 10, 11);
    assert_false(hyperloglog_cached_count(buffer_bytes(&sketch), &count));
    buffer_destroy(&sketch);
}

static void sparse_and_dense_hold_the_same_registers(void **state) {
    (void)state;
    struct buffer sparse = {0}, dense = {0};
    hyperloglog_create(&sparse);
    hyperloglog_create(&dense);
    assert_true(hyperloglog_to_dense(&dense));
    for (int i = 0; i < 1500; i += 100) {
        add_elements(&sparse, i, i + 100);
        add_elements(&dense, i, i + 100);
        assert_true(hyperloglog_is_sparse(buffer_bytes(&sparse)));
        uint8_t left[HYPERLOGLOG_REGISTERS] = {0}, right[HYPERLOGLOG_REGISTERS] = {0};
        assert_true(hyperloglog_merge(left, buffer_bytes(&sparse)));
        assert_true(hyperloglog_merge(right, buffer_bytes(&dense)));
        assert_memory_equal(left, right, sizeof(left));
        assert_int_equal(count_of(&sparse), count_of(&dense));
        assert_int_equal(hyperloglog_count_registers(left), count_of(&dense));
    }
    buffer_destroy(&sparse);
    buffer_destroy(&dense);
}

static void a_sketch_grows_to_its_limit_and_then_turns_dense(void **state) {
    (void)state;
    struct buffer sketch = {0};
    hyperloglog_create(&sketch);
    size_t largest = 0;
    for (uint64_t i = 0; hyperloglog_is_sparse(buffer_bytes(&sketch)); i++) {
        largest = sketch.len;
        hyperloglog_add(&sketch, bytes_of(&i, sizeof(i)), 200);
    }
    assert_true(largest <= 200 && largest > 196);
    assert_int_equal(sketch.len, HYPERLOGLOG_DENSE_BYTES);
    buffer_destroy(&sketch);
}

/* Written in rising order with its hints, or register by register from an empty sketch: merging
 * takes a short cut that must not show. */
static void written_registers_read_back_sparse_or_dense(void **state) {
    (void)state;
    struct buffer sketch = {0};
    for (int round = 0; round < ROUNDS; round++) {
        buffer_clear(&sketch);
        hyperloglog_create(&sketch);
        add_elements(&sketch, 0, (int)random_below(300));
        uint8_t wanted[HYPERLOGLOG_REGISTERS] = {0}, fresh[HYPERLOGLOG_REGISTERS] = {0};
        uint64_t max = random_below(10) == 0 ? 63 : random_below(2) ? 2 : 32;
        for (uint64_t i = random_below(800), at = random_below(100); i > 0; i--) {
            at = (at + (random_below(3) ? 1 : random_below(500))) % HYPERLOGLOG_REGISTERS;
            fresh[at] = (uint8_t)(1 + random_below(max));
        }
        memcpy(wanted, fresh, sizeof(wanted));
        assert_true(hyperloglog_merge(wanted, buffer_bytes(&sketch)));
        bool is_dense = random_below(5) == 0;
        assert_true(hyperloglog_write(&sketch, fresh, is_dense, SPARSE_MAX_BYTES));
        if (is_dense) assert_false(hyperloglog_is_sparse(buffer_bytes(&sketch)));
        assert_true(hyperloglog_is_valid(buffer_bytes(&sketch)));
        uint8_t got[HYPERLOGLOG_REGISTERS] = {0};
        assert_true(hyperloglog_merge(got, buffer_bytes(&sketch)));
        assert_memory_equal(got, wanted, sizeof(got));
    }
    buffer_destroy(&sketch);
}

static void packing_loose_registers_and_merging_them_back_is_the_identity(void **state) {
    (void)state;
    uint8_t loose[HYPERLOGLOG_REGISTERS];
    uint8_t back[HYPERLOGLOG_REGISTERS] = {0};
    uint8_t packed[REGISTERS_PACKED_BYTES];
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(loose); i++) {
            loose[i] = (uint8_t)random_below(64);
            back[i] = (uint8_t)random_below(64);
        }
        registers_pack(packed, loose);
        uint8_t wanted[HYPERLOGLOG_REGISTERS];
        for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
            assert_int_equal(registers_get(packed, i), loose[i]);
            wanted[i] = loose[i] > back[i] ? loose[i] : back[i];
        }
        registers_merge_packed(back, packed);
        assert_memory_equal(back, wanted, sizeof(back));
    }
}

static void what_is_no_sketch_is_told_apart(void **state) {
    (void)state;
    struct buffer sketch = {0};
    hyperloglog_create(&sketch);
    assert_true(hyperloglog_is_sketch(buffer_bytes(&sketch)));
    assert_false(hyperloglog_is_sketch(BYTES("")));
    assert_false(hyperloglog_is_sketch(BYTES("HYLL")));
    assert_false(hyperloglog_is_sketch(bytes_of(sketch.data, 15)));
    sketch.data[4] = 0;
    assert_false(hyperloglog_is_sketch(buffer_bytes(&sketch)));
    sketch.data[4] = 2;
    assert_false(hyperloglog_is_sketch(buffer_bytes(&sketch)));
    sketch.data[4] = 1;
    sketch.data[0] = 'h';
    assert_false(hyperloglog_is_sketch(buffer_bytes(&sketch)));
    buffer_destroy(&sketch);
}

static void runs_that_do_not_add_up_are_corrupt_everywhere(void **state) {
    (void)state;
    static const struct bytes broken[] = {
        BYTES(""),                 /* no code */
        BYTES("\x7f\xfe"),         /* a register too few */
        BYTES("\x7f\xff\x00"),     /* one too many */
        BYTES("\x7f\xff\x7f\xff"), /* twice as many */
        BYTES("\x7f"),             /* a code cut off */
        BYTES("\x00\x7f\xfd\x7f"), /* cut off behind good ones */
    };
    struct buffer sketch = {0}, text = {0};
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        uint64_t count;
        set_codes(&sketch, broken[i]);
        struct bytes stored = buffer_bytes(&sketch);
        assert_true(hyperloglog_is_sketch(stored));
        assert_false(hyperloglog_is_valid(stored));
        assert_false(hyperloglog_count(stored, &count));
        assert_false(hyperloglog_merge(registers, stored));
        assert_false(hyperloglog_decode(stored, &text));
        assert_false(hyperloglog_write(&sketch, registers, true, SPARSE_MAX_BYTES));
        assert_false(hyperloglog_to_dense(&sketch));
        assert_true(bytes_equal(bytes_of(sketch.data + 16, sketch.len - 16), broken[i]));
        /* Turning dense for want of room must not half happen. */
        if (broken[i].len == 0) assert_int_equal(hyperloglog_add(&sketch, BYTES("a"), 0), 2);
    }
    buffer_destroy(&sketch);
    buffer_destroy(&text);
}

static void the_self_test_passes(void **state) {
    (void)state;
    struct buffer error = {0};
    if (!hyperloglog_self_test(&error)) fail_msg("%s", buffer_c_str(&error));
    buffer_destroy(&error);
}

static int start(void **state) {
    (void)state;
    mem_start();
    random_set_seed(3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_counts_are_those_of_redis),
        cmocka_unit_test(the_codes_read_as_text),
        cmocka_unit_test(an_empty_sketch_counts_nothing),
        cmocka_unit_test(the_cached_count_lasts_until_a_change),
        cmocka_unit_test(sparse_and_dense_hold_the_same_registers),
        cmocka_unit_test(a_sketch_grows_to_its_limit_and_then_turns_dense),
        cmocka_unit_test(written_registers_read_back_sparse_or_dense),
        cmocka_unit_test(packing_loose_registers_and_merging_them_back_is_the_identity),
        cmocka_unit_test(what_is_no_sketch_is_told_apart),
        cmocka_unit_test(runs_that_do_not_add_up_are_corrupt_everywhere),
        cmocka_unit_test(the_self_test_passes),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
