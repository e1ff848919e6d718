/* FIXED: against a model that only knows when a window begins anew, and by example. */
#include "rate_fixture.h"

enum { STEPS = 3000000 };

typedef unsigned __int128 wide;

/* What a test may know of the state: 16 bytes. */
struct state {
    int64_t words[2];
};

struct model {
    int64_t count;
    int64_t begin_us; /* of the window; aligned: its latest take */
    struct rate_policy policy;
};

struct run {
    struct state state;
    struct model model;
    struct rate_policy policy;
    int64_t now_us;
    int64_t number_max;
    uint64_t granted, denied, waits_checked;
};

/* --- the model --- */

static wide window_us(const struct rate_policy *policy) {
    return (wide)(uint64_t)policy->period_ms * 1000;
}

static bool is_other_window(const struct rate_policy *policy, wide begin_us, wide moment_us) {
    if (moment_us <= begin_us) return false;
    if (!policy->is_aligned) return moment_us - begin_us >= window_us(policy);
    return moment_us / window_us(policy) != begin_us / window_us(policy);
}

/* What counts at a moment for a call with this policy. */
static int64_t count_at(const struct model *model, const struct rate_policy *policy,
                        wide moment_us) {
    wide begin_us = (uint64_t)model->begin_us;
    bool is_over = is_other_window(policy, begin_us, moment_us) ||
                   is_other_window(&model->policy, begin_us, moment_us);
    return is_over ? 0 : model->count;
}

static void charge_model(struct model *model, const struct rate_policy *policy, int64_t now_us,
                         int64_t units) {
    int64_t count = count_at(model, policy, (uint64_t)now_us);
    if (count == 0 || (policy->is_aligned && now_us > model->begin_us)) model->begin_us = now_us;
    model->count = count + units;
    model->policy = *policy;
}

static wide moment_after(int64_t now_us, int64_t ms) {
    return (wide)(uint64_t)now_us + (wide)(uint64_t)ms * 1000;
}

static bool is_allowed_at(const struct model *model, const struct rate_policy *policy,
                          wide moment_us, const struct rate_request *request) {
    int64_t cost = request->mode == RATE_MODE_UPTO ? 1 : request->cost;
    return count_at(model, policy, moment_us) <= policy->limit - cost;
}

static void check_times(const struct model *after, const struct rate_policy *policy,
                        const struct rate_request *request, const struct rate_answer *answer) {
    int64_t now_us = request->now_us, reset_ms = answer->reset_after_ms;
    assert_int_equal(count_at(after, policy, moment_after(now_us, reset_ms)), 0);
    if (reset_ms != 0)
        assert_int_not_equal(count_at(after, policy, moment_after(now_us, reset_ms - 1)), 0);
    if (answer->is_allowed) {
        assert_int_equal(answer->retry_after_ms, 0);
    } else if (answer->reason == RATE_REASON_TOO_BIG) {
        assert_true(request->mode != RATE_MODE_UPTO && request->cost > policy->limit);
        assert_true(answer->retry_after_ms == -1);
    } else {
        wide moment_us = moment_after(now_us, answer->retry_after_ms);
        assert_true(is_allowed_at(after, policy, moment_us, request));
        assert_false(is_allowed_at(after, policy, moment_us - 1000, request));
    }
}

static void check_take(struct model *model, const struct rate_policy *policy,
                       const struct rate_request *request, const struct rate_answer *answer) {
    int64_t count = count_at(model, policy, (uint64_t)request->now_us);
    int64_t room = count < policy->limit ? policy->limit - count : 0;
    bool is_allowed = is_allowed_at(model, policy, (uint64_t)request->now_us, request);
    bool is_drained = !is_allowed && request->mode == RATE_MODE_DRAIN;
    int64_t granted = !is_allowed ? 0 : request->cost < room ? request->cost : room;
    struct model after = *model;
    if (is_allowed || is_drained)
        charge_model(&after, policy, request->now_us, is_drained ? room : granted);
    assert_int_equal(answer->is_allowed, is_allowed);
    assert_int_equal(answer->reason == RATE_REASON_OK, is_allowed);
    assert_true(answer->limit == policy->limit && answer->granted == granted);
    assert_true(answer->remaining == (is_drained ? 0 : room - granted));
    check_times(&after, policy, request, answer);
    if (!request->is_peek) *model = after;
}

/* --- the random run --- */

static struct rate_policy random_policy(const struct run *run) {
    return (struct rate_policy){
        .algorithm = RATE_FIXED,
        .is_aligned = is_one_in(2),
        .limit = random_size(run->number_max),
        .period_ms = random_size(run->number_max < 1000 ? 50 : RATE_PERIOD_MAX_MS),
    };
}

