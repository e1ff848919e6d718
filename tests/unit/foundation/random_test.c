#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_seed_repeats_its_numbers(void **state) {
    (void)state;
    uint64_t first[8];
    random_set_seed(7);
    for (size_t i = 0; i < 8; i++) {
        first[i] = random_u64();
    }
    random_set_seed(7);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(random_u64(), first[i]);
    }
    random_set_seed(8);
    assert_int_not_equal(random_u64(), first[0]);
}

static void a_bound_is_kept_and_used_evenly(void **state) {
    (void)state;
    unsigned counts[7] = {0};
    random_set_seed(1);
    for (int i = 0; i < 70000; i++) {
        counts[random_below(7)]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9500, 10500);
    }
    assert_int_equal(random_below(1), 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(random_below(UINT64_MAX) < UINT64_MAX);
    }
}

static void a_unit_number_stays_below_one(void **state) {
    (void)state;
    double sum = 0;
    random_set_seed(3);
    for (int i = 0; i < 10000; i++) {
        double unit = random_unit();
        assert_true(unit >= 0 && unit < 1);
        sum += unit;
    }
    assert_true(sum > 4800 && sum < 5200);
}

static void secrets_fill_every_byte(void **state) {
    (void)state;
    unsigned char seen[40] = {0};
    for (int i = 0; i < 20; i++) {
        unsigned char secret[40];
        random_secret(secret, sizeof(secret));
        for (size_t j = 0; j < sizeof(secret); j++) {
            seen[j] |= secret[j];
        }
    }
    for (size_t j = 0; j < sizeof(seen); j++) {
        assert_int_not_equal(seen[j], 0);
    }
}

static void hex_text_has_its_length_and_alphabet(void **state) {
    (void)state;
    char text[102] = {0};
    char other[101];
    random_hex(text, 101);
    random_hex(other, 101);
    assert_int_equal(strspn(text, "0123456789abcdef"), 101);
    assert_memory_not_equal(text, other, 101);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_repeats_its_numbers),
        cmocka_unit_test(a_bound_is_kept_and_used_evenly),
        cmocka_unit_test(a_unit_number_stays_below_one),
        cmocka_unit_test(secrets_fill_every_byte),
        cmocka_unit_test(hex_text_has_its_length_and_alphabet),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
