/* Random values of every type, in every encoding, for round trips. */
#ifndef UNIT_DATA_RDB_RANDOM_VALUES_H
#define UNIT_DATA_RDB_RANDOM_VALUES_H

#include "data/member_expiry.h"
#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/ratelimit/ratelimit.h"
#include "data/types/set/set.h"
#include "data/types/stream/stream.h"
#include "data/types/string/string.h"
#include "data/types/zset/zset.h"
#include "foundation/random.h"
#include "unit/data/rdb/random_stream.h"
#include "unit/data/types/type_fixture.h"

#include <stdio.h>

enum { TEXT_MAX = 3000 };

/* A text of its own bytes, valid for some hundred calls. */
static inline struct bytes random_text(void) {
    static char texts[512][TEXT_MAX];
    static size_t next;
    char *text = texts[next++ % 512];
    static const int64_t edges[] = {0,         127,       128,       -128,           -129,
                                    32767,     32768,     -32769,    1 << 23,        INT32_MAX,
                                    INT32_MIN, INT64_MAX, INT64_MIN, INT32_MAX + 1LL};
    switch (random_below(6)) {
    case 0: return bytes_of(text, number_format_i64(text, edges[random_below(ARRAY_LEN(edges))]));
    case 1: return bytes_of(text, number_format_i64(text, (int64_t)random_below(100000)));
    case 2:
        return bytes_of(text,
                        (size_t)snprintf(text, TEXT_MAX, "%u.5", (unsigned)random_below(999)));
    default: break;
    }
    size_t len = random_below(8) == 0 ? random_below(TEXT_MAX) : random_below(40);
    uint64_t variety = 1 + random_below(256);
    for (size_t i = 0; i < len; i++) text[i] = (char)random_below(variety);
    return bytes_of(text, len);
}

/* Mostly few, sometimes beyond the limits of the small encodings. */
static inline size_t random_count(void) {
    return 1 + (random_below(4) == 0 ? random_below(700) : random_below(20));
}

static inline int64_t random_due(const struct fixture *fixture) {
    if (random_below(3) == 0) return INT64_MAX - (int64_t)random_below(1000);
    return fixture->clock.unix_ms + 1 + (int64_t)random_below(1000000);
}

static inline void make_string(struct fixture *fixture) {
    struct found found = find_the_key(fixture);
    string_store(fixture->db, the_key(), &found, random_text(), 0);
}

static inline void make_list(struct fixture *fixture) {
    for (size_t left = random_count(); left != 0; left--) {
        struct found found = find_the_key(fixture);
        struct bytes text = random_text();
        list_push(fixture->db, the_key(), &found, left % 5 == 0 ? LIST_HEAD : LIST_TAIL, &text, 1);
    }
}

static inline struct bytes random_integer_text(char digits[NUMBER_I64_MAX_CHARS]) {
    int64_t integer = (int64_t)random_u64() >> random_below(64);
    return bytes_of(digits, number_format_i64(digits, integer));
}

static inline void make_set(struct fixture *fixture) {
    char digits[NUMBER_I64_MAX_CHARS];
    bool is_ints = random_below(2) == 0, has_dues = random_below(3) == 0;
    for (size_t left = random_count(); left != 0; left--) {
        struct found found = find_the_key(fixture);
        struct bytes text = is_ints ? random_integer_text(digits) : random_text();
        set_add(fixture->db, the_key(), &found, &text, 1);
        if (!has_dues || random_below(2) == 0) continue;
        set_set_due(fixture->db, &found, text, random_due(fixture));
        member_expiry_update(fixture->db, the_key(), found.entry);
    }
}

static inline void make_zset(struct fixture *fixture) {
    bool is_exact = random_below(3) == 0, has_dues = random_below(3) == 0;
    for (size_t left = random_count(); left != 0; left--) {
        struct found found = find_the_key(fixture);
        struct bytes text = random_text();
        int64_t integer = (int64_t)random_u64() >> random_below(64);
        double number = random_below(2) == 0 ? (double)integer : (double)integer / 7;
        if (random_below(50) == 0) number = integer < 0 ? -1.0 / 0.0 : 1.0 / 0.0;
        zset_put(fixture->db, the_key(), &found, text,
                 is_exact ? score_of_i64(integer) : score_of_double(number), false);
        if (!has_dues || random_below(2) == 0) continue;
        zset_set_due(fixture->db, &found, text, random_due(fixture));
        member_expiry_update(fixture->db, the_key(), found.entry);
    }
}

static inline void make_hash(struct fixture *fixture) {
    bool has_dues = random_below(3) == 0;
    for (size_t left = random_count(); left != 0; left--) {
        struct found found = find_the_key(fixture);
        struct bytes pair[] = {random_text(), random_text()};
        hash_set(fixture->db, the_key(), &found, pair, 1, 0);
        if (!has_dues || random_below(2) == 0) continue;
        hash_set_due(fixture->db, &found, pair[0], random_below(5) == 0 ? 0 : random_due(fixture));
        member_expiry_update(fixture->db, the_key(), found.entry);
    }
}

static inline struct rate_policy random_policy(void) {
    struct rate_policy policy = {
        .algorithm = (enum rate_algorithm)(1 + random_below(RATE_ALGORITHMS - 1)),
        .limit = 1 + (int64_t)random_below(100),
        .period_ms = 1000 + (int64_t)random_below(100000),
    };
    bool has_refill = policy.algorithm == RATE_BUCKET || policy.algorithm == RATE_GCRA ||
                      policy.algorithm == RATE_LEAKY;
    if (has_refill) policy.refill = 1 + (int64_t)random_below(50);
    if (policy.algorithm == RATE_SLIDING) policy.buckets = 1 + (uint32_t)random_below(10);
    if (policy.algorithm == RATE_FIXED) policy.is_aligned = random_below(2) == 0;
    return policy;
}

static inline void make_ratelimit(struct fixture *fixture) {
    struct rate_policy policy = random_policy();
    int64_t now_us = fixture->clock.unix_us;
    for (size_t left = 1 + random_below(30); left != 0; left--) {
        struct found found = find_the_key(fixture);
        char token[] = "token 0";
        token[6] = (char)('0' + left);
        struct rate_request request = {
            .now_us = now_us, .cost = 1, .token = bytes_of(token, sizeof(token) - 1)};
        struct rate_answer answer;
        limiter_take(fixture->db, the_key(), &found, &policy, &request, &answer);
    }
    if (random_below(4) != 0) return;
    struct found found = find_the_key(fixture);
    limiter_block(fixture->db, the_key(), &found, now_us, now_us / 1000 + 5000);
}

static inline void make_stream(struct fixture *fixture) {
    struct rdb_writer writer;
    uint64_t len;
    rdb_writer_init(&writer, &(struct rdb_writer_settings){.is_compressing = random_below(2) == 0});
    uint8_t type = write_random_stream(&writer, random_text, &len);
    struct bytes form = rdb_writer_bytes(&writer);
    struct entry *entry = stream_try_new_entry(the_key().name, false, type, form, len);
    assert_non_null(entry);
    database_add(fixture->db, the_key(), entry);
    rdb_writer_destroy(&writer);
}

/* A maker for each type: a type without one fails the tests that go over all types. */
typedef void make_function(struct fixture *fixture);
static make_function *const makers[VALUE_TYPE_COUNT] = {
    [VALUE_STRING] = make_string, [VALUE_LIST] = make_list, [VALUE_SET] = make_set,
    [VALUE_ZSET] = make_zset,     [VALUE_HASH] = make_hash, [VALUE_RATELIMIT] = make_ratelimit,
    [VALUE_STREAM] = make_stream,
};

#endif
