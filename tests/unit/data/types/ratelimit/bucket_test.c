/* BUCKET: against a slow exact model, and by example. */
#include "meter_model.h"

enum { STEPS = 1500000 };

static const struct rate_policy ten_a_second = {
    .algorithm = RATE_BUCKET, .limit = 10, .refill = 10, .period_ms = 1000};

static struct rate_answer take(struct meter_state *state, const struct rate_policy *was,
                               const struct rate_policy *policy, struct rate_request request) {
    struct rate_answer answer;
    rate_bucket_methods.take(state, was, policy, &request, &answer);
    return answer;
}

static struct rate_answer take_at(struct meter_state *state, const struct rate_policy *policy,
                                  int64_t now_us, int64_t cost) {
    return take(state, policy, policy, request_of(now_us, cost, RATE_MODE_ALL));
}

static struct meter_state start(const struct rate_policy *policy) {
    struct meter_state state;
    rate_bucket_methods.start(&state, policy, RATE_NOW_US);
    return state;
}

static void random_calls_agree_with_an_exact_model(void **state) {
    (void)state;
    run_meter(&rate_bucket_methods, STEPS);
}

static void a_fresh_bucket_grants_its_capacity_and_then_what_comes_back(void **state) {
    (void)state;
    struct meter_state bucket = start(&ten_a_second);
    for (int i = 9; i >= 0; i--) {
        struct rate_answer answer = take_at(&bucket, &ten_a_second, RATE_NOW_US, 1);
        assert_true(answer.is_allowed && answer.remaining == i);
        assert_int_equal(answer.reset_after_ms, (10 - i) * 100);
    }
    struct rate_answer answer = take_at(&bucket, &ten_a_second, RATE_NOW_US + 99999, 1);
    assert_false(answer.is_allowed);
    assert_int_equal(answer.retry_after_ms, 1);
    assert_true(take_at(&bucket, &ten_a_second, RATE_NOW_US + 100000, 1).is_allowed);
    assert_false(take_at(&bucket, &ten_a_second, RATE_NOW_US + 100000, 1).is_allowed);
}

static void limits_above_a_thousand_a_second_bite(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_BUCKET, .limit = 1, .refill = 1000000, .period_ms = 1000};
    struct meter_state bucket = start(&policy);
    int granted = 0;
    for (int i = 0; i < 30000; i++)
        granted += take_at(&bucket, &policy, RATE_NOW_US + i / 3, 1).is_allowed;
    assert_int_equal(granted, 10000);
}

static void a_raised_rate_never_denies_what_the_old_one_allowed(void **state) {
    (void)state;
    random_set_seed(3);
    struct meter_run run = {.policy.algorithm = RATE_BUCKET};
    for (int i = 0; i < 200000; i++) {
        run.number_max = is_one_in(2) ? 20 : RATE_LIMIT_MAX;
        struct rate_policy old = random_policy(&run), raised = old;
        raised.limit = random_between(old.limit, is_one_in(2) ? RATE_LIMIT_MAX : old.limit);
        raised.refill = random_between(old.refill, is_one_in(2) ? RATE_LIMIT_MAX : old.refill);
        if (is_one_in(2)) raised.period_ms = random_between(1, old.period_ms);
        struct meter_state bucket = start(&old);
        int64_t most = old.limit < RATE_COST_MAX ? old.limit : RATE_COST_MAX;
        take_at(&bucket, &old, RATE_NOW_US, random_between(1, most));
        struct rate_request request =
            request_of(random_later(RATE_NOW_US, 10000), random_between(1, most), RATE_MODE_ALL);
        request.is_peek = true;
        if (take(&bucket, &old, &old, request).is_allowed)
            assert_true(take(&bucket, &old, &raised, request).is_allowed);
    }
}

static void a_raised_rate_counts_at_once(void **state) {
    (void)state;
    struct rate_policy hourly = {
        .algorithm = RATE_BUCKET, .limit = 10, .refill = 10, .period_ms = 3600000};
    struct meter_state bucket = start(&hourly);
    take_at(&bucket, &hourly, RATE_NOW_US, 10);
    struct rate_request request = request_of(RATE_NOW_US + 1000, 1, RATE_MODE_ALL);
    assert_int_equal(take(&bucket, &hourly, &ten_a_second, request).retry_after_ms, 99);
    request.now_us = RATE_NOW_US + 100000;
    assert_true(take(&bucket, &hourly, &ten_a_second, request).is_allowed);
}

/* What has come back by the rate before is seen under the new one rounded in favour of the user,
 * and the wait ends with the very part of a unit that this takes. */
