/* SLIDING against a slow exact model, and what it promises in named cases. */
#include "unit/data/types/ratelimit/rate_subject.h"

#include "data/types/ratelimit/varint.h"

/* --- the model: counts of numbered buckets from an origin that stays, weighed by how much of each
 * lies in the window; times in steps of 1/b us --- */

enum { MODEL_BUCKETS = 2 * (RATE_BUCKETS_MAX + 2) };

struct model_bucket {
    wide number;
    int64_t count;
};

struct model {
    wide origin_us;
    int64_t latest_us, window_us;
    int64_t buckets;
    size_t count;
    struct model_bucket list[MODEL_BUCKETS];
};

static wide divide_down(wide a, wide b) {
    return a / b - (a % b < 0);
}

static wide divide_up(wide a, wide b) {
    return -divide_down(-a, b);
}

static wide min_of(wide a, wide b) {
    return a < b ? a : b;
}

static wide steps_at(const struct model *model, wide us) {
    return (us - model->origin_us) * model->buckets;
}

static wide number_at(const struct model *model, wide us) {
    return divide_down(steps_at(model, us), model->window_us);
}

/* How many steps of a bucket lie in the window that ends at `us`, or ahead of it. */
static wide steps_inside(const struct model *model, wide number, wide us) {
    wide start = steps_at(model, us) - model->buckets * (wide)model->window_us;
    wide end = (number + 1) * model->window_us;
    return end <= start ? 0 : min_of(end - start, model->window_us);
}

/* What is used, times the window. */
static wide used_at(const struct model *model, wide us) {
    wide used = 0;
    for (size_t i = 0; i < model->count; i++)
        used += model->list[i].count * steps_inside(model, model->list[i].number, us);
    return used;
}

static wide end_of(const struct model *model) {
    wide end = 0;
    for (size_t i = 0; i < model->count; i++) {
        wide steps = (model->list[i].number + 1 + model->buckets) * model->window_us;
        wide us = model->origin_us + divide_up(steps, model->buckets);
        if (us > end) end = us;
    }
    return end;
}

static void forget_old(struct model *model, wide us) {
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (steps_inside(model, model->list[i].number, us) != 0 && model->list[i].count != 0)
            model->list[kept++] = model->list[i];
    }
    model->count = kept;
}

static void add_in_model(struct model *model, wide number, int64_t count) {
    for (size_t i = 0; i < model->count; i++) {
        if (model->list[i].number == number) {
            model->list[i].count += count;
            return;
        }
    }
    assert_true(model->count < MODEL_BUCKETS);
    model->list[model->count++] = (struct model_bucket){number, count};
}

static void begin_when_empty(struct model *model, int64_t now_us) {
    forget_old(model, now_us);
    if (model->count == 0) model->origin_us = now_us;
    model->latest_us = now_us;
}

static void shorten_in_model(struct model *model, int64_t window_us) {
    wide turns = divide_down(model->latest_us - model->origin_us, model->window_us);
    wide anchor_us = model->origin_us + turns * model->window_us;
    wide age_us = divide_up((model->latest_us - anchor_us) * window_us, model->window_us);
    model->origin_us = model->latest_us - age_us;
    for (size_t i = 0; i < model->count; i++) model->list[i].number -= turns * model->buckets;
    model->window_us = window_us;
    begin_when_empty(model, model->latest_us);
}

/* Ages in steps of the old buckets; a new slice is window / buckets long. */
static wide slice_of_age(const struct model *old, const struct model *model, wide age) {
    wide slice = 1;
    while (age * model->buckets >= slice * model->window_us * old->buckets) slice++;
    return slice;
}

static void renew_in_model(struct model *model, const struct rate_policy *policy) {
    struct model old = *model;
    model->origin_us = old.latest_us;
    model->window_us = policy->period_ms * 1000;
    model->buckets = policy->buckets;
    model->count = 0;
    wide steps = steps_at(&old, old.latest_us);
    for (size_t i = 0; i < old.count; i++) {
        wide age = steps - (old.list[i].number + 1) * old.window_us;
        int64_t count = old.list[i].count;
        if (old.window_us == model->window_us)
            count = (int64_t)divide_up(
                count * steps_inside(&old, old.list[i].number, old.latest_us), old.window_us);
        wide number = age < 0 ? 0 : -slice_of_age(&old, model, age);
        add_in_model(model, number, count);
    }
}

static bool is_model_of(const struct model *model, const struct rate_policy *policy) {
    return model->window_us == policy->period_ms * 1000 && model->buckets == policy->buckets;
}

