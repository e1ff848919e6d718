/* Limiters as values of keys: against the algorithms themselves, and by example. */
#include "data/types/ratelimit/ratelimit.h"

#include "../type_fixture.h"
#include "data/types/string/string.h"
#include "data/value_digest.h"
#include "rate_fixture.h"

#if !defined(SKUA_LIBC_MALLOC)
#include <jemalloc/jemalloc.h>
#endif

enum { KEYS = 12, STEPS = 1500000 };

/* One of each algorithm, SLIDING with one bucket and with more. */
static const struct rate_policy policies[] = {
    {.algorithm = RATE_BUCKET, .limit = 10, .refill = 10, .period_ms = 1000},
    {.algorithm = RATE_GCRA, .limit = 6, .refill = 3, .period_ms = 500},
    {.algorithm = RATE_LEAKY, .limit = 5, .refill = 10, .period_ms = 1000},
    {.algorithm = RATE_FIXED, .limit = 4, .period_ms = 300},
    {.algorithm = RATE_FIXED, .is_aligned = true, .limit = 4, .period_ms = 300},
    {.algorithm = RATE_SLIDING, .buckets = 1, .limit = 8, .period_ms = 700},
    {.algorithm = RATE_SLIDING, .buckets = 5, .limit = 8, .period_ms = 700},
    {.algorithm = RATE_LOG, .limit = 20, .period_ms = 900},
    {.algorithm = RATE_CONCURRENT, .limit = 4, .period_ms = 250},
};
enum { INLINE_POLICIES = 6 };

static int set_up(void **state) {
    return start_database(state);
}

static void pass_us(struct fixture *fixture, int64_t us) {
    clock_set_unix_us(&fixture->clock, fixture->clock.unix_us + us);
}

static struct rate_request now_request(const struct fixture *fixture, int64_t cost) {
    struct rate_request request = request_of(fixture->clock.unix_us, cost, RATE_MODE_ALL);
    request.token = BYTES("token");
    return request;
}

static struct rate_answer take_request(struct fixture *fixture, const struct rate_policy *policy,
                                       const struct rate_request *request) {
    struct rate_answer answer;
    struct found found = find_the_key(fixture);
    limiter_take(fixture->db, the_key(), &found, policy, request, &answer);
    assert_ptr_equal(find_the_key(fixture).entry, found.entry);
    return answer;
}

static struct rate_answer take(struct fixture *fixture, const struct rate_policy *policy,
                               int64_t cost) {
    struct rate_request request = now_request(fixture, cost);
    return take_request(fixture, policy, &request);
}

static struct rate_answer peek(struct fixture *fixture, const struct rate_policy *policy,
                               int64_t cost) {
    struct rate_request request = now_request(fixture, cost);
    request.is_peek = true;
    return take_request(fixture, policy, &request);
}

static bool has_key(struct fixture *fixture) {
    return find_the_key(fixture).entry != NULL;
}

static void encode_key(struct fixture *fixture, struct buffer *out) {
    buffer_clear(out);
    limiter_encode(find_the_key(fixture).entry, out);
}

static void block_until(struct fixture *fixture, int64_t until_ms) {
    struct found found = find_the_key(fixture);
    limiter_block(fixture->db, the_key(), &found, fixture->clock.unix_us, until_ms);
}

static void give(struct fixture *fixture, int64_t units) {
    struct found found = find_the_key(fixture);
    limiter_give(fixture->db, the_key(), &found, fixture->clock.unix_us, units);
}

/* --- the key's life --- */

