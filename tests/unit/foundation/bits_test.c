/* Bit kernels against models that work a bit at a time. */
#include "foundation/bits.h"

#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROUNDS = 3000, TEXT_MAX = 300, SOURCES_MAX = 5, BLOCK_TEXT = 3 * 4096 + 77 };

static void fill_random(char *out, size_t len) {
    static const char plain[] = {0, (char)0xff};
    uint64_t kind = random_below(4);
    for (size_t i = 0; i < len; i++) out[i] = kind < 2 ? plain[kind] : (char)random_u64();
    if (kind < 2 && len > 0) out[random_below(len)] ^= (char)(1 << random_below(8));
}

static bool model_get(struct bytes bytes, uint64_t offset) {
    if (offset >= bytes.len * 8) return false;
    return ((unsigned char)bytes.data[offset / 8] & (0x80 >> (offset % 8))) != 0;
}

static void setting_a_bit_changes_it_alone_and_returns_the_old(void **state) {
    (void)state;
    for (uint64_t offset = 0; offset < 32; offset++) {
        char data[4] = {0};
        assert_false(bits_set(data, offset, true));
        for (uint64_t i = 0; i < 40; i++) {
            assert_int_equal(bits_get(bytes_of(data, 4), i), i == offset);
        }
        assert_true(bits_set(data, offset, true));
        assert_true(bits_set(data, offset, false));
        assert_memory_equal(data, "\0\0\0\0", 4);
    }
}

static void counting_any_range_agrees_with_counting_each_bit(void **state) {
    (void)state;
    char data[TEXT_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = 1 + random_below(TEXT_MAX);
        fill_random(data, len);
        uint64_t first = random_below(len * 8), last = first + random_below(len * 8 - first);
        uint64_t wanted = 0, all = 0;
        for (uint64_t i = 0; i < len * 8; i++) {
            bool bit = model_get(bytes_of(data, len), i);
            all += bit;
            if (i >= first && i <= last) wanted += bit;
        }
        assert_int_equal(bits_count_range(bytes_of(data, len), first, last), wanted);
        assert_int_equal(bits_count(bytes_of(data, len)), all);
    }
    assert_int_equal(bits_count(BYTES("")), 0);
}

static void finding_in_any_range_agrees_with_looking_at_each_bit(void **state) {
    (void)state;
    char data[TEXT_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = 1 + random_below(TEXT_MAX);
        fill_random(data, len);
        bool bit = random_below(2);
        uint64_t first = random_below(len * 8), last = first + random_below(len * 8 - first);
        uint64_t wanted = first, position = 0;
        while (wanted <= last && model_get(bytes_of(data, len), wanted) != bit) wanted++;
        bool is_found = bits_find(bytes_of(data, len), bit, first, last, &position);
        assert_int_equal(is_found, wanted <= last);
        if (is_found) assert_int_equal(position, wanted);
    }
}

static bool model_combine(enum bits_operation operation, const struct bytes *sources, size_t count,
                          uint64_t offset) {
    bool first = model_get(sources[0], offset);
    size_t set = 0;
    for (size_t i = 0; i < count; i++) set += model_get(sources[i], offset);
    size_t others = set - first;
    switch (operation) {
    case BITS_AND: return set == count;
    case BITS_OR: return set > 0;
    case BITS_XOR: return set % 2 == 1;
    case BITS_NOT: return !first;
    case BITS_DIFF: return first && others == 0;
    case BITS_DIFF1: return !first && others > 0;
    case BITS_ANDOR: return first && others > 0;
    case BITS_ONE: return set == 1;
    }
    return false;
}

static void check_combination(enum bits_operation operation, const struct bytes *sources,
                              size_t count, size_t out_len) {
    static char out[BLOCK_TEXT];
    memset(out, 0x5a, sizeof(out));
    bits_combine(operation, sources, count, out, out_len);
    for (uint64_t i = 0; i < out_len * 8; i++) {
        bool wanted = model_combine(operation, sources, count, i);
        if (model_get(bytes_of(out, out_len), i) != wanted) {
            fail_msg("operation %d of %zu sources, bit %zu", operation, count, (size_t)i);
        }
    }
}

