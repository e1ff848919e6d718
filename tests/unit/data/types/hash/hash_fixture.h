/* What the tests of hashes share: the fixture of types with their limits, and short ways to set and
 * read fields. */
#ifndef UNIT_DATA_TYPES_HASH_HASH_FIXTURE_H
#define UNIT_DATA_TYPES_HASH_HASH_FIXTURE_H

#include "data/member_expiry.h"
#include "data/types/hash/hash.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "unit/data/types/type_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_ENTRIES = 512, DEFAULT_VALUE_LEN = 64 };

static inline int set_up(void **state) {
    hash_set_limits(DEFAULT_ENTRIES, DEFAULT_VALUE_LEN);
    return start_database(state);
}

static inline size_t set_field(struct fixture *fixture, const char *name, const char *value) {
    struct found found = find_the_key(fixture);
    struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
    return hash_set(fixture->db, the_key(), &found, pair, 1, 0);
}

static inline void set_due(struct fixture *fixture, const char *name, int64_t due_ms) {
    struct found found = find_the_key(fixture);
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
    struct found found = find_the_key(fixture);
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