/* The model as the policy sees it at the moment; *gone_us is when all is forgotten, 0: never. */
static struct model view_model(const struct model *model, const struct rate_policy *policy,
                               int64_t now_us, wide *gone_us) {
    struct model view = *model;
    *gone_us = 0;
    if (now_us < view.latest_us) now_us = view.latest_us;
    if (!is_model_of(&view, policy)) {
        *gone_us = end_of(&view);
        if (policy->period_ms * 1000 < view.window_us)
            shorten_in_model(&view, policy->period_ms * 1000);
        if (!is_model_of(&view, policy)) renew_in_model(&view, policy);
        if (now_us >= *gone_us) view.count = 0;
    }
    begin_when_empty(&view, now_us);
    return view;
}

static int64_t room_at(const struct model *model, const struct rate_policy *policy,
                       int64_t now_us) {
    wide gone_us;
    struct model view = view_model(model, policy, now_us, &gone_us);
    wide used = divide_up(used_at(&view, view.latest_us), view.window_us);
    return used < policy->limit ? (int64_t)(policy->limit - used) : 0;
}

static int64_t needed_by(const struct rate_request *request) {
    return request->mode == RATE_MODE_UPTO ? 1 : request->cost;
}

static int64_t ms_until(wide us, int64_t now_us) {
    return us <= now_us ? 0 : (int64_t)divide_up(us - now_us, 1000);
}

/* One millisecond earlier it is denied, and then it is let in. */
static void check_retry(const struct model *model, const struct rate_policy *policy,
                        const struct rate_request *request, int64_t retry_ms) {
    if ((wide)request->now_us + (wide)retry_ms * 1000 > INT64_MAX) return;
    int64_t then_us = request->now_us + retry_ms * 1000, needed = needed_by(request);
    assert_true(room_at(model, policy, then_us) >= needed);
    assert_true(room_at(model, policy, then_us - 1000) < needed);
    if (retry_ms > 64 || random_below(8) != 0) return;
    for (int64_t ms = 0; ms < retry_ms; ms++)
        assert_true(room_at(model, policy, request->now_us + ms * 1000) < needed);
}

/* --- random steps --- */

struct fixture {
    struct subject subject;
    struct model model;
    struct rate_policy policy;
    int64_t now_us;
    bool is_large;
};

static struct rate_policy random_policy(bool is_large) {
    static const uint32_t buckets[] = {1, 1, 2, 3, 7, 10, RATE_BUCKETS_MAX};
    int64_t limit_max = is_large ? RATE_LIMIT_MAX : 40;
    int64_t period_max_ms = is_large ? (int64_t)1 << 48 : 60;
    return (struct rate_policy){
        .algorithm = RATE_SLIDING,
        .buckets = buckets[random_below(ARRAY_LEN(buckets))],
        .limit = random_magnitude(limit_max),
        .period_ms = random_magnitude(period_max_ms),
    };
}

static void begin_episode(struct fixture *fixture) {
    subject_end(&fixture->subject);
    fixture->is_large = random_below(4) == 0;
    fixture->policy = random_policy(fixture->is_large);
    fixture->now_us = RATE_NOW_US + random_up_to(100000);
    subject_start(&fixture->subject, &rate_sliding_methods, &fixture->policy, fixture->now_us);
    fixture->model = (struct model){.origin_us = fixture->now_us,
                                    .latest_us = fixture->now_us,
                                    .window_us = fixture->policy.period_ms * 1000,
                                    .buckets = fixture->policy.buckets};
}

static void move_clock(struct fixture *fixture) {
    int64_t window_us = fixture->policy.period_ms * 1000;
    switch (random_below(8)) {
    case 0: break;
    case 1: fixture->now_us += random_up_to(3 * window_us); break;
    case 2: fixture->now_us -= random_up_to(fixture->is_large ? 1000000 : window_us); break;
    case 3: fixture->now_us += random_up_to(1000); break;
    default: fixture->now_us += random_up_to(window_us / 4); break;
    }
    if (fixture->now_us < RATE_NOW_US) fixture->now_us = RATE_NOW_US;
}

static void change_policy(struct fixture *fixture) {
    struct rate_policy other = random_policy(fixture->is_large);
    if (random_below(2) == 0) fixture->policy.limit = other.limit;
    if (random_below(3) == 0) fixture->policy.period_ms = other.period_ms;
    if (random_below(3) == 0) fixture->policy.buckets = other.buckets;
}

