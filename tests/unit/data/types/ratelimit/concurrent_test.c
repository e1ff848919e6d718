/* CONCURRENT against a plain array of leases, and what it promises in named cases. */
#include "unit/data/types/ratelimit/rate_subject.h"

#include "data/types/ratelimit/concurrent.h"
#include "data/types/ratelimit/varint.h"
#include "foundation/hash.h"

/* --- the model: for each token its units and end, by number --- */

enum { TOKENS = 60 };

struct model_lease {
    int64_t end_us, units;
};

struct model {
    int64_t latest_us;
    struct model_lease leases[TOKENS];
};

static char token_texts[TOKENS][RATE_TOKEN_MAX];
static size_t token_lens[TOKENS];

static void make_tokens(void) {
    for (size_t i = 0; i < TOKENS; i++) {
        token_lens[i] = i == 0 ? RATE_TOKEN_MAX : 1 + i % 40;
        memset(token_texts[i], 'a', token_lens[i]);
        token_texts[i][token_lens[i] - 1] = (char)i;
    }
}

static struct bytes token_at(size_t i) {
    return bytes_of(token_texts[i], token_lens[i]);
}

static int64_t later_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t units_at(const struct model *model, size_t token, int64_t now_us) {
    bool is_held = model->leases[token].end_us > later_of(now_us, model->latest_us);
    return is_held ? model->leases[token].units : 0;
}

static int64_t held_at(const struct model *model, int64_t now_us) {
    int64_t held = 0;
    for (size_t i = 0; i < TOKENS; i++) held += units_at(model, i, now_us);
    return held;
}

/* What the token may hold at the moment. */
static int64_t room_at(const struct model *model, const struct rate_policy *policy, size_t token,
                       int64_t now_us) {
    int64_t own = units_at(model, token, now_us);
    return later_of(policy->limit - (held_at(model, now_us) - own), own);
}

/* --- random steps --- */

struct fixture {
    struct subject subject;
    struct model model;
    struct rate_policy policy;
    int64_t now_us;
    size_t tokens; /* of those in use */
};

static struct rate_policy random_policy(void) {
    return (struct rate_policy){
        .algorithm = RATE_CONCURRENT,
        .limit = random_magnitude(random_below(4) == 0 ? RATE_LOG_LIMIT_MAX : 100),
        .period_ms = random_magnitude(50),
    };
}

static void begin_episode(struct fixture *fixture) {
    subject_end(&fixture->subject);
    fixture->policy = random_policy();
    fixture->now_us = RATE_NOW_US + random_up_to(100000);
    fixture->tokens = 1 + random_below(TOKENS);
    subject_start(&fixture->subject, &rate_concurrent_methods, &fixture->policy, fixture->now_us);
    fixture->model = (struct model){.latest_us = fixture->now_us};
}

static void move_clock(struct fixture *fixture) {
    int64_t lease_us = fixture->policy.period_ms * 1000;
    switch (random_below(8)) {
    case 0: fixture->now_us += random_up_to(lease_us); break;
    case 1: fixture->now_us -= random_up_to(lease_us / 2); break;
    case 2: fixture->now_us += random_up_to(1000); break;
    case 3:
    case 4: break;
    default: fixture->now_us += random_up_to(lease_us / 10); break;
    }
    if (fixture->now_us < RATE_NOW_US) fixture->now_us = RATE_NOW_US;
}

static int64_t needed_by(const struct rate_request *request) {
    return request->mode == RATE_MODE_UPTO ? 1 : request->cost;
}

/* One millisecond earlier it is denied, and then it is let in. */
static void check_retry(const struct fixture *fixture, const struct rate_request *request,
                        size_t token, int64_t retry_ms) {
    int64_t then_us = request->now_us + retry_ms * 1000, needed = needed_by(request);
    const struct rate_policy *policy = &fixture->policy;
    assert_true(room_at(&fixture->model, policy, token, then_us) >= needed);
    assert_true(room_at(&fixture->model, policy, token, then_us - 1000) < needed);
}

static void check_reset(const struct fixture *fixture, int64_t now_us, int64_t reset_ms) {
    assert_int_equal(held_at(&fixture->model, now_us + reset_ms * 1000), 0);
    if (reset_ms != 0) assert_true(held_at(&fixture->model, now_us + (reset_ms - 1) * 1000) > 0);
}

static void enter_in_model(struct model *model, int64_t now_us) {
    model->latest_us = later_of(now_us, model->latest_us);
}

