/* A rate state under test with its remembered policy. Every call also checks what holds for all
 * algorithms: a peek tells what the take then does and changes nothing, neither does a denied take,
 * and a state can be copied, written and read back at any time without a difference. */
#ifndef UNIT_DATA_TYPES_RATELIMIT_RATE_SUBJECT_H
#define UNIT_DATA_TYPES_RATELIMIT_RATE_SUBJECT_H

#include "unit/data/types/ratelimit/rate_fixture.h"

__extension__ typedef __int128 wide;

struct subject {
    const struct rate_methods *methods;
    void *state;
    struct rate_policy was;
    struct buffer before, after; /* encoded */
};

static inline int64_t random_up_to(int64_t max) {
    return (int64_t)random_below((uint64_t)max + 1);
}

/* Of any size up to max, small ones as likely as large ones; at least 1. */
static inline int64_t random_magnitude(int64_t max) {
    int bits = 64 - __builtin_clzll((uint64_t)max);
    int64_t size = (int64_t)random_below((uint64_t)1 << random_below((uint64_t)bits + 1)) + 1;
    return size < max ? size : max;
}

static inline void subject_start(struct subject *subject, const struct rate_methods *methods,
                                 const struct rate_policy *policy, int64_t now_us) {
    *subject = (struct subject){.methods = methods, .was = *policy};
    subject->state = mem_alloc(methods->state_bytes);
    methods->start(subject->state, policy, now_us);
}

/* One that was never started is left alone. */
static inline void subject_end(struct subject *subject) {
    if (subject->state == NULL) return;
    subject->methods->destroy(subject->state);
    mem_free(subject->state);
    buffer_destroy(&subject->before);
    buffer_destroy(&subject->after);
}

static inline void encode_subject(const struct subject *subject, struct buffer *out) {
    buffer_clear(out);
    subject->methods->encode(subject->state, out);
}

static inline void assert_same_bytes(struct bytes a, struct bytes b) {
    assert_true(bytes_equal(a, b));
}

/* The state is replaced by its copy, or by what is read back of it. */
static inline void renew_subject(struct subject *subject) {
    const struct rate_methods *methods = subject->methods;
    void *renewed = mem_alloc(methods->state_bytes);
    encode_subject(subject, &subject->before);
    if (random_below(2) == 0)
        methods->copy(subject->state, renewed);
    else
        assert_true(methods->decode(renewed, &subject->was, buffer_bytes(&subject->before)));
    methods->destroy(subject->state);
    mem_free(subject->state);
    subject->state = renewed;
    encode_subject(subject, &subject->after);
    assert_same_bytes(buffer_bytes(&subject->before), buffer_bytes(&subject->after));
}

static inline void assert_same_answer(const struct rate_answer *a, const struct rate_answer *b) {
    assert_int_equal(a->is_allowed, b->is_allowed);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->limit, b->limit);
    assert_int_equal(a->remaining, b->remaining);
    assert_int_equal(a->retry_after_ms, b->retry_after_ms);
    assert_int_equal(a->reset_after_ms, b->reset_after_ms);
    assert_int_equal(a->granted, b->granted);
    assert_int_equal(a->delay_ms, b->delay_ms);
}

static inline void assert_sound_answer(const struct rate_answer *answer,
                                       const struct rate_policy *policy) {
    assert_int_equal(answer->limit, policy->limit);
    assert_true(answer->remaining >= 0 && answer->remaining <= policy->limit);
    assert_int_equal(answer->delay_ms, 0);
    assert_int_equal(answer->is_allowed, answer->reason == RATE_REASON_OK);
    assert_int_equal(answer->is_allowed, answer->granted > 0);
    if (answer->reason == RATE_REASON_OK) assert_int_equal(answer->retry_after_ms, 0);
    if (answer->reason == RATE_REASON_TOO_BIG) assert_int_equal(answer->retry_after_ms, -1);
    if (answer->reason == RATE_REASON_LIMITED) assert_true(answer->retry_after_ms > 0);
}

/* A peek, which must change nothing. */
static inline struct rate_answer peek_subject(struct subject *subject,
                                              const struct rate_policy *policy,
                                              struct rate_request request) {
    struct rate_answer answer;
    request.is_peek = true;
    subject->methods->take(subject->state, &subject->was, policy, &request, &answer);
    return answer;
}

/* A take. `is_thorough`: with the checks, which cost time. */
static inline struct rate_answer take_subject(struct subject *subject,
                                              const struct rate_policy *policy,
                                              struct rate_request request, bool is_thorough) {
    struct rate_answer answer, peeked = {0};
    if (is_thorough) {
        renew_subject(subject);
        peeked = peek_subject(subject, policy, request);
        encode_subject(subject, &subject->after);
        assert_same_bytes(buffer_bytes(&subject->before), buffer_bytes(&subject->after));
    }
    subject->methods->take(subject->state, &subject->was, policy, &request, &answer);
    bool is_stored = answer.is_allowed || request.mode == RATE_MODE_DRAIN;
    if (is_stored) subject->was = *policy;
    assert_sound_answer(&answer, policy);
    if (is_stored)
        assert_tells_when_fresh(subject->methods, subject->state, policy, request.now_us, &answer);
    if (!is_thorough) return answer;
    assert_same_answer(&answer, &peeked);
    encode_subject(subject, &subject->after);
    if (!is_stored)
        assert_same_bytes(buffer_bytes(&subject->before), buffer_bytes(&subject->after));
    return answer;
}

/* Breaks the encoded state in some place. Bytes that are read all the same are the very ones that
 * such a state is written as, and it can be used. */
static inline void break_subject(struct subject *subject, int64_t now_us) {
    struct buffer *bytes = &subject->before;
    encode_subject(subject, bytes);
    for (uint64_t i = random_below(3); i > 0 && bytes->len != 0; i--)
        bytes->data[random_below(bytes->len)] ^= (char)(1 << random_below(8));
    if (random_below(4) == 0) bytes->len = random_below(bytes->len + 1);
    if (random_below(4) == 0) buffer_append_char(bytes, (char)random_below(256));
    struct subject broken = {.methods = subject->methods, .was = subject->was};
    broken.state = mem_alloc(subject->methods->state_bytes);
    /* A copy of the very length, so that reading too far is seen. */
    char *exact = mem_dup(bytes->data, bytes->len);
    exact = mem_realloc(exact, bytes->len + (bytes->len == 0));
    if (!subject->methods->decode(broken.state, &broken.was, bytes_of(exact, bytes->len))) {
        mem_free(broken.state);
        mem_free(exact);
        return;
    }
    encode_subject(&broken, &broken.after);
    assert_same_bytes(bytes_of(exact, bytes->len), buffer_bytes(&broken.after));
    struct rate_request request = request_of(now_us, 1, RATE_MODE_ALL);
    request.token = BYTES("t");
    take_subject(&broken, &broken.was, request, false);
    subject_end(&broken);
    mem_free(exact);
}

#endif