static void a_key_is_there_exactly_while_its_state_is_not_fresh(void **state) {
    struct fixture *fixture = *state;
    random_set_seed(2);
    for (int i = 0; i < 20000; i++) {
        const struct rate_policy *policy = &policies[random_below(ARRAY_LEN(policies))];
        pass_us(fixture, random_between(0, 999));
        int64_t reset_ms = 0, start_us = fixture->clock.unix_us;
        for (int k = 0; k < 3; k++)
            reset_ms = take(fixture, policy, random_between(1, 3)).reset_after_ms;
        int64_t due_ms = entry_due_ms(find_the_key(fixture).entry);
        int64_t fresh_us = due_ms * 1000;
        assert_true(start_us + reset_ms * 1000 > fresh_us - 1000 &&
                    start_us + reset_ms * 1000 < fresh_us + 1000);
        clock_set_unix_us(&fixture->clock, fresh_us - 1001);
        assert_true(has_key(fixture));
        reset_ms = peek(fixture, policy, policy->limit + 1).reset_after_ms;
        assert_true(reset_ms == 1 || reset_ms == 2);
        clock_set_unix_us(&fixture->clock, fresh_us - 1);
        assert_true(has_key(fixture));
        clock_set_unix_us(&fixture->clock, fresh_us);
        assert_false(has_key(fixture));
    }
}

static void a_peek_and_a_denied_take_make_no_key_and_change_none(void **state) {
    struct fixture *fixture = *state;
    struct buffer before = {0}, after = {0};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        const struct rate_policy *policy = &policies[i];
        assert_true(peek(fixture, policy, 1).is_allowed);
        assert_int_equal(take(fixture, policy, policy->limit + 1).reason, RATE_REASON_TOO_BIG);
        assert_false(has_key(fixture));
        struct rate_request request = now_request(fixture, policy->limit);
        request.token = BYTES("another");
        assert_true(take_request(fixture, policy, &request).is_allowed);
        encode_key(fixture, &before);
        int64_t due_ms = entry_due_ms(find_the_key(fixture).entry);
        pass_us(fixture, 1000);
        struct rate_answer answer = peek(fixture, policy, policy->limit);
        assert_int_equal(answer.reason, RATE_REASON_LIMITED);
        assert_int_equal(take(fixture, policy, policy->limit).retry_after_ms,
                         answer.retry_after_ms);
        encode_key(fixture, &after);
        assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
        assert_int_equal(entry_due_ms(find_the_key(fixture).entry), due_ms);
        database_delete(fixture->db, the_key(), find_the_key(fixture));
    }
    buffer_destroy(&before);
    buffer_destroy(&after);
}

static void giving_all_back_removes_the_key(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        take(fixture, &policies[i], 3);
        give(fixture, 2);
        assert_true(has_key(fixture));
        assert_int_equal(peek(fixture, &policies[i], 1).remaining,
                         policies[i].limit - (policies[i].algorithm == RATE_CONCURRENT ? 1 : 2));
        give(fixture, 100);
        assert_false(has_key(fixture));
        assert_int_equal(fixture->db->due_count, 0);
    }
}

static uint64_t allocated_bytes(void) {
#if defined(SKUA_LIBC_MALLOC)
    return mem_used_bytes();
#else
    uint64_t bytes = 0;
    size_t size = sizeof(bytes);
    assert_int_equal(mallctl("thread.allocated", &bytes, &size, NULL, 0), 0);
    return bytes;
#endif
}

static void a_take_from_a_limiter_that_exists_allocates_nothing(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < INLINE_POLICIES; i++) {
        struct rate_policy policy = policies[i];
        policy.limit = 1000000;
        policy.period_ms = 1000000;
        assert_true(take(fixture, &policy, 1).is_allowed);
        const struct entry *entry = find_the_key(fixture).entry;
        uint64_t bytes = allocated_bytes();
        for (int k = 0; k < 1000; k++) {
            pass_us(fixture, 90);
            assert_int_equal(take(fixture, &policy, k % 2 + 1).granted, k % 2 + 1);
        }
        assert_true(allocated_bytes() == bytes);
        assert_ptr_equal(find_the_key(fixture).entry, entry);
        database_delete(fixture->db, the_key(), find_the_key(fixture));
    }
}

static void a_later_due_time_leaves_the_calendar_alone(void **state) {
    struct fixture *fixture = *state;
    take(fixture, &policies[0], 1);
    size_t records = calendar_record_count(fixture->db->calendar);
    for (int i = 0; i < 5; i++) {
        pass_us(fixture, 1000);
        take(fixture, &policies[0], 1);
    }
    assert_int_equal(calendar_record_count(fixture->db->calendar), records);
}