static void every_operation_agrees_with_its_definition_on_unequal_lengths(void **state) {
    (void)state;
    static char data[SOURCES_MAX][BLOCK_TEXT];
    for (int round = 0; round < ROUNDS / 10; round++) {
        size_t limit = round % 30 == 0 ? BLOCK_TEXT : TEXT_MAX;
        struct bytes sources[SOURCES_MAX] = {0};
        size_t count = 1 + random_below(SOURCES_MAX), out_len = 0;
        for (size_t i = 0; i < count; i++) {
            size_t len = random_below(5) == 0 ? 0 : 1 + random_below(limit);
            fill_random(data[i], len);
            sources[i] = len == 0 ? bytes_of(NULL, 0) : bytes_of(data[i], len);
            if (out_len < len) out_len = len;
        }
        enum bits_operation operation = (enum bits_operation)random_below(BITS_ONE + 1);
        check_combination(operation, sources, operation == BITS_NOT ? 1 : count,
                          operation == BITS_NOT ? sources[0].len : out_len);
    }
}

static void the_first_source_may_be_the_result(void **state) {
    (void)state;
    char text[3] = {0x0f, 0x33, 0x55};
    const struct bytes sources[] = {bytes_of(text, 3), BYTES("\x3c\x3c")};
    bits_combine(BITS_XOR, sources, 2, text, 3);
    assert_memory_equal(text, "\x33\x0f\x55", 3);
}

static void a_written_field_reads_back_and_leaves_its_neighbours(void **state) {
    (void)state;
    for (int round = 0; round < ROUNDS * 5; round++) {
        char data[24], before[24];
        fill_random(data, sizeof(data));
        memcpy(before, data, sizeof(data));
        unsigned width = 1 + (unsigned)random_below(64);
        uint64_t offset = random_below(sizeof(data) * 8 - width + 1);
        uint64_t value = random_u64(), low = value & (UINT64_MAX >> (64 - width));
        struct bytes bytes = bytes_of(data, sizeof(data));
        bits_write(data, offset, width, value);
        assert_true(bits_read_unsigned(bytes, offset, width) == low);
        int64_t wanted = (int64_t)(low << (64 - width)) >> (64 - width);
        assert_true(bits_read_signed(bytes, offset, width) == wanted);
        for (uint64_t i = 0; i < sizeof(data) * 8; i++) {
            bool is_inside = i >= offset && i < offset + width;
            bool bit = is_inside ? (low >> (offset + width - 1 - i)) & 1
                                 : model_get(bytes_of(before, sizeof(before)), i);
            assert_int_equal(model_get(bytes, i), bit);
        }
    }
}

static void a_field_beyond_the_end_reads_zeros(void **state) {
    (void)state;
    struct bytes bytes = BYTES("\xff\xff");
    assert_int_equal(bits_read_unsigned(bytes, 12, 8), 0xf0);
    assert_int_equal(bits_read_signed(bytes, 12, 8), -16);
    assert_int_equal(bits_read_unsigned(bytes, 16, 64), 0);
    assert_int_equal(bits_read_unsigned(bytes, UINT64_MAX - 64, 64), 0);
    assert_true(bits_read_unsigned(bytes, 1, 64) == UINT64_C(0xfffe) << 48);
}

/* Fields of few bits allow every value and many increments. */
static void small_signed_sums_agree_with_plain_arithmetic(void **state) {
    (void)state;
    for (unsigned width = 1; width <= 6; width++) {
        int64_t max = (1 << (width - 1)) - 1, min = -max - 1, size = 1 << width;
        for (int64_t value = min; value <= max; value++) {
            for (int64_t increment = -3 * size; increment <= 3 * size; increment++) {
                int64_t sum = value + increment, wrapped = sum, result = 99;
                while (wrapped > max) wrapped -= size;
                while (wrapped < min) wrapped += size;
                int64_t nearest = sum > max ? max : sum < min ? min : sum;
                assert_true(bits_add_signed(value, increment, width, BITS_WRAP, &result));
                assert_int_equal(result, wrapped);
                assert_true(bits_add_signed(value, increment, width, BITS_SAT, &result));
                assert_int_equal(result, nearest);
                result = 99;
                bool is_done = bits_add_signed(value, increment, width, BITS_FAIL, &result);
                assert_int_equal(is_done, sum == nearest);
                assert_int_equal(result, is_done ? sum : 99);
            }
        }
    }
}

