/* What the tests of value types share: a database with a clock that they set. */
#ifndef UNIT_DATA_TYPES_TYPE_FIXTURE_H
#define UNIT_DATA_TYPES_TYPE_FIXTURE_H

#include "data/database.h"
#include "data/keyspace.h"
#include "foundation/clock.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START_MS = 1700000000 };

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
};

static inline void set_now(struct fixture *fixture, int64_t unix_ms) {
    clock_set_unix_us(&fixture->clock, unix_ms * 1000);
}

static inline int start_database(void **state) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    set_now(fixture, START_MS);
    fixture->keyspace = keyspace_new(1, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
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

/* The key that most tests need no more than one of. */
static inline struct key the_key(void) {
    return key_of(BYTES("key"));
}

static inline struct found find_the_key(struct fixture *fixture) {
    return database_find(fixture->db, the_key());
}

/* `set_up` is the type's: it calls start_database and sets the limits. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
