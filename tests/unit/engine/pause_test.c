/* CLIENT PAUSE: what is paused until when. */
#include "engine/pause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_pause_ends_at_its_moment(void **state) {
    (void)state;
    struct pause pause = {0};
    assert_int_equal(pause_scope_at(&pause, 0), PAUSE_NONE);
    pause_start(&pause, PAUSE_WRITES, 100, 50);
    assert_int_equal(pause_scope_at(&pause, 99), PAUSE_WRITES);
    assert_int_equal(pause_scope_at(&pause, 100), PAUSE_NONE);
}

static void a_second_pause_widens_and_prolongs_and_never_shortens(void **state) {
    (void)state;
    struct pause pause = {0};
    pause_start(&pause, PAUSE_WRITES, 100, 0);
    pause_start(&pause, PAUSE_ALL, 50, 10);
    assert_int_equal(pause_scope_at(&pause, 99), PAUSE_ALL);
    pause_start(&pause, PAUSE_WRITES, 200, 20);
    assert_int_equal(pause_scope_at(&pause, 199), PAUSE_ALL);
}

static void a_pause_that_is_over_leaves_no_trace_in_the_next(void **state) {
    (void)state;
    struct pause pause = {0};
    pause_start(&pause, PAUSE_ALL, 1000, 0);
    pause_start(&pause, PAUSE_WRITES, 1200, 1000);
    assert_int_equal(pause_scope_at(&pause, 1100), PAUSE_WRITES);
    pause_end(&pause);
    assert_int_equal(pause_scope_at(&pause, 1100), PAUSE_NONE);
    pause_start(&pause, PAUSE_WRITES, 1150, 1100);
    assert_int_equal(pause_scope_at(&pause, 1160), PAUSE_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_ends_at_its_moment),
        cmocka_unit_test(a_second_pause_widens_and_prolongs_and_never_shortens),
        cmocka_unit_test(a_pause_that_is_over_leaves_no_trace_in_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