static void take_in_model(struct fixture *fixture, const struct rate_request *request, size_t token,
                          const struct rate_answer *answer) {
    const struct rate_policy *policy = &fixture->policy;
    struct model *model = &fixture->model;
    int64_t room = room_at(model, policy, token, request->now_us), granted = 0;
    if (request->cost <= room)
        granted = request->cost;
    else if (request->mode == RATE_MODE_UPTO)
        granted = room;
    assert_int_equal(answer->granted, granted);
    if (granted != 0) {
        enter_in_model(model, request->now_us);
        int64_t end_us = model->latest_us + policy->period_ms * 1000;
        model->leases[token] = (struct model_lease){end_us, granted};
    }
    int64_t held = held_at(model, request->now_us);
    assert_int_equal(answer->remaining, held < policy->limit ? policy->limit - held : 0);
    check_reset(fixture, request->now_us, answer->reset_after_ms);
    if (granted != 0) return;
    bool is_too_big = needed_by(request) > policy->limit;
    assert_int_equal(answer->reason, is_too_big ? RATE_REASON_TOO_BIG : RATE_REASON_LIMITED);
    if (!is_too_big) check_retry(fixture, request, token, answer->retry_after_ms);
}

static void take_random(struct fixture *fixture) {
    if (is_one_in(32)) fixture->policy = random_policy();
    size_t token = random_below(fixture->tokens);
    struct rate_request request = {
        .now_us = fixture->now_us,
        .cost = random_below(2) == 0 ? 1 : random_magnitude(fixture->policy.limit + 2),
        .mode = random_mode(),
        .token = token_at(token),
    };
    struct rate_answer answer =
        take_subject(&fixture->subject, &fixture->policy, request, is_one_in(8));
    take_in_model(fixture, &request, token, &answer);
}

static void release_random(struct fixture *fixture) {
    size_t token = random_below(fixture->tokens);
    bool is_held = units_at(&fixture->model, token, fixture->now_us) != 0;
    assert_int_equal(
        rate_concurrent_release(fixture->subject.state, fixture->now_us, token_at(token)), is_held);
    if (!is_held) return;
    enter_in_model(&fixture->model, fixture->now_us);
    fixture->model.leases[token].units = 0;
    fixture->model.leases[token].end_us = 0;
}

static void renew_random(struct fixture *fixture) {
    size_t token = random_below(fixture->tokens);
    bool is_held = units_at(&fixture->model, token, fixture->now_us) != 0;
    int64_t lease_ms = random_magnitude(100);
    assert_int_equal(
        rate_concurrent_renew(fixture->subject.state, fixture->now_us, token_at(token), lease_ms),
        is_held);
    if (!is_held) return;
    enter_in_model(&fixture->model, fixture->now_us);
    fixture->model.leases[token].end_us = fixture->model.latest_us + lease_ms * 1000;
}

/* The token of the lease that ends last, of those the last in order; TOKENS when none is held. */
static size_t find_last(const struct model *model) {
    size_t last = TOKENS;
    for (size_t i = 0; i < TOKENS; i++) {
        if (units_at(model, i, model->latest_us) == 0) continue;
        bool is_later = last == TOKENS || model->leases[i].end_us > model->leases[last].end_us ||
                        (model->leases[i].end_us == model->leases[last].end_us &&
                         bytes_compare(token_at(i), token_at(last)) > 0);
        if (is_later) last = i;
    }
    return last;
}

static void give_random(struct fixture *fixture) {
    struct model *model = &fixture->model;
    int64_t units = random_magnitude(fixture->policy.limit);
    rate_concurrent_methods.give(fixture->subject.state, &fixture->policy, fixture->now_us, units);
    enter_in_model(model, fixture->now_us);
    for (size_t last; units > 0 && (last = find_last(model)) != TOKENS;) {
        struct model_lease *lease = &model->leases[last];
        int64_t given = units < lease->units ? units : lease->units;
        lease->units -= given;
        units -= given;
        if (lease->units == 0) lease->end_us = 0;
    }
}

static void check_whole(const struct fixture *fixture) {
    const struct model *model = &fixture->model;
    int64_t held = 0, last_us = 0, now_us = fixture->now_us;
    for (size_t i = 0; i < TOKENS; i++) {
        if (units_at(model, i, now_us) == 0) continue;
        held++;
        last_us = later_of(last_us, model->leases[i].end_us);
    }
    assert_int_equal(rate_concurrent_held(fixture->subject.state, now_us), held);
    int64_t fresh_us =
        rate_concurrent_methods.fresh_at_us(fixture->subject.state, &fixture->policy, now_us);
    if (held == 0)
        assert_true(fresh_us <= now_us);
    else
        assert_int_equal(fresh_us, last_us);
}