static void a_wait_by_the_rate_before_is_exact_to_the_last_part(void **state) {
    (void)state;
    struct rate_policy was = {.algorithm = RATE_BUCKET, .limit = 1, .refill = 3, .period_ms = 2000};
    struct rate_policy policy = {
        .algorithm = RATE_BUCKET, .limit = 1, .refill = 1, .period_ms = 1000};
    struct meter_state bucket = start(&was);
    take_at(&bucket, &was, RATE_NOW_US, 1);
    struct rate_request request = request_of(RATE_NOW_US + 666, 1, RATE_MODE_ALL);
    assert_int_equal(take(&bucket, &was, &policy, request).retry_after_ms, 667);
    request.now_us += 666000;
    assert_false(take(&bucket, &was, &policy, request).is_allowed);
    request.now_us += 1;
    assert_true(take(&bucket, &was, &policy, request).is_allowed);
}

static void a_changed_capacity_keeps_how_full_the_bucket_is(void **state) {
    (void)state;
    struct rate_policy twice = ten_a_second;
    twice.limit = 20;
    struct meter_state bucket = start(&ten_a_second);
    take_at(&bucket, &ten_a_second, RATE_NOW_US, 5);
    struct rate_request request = request_of(RATE_NOW_US, 1, RATE_MODE_ALL);
    assert_int_equal(take(&bucket, &ten_a_second, &twice, request).remaining, 9);
    assert_int_equal(take(&bucket, &twice, &ten_a_second, request).remaining, 3);
}

static void limits_that_change_to_and_fro_grant_nothing_extra(void **state) {
    (void)state;
    struct rate_policy policies[2] = {ten_a_second, ten_a_second};
    policies[1].limit = 1000;
    policies[1].period_ms = 100000;
    struct meter_state bucket = start(&policies[0]);
    int64_t granted = 0;
    for (int i = 0; i < 100000; i++) {
        const struct rate_policy *was = &policies[i % 2], *policy = &policies[(i + 1) % 2];
        struct rate_request request = request_of(RATE_NOW_US, 1, RATE_MODE_DRAIN);
        struct rate_answer answer = take(&bucket, was, policy, request);
        if (answer.is_allowed) granted += policy->limit == 1000 ? 1 : 100;
    }
    assert_true(granted <= 1000 && granted > 900);
}

static void a_cost_above_the_capacity_is_too_big(void **state) {
    (void)state;
    struct meter_state bucket = start(&ten_a_second);
    struct rate_answer answer = take_at(&bucket, &ten_a_second, RATE_NOW_US, 11);
    assert_int_equal(answer.reason, RATE_REASON_TOO_BIG);
    assert_true(answer.retry_after_ms == -1 && answer.remaining == 10 && !answer.is_allowed);
    assert_int_equal(answer.reset_after_ms, 0);
}

static void an_exact_second_is_not_one_second_too_long(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_BUCKET, .limit = 1, .refill = 1, .period_ms = 1000};
    struct meter_state bucket = start(&policy);
    assert_int_equal(take_at(&bucket, &policy, RATE_NOW_US, 1).reset_after_ms, 1000);
    assert_int_equal(take_at(&bucket, &policy, RATE_NOW_US, 1).retry_after_ms, 1000);
    assert_int_equal(take_at(&bucket, &policy, RATE_NOW_US + 1, 1).retry_after_ms, 1000);
    assert_int_equal(take_at(&bucket, &policy, RATE_NOW_US + 1000, 1).retry_after_ms, 999);
    assert_true(take_at(&bucket, &policy, RATE_NOW_US + 1000000, 1).is_allowed);
}

static void nothing_drifts_over_many_takes(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_BUCKET, .limit = 5, .refill = 3, .period_ms = 7};
    struct meter_state bucket = start(&policy);
    int64_t granted = 0, last_us = 0;
    uint64_t steps = steps_to_run(STEPS);
    take_at(&bucket, &policy, RATE_NOW_US, 5);
    for (uint64_t i = 0; i < steps; i++) {
        last_us += 1171;
        granted += take_at(&bucket, &policy, RATE_NOW_US + last_us, 1).is_allowed;
    }
    assert_true(granted == last_us * 3 / 7000);
}

static void one_a_year_and_a_million_a_second_are_exact(void **state) {
    (void)state;
    int64_t year_ms = (int64_t)365 * 24 * 3600 * 1000;
    struct rate_policy yearly = {
        .algorithm = RATE_BUCKET, .limit = 1, .refill = 1, .period_ms = year_ms};
    struct meter_state bucket = start(&yearly);
    assert_true(take_at(&bucket, &yearly, RATE_NOW_US, 1).reset_after_ms == year_ms);
    assert_false(take_at(&bucket, &yearly, RATE_NOW_US + year_ms * 1000 - 1, 1).is_allowed);
    assert_true(take_at(&bucket, &yearly, RATE_NOW_US + year_ms * 1000, 1).is_allowed);
    struct rate_policy fast = {
        .algorithm = RATE_BUCKET, .limit = RATE_COST_MAX, .refill = 1000000, .period_ms = 1000};
    bucket = start(&fast);
    struct rate_answer answer = take_at(&bucket, &fast, RATE_NOW_US, RATE_COST_MAX);
    assert_true(answer.is_allowed && answer.reset_after_ms == (RATE_COST_MAX + 999) / 1000);
    assert_int_equal(take_at(&bucket, &fast, RATE_NOW_US, 1500).retry_after_ms, 2);
}