static void a_limiter_of_usual_limits_takes_64_bytes_with_its_key(void **state) {
    struct fixture *fixture = *state;
    struct rate_policy policy = {
        .algorithm = RATE_BUCKET, .limit = UINT32_MAX, .refill = 1, .period_ms = UINT32_MAX};
    const size_t most[INLINE_POLICIES] = {62, 62, 62, 62, 62, 78};
    for (size_t i = 0; i < INLINE_POLICIES; i++) {
        struct key key = key_of(BYTES("sixteen bytes...0"));
        key = key_of(bytes_of(key.name.data, 16));
        struct found found = {0};
        struct rate_request request = now_request(fixture, 1);
        struct rate_answer answer;
        limiter_take(fixture->db, key, &found, &policies[i], &request, &answer);
        assert_true(entry_size(found.entry) <= most[i]);
        database_delete(fixture->db, key, found);
    }
    take(fixture, &policy, 1);
    assert_true(entry_size(find_the_key(fixture).entry) <= 49);
}

static void limits_of_all_sizes_may_follow_each_other(void **state) {
    struct fixture *fixture = *state;
    struct rate_policy policy = policies[0];
    take(fixture, &policy, 1);
    for (int i = 0; i < 10; i++) {
        policy.limit = i % 2 == 0 ? RATE_LIMIT_MAX : 10;
        policy.period_ms = i % 3 == 0 ? RATE_PERIOD_MAX_MS : 1000;
        struct rate_answer answer = peek(fixture, &policy, 1);
        assert_int_equal(take(fixture, &policy, 1).remaining, answer.remaining);
        struct rate_policy kept = limiter_policy(find_the_key(fixture).entry);
        assert_true(rate_policy_equal(&kept, &policy));
    }
}

/* --- blocking --- */

static void a_blocked_key_denies_until_then(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        const struct rate_policy *policy = &policies[i];
        assert_true(take(fixture, policy, 1).is_allowed);
        int64_t now_ms = fixture->clock.unix_ms;
        block_until(fixture, now_ms + 5000);
        assert_int_equal(limiter_blocked_until_ms(find_the_key(fixture).entry), now_ms + 5000);
        assert_int_equal(entry_due_ms(find_the_key(fixture).entry), now_ms + 5000);
        pass_us(fixture, 300);
        struct rate_answer answer = take(fixture, policy, 1);
        assert_int_equal(answer.reason, RATE_REASON_BLOCKED);
        assert_true(!answer.is_allowed && answer.granted == 0 && answer.remaining == 0);
        assert_int_equal(answer.retry_after_ms, 5000);
        assert_int_equal(answer.reset_after_ms, 5000);
        assert_int_equal(take(fixture, policy, 1000).reason, RATE_REASON_TOO_BIG);
        clock_set_unix_us(&fixture->clock, (now_ms + 5000) * 1000 - 1);
        assert_int_equal(take(fixture, policy, 1).retry_after_ms, 1);
        pass_us(fixture, 1);
        assert_false(has_key(fixture));
        assert_true(take(fixture, policy, 1).is_allowed);
        database_delete(fixture->db, the_key(), find_the_key(fixture));
    }
}

static void a_block_shorter_than_the_limit_waits_for_the_limit(void **state) {
    struct fixture *fixture = *state;
    take(fixture, &policies[0], 10);
    int64_t now_ms = fixture->clock.unix_ms;
    block_until(fixture, now_ms + 50);
    assert_int_equal(take(fixture, &policies[0], 1).retry_after_ms, 100);
    pass_us(fixture, 60000);
    struct rate_answer answer = take(fixture, &policies[0], 1);
    assert_int_equal(answer.reason, RATE_REASON_LIMITED);
    assert_int_equal(answer.retry_after_ms, 40);
    pass_us(fixture, 40000);
    assert_true(take(fixture, &policies[0], 1).is_allowed);
    assert_int_equal(limiter_blocked_until_ms(find_the_key(fixture).entry), 0);
}