static void agrees_with_an_array_of_leases_over_random_steps(void **state) {
    (void)state;
    enum { EPISODE = 2000 };
    struct fixture fixture = {0};
    uint64_t steps = steps_to_run(2000000);
    for (uint64_t step = 0; step < steps; step++) {
        if (step % EPISODE == 0) begin_episode(&fixture);
        move_clock(&fixture);
        take_random(&fixture);
        if (is_one_in(4)) release_random(&fixture);
        if (is_one_in(8)) renew_random(&fixture);
        if (is_one_in(32)) give_random(&fixture);
        if (is_one_in(8)) check_whole(&fixture);
        if (is_one_in(64)) break_subject(&fixture.subject, fixture.now_us);
    }
    subject_end(&fixture.subject);
}

/* --- named cases --- */

enum { LEASE_MS = 1000 };

static struct rate_policy policy_of(int64_t limit) {
    return (struct rate_policy){
        .algorithm = RATE_CONCURRENT, .limit = limit, .period_ms = LEASE_MS};
}

static void start_at_zero(struct subject *subject, struct rate_policy policy) {
    subject_start(subject, &rate_concurrent_methods, &policy, RATE_NOW_US);
}

static struct rate_answer take_as(struct subject *subject, struct rate_policy policy, int64_t at_us,
                                  const char *token, int64_t cost) {
    struct rate_request request = {
        .now_us = RATE_NOW_US + at_us, .cost = cost, .token = bytes_of_str(token)};
    return take_subject(subject, &policy, request, true);
}

static int64_t held_in(const struct subject *subject, int64_t at_us) {
    return rate_concurrent_held(subject->state, RATE_NOW_US + at_us);
}

static void a_lease_is_held_until_its_end_to_the_us(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(1);
    struct subject subject;
    start_at_zero(&subject, policy);
    assert_true(take_as(&subject, policy, 0, "a", 1).is_allowed);
    assert_int_equal(take_as(&subject, policy, 1, "b", 1).retry_after_ms, LEASE_MS);
    assert_int_equal(take_as(&subject, policy, 999999, "b", 1).retry_after_ms, 1);
    assert_int_equal(held_in(&subject, 999999), 1);
    assert_int_equal(held_in(&subject, 1000000), 0);
    assert_true(take_as(&subject, policy, 1000000, "b", 1).is_allowed);
    subject_end(&subject);
}

static void a_released_lease_is_free_at_once(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(1);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_as(&subject, policy, 0, "a", 1);
    assert_false(rate_concurrent_release(subject.state, RATE_NOW_US, BYTES("b")));
    assert_true(rate_concurrent_release(subject.state, RATE_NOW_US, BYTES("a")));
    assert_false(rate_concurrent_release(subject.state, RATE_NOW_US, BYTES("a")));
    assert_true(take_as(&subject, policy, 0, "b", 1).is_allowed);
    assert_false(rate_concurrent_release(subject.state, RATE_NOW_US + 1000000, BYTES("b")));
    subject_end(&subject);
}

static void the_same_token_renews_its_lease_at_the_new_cost(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(5);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_as(&subject, policy, 0, "a", 3);
    take_as(&subject, policy, 0, "b", 1);
    assert_int_equal(take_as(&subject, policy, 500000, "a", 4).remaining, 0);
    assert_false(take_as(&subject, policy, 500000, "a", 5).is_allowed);
    assert_int_equal(take_as(&subject, policy, 1000000, "a", 1).remaining, 4);
    assert_int_equal(held_in(&subject, 1999999), 1);
    assert_int_equal(held_in(&subject, 2000000), 0);
    subject_end(&subject);
}

static void a_lowered_limit_ends_no_lease(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(5), lower = policy_of(2);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_as(&subject, policy, 0, "a", 3);
    take_as(&subject, policy, 0, "b", 2);
    assert_false(take_as(&subject, lower, 0, "c", 1).is_allowed);
    assert_true(take_as(&subject, lower, 0, "a", 3).is_allowed);
    assert_int_equal(take_as(&subject, lower, 0, "a", 4).reason, RATE_REASON_TOO_BIG);
    subject_end(&subject);
}

static void retry_waits_for_as_many_leases_as_must_end(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(6);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_as(&subject, policy, 0, "a", 1);
    take_as(&subject, policy, 100000, "b", 2);
    take_as(&subject, policy, 200000, "c", 3);
    assert_int_equal(take_as(&subject, policy, 300000, "d", 1).retry_after_ms, 700);
    assert_int_equal(take_as(&subject, policy, 300000, "d", 2).retry_after_ms, 800);
    assert_int_equal(take_as(&subject, policy, 300000, "d", 4).retry_after_ms, 900);
    /* A token's own lease is not in its way. */
    assert_int_equal(take_as(&subject, policy, 300000, "a", 3).retry_after_ms, 800);
    assert_int_equal(take_as(&subject, policy, 300000, "c", 4).retry_after_ms, 700);
    subject_end(&subject);
}

