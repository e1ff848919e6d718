#include "ratelimit-accuracy/judge.h"

#include "foundation/mem.h"

#include <math.h>

/* --- moments --- */

/* A moment that is earlier than the last one counts as that. */
static void add_moment(struct moments *moments, int64_t us) {
    if (moments->count == moments->cap) {
        moments->cap = moments->cap * 2 + 1024;
        moments->us = mem_realloc(moments->us, moments->cap * sizeof(int64_t));
    }
    int64_t last_us = moments->count == 0 ? us : moments->us[moments->count - 1];
    moments->us[moments->count++] = us > last_us ? us : last_us;
}

static int64_t count_after(const struct moments *moments, int64_t us) {
    size_t low = 0, high = moments->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moments->us[middle] > us)
            high = middle;
        else
            low = middle + 1;
    }
    return (int64_t)(moments->count - low);
}

/* --- life --- */

void judge_init(struct judge *judge, const struct rate_policy *policy) {
    *judge = (struct judge){.policy = *policy};
    const struct rate_methods *methods = rate_methods_of(policy->algorithm);
    judge->state = mem_alloc(methods->state_bytes);
    methods->start(judge->state, policy, 0);
}

static void drop_state(struct judge *judge) {
    const struct rate_methods *methods = rate_methods_of(judge->policy.algorithm);
    if (methods->destroy != NULL) methods->destroy(judge->state);
}

void judge_destroy(struct judge *judge) {
    drop_state(judge);
    mem_free(judge->state);
    mem_free(judge->granted.us);
    mem_free(judge->kept.us);
    mem_free(judge->filled.us);
}

void judge_renew(struct judge *judge, int64_t now_us) {
    drop_state(judge);
    rate_methods_of(judge->policy.algorithm)->start(judge->state, &judge->policy, now_us);
    judge->granted.count = judge->kept.count = judge->filled.count = 0;
}

/* --- judging --- */

static int64_t window_start(const struct judge *judge, int64_t us) {
    return us - judge->policy.period_ms * 1000;
}

static void judge_yes(struct judge *judge, int64_t now_us, int64_t delay_ms) {
    int64_t us = now_us + delay_ms * 1000;
    int64_t grace_us = judge->policy.algorithm == RATE_LEAKY ? 1000 : 0;
    int64_t start_us = window_start(judge, us) + grace_us;
    add_moment(&judge->granted, us);
    int64_t most = count_after(&judge->granted, start_us);
    if (most > judge->verdicts.most_in_window) judge->verdicts.most_in_window = most;
    add_moment(&judge->filled, us);
    if (count_after(&judge->kept, start_us) < judge->policy.limit)
        add_moment(&judge->kept, us);
    else
        judge->verdicts.too_many++;
}

static void judge_no(struct judge *judge, int64_t now_us) {
    if (count_after(&judge->filled, window_start(judge, now_us)) >= judge->policy.limit) return;
    add_moment(&judge->filled, now_us);
    judge->verdicts.too_few++;
}

static void note_difference(struct judge *judge, int64_t now_us, const struct rate_answer *answer) {
    int64_t in_window = count_after(&judge->granted, window_start(judge, now_us));
    if (in_window == 0) return;
    int64_t used = judge->policy.limit - answer->remaining;
    judge->verdicts.differences += fabs((double)(used - in_window)) / (double)in_window;
    judge->verdicts.difference_count++;
}

void judge_ask(struct judge *judge, int64_t now_us) {
    struct rate_request request = {.now_us = now_us, .cost = 1};
    struct rate_answer answer;
    rate_methods_of(judge->policy.algorithm)
        ->take(judge->state, &judge->policy, &judge->policy, &request, &answer);
    judge->verdicts.requests++;
    if (answer.is_allowed)
        judge_yes(judge, now_us, answer.delay_ms);
    else
        judge_no(judge, now_us);
    note_difference(judge, now_us, &answer);
}