static int64_t random_cost(const struct fixture *fixture) {
    int64_t max =
        fixture->policy.limit + 2 < RATE_COST_MAX ? fixture->policy.limit + 2 : RATE_COST_MAX;
    return random_below(2) == 0 ? 1 : random_magnitude(max);
}

static void take_in_model(struct fixture *fixture, const struct rate_request *request,
                          const struct rate_answer *answer) {
    const struct rate_policy *policy = &fixture->policy;
    struct model *model = &fixture->model;
    wide gone_us;
    struct model view = view_model(model, policy, request->now_us, &gone_us);
    int64_t room = room_at(model, policy, request->now_us), granted = 0;
    if (request->cost <= room)
        granted = request->cost;
    else if (request->mode == RATE_MODE_UPTO)
        granted = room;
    assert_int_equal(answer->granted, granted);
    bool is_drained = granted == 0 && request->mode == RATE_MODE_DRAIN;
    assert_int_equal(answer->remaining, is_drained ? 0 : room - granted);
    int64_t charge = is_drained ? room : granted;
    if (charge != 0) add_in_model(&view, number_at(&view, view.latest_us), charge);
    wide end_us = end_of(&view);
    if (granted != 0 || is_drained)
        *model = view;
    else if (gone_us != 0)
        end_us = min_of(end_us, gone_us);
    assert_int_equal(answer->reset_after_ms,
                     view.count == 0 ? 0 : ms_until(end_us, request->now_us));
    if (granted != 0) return;
    bool is_too_big = needed_by(request) > policy->limit;
    assert_int_equal(answer->reason, is_too_big ? RATE_REASON_TOO_BIG : RATE_REASON_LIMITED);
    if (!is_too_big) check_retry(model, policy, request, answer->retry_after_ms);
}

static void take_random(struct fixture *fixture) {
    struct rate_policy kept = fixture->policy;
    if (random_below(16) == 0) change_policy(fixture);
    struct rate_request request = {
        .now_us = fixture->now_us,
        .cost = random_cost(fixture),
        .mode = (enum rate_mode)random_below(3),
    };
    if (random_below(4) != 0) request.mode = RATE_MODE_ALL;
    struct rate_answer answer =
        take_subject(&fixture->subject, &fixture->policy, request, random_below(4) == 0);
    take_in_model(fixture, &request, &answer);
    if (random_below(2) == 0 && !answer.is_allowed && request.mode != RATE_MODE_DRAIN)
        fixture->policy = kept;
}

static void give_random(struct fixture *fixture) {
    struct model *model = &fixture->model;
    int64_t units = random_magnitude(fixture->policy.limit), now_us = fixture->now_us;
    fixture->subject.methods->give(fixture->subject.state, &fixture->subject.was, now_us, units);
    if (now_us < model->latest_us) now_us = model->latest_us;
    begin_when_empty(model, now_us);
    while (units > 0 && model->count != 0) {
        struct model_bucket *newest = &model->list[0];
        for (size_t i = 1; i < model->count; i++) {
            if (model->list[i].number > newest->number) newest = &model->list[i];
        }
        int64_t given = units < newest->count ? units : newest->count;
        newest->count -= given;
        units -= given;
        if (newest->count == 0) *newest = model->list[--model->count];
    }
}

static void check_freshness(const struct fixture *fixture) {
    const struct subject *subject = &fixture->subject;
    struct model model = fixture->model;
    int64_t now_us = fixture->now_us;
    int64_t fresh_us = subject->methods->fresh_at_us(subject->state, &subject->was, now_us);
    begin_when_empty(&model, now_us < model.latest_us ? model.latest_us : now_us);
    if (model.count == 0)
        assert_true(fresh_us <= now_us);
    else
        assert_int_equal(fresh_us, (int64_t)min_of(end_of(&model), INT64_MAX));
}

static void agrees_with_the_model_over_random_steps(void **state) {
    (void)state;
    enum { EPISODE = 200 };
    struct fixture fixture = {0};
    uint64_t steps = steps_to_run(3000000);
    for (uint64_t step = 0; step < steps; step++) {
        if (step % EPISODE == 0 || fixture.now_us > (int64_t)1 << 61) begin_episode(&fixture);
        move_clock(&fixture);
        take_random(&fixture);
        if (random_below(64) == 0) give_random(&fixture);
        if (random_below(8) == 0) check_freshness(&fixture);
        if (random_below(32) == 0) break_subject(&fixture.subject, fixture.now_us);
    }
    subject_end(&fixture.subject);
}

