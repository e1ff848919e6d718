/* A multiset of sizes against a naive model: an array of how often each size is in it. */
#include "foundation/containers/size_multiset.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SIZES = 40, STEPS = 200000 };

static void check_like_model(const struct size_multiset *multiset, const size_t *times) {
    size_t at = 0;
    for (size_t size = 0; size < SIZES; size++) {
        if (times[size] == 0) continue;
        assert_true(at < multiset->count);
        assert_int_equal(multiset->sizes[at].size, size);
        assert_int_equal(multiset->sizes[at].times, times[size]);
        at++;
    }
    assert_int_equal(multiset->count, at);
}

/* Random additions and removals, more of one for a while and then more of the other. */
static void test_behaves_like_the_model(void **state) {
    (void)state;
    struct size_multiset multiset = {0};
    size_t times[SIZES] = {0};
    random_set_seed(7);
    for (size_t step = 0; step < STEPS; step++) {
        size_t size = (size_t)random_below(SIZES);
        bool is_growing = step / 1000 % 2 == 0;
        if (times[size] == 0 || random_below(4) < (is_growing ? 3u : 1u)) {
            size_multiset_add(&multiset, size);
            times[size]++;
        } else {
            size_multiset_remove(&multiset, size);
            times[size]--;
        }
        check_like_model(&multiset, times);
    }
    size_multiset_destroy(&multiset);
    assert_int_equal(multiset.count, 0);
}

static void test_gives_all_memory_back(void **state) {
    (void)state;
    size_t before = mem_used_bytes();
    struct size_multiset multiset = {0};
    for (size_t size = 100; size > 0; size--) size_multiset_add(&multiset, size);
    assert_int_equal(multiset.sizes[0].size, 1);
    size_multiset_destroy(&multiset);
    assert_int_equal(mem_used_bytes(), before);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_behaves_like_the_model),
        cmocka_unit_test(test_gives_all_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
