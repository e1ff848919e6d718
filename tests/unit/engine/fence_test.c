/* Fencing tokens: always larger than before, whatever the clock does. */
#include "engine/fence.h"

#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

enum { START_US_PER_MS = 1000, MANY = 100000 };

static const int64_t start_us = FIXTURE_START_MS * START_US_PER_MS;

static int start(void **state) {
    *state = fixture_new(sample_commands);
    return 0;
}

static int stop(void **state) {
    fixture_free(*state);
    return 0;
}

static void tokens_begin_at_the_clock(void **state) {
    struct command_fixture *fixture = *state;
    assert_int_equal(fence_last(fixture->engine), 0);
    assert_int_equal(fence_next(fixture->engine), start_us);
    assert_int_equal(fence_last(fixture->engine), start_us);
}

static void tokens_of_one_moment_differ(void **state) {
    struct command_fixture *fixture = *state;
    for (int i = 0; i < MANY; i++) assert_int_equal(fence_next(fixture->engine), start_us + i);
}

static void tokens_follow_the_clock_forward(void **state) {
    struct command_fixture *fixture = *state;
    (void)fence_next(fixture->engine);
    fixture_advance_ms(fixture, 5);
    assert_int_equal(fence_next(fixture->engine), start_us + 5 * START_US_PER_MS);
}

static void tokens_never_follow_it_back(void **state) {
    struct command_fixture *fixture = *state;
    (void)fence_next(fixture->engine);
    fixture_advance_ms(fixture, -60000);
    assert_int_equal(fence_next(fixture->engine), start_us + 1);
    fixture_advance_ms(fixture, 60000);
    assert_int_equal(fence_next(fixture->engine), start_us + 2);
}

static void a_token_of_an_earlier_life_is_surpassed(void **state) {
    struct command_fixture *fixture = *state;
    assert_true(fence_raise(fixture->engine, start_us + 1000000));
    assert_int_equal(fence_next(fixture->engine), start_us + 1000001);
    assert_true(fence_raise(fixture->engine, start_us));
    assert_int_equal(fence_next(fixture->engine), start_us + 1000002);
}

static void what_can_be_no_token_is_refused(void **state) {
    struct command_fixture *fixture = *state;
    assert_false(fence_raise(fixture->engine, -1));
    assert_false(fence_raise(fixture->engine, INT64_MAX));
    assert_false(fence_raise(fixture->engine, FENCE_MAX + 1));
    assert_int_equal(fence_last(fixture->engine), 0);
    assert_true(fence_raise(fixture->engine, FENCE_MAX));
    assert_true(fence_next(fixture->engine) == FENCE_MAX + 1);
}

#define FENCE_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        FENCE_TEST(tokens_begin_at_the_clock),
        FENCE_TEST(tokens_of_one_moment_differ),
        FENCE_TEST(tokens_follow_the_clock_forward),
        FENCE_TEST(tokens_never_follow_it_back),
        FENCE_TEST(a_token_of_an_earlier_life_is_surpassed),
        FENCE_TEST(what_can_be_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
