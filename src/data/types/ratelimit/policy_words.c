#include "data/types/ratelimit/policy_words.h"

#include "data/types/ratelimit/algorithm.h"

static void add_word(struct rate_policy_words *words, struct bytes word) {
    words->words[words->count++] = word;
}

static void add_number(struct rate_policy_words *words, int64_t number) {
    char *at = words->digits + words->digits_len;
    size_t len = number_format_i64(at, number);
    words->digits_len += (uint32_t)len;
    add_word(words, bytes_of(at, len));
}

void rate_policy_put_words(const struct rate_policy *policy, struct rate_policy_words *words) {
    words->count = words->digits_len = 0;
    if (policy->algorithm == RATE_NONE) return;
    add_word(words, bytes_of_str(rate_methods_of(policy->algorithm)->word));
    add_number(words, policy->algorithm == RATE_GCRA ? policy->limit - 1 : policy->limit);
    if (policy->refill != 0) add_number(words, policy->refill);
    add_number(words, policy->period_ms);
    if (policy->is_aligned) add_word(words, BYTES("ALIGNED"));
    if (policy->buckets <= 1) return;
    add_word(words, BYTES("BUCKETS"));
    add_number(words, policy->buckets);
}

void rate_policy_append(const struct rate_policy *policy, struct buffer *out) {
    struct rate_policy_words words;
    rate_policy_put_words(policy, &words);
    for (uint32_t i = 0; i < words.count; i++) {
        if (i != 0) buffer_append_char(out, ' ');
        buffer_append_bytes(out, words.words[i]);
    }
}
