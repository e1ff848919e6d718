#include "foundation/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void an_update_reads_one_moment(void **state) {
    (void)state;
    struct clock first;
    struct clock second;
    clock_update(&first);
    clock_update(&second);
    assert_int_equal(first.unix_ms, first.unix_us / 1000);
    assert_true(first.unix_us > 1600000000000000);
    assert_true(second.monotonic_us >= first.monotonic_us);
}

static void a_moment_set_by_hand_moves_both_clocks(void **state) {
    (void)state;
    struct clock clock = {.unix_us = 1000000, .unix_ms = 1000, .monotonic_us = 50};
    clock_set_unix_us(&clock, 3500999);
    assert_int_equal(clock.unix_us, 3500999);
    assert_int_equal(clock.unix_ms, 3500);
    assert_int_equal(clock.monotonic_us, 2501049);
}

static void the_monotonic_clock_never_goes_back(void **state) {
    (void)state;
    struct clock clock = {.unix_us = 1000000, .unix_ms = 1000, .monotonic_us = 50};
    clock_set_unix_us(&clock, 0);
    assert_int_equal(clock.unix_ms, 0);
    assert_int_equal(clock.monotonic_us, 50);
}

/* Wide bounds: a shared machine may stop the test at any point. */
static void ticks_measure_nanoseconds(void **state) {
    (void)state;
    clock_ticks_start();
    int64_t start_us = clock_monotonic_us();
    uint64_t start = clock_ticks();
    while (clock_monotonic_us() - start_us < 5000) {}
    uint64_t ns = clock_ticks_to_ns(clock_ticks() - start);
    int64_t passed_us = clock_monotonic_us() - start_us;
    assert_true(ns > 4000000);
    assert_true(ns < (uint64_t)passed_us * 1500);
    assert_int_equal(clock_ticks_to_ns(0), 0);
}

static void nanoseconds_become_ticks_and_ticks_nanoseconds(void **state) {
    (void)state;
    clock_ticks_start();
    assert_int_equal(clock_ns_to_ticks(0), 0);
    for (uint64_t ns = 1000; ns < 1000000000000; ns *= 10) {
        uint64_t back_ns = clock_ticks_to_ns(clock_ns_to_ticks(ns));
        assert_true(back_ns <= ns && ns - back_ns <= 2);
    }
}

static void the_wall_clock_can_be_asked_between_updates(void **state) {
    (void)state;
    struct clock clock;
    clock_update(&clock);
    assert_true(clock_unix_us() - clock.unix_us < 60 * 1000000);
    assert_true(clock_unix_us() > 1600000000000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_reads_one_moment),
        cmocka_unit_test(a_moment_set_by_hand_moves_both_clocks),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(ticks_measure_nanoseconds),
        cmocka_unit_test(nanoseconds_become_ticks_and_ticks_nanoseconds),
        cmocka_unit_test(the_wall_clock_can_be_asked_between_updates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
