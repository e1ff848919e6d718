/* LOG against a list of every unit, and what it promises in named cases. */
#include "unit/data/types/ratelimit/rate_subject.h"

#include "data/types/ratelimit/varint.h"

/* --- the model: the moments of all units kept, oldest first --- */

struct model {
    int64_t latest_us;
    size_t count, cap;
    int64_t *moments;
};

static bool is_inside(int64_t moment_us, int64_t period_ms, int64_t now_us) {
    return (wide)now_us < (wide)moment_us + (wide)period_ms * 1000;
}

static int64_t later_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static size_t first_inside(const struct model *model, int64_t period_ms, int64_t now_us) {
    size_t low = 0, high = model->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (is_inside(model->moments[middle], period_ms, now_us))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Units that count at the moment, for a policy other than the one remembered too. */
static int64_t held_at(const struct model *model, const struct rate_policy *was,
                       const struct rate_policy *policy, int64_t now_us) {
    now_us = later_of(now_us, model->latest_us);
    if (first_inside(model, was->period_ms, now_us) == model->count) return 0;
    return (int64_t)(model->count - first_inside(model, policy->period_ms, now_us));
}

static void keep_from(struct model *model, size_t first) {
    model->count -= first;
    memmove(model->moments, model->moments + first, model->count * sizeof(*model->moments));
}

static void charge_model(struct model *model, const struct rate_policy *was,
                         const struct rate_policy *policy, int64_t now_us, int64_t units) {
    now_us = later_of(now_us, model->latest_us);
    keep_from(model, model->count - (size_t)held_at(model, was, policy, now_us));
    model->latest_us = now_us;
    for (; units > 0; units--) {
        assert_true(model->count < model->cap);
        model->moments[model->count++] = now_us;
    }
}

/* --- random steps --- */

struct fixture {
    struct subject subject;
    struct model model;
    struct rate_policy policy;
    int64_t now_us;
    int64_t limit_max, period_max_ms;
};

static struct rate_policy random_policy(const struct fixture *fixture) {
    return (struct rate_policy){
        .algorithm = RATE_LOG,
        .limit = random_magnitude(fixture->limit_max),
        .period_ms = random_magnitude(fixture->period_max_ms),
    };
}

static void begin_episode(struct fixture *fixture) {
    subject_end(&fixture->subject);
    fixture->policy = random_policy(fixture);
    fixture->now_us = RATE_NOW_US + random_up_to(100000);
    subject_start(&fixture->subject, &rate_log_methods, &fixture->policy, fixture->now_us);
    fixture->model.count = 0;
    fixture->model.latest_us = fixture->now_us;
}

static void move_clock(struct fixture *fixture) {
    int64_t window_us = fixture->policy.period_ms * 1000;
    switch (random_below(16)) {
    case 0:
    case 1: break;
    case 2: fixture->now_us += random_up_to(2 * window_us); break;
    case 3: fixture->now_us -= random_up_to(window_us / 2); break;
    case 4: fixture->now_us += random_up_to(1000); break;
    default: fixture->now_us += random_up_to(4 * window_us / fixture->policy.limit); break;
    }
    if (fixture->now_us < RATE_NOW_US) fixture->now_us = RATE_NOW_US;
}

static int64_t needed_by(const struct rate_request *request) {
    return request->mode == RATE_MODE_UPTO ? 1 : request->cost;
}

/* One millisecond earlier it is denied, and then it is let in. */
static void check_retry(const struct fixture *fixture, const struct rate_request *request,
                        int64_t retry_ms) {
    const struct rate_policy *policy = &fixture->policy, *was = &fixture->subject.was;
    if ((wide)request->now_us + (wide)retry_ms * 1000 > INT64_MAX) return;
    int64_t then_us = request->now_us + retry_ms * 1000;
    int64_t held_most = policy->limit - needed_by(request);
    assert_true(held_at(&fixture->model, was, policy, then_us) <= held_most);
    assert_true(held_at(&fixture->model, was, policy, then_us - 1000) > held_most);
}

static void check_reset(const struct fixture *fixture, int64_t now_us, int64_t reset_ms) {
    const struct rate_policy *policy = &fixture->policy, *was = &fixture->subject.was;
    if ((wide)now_us + (wide)reset_ms * 1000 > INT64_MAX) return;
    int64_t then_us = now_us + reset_ms * 1000;
    assert_int_equal(held_at(&fixture->model, was, policy, then_us), 0);
    if (reset_ms != 0) assert_true(held_at(&fixture->model, was, policy, then_us - 1000) > 0);
}

static void take_in_model(struct fixture *fixture, const struct rate_policy *was,
                          const struct rate_request *request, const struct rate_answer *answer) {
    const struct rate_policy *policy = &fixture->policy;
    struct model *model = &fixture->model;
    int64_t held = held_at(model, was, policy, request->now_us), granted = 0;
    int64_t room = held < policy->limit ? policy->limit - held : 0;
    if (request->cost <= room)
        granted = request->cost;
    else if (request->mode == RATE_MODE_UPTO)
        granted = room;
    assert_int_equal(answer->granted, granted);
    bool is_drained = granted == 0 && request->mode == RATE_MODE_DRAIN;
    assert_int_equal(answer->remaining, is_drained ? 0 : room - granted);
    if (granted != 0 || is_drained)
        charge_model(model, was, policy, request->now_us, is_drained ? room : granted);
    check_reset(fixture, request->now_us, answer->reset_after_ms);
    if (granted != 0) return;
    bool is_too_big = needed_by(request) > policy->limit;
    assert_int_equal(answer->reason, is_too_big ? RATE_REASON_TOO_BIG : RATE_REASON_LIMITED);
    if (!is_too_big) check_retry(fixture, request, answer->retry_after_ms);
}

static void take_random(struct fixture *fixture, uint64_t thorough_each) {
    struct rate_policy kept = fixture->policy, was = fixture->subject.was;
    if (random_below(32) == 0) fixture->policy.limit = random_policy(fixture).limit;
    if (random_below(32) == 0) fixture->policy.period_ms = random_policy(fixture).period_ms;
    struct rate_request request = {
        .now_us = fixture->now_us,
        .cost = random_below(4) != 0 ? 1 : random_magnitude(fixture->policy.limit + 2),
        .mode = random_below(4) != 0 ? RATE_MODE_ALL : (enum rate_mode)random_below(3),
    };
    bool is_thorough = random_below(thorough_each) == 0;
    struct rate_answer answer =
        take_subject(&fixture->subject, &fixture->policy, request, is_thorough);
    take_in_model(fixture, &was, &request, &answer);
    if (random_below(2) == 0 && !answer.is_allowed && request.mode != RATE_MODE_DRAIN)
        fixture->policy = kept;
}

static void give_random(struct fixture *fixture) {
    const struct rate_policy *was = &fixture->subject.was;
    int64_t units = random_magnitude(was->limit);
    fixture->subject.methods->give(fixture->subject.state, was, fixture->now_us, units);
    charge_model(&fixture->model, was, was, fixture->now_us, 0);
    size_t count = fixture->model.count;
    fixture->model.count = (size_t)units < count ? count - (size_t)units : 0;
}

static void check_freshness(const struct fixture *fixture) {
    const struct subject *subject = &fixture->subject;
    const struct model *model = &fixture->model;
    int64_t fresh_us =
        subject->methods->fresh_at_us(subject->state, &subject->was, fixture->now_us);
    if (held_at(model, &subject->was, &subject->was, fixture->now_us) == 0)
        assert_true(fresh_us <= fixture->now_us);
    else
        assert_int_equal(fresh_us,
                         model->moments[model->count - 1] + subject->was.period_ms * 1000);
}

static void run_steps(struct fixture *fixture, uint64_t steps, uint64_t episode) {
    fixture->model.cap = (size_t)fixture->limit_max * 2;
    fixture->model.moments = mem_alloc_array(fixture->model.cap, sizeof(int64_t));
    for (uint64_t step = 0; step < steps; step++) {
        if (step % episode == 0) begin_episode(fixture);
        move_clock(fixture);
        take_random(fixture, 4 * (uint64_t)fixture->limit_max / 10);
        if (random_below(64) == 0) give_random(fixture);
        if (random_below(8) == 0) check_freshness(fixture);
        if (random_below(4 * (uint64_t)fixture->limit_max) == 0)
            break_subject(&fixture->subject, fixture->now_us);
    }
    subject_end(&fixture->subject);
    mem_free(fixture->model.moments);
}

static void agrees_with_a_list_of_few_units(void **state) {
    (void)state;
    struct fixture fixture = {.limit_max = 20, .period_max_ms = 50};
    run_steps(&fixture, steps_to_run(2000000), 300);
}

static void agrees_with_a_list_of_many_units(void **state) {
    (void)state;
    struct fixture fixture = {.limit_max = 1000, .period_max_ms = 3600000};
    run_steps(&fixture, steps_to_run(1000000), 5000);
}

static void agrees_with_a_list_under_the_longest_windows(void **state) {
    (void)state;
    struct fixture fixture = {.limit_max = 100, .period_max_ms = (int64_t)1 << 44};
    run_steps(&fixture, steps_to_run(500000), 100);
}

/* --- named cases --- */

enum { WINDOW_MS = 1000 };

static struct rate_policy policy_of(int64_t limit, int64_t window_ms) {
    return (struct rate_policy){.algorithm = RATE_LOG, .limit = limit, .period_ms = window_ms};
}

static void start_at_zero(struct subject *subject, struct rate_policy policy) {
    subject_start(subject, &rate_log_methods, &policy, RATE_NOW_US);
}

static struct rate_answer take_at(struct subject *subject, struct rate_policy policy, int64_t at_us,
                                  int64_t cost) {
    struct rate_request request = {.now_us = RATE_NOW_US + at_us, .cost = cost};
    return take_subject(subject, &policy, request, true);
}

static void a_unit_counts_until_its_window_has_passed_to_the_us(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(1, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    assert_int_equal(take_at(&subject, policy, 0, 1).reset_after_ms, WINDOW_MS);
    assert_int_equal(take_at(&subject, policy, 0, 1).retry_after_ms, WINDOW_MS);
    assert_int_equal(take_at(&subject, policy, 1, 1).retry_after_ms, WINDOW_MS);
    assert_int_equal(take_at(&subject, policy, 999999, 1).retry_after_ms, 1);
    assert_true(take_at(&subject, policy, 1000000, 1).is_allowed);
    subject_end(&subject);
}

static void retry_waits_for_as_many_units_as_must_leave(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 0, 3);
    take_at(&subject, policy, 100000, 5);
    take_at(&subject, policy, 200000, 2);
    assert_int_equal(take_at(&subject, policy, 300000, 3).retry_after_ms, 700);
    assert_int_equal(take_at(&subject, policy, 300000, 4).retry_after_ms, 800);
    assert_int_equal(take_at(&subject, policy, 300000, 8).retry_after_ms, 800);
    assert_int_equal(take_at(&subject, policy, 300000, 9).retry_after_ms, 900);
    assert_int_equal(take_at(&subject, policy, 300000, 11).reason, RATE_REASON_TOO_BIG);
    subject_end(&subject);
}

static void no_window_ever_holds_more_than_the_limit(void **state) {
    (void)state;
    enum { LIMIT = 50, TAKES = 20000 };
    static int64_t granted_at[TAKES];
    struct rate_policy policy = policy_of(LIMIT, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    size_t granted = 0;
    int64_t now_us = 0;
    for (int i = 0; i < TAKES; i++, now_us += random_up_to(5000)) {
        struct rate_request request = {.now_us = RATE_NOW_US + now_us, .cost = 1};
        if (!take_subject(&subject, &policy, request, false).is_allowed) continue;
        granted_at[granted++] = now_us;
        if (granted > LIMIT)
            assert_true(now_us - granted_at[granted - 1 - LIMIT] >= WINDOW_MS * 1000);
    }
    assert_true((int64_t)granted >= now_us / 1000000 * LIMIT * 9 / 10);
    subject_end(&subject);
}

static void units_of_one_moment_take_no_room_of_their_own(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(RATE_LOG_LIMIT_MAX, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    assert_true(take_at(&subject, policy, 0, RATE_LOG_LIMIT_MAX - 3).is_allowed);
    for (int i = 0; i < 3; i++) assert_true(take_at(&subject, policy, 0, 1).is_allowed);
    assert_false(take_at(&subject, policy, 0, 1).is_allowed);
    assert_int_equal(rate_log_methods.outside_bytes(subject.state), 0);
    assert_int_equal(take_at(&subject, policy, 0, RATE_COST_MAX).reason, RATE_REASON_TOO_BIG);
    subject_end(&subject);
}

static void a_log_gives_back_the_room_of_what_has_left(void **state) {
    (void)state;
    enum { UNITS = 20000 };
    struct rate_policy policy = policy_of(UNITS, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    for (int64_t i = 0; i < UNITS; i++) {
        struct rate_request request = {.now_us = RATE_NOW_US + i * 40, .cost = 1};
        assert_true(take_subject(&subject, &policy, request, false).is_allowed);
    }
    size_t full = rate_log_methods.outside_bytes(subject.state);
    assert_true(full < (size_t)UNITS * 2);
    take_at(&subject, policy, 1000000 + (int64_t)UNITS * 30, 1);
    assert_in_range(rate_log_methods.outside_bytes(subject.state), full / 5, full / 3);
    take_at(&subject, policy, 5000000, 1);
    assert_true(rate_log_methods.outside_bytes(subject.state) <= 256);
    subject_end(&subject);
}

static void a_longer_window_counts_again_what_was_not_dropped(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS), longer = policy_of(10, 10 * WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 0, 4);
    take_at(&subject, policy, 900000, 4);
    assert_int_equal(take_at(&subject, policy, 1000000, 11).remaining, 6);
    assert_int_equal(take_at(&subject, longer, 1000000, 11).remaining, 2);
    /* The key goes when the window of the last take has left all behind. */
    assert_int_equal(take_at(&subject, longer, 1000000, 5).retry_after_ms, 900);
    assert_int_equal(take_at(&subject, longer, 1899999, 11).remaining, 2);
    assert_int_equal(take_at(&subject, longer, 1900000, 11).remaining, 10);
    subject_end(&subject);
}

static void a_raised_limit_lets_in_what_the_lower_one_did(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(5, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 0, 5);
    assert_false(take_at(&subject, policy, 500000, 1).is_allowed);
    assert_int_equal(take_at(&subject, policy_of(8, WINDOW_MS), 500000, 1).remaining, 2);
    assert_int_equal(take_at(&subject, policy_of(8, WINDOW_MS / 2), 500000, 1).remaining, 6);
    assert_int_equal(take_at(&subject, policy_of(2, WINDOW_MS), 500000, 2).remaining, 0);
    subject_end(&subject);
}

static void a_clock_set_back_grants_nothing(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 5000000, 10);
    assert_int_equal(take_at(&subject, policy, 1000000, 1).retry_after_ms, 5000);
    subject_end(&subject);
}

static void a_small_log_moves_within_its_block(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(5, WINDOW_MS);
    struct subject subject;
    start_at_zero(&subject, policy);
    size_t bytes = 0;
    for (int64_t i = 0; i < 1000; i++) {
        struct rate_request request = request_of(RATE_NOW_US + i * 200000, 1, RATE_MODE_ALL);
        assert_true(take_subject(&subject, &policy, request, false).is_allowed);
        if (i == 5) bytes = rate_log_methods.outside_bytes(subject.state);
        if (i > 5) assert_int_equal(rate_log_methods.outside_bytes(subject.state), bytes);
    }
    assert_in_range(bytes, 1, 64);
    subject_end(&subject);
}

static bool can_read(const uint64_t *numbers, size_t count) {
    struct buffer bytes = {0};
    for (size_t i = 0; i < count; i++) varint_append(&bytes, numbers[i]);
    struct subject subject = {.methods = &rate_log_methods};
    subject.state = mem_alloc(rate_log_methods.state_bytes);
    bool is_read = rate_log_methods.decode(subject.state, &subject.was, buffer_bytes(&bytes));
    buffer_destroy(&bytes);
    if (is_read)
        subject_end(&subject);
    else
        mem_free(subject.state);
    return is_read;
}

static void what_no_log_can_hold_is_not_read(void **state) {
    (void)state;
    /* Latest moment, newest units, oldest moment, runs: us to the next doubled, and 1 with units.
     */
    assert_true(can_read((uint64_t[]){1000, 1, 900, 100 * 2}, 4));
    assert_false(can_read((uint64_t[]){1000, 1, 900, 101 * 2}, 4));
    assert_false(can_read((uint64_t[]){1000, 1, 1001}, 3));
    assert_false(can_read((uint64_t[]){1000, 1, 900, 0}, 4));
    uint64_t max = (uint64_t)RATE_LOG_LIMIT_MAX;
    assert_true(can_read((uint64_t[]){1000, 5, 900, 2 + 1, max - 5}, 5));
    assert_false(can_read((uint64_t[]){1000, 5, 900, 2 + 1, max - 4}, 5));
    assert_false(can_read((uint64_t[]){1000, 5, 900, 2 + 1, 1}, 5));
    assert_false(can_read((uint64_t[]){1000, max + 1, 900}, 3));
    assert_true(can_read((uint64_t[]){1000, 0}, 2));
    assert_false(can_read((uint64_t[]){1000, 0, 900}, 3));
    assert_false(can_read((uint64_t[]){(uint64_t)INT64_MAX + 1, 0}, 2));
}

int main(void) {
    mem_start();
    random_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_list_of_few_units),
        cmocka_unit_test(agrees_with_a_list_of_many_units),
        cmocka_unit_test(agrees_with_a_list_under_the_longest_windows),
        cmocka_unit_test(a_unit_counts_until_its_window_has_passed_to_the_us),
        cmocka_unit_test(retry_waits_for_as_many_units_as_must_leave),
        cmocka_unit_test(no_window_ever_holds_more_than_the_limit),
        cmocka_unit_test(units_of_one_moment_take_no_room_of_their_own),
        cmocka_unit_test(a_log_gives_back_the_room_of_what_has_left),
        cmocka_unit_test(a_longer_window_counts_again_what_was_not_dropped),
        cmocka_unit_test(a_raised_limit_lets_in_what_the_lower_one_did),
        cmocka_unit_test(a_clock_set_back_grants_nothing),
        cmocka_unit_test(a_small_log_moves_within_its_block),
        cmocka_unit_test(what_no_log_can_hold_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