static void a_block_is_lifted_and_what_was_taken_stays(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct buffer before = {0}, after = {0};
        take(fixture, &policies[i], 2);
        encode_key(fixture, &before);
        block_until(fixture, fixture->clock.unix_ms + 100000);
        block_until(fixture, 0);
        encode_key(fixture, &after);
        assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
        assert_true(entry_due_ms(find_the_key(fixture).entry) <= fixture->clock.unix_ms + 1400);
        database_delete(fixture->db, the_key(), find_the_key(fixture));
        buffer_destroy(&before);
        buffer_destroy(&after);
    }
}

static void a_key_may_be_blocked_before_its_first_use(void **state) {
    struct fixture *fixture = *state;
    block_until(fixture, fixture->clock.unix_ms);
    assert_false(has_key(fixture));
    block_until(fixture, fixture->clock.unix_ms + 10);
    assert_int_equal(limiter_policy(find_the_key(fixture).entry).algorithm, RATE_NONE);
    assert_string_equal(ratelimit_value_type.encoding_name(find_the_key(fixture).entry), "none");
    give(fixture, 1);
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct rate_answer answer = take(fixture, &policies[i], 1);
        assert_int_equal(answer.reason, RATE_REASON_BLOCKED);
        assert_int_equal(answer.retry_after_ms, 10);
    }
    block_until(fixture, 0);
    assert_false(has_key(fixture));
}

/* --- leases --- */

static void leases_are_released_and_renewed(void **state) {
    struct fixture *fixture = *state;
    const struct rate_policy *policy = &policies[ARRAY_LEN(policies) - 1];
    struct found found = {0};
    int64_t now_us = fixture->clock.unix_us;
    assert_false(limiter_release(fixture->db, the_key(), &found, now_us, BYTES("token")));
    take(fixture, policy, 1);
    found = find_the_key(fixture);
    assert_false(limiter_renew(fixture->db, the_key(), &found, now_us, BYTES("x"), 5000));
    assert_true(limiter_renew(fixture->db, the_key(), &found, now_us, BYTES("token"), 5000));
    assert_int_equal(entry_due_ms(found.entry), fixture->clock.unix_ms + 5000);
    assert_true(limiter_release(fixture->db, the_key(), &found, now_us, BYTES("token")));
    assert_null(found.entry);
    assert_false(has_key(fixture));
    take(fixture, &policies[0], 1);
    found = find_the_key(fixture);
    assert_false(limiter_release(fixture->db, the_key(), &found, now_us, BYTES("token")));
}

/* --- copies and bytes --- */

static void fill_key(struct fixture *fixture, const struct rate_policy *policy) {
    for (int i = 0; i < 4; i++) {
        struct rate_request request = now_request(fixture, 1);
        request.token = bytes_of(&"abcd"[i], 1);
        take_request(fixture, policy, &request);
        pass_us(fixture, 7001);
    }
    if (is_one_in(2)) block_until(fixture, fixture->clock.unix_ms + 150);
}

static void a_copy_is_equal_and_its_own(void **state) {
    struct fixture *fixture = *state;
    struct key other = key_of(BYTES("another key, of another length"));
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        fill_key(fixture, &policies[i]);
        struct entry *source = find_the_key(fixture).entry;
        unsigned char digest[2][VALUE_DIGEST_BYTES] = {{0}};
        struct found copy =
            database_add(fixture->db, other, value_type_copy_entry(source, other.name, true));
        database_set_due(fixture->db, other, &copy, entry_due_ms(source));
        value_digest_add(digest[0], source);
        value_digest_add(digest[1], copy.entry);
        assert_memory_equal(digest[0], digest[1], VALUE_DIGEST_BYTES);
        block_until(fixture, 0);
        give(fixture, 1000);
        assert_false(has_key(fixture));
        copy = database_find(fixture->db, other);
        memset(digest[1], 0, VALUE_DIGEST_BYTES);
        value_digest_add(digest[1], copy.entry);
        assert_memory_equal(digest[0], digest[1], VALUE_DIGEST_BYTES);
        database_delete(fixture->db, other, copy);
    }
}

