/* What the tests of sorted sets share: a database with a clock that they set, and short ways to add
 * and read members. */
#ifndef UNIT_DATA_TYPES_ZSET_FIXTURE_H
#define UNIT_DATA_TYPES_ZSET_FIXTURE_H

#include "data/member_expiry.h"
#include "data/types/zset/zset.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START_MS = 1700000000, DEFAULT_ENTRIES = 128, DEFAULT_MEMBER_LEN = 64 };

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
};

static inline void set_now(struct fixture *fixture, int64_t unix_ms) {
    clock_set_unix_us(&fixture->clock, unix_ms * 1000);
}

static inline int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    set_now(fixture, START_MS);
    fixture->keyspace = keyspace_new(1, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
    zset_set_limits(DEFAULT_ENTRIES, DEFAULT_MEMBER_LEN);
    random_set_seed(1);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *fixture = *state;
    keyspace_free(fixture->keyspace);
    free(fixture);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The key that most tests need no more than one of. */
static inline struct key the_key(void) {
    return key_of(BYTES("key"));
}

static inline struct found find_zset(struct fixture *fixture) {
    return database_find(fixture->db, the_key());
}

static inline bool put_score(struct fixture *fixture, const char *member, struct score score) {
    struct found found = find_zset(fixture);
    return zset_put(fixture->db, the_key(), &found, bytes_of_str(member), score, false);
}

static inline bool put(struct fixture *fixture, const char *member, double score) {
    return put_score(fixture, member, score_of_double(score));
}

static inline void set_due(struct fixture *fixture, const char *member, int64_t due_ms) {
    struct found found = find_zset(fixture);
    zset_set_due(fixture->db, &found, bytes_of_str(member), due_ms);
    member_expiry_update(fixture->db, the_key(), found.entry);
}

static inline void assert_encoding(const struct entry *entry, const char *expected) {
    assert_string_equal(zset_value_type.encoding_name(entry), expected);
}

#endif