/* --- named cases --- */

enum { WINDOW_MS = 1000 };

static struct rate_policy policy_of(int64_t limit, int64_t window_ms, uint32_t buckets) {
    return (struct rate_policy){
        .algorithm = RATE_SLIDING, .buckets = buckets, .limit = limit, .period_ms = window_ms};
}

static struct rate_answer take_at(struct subject *subject, struct rate_policy policy, int64_t at_ms,
                                  int64_t cost) {
    struct rate_request request = {.now_us = RATE_NOW_US + at_ms * 1000, .cost = cost};
    return take_subject(subject, &policy, request, true);
}

static void start_at_zero(struct subject *subject, struct rate_policy policy) {
    subject_start(subject, &rate_sliding_methods, &policy, RATE_NOW_US);
}

static void previous_window_counts_for_what_is_left_of_it(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS, 1);
    struct subject subject;
    start_at_zero(&subject, policy);
    assert_int_equal(take_at(&subject, policy, 0, 10).reset_after_ms, 2 * WINDOW_MS);
    assert_int_equal(take_at(&subject, policy, 1249, 3).remaining, 2);
    assert_int_equal(take_at(&subject, policy, 1250, 2).remaining, 0);
    assert_int_equal(take_at(&subject, policy, 1900, 5).remaining, 2);
    subject_end(&subject);
}

static void retry_is_exact_before_and_after_the_end_of_the_window(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS, 1);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 0, 10);
    /* What is held against it begins to fall only when the window has ended. */
    assert_int_equal(take_at(&subject, policy, 400, 1).retry_after_ms, 700);
    assert_false(take_at(&subject, policy, 1099, 1).is_allowed);
    assert_int_equal(take_at(&subject, policy, 1050, 1).retry_after_ms, 50);
    assert_true(take_at(&subject, policy, 1100, 1).is_allowed);
    subject_end(&subject);
}

static void more_buckets_forget_a_burst_sooner(void **state) {
    (void)state;
    static const struct {
        uint32_t buckets;
        int64_t retry_ms;
    } cases[] = {{1, 2000}, {2, 1500}, {4, 1250}, {10, 1100}, {64, 1016}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rate_policy policy = policy_of(100, WINDOW_MS, cases[i].buckets);
        struct subject subject;
        start_at_zero(&subject, policy);
        take_at(&subject, policy, 0, 100);
        assert_int_equal(take_at(&subject, policy, 0, 100).retry_after_ms, cases[i].retry_ms);
        subject_end(&subject);
    }
}

static void limits_of_a_million_a_second_bite(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(1000000, WINDOW_MS, 1);
    struct subject subject;
    start_at_zero(&subject, policy);
    int64_t granted = 0;
    for (int64_t us = 0; us < 100000; us++) {
        struct rate_request request = {.now_us = RATE_NOW_US + us, .cost = 13};
        granted += take_subject(&subject, &policy, request, false).granted;
    }
    assert_int_equal(granted, 1000000 / 13 * 13);
    subject_end(&subject);
}

static void a_raised_limit_never_denies_what_the_lower_one_allowed(void **state) {
    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct rate_policy policy = random_policy(false), raised = policy;
        struct subject subject;
        start_at_zero(&subject, policy);
        for (int takes = 0; takes < 4; takes++)
            take_at(&subject, policy, random_up_to(100), random_magnitude(policy.limit));
        raised.limit += random_up_to(10);
        raised.period_ms = random_magnitude(policy.period_ms);
        int64_t at_ms = random_up_to(200);
        struct rate_request request = {.now_us = RATE_NOW_US + at_ms * 1000,
                                       .cost = random_magnitude(policy.limit)};
        if (peek_subject(&subject, &policy, request).is_allowed)
            assert_true(take_at(&subject, raised, at_ms, request.cost).is_allowed);
        subject_end(&subject);
    }
}

static void a_longer_window_counts_again_what_is_known_of_the_last(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS, 1);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 0, 8);
    take_at(&subject, policy, 1900, 1);
    assert_int_equal(take_at(&subject, policy, 1900, 10).remaining, 8);
    assert_int_equal(take_at(&subject, policy_of(10, 60 * WINDOW_MS, 1), 1900, 10).remaining, 1);
    subject_end(&subject);
}

