/* Rate policy: which algorithm limits a key, and by how much. It travels with every call and may
 * change between calls; a limiter remembers the last one, for the calls that bring none. */
#ifndef DATA_TYPES_RATELIMIT_POLICY_H
#define DATA_TYPES_RATELIMIT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum rate_algorithm {
    RATE_NONE,       /* of a limiter that was blocked before its first use: any may follow */
    RATE_BUCKET,     /* token bucket: starts full, refills continuously */
    RATE_GCRA,       /* leaky bucket as a meter */
    RATE_LEAKY,      /* leaky bucket as a queue: what is let in is told how long to wait */
    RATE_FIXED,      /* fixed window, from the first hit or aligned to the epoch */
    RATE_SLIDING,    /* sliding window counter, in one or more buckets */
    RATE_LOG,        /* sliding window log, exact */
    RATE_CONCURRENT, /* leases held at once */
    RATE_ALGORITHMS,
};

/* What rule 12 allows; whoever parses a policy says which argument is out of it. */
#define RATE_LIMIT_MAX ((int64_t)1 << 53)     /* limit and refill, at least 1 */
#define RATE_PERIOD_MAX_MS ((int64_t)1 << 53) /* at least 1 */
#define RATE_COST_MAX ((int64_t)1 << 31)      /* at least 1 */
enum { RATE_BUCKETS_MAX = 64 };               /* of SLIDING; at least 1 */
/* LOG and CONCURRENT keep a record a unit, so their limits are smaller. */
#define RATE_LOG_LIMIT_MAX ((int64_t)1 << 24)

struct rate_policy {
    enum rate_algorithm algorithm;
    bool is_aligned;  /* FIXED */
    uint32_t buckets; /* SLIDING; 0 elsewhere */
    int64_t limit;    /* capacity, limit; for GCRA burst + 1: what a fresh limiter grants at once */
    int64_t refill;   /* units that come back in a period: BUCKET, GCRA (count), LEAKY; else 0 */
    int64_t period_ms; /* period, window or lease */
};

/* True when every field is within its bounds, and 0 where its algorithm has none; RATE_NONE is a
 * policy of zeros. */
bool rate_policy_is_valid(const struct rate_policy *policy);

static inline bool rate_policy_equal(const struct rate_policy *a, const struct rate_policy *b) {
    return a->algorithm == b->algorithm && a->is_aligned == b->is_aligned &&
           a->buckets == b->buckets && a->limit == b->limit && a->refill == b->refill &&
           a->period_ms == b->period_ms;
}

#endif