static void upto_holds_what_fits(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(5);
    struct subject subject;
    start_at_zero(&subject, policy);
    struct rate_request request = {
        .now_us = RATE_NOW_US, .cost = 100, .mode = RATE_MODE_UPTO, .token = BYTES("a")};
    assert_int_equal(take_subject(&subject, &policy, request, true).granted, 5);
    request.token = BYTES("b");
    assert_int_equal(take_subject(&subject, &policy, request, true).retry_after_ms, LEASE_MS);
    subject_end(&subject);
}

static void a_clock_set_back_grants_nothing(void **state) {
    (void)state;
    struct rate_policy policy = policy_of(1);
    struct subject subject;
    start_at_zero(&subject, policy);
    take_as(&subject, policy, 5000000, "a", 1);
    assert_int_equal(take_as(&subject, policy, 1000000, "b", 1).retry_after_ms, 5000);
    assert_int_equal(held_in(&subject, 0), 1);
    subject_end(&subject);
}

static void many_leases_are_held_as_well_as_few(void **state) {
    (void)state;
    enum { LEASES = 20000 };
    struct rate_policy policy = policy_of(LEASES);
    struct subject subject;
    start_at_zero(&subject, policy);
    char token[16] = "0123456789abcdef";
    struct rate_request request = {.cost = 1, .token = bytes_of(token, sizeof(token))};
    for (int64_t i = 0; i < LEASES; i++) {
        memcpy(token, &i, sizeof(i));
        request.now_us = RATE_NOW_US + i;
        assert_true(take_subject(&subject, &policy, request, false).is_allowed);
    }
    size_t bytes = rate_concurrent_methods.outside_bytes(subject.state);
    assert_in_range(bytes / LEASES, 1, 160);
    memset(token, 'x', sizeof(token));
    assert_int_equal(take_subject(&subject, &policy, request, true).retry_after_ms,
                     LEASE_MS - LEASES / 1000 + 1);
    assert_int_equal(held_in(&subject, 1000000 + LEASES / 2 - 1), LEASES / 2);
    request.now_us = RATE_NOW_US + 1000000 + LEASES - 3;
    assert_true(take_subject(&subject, &policy, request, true).is_allowed);
    assert_int_equal(held_in(&subject, 0), 3);
    assert_in_range(rate_concurrent_methods.outside_bytes(subject.state), 1, 400);
    subject_end(&subject);
}

static bool can_read(const char *data, size_t len) {
    struct subject subject = {.methods = &rate_concurrent_methods};
    subject.state = mem_alloc(rate_concurrent_methods.state_bytes);
    bool is_read = rate_concurrent_methods.decode(subject.state, &subject.was, bytes_of(data, len));
    if (is_read)
        subject_end(&subject);
    else
        mem_free(subject.state);
    return is_read;
}

static void what_no_limiter_can_hold_is_not_read(void **state) {
    (void)state;
    /* Latest moment; then for each lease us since the last end, units, length and bytes of a
     * token. */
    assert_true(can_read("\x05", 1));
    assert_true(can_read("\x05\x07\x01\x01"
                         "a"
                         "\x01\x02\x01"
                         "b",
                         9));
    assert_false(can_read("\x05\x07\x01\x01"
                          "a"
                          "\x01\x02\x01"
                          "a",
                          9));
    assert_false(can_read("\x05\x07\x01\x01"
                          "b"
                          "\x00\x02\x01"
                          "a",
                          9));
    assert_true(can_read("\x05\x07\x01\x01"
                         "a"
                         "\x00\x02\x01"
                         "b",
                         9));
    assert_false(can_read("\x05\x07\x00\x01"
                          "a",
                          5));
    assert_false(can_read("\x05\x07\x01\x00", 4));
    assert_false(can_read("\x05\x07\x01\x02"
                          "a",
                          5));
    assert_false(can_read("\x05\x07\x81\x80\x80\x08\x01"
                          "a",
                          8));
    assert_true(can_read("\x05\x07\x80\x80\x80\x08\x01"
                         "a",
                         8));
    assert_false(can_read("\x05\x07\x80\x80\x80\x08\x01"
                          "a"
                          "\x07\x01\x01"
                          "b",
                          12));
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    random_set_seed(1);
    make_tokens();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array_of_leases_over_random_steps),
        cmocka_unit_test(a_lease_is_held_until_its_end_to_the_us),
        cmocka_unit_test(a_released_lease_is_free_at_once),
        cmocka_unit_test(the_same_token_renews_its_lease_at_the_new_cost),
        cmocka_unit_test(a_lowered_limit_ends_no_lease),
        cmocka_unit_test(retry_waits_for_as_many_leases_as_must_end),
        cmocka_unit_test(upto_holds_what_fits),
        cmocka_unit_test(a_clock_set_back_grants_nothing),
        cmocka_unit_test(many_leases_are_held_as_well_as_few),
        cmocka_unit_test(what_no_limiter_can_hold_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