static void times_beyond_64_bits_are_the_largest_there_is(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_BUCKET,
                                 .limit = RATE_LIMIT_MAX,
                                 .refill = 1,
                                 .period_ms = RATE_PERIOD_MAX_MS};
    struct meter_state bucket = start(&policy);
    struct rate_request request = request_of(RATE_NOW_US, RATE_COST_MAX, RATE_MODE_ALL);
    struct rate_answer answer = take(&bucket, &policy, &policy, request);
    assert_true(answer.is_allowed && answer.reset_after_ms == INT64_MAX);
    assert_true(rate_bucket_methods.fresh_at_us(&bucket, &policy, RATE_NOW_US) == INT64_MAX);
    rate_bucket_methods.give(&bucket, &policy, RATE_NOW_US, RATE_COST_MAX);
    assert_true(rate_bucket_methods.fresh_at_us(&bucket, &policy, RATE_NOW_US) <= RATE_NOW_US);
}

static void a_clock_set_back_grants_nothing(void **state) {
    (void)state;
    struct meter_state bucket = start(&ten_a_second);
    take_at(&bucket, &ten_a_second, RATE_NOW_US, 10);
    struct rate_answer answer = take_at(&bucket, &ten_a_second, RATE_NOW_US - 5000000, 1);
    assert_false(answer.is_allowed);
    assert_int_equal(answer.retry_after_ms, 5100);
    assert_false(take_at(&bucket, &ten_a_second, RATE_NOW_US, 1).is_allowed);
    assert_true(take_at(&bucket, &ten_a_second, RATE_NOW_US + 100000, 1).is_allowed);
}

static void upto_takes_what_there_is_and_drain_all_of_it_when_it_denies(void **state) {
    (void)state;
    struct meter_state bucket = start(&ten_a_second);
    struct rate_request request = request_of(RATE_NOW_US, 7, RATE_MODE_UPTO);
    assert_int_equal(take(&bucket, &ten_a_second, &ten_a_second, request).granted, 7);
    struct rate_answer answer = take(&bucket, &ten_a_second, &ten_a_second, request);
    assert_true(answer.is_allowed && answer.granted == 3 && answer.remaining == 0);
    answer = take(&bucket, &ten_a_second, &ten_a_second, request);
    assert_true(!answer.is_allowed && answer.granted == 0 && answer.retry_after_ms == 100);
    request = request_of(RATE_NOW_US + 500000, 6, RATE_MODE_DRAIN);
    answer = take(&bucket, &ten_a_second, &ten_a_second, request);
    assert_true(!answer.is_allowed && answer.remaining == 0 && answer.retry_after_ms == 600);
    assert_int_equal(answer.reset_after_ms, 1000);
}

static void decode_refuses_what_no_bucket_can_be(void **state) {
    (void)state;
    struct meter_state full = start(&ten_a_second), decoded;
    take_at(&full, &ten_a_second, RATE_NOW_US, 10);
    full.low++;
    struct buffer encoded = {0};
    rate_bucket_methods.encode(&full, &encoded);
    assert_false(rate_bucket_methods.decode(&decoded, &ten_a_second, buffer_bytes(&encoded)));
    buffer_clear(&encoded);
    full.low--;
    rate_bucket_methods.encode(&full, &encoded);
    assert_true(rate_bucket_methods.decode(&decoded, &ten_a_second, buffer_bytes(&encoded)));
    buffer_append_char(&encoded, 0);
    assert_false(rate_bucket_methods.decode(&decoded, &ten_a_second, buffer_bytes(&encoded)));
    buffer_destroy(&encoded);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_calls_agree_with_an_exact_model),
        cmocka_unit_test(a_fresh_bucket_grants_its_capacity_and_then_what_comes_back),
        cmocka_unit_test(limits_above_a_thousand_a_second_bite),
        cmocka_unit_test(a_raised_rate_never_denies_what_the_old_one_allowed),
        cmocka_unit_test(a_raised_rate_counts_at_once),
        cmocka_unit_test(a_wait_by_the_rate_before_is_exact_to_the_last_part),
        cmocka_unit_test(a_changed_capacity_keeps_how_full_the_bucket_is),
        cmocka_unit_test(limits_that_change_to_and_fro_grant_nothing_extra),
        cmocka_unit_test(a_cost_above_the_capacity_is_too_big),
        cmocka_unit_test(an_exact_second_is_not_one_second_too_long),
        cmocka_unit_test(nothing_drifts_over_many_takes),
        cmocka_unit_test(one_a_year_and_a_million_a_second_are_exact),
        cmocka_unit_test(times_beyond_64_bits_are_the_largest_there_is),
        cmocka_unit_test(a_clock_set_back_grants_nothing),
        cmocka_unit_test(upto_takes_what_there_is_and_drain_all_of_it_when_it_denies),
        cmocka_unit_test(decode_refuses_what_no_bucket_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
