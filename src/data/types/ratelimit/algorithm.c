#include "data/types/ratelimit/algorithm.h"

#include "foundation/check.h"

static const struct rate_methods *const methods[RATE_ALGORITHMS] = {
    [RATE_BUCKET] = &rate_bucket_methods,         [RATE_GCRA] = &rate_gcra_methods,
    [RATE_LEAKY] = &rate_leaky_methods,           [RATE_FIXED] = &rate_fixed_methods,
    [RATE_SLIDING] = &rate_sliding_methods,       [RATE_LOG] = &rate_log_methods,
    [RATE_CONCURRENT] = &rate_concurrent_methods,
};

const struct rate_methods *rate_methods_of(enum rate_algorithm algorithm) {
    CHECK(algorithm > RATE_NONE && algorithm < RATE_ALGORITHMS);
    return methods[algorithm];
}

bool rate_algorithm_by_word(struct bytes word, enum rate_algorithm *algorithm) {
    for (int i = RATE_NONE + 1; i < RATE_ALGORITHMS; i++) {
        if (!bytes_is_word(word, methods[i]->word)) continue;
        *algorithm = (enum rate_algorithm)i;
        return true;
    }
    return false;
}
