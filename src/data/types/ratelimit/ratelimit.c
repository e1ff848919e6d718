#include "data/types/ratelimit/ratelimit.h"

#include "data/types/ratelimit/concurrent.h"
#include "data/types/ratelimit/ratelimit_private.h"

struct rate_policy limiter_policy(const struct entry *entry) {
    struct limiter limiter;
    limiter_load(&limiter, entry);
    return limiter.policy;
}

int64_t limiter_blocked_until_ms(const struct entry *entry) {
    struct limiter limiter;
    limiter_load(&limiter, entry);
    return limiter.blocked_until_ms;
}

/* --- due times --- */

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t round_up_to_ms(int64_t us) {
    return us / 1000 + (us % 1000 != 0);
}

int64_t limiter_due_ms(const struct limiter *limiter, int64_t now_us) {
    const struct rate_methods *methods = limiter_methods(&limiter->policy);
    if (methods == NULL) return limiter->blocked_until_ms;
    int64_t fresh_us = methods->fresh_at_us(limiter->state, &limiter->policy, now_us);
    return larger(round_up_to_ms(fresh_us), limiter->blocked_until_ms);
}

/* The limiter is as one that was never used: no key is left of it. */
static COLD void forget(struct database *db, struct key key, struct found *found,
                        struct limiter *limiter) {
    if (limiter->block == NULL) limiter_drop(limiter);
    if (found->entry != NULL) database_delete(db, key, *found);
    found->entry = NULL;
}

static void move_due(struct database *db, struct key key, struct found *found, int64_t due_ms) {
    if (entry_due_ms(found->entry) != due_ms) database_set_due(db, key, found, due_ms);
}

/* Puts a limiter back that is to be kept until then. */
static void save_until(struct database *db, struct key key, struct found *found,
                       struct limiter *limiter, int64_t due_ms, int64_t now_us) {
    if (UNLIKELY(due_ms <= now_us / 1000)) {
        forget(db, key, found, limiter);
        return;
    }
    if (found->entry != NULL)
        limiter_save(found, limiter);
    else
        *found = database_add(db, key, limiter_new_entry(key.name, limiter));
    move_due(db, key, found, due_ms);
}

/* Puts a limiter back after a change. */
static void save(struct database *db, struct key key, struct found *found, struct limiter *limiter,
                 int64_t now_us) {
    save_until(db, key, found, limiter, limiter_due_ms(limiter, now_us), now_us);
}

/* --- taking --- */

static COLD void answer_blocked(struct limiter *limiter, const struct rate_policy *policy,
                                const struct rate_request *request, struct rate_answer *answer) {
    int64_t now_ms = request->now_us / 1000, due_ms = limiter_due_ms(limiter, request->now_us);
    int64_t until_ms = limiter->blocked_until_ms;
    bool is_unused = limiter->policy.algorithm == RATE_NONE;
    if (is_unused) limiter_start(limiter, policy, request->now_us);
    struct rate_request peek = *request;
    peek.is_peek = true;
    if (peek.mode == RATE_MODE_DRAIN) peek.mode = RATE_MODE_ALL;
    rate_methods_of(policy->algorithm)
        ->take(limiter->state, &limiter->policy, policy, &peek, answer);
    if (is_unused) limiter_drop(limiter);
    answer->is_allowed = false;
    answer->granted = answer->remaining = answer->delay_ms = 0;
    answer->reset_after_ms = due_ms - now_ms;
    if (answer->reason == RATE_REASON_TOO_BIG) return;
    answer->reason = RATE_REASON_BLOCKED;
    answer->retry_after_ms = larger(answer->retry_after_ms, until_ms - now_ms);
}

static bool is_blocked(const struct limiter *limiter, int64_t now_us) {
    return UNLIKELY(limiter->blocked_until_ms != 0) && limiter->blocked_until_ms > now_us / 1000;
}

void limiter_take(struct database *db, struct key key, struct found *found,
                  const struct rate_policy *policy, const struct rate_request *request,
                  struct rate_answer *answer) {
    struct limiter limiter;
    bool is_new = found->entry == NULL;
    if (!is_new) {
        limiter_load(&limiter, found->entry);
        if (is_blocked(&limiter, request->now_us)) {
            answer_blocked(&limiter, policy, request, answer);
            return;
        }
        is_new = limiter.policy.algorithm == RATE_NONE;
    }
    if (is_new) limiter_start(&limiter, policy, request->now_us);
    bool is_same = rate_policy_equal(&limiter.policy, policy);
    rate_methods_of(policy->algorithm)
        ->take(limiter.state, is_same ? policy : &limiter.policy, policy, request, answer);
    if (request->is_peek || (!answer->is_allowed && request->mode != RATE_MODE_DRAIN)) {
        if (is_new) limiter_drop(&limiter);
        return;
    }
    int64_t due_ms = round_up_to_ms(answer->fresh_at_us);
    bool is_kept = !is_new && is_same && limiter.blocked_until_ms == 0 &&
                   answer->fresh_at_us > request->now_us;
    if (LIKELY(is_kept) && limiter_save_state(&limiter)) {
        move_due(db, key, found, due_ms);
        return;
    }
    limiter.policy = *policy;
    limiter.blocked_until_ms = 0;
    save_until(db, key, found, &limiter, due_ms, request->now_us);
}

/* --- the rest --- */

void limiter_give(struct database *db, struct key key, struct found *found, int64_t now_us,
                  int64_t units) {
    if (found->entry == NULL) return;
    struct limiter limiter;
    limiter_load(&limiter, found->entry);
    const struct rate_methods *methods = limiter_methods(&limiter.policy);
    if (methods == NULL) return;
    methods->give(limiter.state, &limiter.policy, now_us, units);
    save(db, key, found, &limiter, now_us);
}

void limiter_block(struct database *db, struct key key, struct found *found, int64_t now_us,
                   int64_t until_ms) {
    bool is_lifted = until_ms <= now_us / 1000;
    struct limiter limiter = {.state = limiter.room};
    if (found->entry != NULL)
        limiter_load(&limiter, found->entry);
    else if (is_lifted)
        return;
    limiter.blocked_until_ms = is_lifted ? 0 : until_ms;
    save(db, key, found, &limiter, now_us);
}

/* False where the key holds no limiter of leases; else it is loaded. */
static bool load_leases(struct limiter *limiter, const struct found *found) {
    if (found->entry == NULL) return false;
    limiter_load(limiter, found->entry);
    return limiter->policy.algorithm == RATE_CONCURRENT;
}

bool limiter_release(struct database *db, struct key key, struct found *found, int64_t now_us,
                     struct bytes token) {
    struct limiter limiter;
    if (!load_leases(&limiter, found) || !rate_concurrent_release(limiter.state, now_us, token))
        return false;
    save(db, key, found, &limiter, now_us);
    return true;
}

bool limiter_renew(struct database *db, struct key key, struct found *found, int64_t now_us,
                   struct bytes token, int64_t lease_ms) {
    struct limiter limiter;
    if (!load_leases(&limiter, found) ||
        !rate_concurrent_renew(limiter.state, now_us, token, lease_ms))
        return false;
    save(db, key, found, &limiter, now_us);
    return true;
}