static void begin_run(struct run *run) {
    run->number_max = is_one_in(2) ? 12 : RATE_LIMIT_MAX;
    run->policy = random_policy(run);
    run->now_us = is_one_in(4) ? random_size(RATE_NOW_MAX_US) : RATE_NOW_US;
    run->model = (struct model){.begin_us = run->now_us, .policy = run->policy};
    rate_fixed_methods.start(&run->state, &run->policy, run->now_us);
}

static void change_policy(struct run *run) {
    struct rate_policy drawn = random_policy(run);
    if (is_one_in(2)) run->policy.limit = drawn.limit;
    if (is_one_in(2)) run->policy.period_ms = drawn.period_ms;
    if (is_one_in(4)) run->policy.is_aligned = drawn.is_aligned;
}

static void try_again(struct run *run, const struct rate_policy *was, struct rate_request request,
                      int64_t retry_ms) {
    wide moment_us = moment_after(request.now_us, retry_ms);
    if (moment_us > INT64_MAX) return;
    struct rate_answer answer;
    request.is_peek = true;
    request.now_us = (int64_t)moment_us;
    rate_fixed_methods.take(&run->state, was, &run->policy, &request, &answer);
    assert_true(answer.is_allowed);
    request.now_us -= 1000;
    rate_fixed_methods.take(&run->state, was, &run->policy, &request, &answer);
    assert_false(answer.is_allowed);
    run->waits_checked++;
}

static void take_once(struct run *run) {
    int64_t limit = run->policy.limit < RATE_COST_MAX ? run->policy.limit : RATE_COST_MAX;
    struct rate_request request =
        request_of(run->now_us, is_one_in(4) ? limit : random_size(limit), random_mode());
    if (is_one_in(40)) request.cost = random_size(RATE_COST_MAX);
    request.is_peek = is_one_in(6);
    struct state before = run->state;
    struct rate_policy was = run->model.policy;
    struct rate_answer answer;
    rate_fixed_methods.take(&run->state, &was, &run->policy, &request, &answer);
    check_take(&run->model, &run->policy, &request, &answer);
    bool is_changed = !request.is_peek && (answer.is_allowed || request.mode == RATE_MODE_DRAIN);
    if (!is_changed)
        assert_memory_equal(&run->state, &before, sizeof(before));
    else
        assert_tells_when_fresh(&rate_fixed_methods, &run->state, &run->policy, request.now_us,
                                &answer);
    run->granted += answer.is_allowed;
    if (answer.is_allowed || request.is_peek) return;
    run->denied++;
    if (answer.reason == RATE_REASON_LIMITED)
        try_again(run, is_changed ? &run->policy : &was, request, answer.retry_after_ms);
}

static void give_once(struct run *run) {
    struct model *model = &run->model;
    int64_t units = random_size(is_one_in(3) ? RATE_COST_MAX : 8);
    rate_fixed_methods.give(&run->state, &model->policy, run->now_us, units);
    int64_t count = count_at(model, &model->policy, (uint64_t)run->now_us);
    struct rate_policy policy = model->policy;
    charge_model(model, &policy, run->now_us, units < count ? -units : -count);
}

static void check_state(struct run *run) {
    const struct rate_policy *policy = &run->model.policy;
    int64_t fresh_us = rate_fixed_methods.fresh_at_us(&run->state, policy, run->now_us);
    if (run->model.count == 0) {
        assert_true(fresh_us <= run->now_us);
        return;
    }
    if (fresh_us != INT64_MAX)
        assert_int_equal(count_at(&run->model, policy, (uint64_t)fresh_us), 0);
    assert_int_not_equal(count_at(&run->model, policy, (uint64_t)fresh_us - 1), 0);
    struct buffer encoded = {0};
    struct state decoded;
    rate_fixed_methods.encode(&run->state, &encoded);
    assert_true(rate_fixed_methods.decode(&decoded, policy, buffer_bytes(&encoded)));
    assert_memory_equal(&decoded, &run->state, sizeof(decoded));
    buffer_destroy(&encoded);
}

static void random_calls_agree_with_an_exact_model(void **state) {
    (void)state;
    struct run run = {0};
    uint64_t steps = steps_to_run(STEPS);
    random_set_seed(9);
    assert_int_equal(rate_fixed_methods.state_bytes, sizeof(struct state));
    for (uint64_t step = 0; step < steps; step++) {
        if (step % 100 == 0) begin_run(&run);
        int64_t window = run.policy.period_ms * 1000;
        run.now_us = random_later(run.now_us, (window < RATE_NOW_US ? window : RATE_NOW_US) / 4);
        if (is_one_in(20)) change_policy(&run);
        if (is_one_in(15))
            give_once(&run);
        else
            take_once(&run);
        if (is_one_in(8)) check_state(&run);
    }
    assert_true(run.granted > steps / 10 && run.denied > steps / 10);
    assert_true(run.waits_checked > steps / 10);
}

