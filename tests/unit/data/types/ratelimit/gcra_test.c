/* GCRA: against a slow exact model, against the textbook's algorithm, and by example. */
#include "meter_model.h"

enum { STEPS = 1500000 };

static struct rate_answer take_at(struct meter_state *state, const struct rate_policy *policy,
                                  int64_t now_us, int64_t cost) {
    struct rate_request request = request_of(now_us, cost, RATE_MODE_ALL);
    struct rate_answer answer;
    rate_gcra_methods.take(state, policy, policy, &request, &answer);
    return answer;
}

static struct meter_state start(const struct rate_policy *policy) {
    struct meter_state state;
    rate_gcra_methods.start(&state, policy, RATE_NOW_US);
    return state;
}

static void random_calls_agree_with_an_exact_model(void **state) {
    (void)state;
    run_meter(&rate_gcra_methods, STEPS);
}

/* Virtual scheduling as ITU-T I.371 has it: an emission interval, a tolerance and a theoretical
 * arrival time, here in units of 1 / count us. */
static void it_decides_as_virtual_scheduling_does(void **state) {
    (void)state;
    random_set_seed(1);
    for (int run = 0; run < 2000; run++) {
        int64_t burst = random_between(0, 20), count = random_between(1, 50);
        struct rate_policy policy = {.algorithm = RATE_GCRA,
                                     .limit = burst + 1,
                                     .refill = count,
                                     .period_ms = random_between(1, 5000)};
        int64_t interval = policy.period_ms * 1000, tolerance = burst * interval, tat = 0;
        struct meter_state gcra = start(&policy);
        int64_t at_us = 0;
        for (int i = 0; i < 200; i++) {
            at_us += random_between(0, 2 * interval / count);
            int64_t now = at_us * count;
            bool conforms = now >= tat - tolerance;
            struct rate_answer answer = take_at(&gcra, &policy, RATE_NOW_US + at_us, 1);
            assert_int_equal(answer.is_allowed, conforms);
            if (conforms) tat = (now > tat ? now : tat) + interval;
        }
    }
}

static void a_burst_of_none_spaces_takes_evenly(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_GCRA, .limit = 1, .refill = 4, .period_ms = 1000};
    struct meter_state gcra = start(&policy);
    for (int i = 0; i < 1000; i++) {
        int64_t now_us = RATE_NOW_US + (int64_t)i * 250000;
        assert_true(take_at(&gcra, &policy, now_us, 1).is_allowed);
        assert_int_equal(take_at(&gcra, &policy, now_us, 1).retry_after_ms, 250);
        assert_false(take_at(&gcra, &policy, now_us + 249999, 1).is_allowed);
    }
}

static void limits_above_a_thousand_a_second_bite(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_GCRA, .limit = 1, .refill = 100000, .period_ms = 1000};
    struct meter_state gcra = start(&policy);
    int granted = 0;
    for (int i = 0; i < 100000; i++)
        granted += take_at(&gcra, &policy, RATE_NOW_US + i, 1).is_allowed;
    assert_int_equal(granted, 10000);
}

static void a_raised_count_never_denies_what_the_old_one_allowed(void **state) {
    (void)state;
    struct rate_policy slow = {.algorithm = RATE_GCRA, .limit = 6, .refill = 1, .period_ms = 60000};
    struct rate_policy fast = slow;
    fast.refill = 600;
    struct meter_state gcra = start(&slow);
    take_at(&gcra, &slow, RATE_NOW_US, 5);
    struct rate_request request = request_of(RATE_NOW_US, 1, RATE_MODE_ALL);
    struct rate_answer answer;
    rate_gcra_methods.take(&gcra, &slow, &fast, &request, &answer);
    assert_true(answer.is_allowed);
    rate_gcra_methods.take(&gcra, &fast, &fast, &request, &answer);
    assert_int_equal(answer.retry_after_ms, 100);
}

/* By redis-cell 1000 of a second's 2 would be told as 501 seconds. */
static void an_exact_multiple_of_a_second_is_not_one_second_too_long(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_GCRA, .limit = 1000, .refill = 2, .period_ms = 1000};
    struct meter_state gcra = start(&policy);
    assert_int_equal(take_at(&gcra, &policy, RATE_NOW_US, 1000).reset_after_ms, 500000);
    assert_int_equal(take_at(&gcra, &policy, RATE_NOW_US, 4).retry_after_ms, 2000);
}

static void a_cost_above_the_limit_is_too_big(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_GCRA, .limit = 3, .refill = 2, .period_ms = 1000};
    struct meter_state gcra = start(&policy);
    take_at(&gcra, &policy, RATE_NOW_US, 3);
    assert_int_equal(take_at(&gcra, &policy, RATE_NOW_US, 3).reason, RATE_REASON_LIMITED);
    struct rate_answer answer = take_at(&gcra, &policy, RATE_NOW_US, 4);
    assert_int_equal(answer.reason, RATE_REASON_TOO_BIG);
    assert_true(answer.retry_after_ms == -1);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_calls_agree_with_an_exact_model),
        cmocka_unit_test(it_decides_as_virtual_scheduling_does),
        cmocka_unit_test(a_burst_of_none_spaces_takes_evenly),
        cmocka_unit_test(limits_above_a_thousand_a_second_bite),
        cmocka_unit_test(a_raised_count_never_denies_what_the_old_one_allowed),
        cmocka_unit_test(an_exact_multiple_of_a_second_is_not_one_second_too_long),
        cmocka_unit_test(a_cost_above_the_limit_is_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
