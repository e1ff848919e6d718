/* What the tests of hashes share: a database with a clock that they set, and short ways to set and
 * read fields. */
#ifndef UNIT_DATA_TYPES_HASH_FIXTURE_H
#define UNIT_DATA_TYPES_HASH_FIXTURE_H

#include "data/member_expiry.h"
#include "data/types/hash/hash.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START_MS = 1700000000, DEFAULT_ENTRIES = 512, DEFAULT_VALUE_LEN = 64 };

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
    hash_set_limits(DEFAULT_ENTRIES, DEFAULT_VALUE_LEN);
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

static inline struct found find_hash(struct fixture *fixture) {
    return database_find(fixture->db, the_key());
}

static inline size_t set_field(struct fixture *fixture, const char *name, const char *value) {
    struct found found = find_hash(fixture);
    struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
    return hash_set(fixture->db, the_key(), &found, pair, 1, 0);
}

static inline void set_due(struct fixture *fixture, const char *name, int64_t due_ms) {
    struct found found = find_hash(fixture);
    hash_set_due(fixture->db, &found, bytes_of_str(name), due_ms);
    member_expiry_update(fixture->db, the_key(), found.entry);
}

/* Sets `count` fields field:0 … to value:0 … in one command. */
static inline void set_many(struct fixture *fixture, size_t count) {
    struct bytes *pairs = calloc(2 * count, sizeof(*pairs));
    for (size_t i = 0; i < count; i++) {
        char text[32];
        pairs[2 * i].len = (size_t)snprintf(text, sizeof(text), "field:%zu", i);
        pairs[2 * i].data = mem_dup(text, pairs[2 * i].len);
        pairs[2 * i + 1].len = (size_t)snprintf(text, sizeof(text), "value:%zu", i);
        pairs[2 * i + 1].data = mem_dup(text, pairs[2 * i + 1].len);
    }
    struct found found = find_hash(fixture);
    assert_int_equal(hash_set(fixture->db, the_key(), &found, pairs, count, 0), count);
    for (size_t i = 0; i < 2 * count; i++) mem_free((void *)(uintptr_t)pairs[i].data);
    free(pairs);
}

/* The number in a name or value that set_many gave. */
static inline size_t number_of(struct bytes text) {
    enum { PREFIX_LEN = 6 };
    int64_t number;
    assert_in_range(text.len, PREFIX_LEN + 1, 20);
    assert_true(number_parse_i64(bytes_of(text.data + PREFIX_LEN, text.len - PREFIX_LEN), &number));
    return (size_t)number;
}

static inline void assert_encoding(const struct entry *entry, const char *expected) {
    assert_string_equal(hash_value_type.encoding_name(entry), expected);
}

#endif