static bool store(struct fixture *fixture, struct bytes encoded) {
    struct found found = find_the_key(fixture);
    bool is_stored = limiter_store(fixture->db, the_key(), &found, encoded, fixture->clock.unix_us);
    assert_ptr_equal(find_the_key(fixture).entry, found.entry);
    return is_stored;
}

static void what_is_encoded_reads_back_the_same(void **state) {
    struct fixture *fixture = *state;
    struct buffer before = {0}, after = {0};
    for (size_t i = 0; i < 20 * ARRAY_LEN(policies); i++) {
        const struct rate_policy *policy = &policies[i % ARRAY_LEN(policies)];
        fill_key(fixture, policy);
        encode_key(fixture, &before);
        int64_t due_ms = entry_due_ms(find_the_key(fixture).entry);
        struct rate_answer answer = peek(fixture, policy, 2);
        if (is_one_in(2)) database_delete(fixture->db, the_key(), find_the_key(fixture));
        assert_true(store(fixture, buffer_bytes(&before)));
        encode_key(fixture, &after);
        assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
        assert_int_equal(entry_due_ms(find_the_key(fixture).entry), due_ms);
        assert_int_equal(peek(fixture, policy, 2).retry_after_ms, answer.retry_after_ms);
        assert_int_equal(ratelimit_value_type.serialized_len(find_the_key(fixture).entry),
                         before.len);
        assert_int_equal(fixture->db->due_count, 1);
        set_now(fixture, due_ms);
        assert_true(store(fixture, buffer_bytes(&before)));
        assert_false(has_key(fixture));
    }
    buffer_destroy(&before);
    buffer_destroy(&after);
}

static void storing_replaces_a_value_of_another_type(void **state) {
    struct fixture *fixture = *state;
    struct buffer encoded = {0};
    take(fixture, &policies[0], 1);
    encode_key(fixture, &encoded);
    struct found found = find_the_key(fixture);
    string_store(fixture->db, the_key(), &found, BYTES("text"), 0);
    assert_true(store(fixture, buffer_bytes(&encoded)));
    assert_int_equal(find_the_key(fixture).entry->type, VALUE_RATELIMIT);
    found = find_the_key(fixture);
    string_store(fixture->db, the_key(), &found, BYTES("text"), 0);
    pass_us(fixture, 1000000);
    assert_true(store(fixture, buffer_bytes(&encoded)));
    assert_false(has_key(fixture));
    buffer_destroy(&encoded);
}

/* What is taken in must be a limiter that works, and be told again in the same bytes. */
static void check_stored(struct fixture *fixture, struct bytes encoded) {
    const struct entry *entry = find_the_key(fixture).entry;
    if (entry == NULL) return;
    struct buffer again = {0};
    encode_key(fixture, &again);
    assert_true(bytes_equal(buffer_bytes(&again), encoded));
    buffer_destroy(&again);
    struct rate_policy policy = limiter_policy(entry);
    assert_true(rate_policy_is_valid(&policy));
    assert_true(entry_due_ms(entry) > fixture->clock.unix_ms);
    if (policy.algorithm == RATE_NONE) return;
    struct rate_answer answer = take(fixture, &policy, 1);
    assert_true(answer.remaining >= 0 && answer.remaining <= policy.limit);
    assert_true(answer.retry_after_ms >= 0 && answer.reset_after_ms >= 0);
    if (is_one_in(2)) give(fixture, 1);
}

static void try_bytes(struct fixture *fixture, const struct buffer *good, struct bytes encoded,
                      uint64_t *refused) {
    assert_true(store(fixture, buffer_bytes(good)));
    if (store(fixture, encoded)) {
        check_stored(fixture, encoded);
        return;
    }
    ++*refused;
    struct buffer kept = {0};
    encode_key(fixture, &kept);
    assert_true(bytes_equal(buffer_bytes(&kept), buffer_bytes(good)));
    buffer_destroy(&kept);
}

