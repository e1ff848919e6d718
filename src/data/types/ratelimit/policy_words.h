/* Policies as users write them: "BUCKET 100 10 1000". */
#ifndef DATA_TYPES_RATELIMIT_POLICY_WORDS_H
#define DATA_TYPES_RATELIMIT_POLICY_WORDS_H

#include "data/types/ratelimit/policy.h"
#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/number.h"

enum { RATE_POLICY_WORDS_MAX = 5, RATE_POLICY_NUMBERS_MAX = 3 };

/* The words point into `digits`: it must stay where it is. */
struct rate_policy_words {
    struct bytes words[RATE_POLICY_WORDS_MAX];
    uint32_t count;
    uint32_t digits_len;
    char digits[(RATE_POLICY_NUMBERS_MAX + 1) * NUMBER_I64_MAX_CHARS];
};

/* The words of a valid policy; none of RATE_NONE. */
void rate_policy_put_words(const struct rate_policy *policy, struct rate_policy_words *words);
/* The same with spaces between them. */
void rate_policy_append(const struct rate_policy *policy, struct buffer *out);

#endif
