/* A slow exact model of BUCKET, GCRA and LEAKY, and the random run of one of them against it.
 *
 * The model keeps one fraction, what is owed, and states what the algorithms promise as
 * inequalities of fractions; it divides nowhere but where a changed policy rescales. Times that the
 * algorithm answers are held against it at the moment and a millisecond before. */
#ifndef UNIT_DATA_TYPES_RATELIMIT_METER_MODEL_H
#define UNIT_DATA_TYPES_RATELIMIT_METER_MODEL_H

#include "data/types/ratelimit/meter.h"
#include "rate_fixture.h"

typedef unsigned __int128 wide;

struct meter_model {
    wide owed; /* over the period in us: units */
    int64_t seen_us;
    struct rate_policy policy;
    bool is_queue; /* LEAKY */
};

/* --- 320-bit numbers, for rescaling --- */

enum { LIMBS = 5 };

struct huge {
    uint64_t limbs[LIMBS]; /* lowest first */
};

static inline struct huge huge_of(wide value) {
    return (struct huge){{(uint64_t)value, (uint64_t)(value >> 64)}};
}

static inline void huge_multiply(struct huge *huge, uint64_t by) {
    wide carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (wide)huge->limbs[i] * by;
        huge->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    assert_true(carry == 0);
}

static inline void huge_divide(struct huge *huge, uint64_t by) {
    wide rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 64 | huge->limbs[i];
        huge->limbs[i] = (uint64_t)(rest / by);
        rest %= by;
    }
}

/* --- the model --- */

static inline uint64_t model_period_us(const struct rate_policy *policy) {
    return (uint64_t)policy->period_ms * 1000;
}

static inline wide model_full(const struct rate_policy *policy) {
    return (wide)model_period_us(policy) * (uint64_t)policy->limit;
}

static inline bool is_same_policy(const struct rate_policy *a, const struct rate_policy *b) {
    return a->limit == b->limit && a->refill == b->refill && a->period_ms == b->period_ms;
}

static inline wide model_rescale(const struct meter_model *model, wide owed,
                                 const struct rate_policy *policy) {
    struct huge huge = huge_of(owed);
    huge_multiply(&huge, model_period_us(policy));
    if (!model->is_queue) huge_multiply(&huge, (uint64_t)policy->limit);
    huge_divide(&huge, model_period_us(&model->policy));
    if (!model->is_queue) huge_divide(&huge, (uint64_t)model->policy.limit);
    for (int i = 2; i < LIMBS; i++) assert_true(huge.limbs[i] == 0);
    return (wide)huge.limbs[1] << 64 | huge.limbs[0];
}

static inline wide less(wide a, wide b) {
    return a > b ? a - b : 0;
}

/* What is owed at a moment, by the policy of a call, before it: the better of what the rate before
 * and this one have given back. */
static inline wide model_owed(const struct meter_model *model, const struct rate_policy *policy,
                              wide moment_us) {
    wide seen_us = (uint64_t)model->seen_us;
    wide passed_us = moment_us > seen_us ? moment_us - seen_us : 0;
    wide then = less(model->owed, passed_us * (uint64_t)model->policy.refill);
    if (is_same_policy(&model->policy, policy)) return then;
    wide old_rate = model_rescale(model, then, policy);
    wide new_rate =
        less(model_rescale(model, model->owed, policy), passed_us * (uint64_t)policy->refill);
    return old_rate < new_rate ? old_rate : new_rate;
}

static inline bool model_allows(const struct meter_model *model, const struct rate_policy *policy,
                                wide moment_us, int64_t cost) {
    wide cost_parts = (wide)model_period_us(policy) * (uint64_t)cost;
    return model_owed(model, policy, moment_us) + cost_parts <= model_full(policy);
}

static inline void model_set(struct meter_model *model, const struct rate_policy *policy,
                             int64_t now_us, wide owed) {
    model->owed = owed;
    model->policy = *policy;
    if (now_us > model->seen_us) model->seen_us = now_us;
}

/* --- holding answers against it --- */

static inline wide moment_after(int64_t now_us, int64_t ms) {
    return (wide)(uint64_t)now_us + (wide)(uint64_t)ms * 1000;
}

/* `room` is the most units that fit on top of `owed`. */
static inline void check_room(const struct rate_policy *policy, wide owed, int64_t room) {
    wide unit = model_period_us(policy), full = model_full(policy);
    assert_true(room >= 0);
    assert_true(room == 0 || owed + unit * (uint64_t)room <= full);
    assert_true(owed + unit * ((wide)(uint64_t)room + 1) > full);
}