static void changed_bytes_are_refused_or_make_a_sound_limiter(void **state) {
    struct fixture *fixture = *state;
    struct buffer good = {0};
    uint64_t refused = 0;
    random_set_seed(4);
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        fill_key(fixture, &policies[i]);
        encode_key(fixture, &good);
        char *changed = malloc(good.len + 1);
        assert_non_null(changed);
        for (size_t at = 0; at < good.len; at++) {
            for (int value = 0; value < 256; value++) {
                memcpy(changed, good.data, good.len);
                if (changed[at] == (char)value) continue;
                changed[at] = (char)value;
                if (is_one_in(4)) changed[random_below(good.len)] = (char)random_u64();
                try_bytes(fixture, &good, bytes_of(changed, good.len), &refused);
            }
        }
        for (size_t len = 0; len < good.len; len++) {
            char *cut = mem_dup(good.data, len);
            try_bytes(fixture, &good, bytes_of(cut, len), &refused);
            mem_free(cut);
        }
        memcpy(changed, good.data, good.len);
        changed[good.len] = 0;
        assert_false(store(fixture, bytes_of(changed, good.len + 1)));
        free(changed);
        if (has_key(fixture)) database_delete(fixture->db, the_key(), find_the_key(fixture));
    }
    assert_true(refused > 1000);
    buffer_destroy(&good);
}

/* --- against the algorithms themselves --- */

struct shadow {
    bool exists;
    int64_t due_ms;
    struct rate_policy policy;
    _Alignas(16) unsigned char state[128];
};

static const struct rate_methods *methods_of(const struct rate_policy *policy) {
    return rate_methods_of(policy->algorithm);
}

static void drop_shadow(struct shadow *shadow) {
    if (shadow->exists && methods_of(&shadow->policy)->is_outside)
        methods_of(&shadow->policy)->destroy(shadow->state);
    shadow->exists = false;
}

static void note_due(struct shadow *shadow, int64_t now_us) {
    int64_t fresh_us =
        methods_of(&shadow->policy)->fresh_at_us(shadow->state, &shadow->policy, now_us);
    shadow->due_ms = fresh_us / 1000 + (fresh_us % 1000 != 0);
}

static void forget_fresh(struct shadow *shadow, int64_t now_us) {
    if (shadow->exists && shadow->due_ms <= now_us / 1000) drop_shadow(shadow);
}

static void take_both(struct fixture *fixture, struct shadow *shadow, struct key key,
                      const struct rate_policy *policy) {
    static const char *const tokens[] = {"a", "bb", "ccc", "dddd", "eeeee", "ffffff"};
    struct rate_request request = now_request(fixture, random_between(1, 4));
    request.mode = random_mode();
    request.is_peek = is_one_in(6);
    request.token = bytes_of_str(tokens[random_below(6)]);
    if (!shadow->exists) {
        shadow->policy = *policy;
        methods_of(policy)->start(shadow->state, policy, request.now_us);
        shadow->exists = true;
        shadow->due_ms = 0;
    }
    struct rate_answer expected, answer;
    methods_of(policy)->take(shadow->state, &shadow->policy, policy, &request, &expected);
    if (!request.is_peek && (expected.is_allowed || request.mode == RATE_MODE_DRAIN)) {
        shadow->policy = *policy;
        note_due(shadow, request.now_us);
    }
    forget_fresh(shadow, request.now_us);
    struct found found = database_find(fixture->db, key);
    limiter_take(fixture->db, key, &found, policy, &request, &answer);
    assert_int_equal(answer.is_allowed, expected.is_allowed);
    assert_int_equal(answer.reason, expected.reason);
    assert_int_equal(answer.remaining, expected.remaining);
    assert_int_equal(answer.granted, expected.granted);
    assert_int_equal(answer.retry_after_ms, expected.retry_after_ms);
    assert_int_equal(answer.reset_after_ms, expected.reset_after_ms);
    assert_int_equal(answer.delay_ms, expected.delay_ms);
}

