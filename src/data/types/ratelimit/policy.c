#include "data/types/ratelimit/policy.h"

static bool is_within(int64_t value, int64_t max) {
    return value >= 1 && value <= max;
}

static bool is_meter(enum rate_algorithm algorithm) {
    return algorithm == RATE_BUCKET || algorithm == RATE_GCRA || algorithm == RATE_LEAKY;
}

static int64_t max_limit_of(enum rate_algorithm algorithm) {
    bool has_records = algorithm == RATE_LOG || algorithm == RATE_CONCURRENT;
    return has_records ? RATE_LOG_LIMIT_MAX : RATE_LIMIT_MAX;
}

bool rate_policy_is_valid(const struct rate_policy *policy) {
    enum rate_algorithm algorithm = policy->algorithm;
    if (algorithm == RATE_NONE) return rate_policy_equal(policy, &(struct rate_policy){0});
    if (algorithm >= RATE_ALGORITHMS) return false;
    if (policy->is_aligned && algorithm != RATE_FIXED) return false;
    if (!is_within(policy->limit, max_limit_of(algorithm)) ||
        !is_within(policy->period_ms, RATE_PERIOD_MAX_MS))
        return false;
    if (is_meter(algorithm) ? !is_within(policy->refill, RATE_LIMIT_MAX) : policy->refill != 0)
        return false;
    return algorithm == RATE_SLIDING ? is_within(policy->buckets, RATE_BUCKETS_MAX)
                                     : policy->buckets == 0;
}