static inline void check_retry(const struct meter_model *model, const struct rate_policy *policy,
                               const struct rate_request *request,
                               const struct rate_answer *answer) {
    int64_t cost = request->mode == RATE_MODE_UPTO ? 1 : request->cost;
    int64_t ms = answer->retry_after_ms;
    if (cost > policy->limit) {
        assert_int_equal(answer->reason, RATE_REASON_TOO_BIG);
        assert_true(ms == -1);
        return;
    }
    assert_int_equal(answer->reason, RATE_REASON_LIMITED);
    assert_true(ms > 0);
    assert_false(model_allows(model, policy, moment_after(request->now_us, ms - 1), cost));
    if (ms != INT64_MAX)
        assert_true(model_allows(model, policy, moment_after(request->now_us, ms), cost));
}

static inline void check_reset(const struct meter_model *model, const struct rate_policy *policy,
                               int64_t now_us, int64_t ms) {
    assert_true(ms >= 0);
    if (ms != INT64_MAX) assert_true(model_owed(model, policy, moment_after(now_us, ms)) == 0);
    if (ms != 0) assert_true(model_owed(model, policy, moment_after(now_us, ms - 1)) != 0);
}

static inline void check_delay(const struct meter_model *model, const struct rate_policy *policy,
                               wide owed, int64_t ms) {
    if (!model->is_queue) {
        assert_true(ms == 0);
        return;
    }
    wide refill = (uint64_t)policy->refill;
    assert_true(ms >= 0);
    if (ms != INT64_MAX) assert_true(owed <= (wide)(uint64_t)ms * 1000 * refill);
    if (ms != 0) assert_true(owed > (wide)(uint64_t)(ms - 1) * 1000 * refill);
}

static inline void check_fresh(const struct meter_model *model, int64_t fresh_us) {
    if (model->owed == 0) {
        assert_true(fresh_us <= model->seen_us);
        return;
    }
    assert_true(model_owed(model, &model->policy, (uint64_t)fresh_us - 1) != 0);
    if (fresh_us != INT64_MAX)
        assert_true(model_owed(model, &model->policy, (uint64_t)fresh_us) == 0);
}

/* Lets the model take as well, and compares. */
static inline void check_take(struct meter_model *model, const struct rate_policy *policy,
                              const struct rate_request *request,
                              const struct rate_answer *answer) {
    wide owed = model_owed(model, policy, (uint64_t)request->now_us);
    bool is_allowed = model_allows(model, policy, (uint64_t)request->now_us,
                                   request->mode == RATE_MODE_UPTO ? 1 : request->cost);
    bool is_drained = !is_allowed && request->mode == RATE_MODE_DRAIN;
    struct meter_model after = *model;
    assert_int_equal(answer->is_allowed, is_allowed);
    assert_true(answer->limit == policy->limit);
    assert_true(answer->granted <= request->cost && (answer->granted > 0) == is_allowed);
    if (is_allowed) {
        assert_int_equal(answer->reason, RATE_REASON_OK);
        assert_true(answer->retry_after_ms == 0);
        assert_true(answer->granted == request->cost || answer->remaining == 0);
        wide granted = (wide)model_period_us(policy) * (uint64_t)answer->granted;
        model_set(&after, policy, request->now_us, owed + granted);
        check_delay(model, policy, owed, answer->delay_ms);
    } else if (is_drained) {
        wide full = model_full(policy);
        model_set(&after, policy, request->now_us, owed > full ? owed : full);
    }
    if (!is_allowed) {
        assert_true(answer->delay_ms == 0);
        check_retry(&after, policy, request, answer);
    }
    if (is_drained)
        assert_true(answer->remaining == 0);
    else
        check_room(policy, owed, answer->granted + answer->remaining);
    check_reset(&after, policy, request->now_us, answer->reset_after_ms);
    if (!request->is_peek) *model = after;
}

/* --- the random run --- */

struct meter_run {
    const struct rate_methods *methods;
    struct meter_model model;
    struct meter_state state;
    struct rate_policy policy;
    int64_t now_us;
    int64_t number_max; /* of limits and rates */
    uint64_t denied, granted, waits_checked;
};

static inline struct rate_policy random_policy(const struct meter_run *run) {
    int64_t period_max = run->number_max < 1000 ? 100 : RATE_PERIOD_MAX_MS;
    return (struct rate_policy){
        .algorithm = run->policy.algorithm,
        .limit = random_size(run->number_max),
        .refill = random_size(run->number_max),
        .period_ms = random_size(period_max),
    };
}

static inline void change_policy(struct meter_run *run) {
    struct rate_policy drawn = random_policy(run);
    uint64_t which = random_below(8);
    if ((which & 1) != 0 || which == 0) run->policy.limit = drawn.limit;
    if ((which & 2) != 0 || which == 0) run->policy.refill = drawn.refill;
    if ((which & 4) != 0 || which == 0) run->policy.period_ms = drawn.period_ms;
}

static inline void begin_run(struct meter_run *run) {
    static const int64_t number_maxima[] = {12, 1000000, RATE_LIMIT_MAX};
    run->number_max = number_maxima[random_below(3)];
    run->policy = random_policy(run);
    run->now_us = is_one_in(4) ? random_size(RATE_NOW_MAX_US) : RATE_NOW_US;
    run->model.owed = 0;
    run->model.seen_us = run->now_us;
    run->model.policy = run->policy;
    run->methods->start(&run->state, &run->policy, run->now_us);
}

