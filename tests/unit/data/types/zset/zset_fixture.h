/* What the tests of sorted sets share: the fixture of types with their limits, and short ways to
 * add members. */
#ifndef UNIT_DATA_TYPES_ZSET_ZSET_FIXTURE_H
#define UNIT_DATA_TYPES_ZSET_ZSET_FIXTURE_H

#include "data/member_expiry.h"
#include "data/types/zset/zset.h"
#include "foundation/mem.h"
#include "unit/data/types/type_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_ENTRIES = 128, DEFAULT_MEMBER_LEN = 64 };

static inline int set_up(void **state) {
    zset_set_limits(DEFAULT_ENTRIES, DEFAULT_MEMBER_LEN);
    return start_database(state);
}

static inline bool put_score(struct fixture *fixture, const char *member, struct score score) {
    struct found found = find_the_key(fixture);
    return zset_put(fixture->db, the_key(), &found, bytes_of_str(member), score, false);
}

static inline bool put(struct fixture *fixture, const char *member, double score) {
    return put_score(fixture, member, score_of_double(score));
}

static inline void set_due(struct fixture *fixture, const char *member, int64_t due_ms) {
    struct found found = find_the_key(fixture);
    zset_set_due(fixture->db, &found, bytes_of_str(member), due_ms);
    member_expiry_update(fixture->db, the_key(), found.entry);
}

static inline void assert_encoding(const struct entry *entry, const char *expected) {
    assert_string_equal(zset_value_type.encoding_name(entry), expected);
}

#endif