static void give_both(struct fixture *fixture, struct shadow *shadow, struct key key) {
    int64_t now_us = fixture->clock.unix_us, units = random_between(1, 4);
    struct found found = database_find(fixture->db, key);
    limiter_give(fixture->db, key, &found, now_us, units);
    if (!shadow->exists) return;
    methods_of(&shadow->policy)->give(shadow->state, &shadow->policy, now_us, units);
    note_due(shadow, now_us);
    forget_fresh(shadow, now_us);
}

static void renew_bytes(struct fixture *fixture, struct key key) {
    struct found found = database_find(fixture->db, key);
    if (found.entry == NULL) return;
    struct buffer encoded = {0};
    limiter_encode(found.entry, &encoded);
    int64_t now_us = fixture->clock.unix_us;
    assert_true(limiter_store(fixture->db, key, &found, buffer_bytes(&encoded), now_us));
    buffer_destroy(&encoded);
}

static struct rate_policy vary(const struct rate_policy *base) {
    struct rate_policy policy = *base;
    if (is_one_in(3)) policy.limit += random_between(0, 5);
    if (is_one_in(6)) policy.period_ms *= random_between(1, 3);
    if (policy.refill != 0 && is_one_in(6)) policy.refill += random_between(0, 9);
    if (policy.buckets != 0 && is_one_in(9)) policy.buckets = (uint32_t)random_between(1, 6);
    if (policy.algorithm != RATE_LOG && policy.algorithm != RATE_CONCURRENT && is_one_in(20))
        policy.limit = RATE_LIMIT_MAX;
    return policy;
}

static void keys_behave_as_their_algorithms_do(void **state) {
    struct fixture *fixture = *state;
    struct shadow *shadows = calloc(KEYS, sizeof(*shadows));
    assert_non_null(shadows);
    uint64_t steps = steps_to_run(STEPS);
    for (uint64_t step = 0; step < steps; step++) {
        char name[] = "key a";
        size_t i = random_below(KEYS);
        name[4] = (char)('a' + i);
        struct key key = key_of(bytes_of_str(name));
        pass_us(fixture, random_between(0, is_one_in(50) ? 500000 : 20000));
        forget_fresh(&shadows[i], fixture->clock.unix_us);
        struct rate_policy policy = vary(&policies[i % ARRAY_LEN(policies)]);
        switch (random_below(16)) {
        case 0: give_both(fixture, &shadows[i], key); break;
        case 1: renew_bytes(fixture, key); break;
        default: take_both(fixture, &shadows[i], key, &policy);
        }
        bool exists = database_find(fixture->db, key).entry != NULL;
        assert_int_equal(exists, shadows[i].exists);
        if (step % 64 == 0) keyspace_expire_due(fixture->keyspace, 100);
        assert_int_equal(fixture->db->due_count, database_key_count(fixture->db));
    }
    for (size_t i = 0; i < KEYS; i++) drop_shadow(&shadows[i]);
    free(shadows);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_there_exactly_while_its_state_is_not_fresh),
        TEST(a_peek_and_a_denied_take_make_no_key_and_change_none),
        TEST(giving_all_back_removes_the_key),
        TEST(a_take_from_a_limiter_that_exists_allocates_nothing),
        TEST(a_later_due_time_leaves_the_calendar_alone),
        TEST(a_limiter_of_usual_limits_takes_64_bytes_with_its_key),
        TEST(limits_of_all_sizes_may_follow_each_other),
        TEST(a_blocked_key_denies_until_then),
        TEST(a_block_shorter_than_the_limit_waits_for_the_limit),
        TEST(a_block_is_lifted_and_what_was_taken_stays),
        TEST(a_key_may_be_blocked_before_its_first_use),
        TEST(leases_are_released_and_renewed),
        TEST(a_copy_is_equal_and_its_own),
        TEST(what_is_encoded_reads_back_the_same),
        TEST(storing_replaces_a_value_of_another_type),
        TEST(changed_bytes_are_refused_or_make_a_sound_limiter),
        TEST(keys_behave_as_their_algorithms_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