/* --- by example --- */

static struct rate_answer take_at(struct state *state, const struct rate_policy *policy,
                                  int64_t now_us, int64_t cost) {
    struct rate_request request = request_of(now_us, cost, RATE_MODE_ALL);
    struct rate_answer answer;
    rate_fixed_methods.take(state, policy, policy, &request, &answer);
    return answer;
}

static struct state start(const struct rate_policy *policy) {
    struct state state;
    rate_fixed_methods.start(&state, policy, RATE_NOW_US);
    return state;
}

static void a_window_begins_with_the_first_take_and_not_with_the_last(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_FIXED, .limit = 2, .period_ms = 1000};
    struct state window = start(&policy);
    assert_int_equal(take_at(&window, &policy, RATE_NOW_US + 300000, 1).reset_after_ms, 1000);
    assert_int_equal(take_at(&window, &policy, RATE_NOW_US + 900000, 1).reset_after_ms, 400);
    struct rate_answer answer = take_at(&window, &policy, RATE_NOW_US + 1299999, 1);
    assert_true(!answer.is_allowed && answer.retry_after_ms == 1);
    answer = take_at(&window, &policy, RATE_NOW_US + 1300000, 1);
    assert_true(answer.is_allowed && answer.remaining == 1 && answer.reset_after_ms == 1000);
}

static void an_aligned_window_ends_at_a_multiple_of_its_length(void **state) {
    (void)state;
    struct rate_policy policy = {
        .algorithm = RATE_FIXED, .is_aligned = true, .limit = 1, .period_ms = 60000};
    struct state window = start(&policy);
    int64_t minute_us = RATE_NOW_US / 60000000 * 60000000;
    assert_int_equal(take_at(&window, &policy, minute_us + 59000000, 1).reset_after_ms, 1000);
    assert_int_equal(take_at(&window, &policy, minute_us + 59999999, 1).retry_after_ms, 1);
    assert_int_equal(take_at(&window, &policy, minute_us + 60000000, 1).reset_after_ms, 60000);
}

static void limits_above_a_thousand_a_second_bite(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_FIXED, .limit = 5000, .period_ms = 1000};
    struct state window = start(&policy);
    int granted = 0;
    for (int i = 0; i < 200000; i++)
        granted += take_at(&window, &policy, RATE_NOW_US + (int64_t)i * 10, 1).is_allowed;
    assert_int_equal(granted, 10000);
}

static void a_raised_limit_counts_at_once_and_a_lowered_one_denies(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_FIXED, .limit = 5, .period_ms = 1000};
    struct rate_policy raised = policy, lowered = policy;
    raised.limit = 8;
    lowered.limit = 3;
    struct state window = start(&policy);
    take_at(&window, &policy, RATE_NOW_US, 5);
    assert_int_equal(take_at(&window, &raised, RATE_NOW_US, 1).remaining, 2);
    struct rate_answer answer = take_at(&window, &lowered, RATE_NOW_US, 1);
    assert_true(!answer.is_allowed && answer.remaining == 0 && answer.retry_after_ms == 1000);
}

static void a_cost_above_the_limit_is_too_big(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_FIXED, .limit = 5, .period_ms = 1000};
    struct state window = start(&policy);
    assert_int_equal(take_at(&window, &policy, RATE_NOW_US, 6).reason, RATE_REASON_TOO_BIG);
    assert_true(take_at(&window, &policy, RATE_NOW_US, 6).retry_after_ms == -1);
}

static void a_clock_set_back_begins_no_window(void **state) {
    (void)state;
    struct rate_policy policy = {.algorithm = RATE_FIXED, .limit = 1, .period_ms = 1000};
    for (int i = 0; i < 2; i++) {
        policy.is_aligned = i == 1;
        struct state window = start(&policy);
        take_at(&window, &policy, RATE_NOW_US, 1);
        struct rate_answer answer = take_at(&window, &policy, RATE_NOW_US - 60000000, 1);
        assert_true(!answer.is_allowed && answer.retry_after_ms == 61000);
    }
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_calls_agree_with_an_exact_model),
        cmocka_unit_test(a_window_begins_with_the_first_take_and_not_with_the_last),
        cmocka_unit_test(an_aligned_window_ends_at_a_multiple_of_its_length),
        cmocka_unit_test(limits_above_a_thousand_a_second_bite),
        cmocka_unit_test(a_raised_limit_counts_at_once_and_a_lowered_one_denies),
        cmocka_unit_test(a_cost_above_the_limit_is_too_big),
        cmocka_unit_test(a_clock_set_back_begins_no_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