static void small_unsigned_sums_agree_with_plain_arithmetic(void **state) {
    (void)state;
    for (unsigned width = 1; width <= 6; width++) {
        int64_t size = 1 << width, max = size - 1;
        for (int64_t value = 0; value <= max; value++) {
            for (int64_t increment = -3 * size; increment <= 3 * size; increment++) {
                int64_t sum = value + increment;
                int64_t nearest = sum > max ? max : sum < 0 ? 0 : sum;
                uint64_t result, before = (uint64_t)value;
                assert_true(bits_add_unsigned(before, increment, width, BITS_WRAP, &result));
                assert_int_equal(result, (sum + 4 * size) % size);
                assert_true(bits_add_unsigned(before, increment, width, BITS_SAT, &result));
                assert_int_equal(result, nearest);
                result = 99;
                bool is_done = bits_add_unsigned(before, increment, width, BITS_FAIL, &result);
                assert_int_equal(is_done, sum == nearest);
                assert_int_equal(result, is_done ? sum : 99);
            }
        }
    }
}

static void sums_at_the_limits_of_64_bits_neither_trap_nor_lose_bits(void **state) {
    (void)state;
    int64_t result;
    uint64_t natural;
    assert_true(bits_add_signed(INT64_MAX, 1, 64, BITS_WRAP, &result));
    assert_true(result == INT64_MIN);
    assert_true(bits_add_signed(INT64_MIN, INT64_MIN, 64, BITS_SAT, &result));
    assert_true(result == INT64_MIN);
    assert_false(bits_add_signed(INT64_MAX, INT64_MAX, 64, BITS_FAIL, &result));
    assert_true(bits_add_signed(INT64_MIN, 0, 1, BITS_SAT, &result));
    assert_true(result == -1);
    assert_true(bits_add_unsigned((uint64_t)INT64_MAX, 1, 63, BITS_WRAP, &natural));
    assert_true(natural == 0);
    assert_true(bits_add_unsigned((uint64_t)INT64_MAX, INT64_MAX, 63, BITS_SAT, &natural));
    assert_true(natural == (uint64_t)INT64_MAX);
    assert_true(bits_add_unsigned(0, INT64_MIN, 63, BITS_SAT, &natural));
    assert_true(natural == 0);
}

/* SET of a negative number in an unsigned field: as unsigned it lies above the limit. */
static void a_value_outside_its_field_overflows_by_itself(void **state) {
    (void)state;
    uint64_t natural;
    assert_true(bits_add_unsigned((uint64_t)-1, 0, 8, BITS_SAT, &natural));
    assert_int_equal(natural, 255);
    assert_true(bits_add_unsigned((uint64_t)-2, 0, 8, BITS_WRAP, &natural));
    assert_int_equal(natural, 254);
    assert_false(bits_add_unsigned(256, 0, 8, BITS_FAIL, &natural));
}

static int start(void **state) {
    (void)state;
    random_set_seed(7);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_a_bit_changes_it_alone_and_returns_the_old),
        cmocka_unit_test(counting_any_range_agrees_with_counting_each_bit),
        cmocka_unit_test(finding_in_any_range_agrees_with_looking_at_each_bit),
        cmocka_unit_test(every_operation_agrees_with_its_definition_on_unequal_lengths),
        cmocka_unit_test(the_first_source_may_be_the_result),
        cmocka_unit_test(a_written_field_reads_back_and_leaves_its_neighbours),
        cmocka_unit_test(a_field_beyond_the_end_reads_zeros),
        cmocka_unit_test(small_signed_sums_agree_with_plain_arithmetic),
        cmocka_unit_test(small_unsigned_sums_agree_with_plain_arithmetic),
        cmocka_unit_test(sums_at_the_limits_of_64_bits_neither_trap_nor_lose_bits),
        cmocka_unit_test(a_value_outside_its_field_overflows_by_itself),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
