#include "foundation/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_seed_decides_the_hash(void **state) {
    (void)state;
    struct bytes keys[] = {BYTES(""), BYTES("a"), BYTES("0123456789abcdef"),
                           bytes_of((char[300]){0}, 300)};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        hash_set_seed(1);
        uint64_t first = hash_bytes(keys[i]);
        assert_int_equal(hash_bytes(keys[i]), first);
        hash_set_seed(2);
        assert_int_not_equal(hash_bytes(keys[i]), first);
        hash_set_seed(1);
        assert_int_equal(hash_bytes(keys[i]), first);
    }
    assert_int_equal(hash_seed(), 1);
}

static void a_start_draws_a_seed(void **state) {
    (void)state;
    hash_start();
    uint64_t first = hash_seed();
    hash_start();
    assert_int_not_equal(hash_seed(), first);
}

/* Known values of XXH3-64. */
static void a_digest_is_the_same_everywhere(void **state) {
    (void)state;
    assert_true(hash_digest(BYTES("")) == 0x2d06800538d394c2U);
    hash_set_seed(1);
    uint64_t digest = hash_digest(BYTES("hello"));
    hash_set_seed(2);
    assert_true(hash_digest(BYTES("hello")) == digest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seed_decides_the_hash),
        cmocka_unit_test(a_start_draws_a_seed),
        cmocka_unit_test(a_digest_is_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