static void a_shorter_window_is_felt_at_once(void **state) {
    (void)state;
    struct rate_policy hour = policy_of(10, 3600 * WINDOW_MS, 1);
    struct subject subject;
    start_at_zero(&subject, hour);
    take_at(&subject, hour, 0, 10);
    assert_int_equal(take_at(&subject, policy_of(10, WINDOW_MS, 1), 500, 1).retry_after_ms, 600);
    assert_true(take_at(&subject, policy_of(10, WINDOW_MS, 1), 1100, 1).is_allowed);
    subject_end(&subject);
}

static void a_clock_set_back_grants_nothing(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS, 4);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_at(&subject, policy, 5000, 10);
    struct rate_answer answer = take_at(&subject, policy, 1000, 1);
    assert_false(answer.is_allowed);
    assert_int_equal(answer.retry_after_ms, 4000 + 1025);
    subject_end(&subject);
}

static void the_greatest_policy_works(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(RATE_LIMIT_MAX, RATE_PERIOD_MAX_MS, 1);
    struct subject subject;
    start_at_zero(&subject, policy);
    assert_int_equal(take_at(&subject, policy, 0, RATE_COST_MAX).remaining,
                     RATE_LIMIT_MAX - RATE_COST_MAX);
    struct rate_request drain = {.now_us = RATE_NOW_US, .cost = INT64_MAX, .mode = RATE_MODE_DRAIN};
    assert_int_equal(take_subject(&subject, &policy, drain, true).reason, RATE_REASON_TOO_BIG);
    struct rate_answer answer = take_at(&subject, policy, 0, 1);
    assert_int_equal(answer.reason, RATE_REASON_LIMITED);
    assert_true(answer.retry_after_ms > RATE_PERIOD_MAX_MS);
    assert_int_equal(rate_sliding_methods.fresh_at_us(subject.state, &policy, RATE_NOW_US),
                     INT64_MAX);
    subject_end(&subject);
}

static void only_one_bucket_needs_nothing_outside(void **state) {
    (void)state;
    struct rate_policy one = policy_of(10, WINDOW_MS, 1), many = policy_of(10, WINDOW_MS, 8);
    assert_true(rate_sliding_methods.is_inline(&one));
    assert_false(rate_sliding_methods.is_inline(&many));
    struct subject subject;
    start_at_zero(&subject, one);
    take_at(&subject, one, 0, 1);
    assert_int_equal(rate_sliding_methods.outside_bytes(subject.state), 0);
    take_at(&subject, many, 0, 1);
    assert_true(rate_sliding_methods.outside_bytes(subject.state) >= 9 * sizeof(int64_t));
    take_at(&subject, one, 0, 1);
    assert_int_equal(rate_sliding_methods.outside_bytes(subject.state), 0);
    subject_end(&subject);
}

static bool can_read(struct rate_policy policy, uint64_t since_us) {
    struct buffer bytes = {0};
    const uint64_t numbers[] = {2, 1, 1000000, since_us, 1, 1, 1};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) varint_append(&bytes, numbers[i]);
    struct subject subject = {.methods = &rate_sliding_methods, .was = policy};
    subject.state = mem_alloc(rate_sliding_methods.state_bytes);
    bool is_read = rate_sliding_methods.decode(subject.state, &policy, buffer_bytes(&bytes));
    buffer_destroy(&bytes);
    if (is_read)
        subject_end(&subject);
    else
        mem_free(subject.state);
    return is_read;
}

static void a_take_outside_of_its_bucket_is_not_read(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(10, WINDOW_MS, 2);
    assert_false(can_read(policy, 499999));
    assert_true(can_read(policy, 500000));
    assert_true(can_read(policy, 999999));
    assert_false(can_read(policy, 1000000));
}

int main(void) {
    mem_start();
    random_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model_over_random_steps),
        cmocka_unit_test(previous_window_counts_for_what_is_left_of_it),
        cmocka_unit_test(retry_is_exact_before_and_after_the_end_of_the_window),
        cmocka_unit_test(more_buckets_forget_a_burst_sooner),
        cmocka_unit_test(limits_of_a_million_a_second_bite),
        cmocka_unit_test(a_raised_limit_never_denies_what_the_lower_one_allowed),
        cmocka_unit_test(a_longer_window_counts_again_what_is_known_of_the_last),
        cmocka_unit_test(a_shorter_window_is_felt_at_once),
        cmocka_unit_test(a_clock_set_back_grants_nothing),
        cmocka_unit_test(the_greatest_policy_works),
        cmocka_unit_test(only_one_bucket_needs_nothing_outside),
        cmocka_unit_test(a_take_outside_of_its_bucket_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