/* A few times what a unit or the cost takes to come back, so that all is met: empty and full. */
static inline int64_t usual_wait_us(const struct meter_run *run) {
    wide us = (wide)model_period_us(&run->policy) / (uint64_t)run->policy.refill;
    us = is_one_in(4) ? us * (uint64_t)run->policy.limit : us * random_below(4);
    return us >= RATE_NOW_MAX_US ? RATE_NOW_MAX_US - 1 : (int64_t)us + 1;
}

static inline struct rate_request random_request(struct meter_run *run) {
    int64_t limit = run->policy.limit < RATE_COST_MAX ? run->policy.limit : RATE_COST_MAX;
    int64_t cost = random_size(limit);
    if (is_one_in(8)) cost = limit;
    if (is_one_in(40)) cost = random_size(RATE_COST_MAX);
    struct rate_request request = request_of(run->now_us, cost, random_mode());
    request.is_peek = is_one_in(6);
    return request;
}

/* The algorithm itself allows the denied take at the moment it told, and not a millisecond
 * before. */
static inline void try_again(struct meter_run *run, const struct rate_policy *was,
                             struct rate_request request, int64_t retry_ms) {
    wide moment = moment_after(request.now_us, retry_ms);
    if (moment > INT64_MAX) return;
    struct rate_answer answer;
    request.is_peek = true;
    request.now_us = (int64_t)moment;
    run->methods->take(&run->state, was, &run->policy, &request, &answer);
    assert_true(answer.is_allowed);
    request.now_us -= 1000;
    run->methods->take(&run->state, was, &run->policy, &request, &answer);
    assert_false(answer.is_allowed);
    run->waits_checked++;
}

static inline void take_once(struct meter_run *run) {
    struct rate_request request = random_request(run);
    struct meter_state before = run->state;
    struct rate_policy was = run->model.policy;
    struct rate_answer answer;
    run->methods->take(&run->state, &was, &run->policy, &request, &answer);
    check_take(&run->model, &run->policy, &request, &answer);
    bool is_changed = !request.is_peek && (answer.is_allowed || request.mode == RATE_MODE_DRAIN);
    if (!is_changed)
        assert_memory_equal(&run->state, &before, sizeof(before));
    else
        assert_tells_when_fresh(run->methods, &run->state, &run->policy, request.now_us, &answer);
    if (answer.is_allowed) run->granted++;
    if (answer.is_allowed || request.is_peek) return;
    run->denied++;
    if (answer.reason == RATE_REASON_LIMITED)
        try_again(run, is_changed ? &run->policy : &was, request, answer.retry_after_ms);
}

static inline void give_once(struct meter_run *run) {
    struct meter_model *model = &run->model;
    int64_t units = random_size(is_one_in(4) ? RATE_COST_MAX : 8);
    run->methods->give(&run->state, &model->policy, run->now_us, units);
    wide owed = model_owed(model, &model->policy, (uint64_t)run->now_us);
    wide given = (wide)model_period_us(&model->policy) * (uint64_t)units;
    struct rate_policy policy = model->policy;
    model_set(model, &policy, run->now_us, less(owed, given));
}

static inline void check_encoded(struct meter_run *run) {
    struct buffer encoded = {0};
    struct meter_state decoded;
    run->methods->encode(&run->state, &encoded);
    assert_true(run->methods->decode(&decoded, &run->model.policy, buffer_bytes(&encoded)));
    assert_memory_equal(&decoded, &run->state, sizeof(decoded));
    buffer_destroy(&encoded);
}

static inline void check_state(struct meter_run *run) {
    int64_t fresh_us = run->methods->fresh_at_us(&run->state, &run->model.policy, run->now_us);
    check_fresh(&run->model, fresh_us);
    bool is_short = run->methods->used_bytes(&run->state, &run->policy) < sizeof(run->state);
    assert_true(!is_short || run->state.high == 0);
}

static inline void run_meter(const struct rate_methods *methods, uint64_t steps) {
    struct meter_run run = {.methods = methods, .model.is_queue = methods == &rate_leaky_methods};
    random_set_seed(6);
    steps = steps_to_run(steps);
    for (uint64_t step = 0; step < steps; step++) {
        if (step % 100 == 0) begin_run(&run);
        run.now_us = random_later(run.now_us, usual_wait_us(&run));
        if (is_one_in(20)) change_policy(&run);
        if (is_one_in(15))
            give_once(&run);
        else
            take_once(&run);
        check_state(&run);
        if (is_one_in(50)) check_encoded(&run);
    }
    assert_true(run.granted > steps / 10 && run.denied > steps / 10);
    assert_true(run.waits_checked > steps / 20);
}

#endif
