/* LEAKY: against a slow exact model, and by example. */
#include "meter_model.h"

enum { STEPS = 1500000 };

static const struct rate_policy five_at_ten_a_second = {
    .algorithm = RATE_LEAKY, .limit = 5, .refill = 10, .period_ms = 1000};

static struct rate_answer take(struct meter_state *state, const struct rate_policy *was,
                               const struct rate_policy *policy, struct rate_request request) {
    struct rate_answer answer;
    rate_leaky_methods.take(state, was, policy, &request, &answer);
    return answer;
}

static struct rate_answer take_at(struct meter_state *state, const struct rate_policy *policy,
                                  int64_t now_us, int64_t cost) {
    return take(state, policy, policy, request_of(now_us, cost, RATE_MODE_ALL));
}

static struct meter_state start(const struct rate_policy *policy) {
    struct meter_state state;
    rate_leaky_methods.start(&state, policy, RATE_NOW_US);
    return state;
}

static void random_calls_agree_with_an_exact_model(void **state) {
    (void)state;
    run_meter(&rate_leaky_methods, STEPS);
}

static void each_waits_for_those_before_it_and_a_full_queue_denies(void **state) {
    (void)state;
    struct meter_state queue = start(&five_at_ten_a_second);
    for (int i = 0; i < 5; i++) {
        struct rate_answer answer = take_at(&queue, &five_at_ten_a_second, RATE_NOW_US, 1);
        assert_true(answer.is_allowed && answer.remaining == 4 - i);
        assert_int_equal(answer.delay_ms, i * 100);
    }
    struct rate_answer answer = take_at(&queue, &five_at_ten_a_second, RATE_NOW_US + 1, 1);
    assert_true(!answer.is_allowed && answer.delay_ms == 0);
    assert_int_equal(answer.retry_after_ms, 100);
    answer = take_at(&queue, &five_at_ten_a_second, RATE_NOW_US + 250000, 2);
    assert_true(answer.is_allowed && answer.delay_ms == 250);
}

static void those_who_wait_as_told_go_on_at_the_leak_rate(void **state) {
    (void)state;
    random_set_seed(5);
    struct rate_policy policy = {
        .algorithm = RATE_LEAKY, .limit = 50, .refill = 7, .period_ms = 1000};
    struct meter_state queue = start(&policy);
    int64_t now_us = RATE_NOW_US, last_us = 0, first_us = 0, served = 0;
    for (int i = 0; i < 100000; i++) {
        now_us += random_between(0, 250000);
        struct rate_answer answer = take_at(&queue, &policy, now_us, 1);
        if (!answer.is_allowed) continue;
        int64_t turn_us = now_us + answer.delay_ms * 1000;
        if (served != 0) assert_true(turn_us - last_us > 1000000 / 7 - 1000);
        if (served++ == 0) first_us = turn_us;
        last_us = turn_us;
    }
    assert_true((served - 1) * 1000000 / 7 <= last_us - first_us + 1000);
}

static void a_raised_capacity_makes_nobody_wait_longer(void **state) {
    (void)state;
    struct rate_policy larger = five_at_ten_a_second, smaller = five_at_ten_a_second;
    larger.limit = 100;
    smaller.limit = 2;
    struct meter_state queue = start(&five_at_ten_a_second);
    take_at(&queue, &five_at_ten_a_second, RATE_NOW_US, 5);
    struct rate_request request = request_of(RATE_NOW_US, 1, RATE_MODE_ALL);
    struct rate_answer answer = take(&queue, &five_at_ten_a_second, &larger, request);
    assert_true(answer.is_allowed && answer.delay_ms == 500 && answer.remaining == 94);
    answer = take(&queue, &larger, &smaller, request);
    assert_true(!answer.is_allowed && answer.remaining == 0);
    assert_int_equal(answer.retry_after_ms, 500);
}

static void a_cost_above_the_capacity_is_too_big(void **state) {
    (void)state;
    struct meter_state queue = start(&five_at_ten_a_second);
    struct rate_answer answer = take_at(&queue, &five_at_ten_a_second, RATE_NOW_US, 6);
    assert_int_equal(answer.reason, RATE_REASON_TOO_BIG);
    assert_true(answer.retry_after_ms == -1);
}

static void one_that_is_withdrawn_leaves_its_place(void **state) {
    (void)state;
    struct meter_state queue = start(&five_at_ten_a_second);
    take_at(&queue, &five_at_ten_a_second, RATE_NOW_US, 5);
    rate_leaky_methods.give(&queue, &five_at_ten_a_second, RATE_NOW_US, 2);
    assert_int_equal(take_at(&queue, &five_at_ten_a_second, RATE_NOW_US, 1).delay_ms, 300);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_calls_agree_with_an_exact_model),
        cmocka_unit_test(each_waits_for_those_before_it_and_a_full_queue_denies),
        cmocka_unit_test(those_who_wait_as_told_go_on_at_the_leak_rate),
        cmocka_unit_test(a_raised_capacity_makes_nobody_wait_longer),
        cmocka_unit_test(a_cost_above_the_capacity_is_too_big),
        cmocka_unit_test(one_that_is_withdrawn_leaves_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
