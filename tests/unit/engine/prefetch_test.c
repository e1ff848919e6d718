/* prefetch_keys: which arguments become keys. That they are fetched into cache is seen by
 * benchmarks only; here it must do no harm, whatever is there or not. */
#include "engine/prefetch.h"

#include "engine/dispatch.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARGS = 101 };

struct prepared {
    struct command_fixture *fixture;
    struct call call;
    struct bytes args[ARGS];
    char names[ARGS][16];
};

/* A call "get k1 k2 … k100", of which every third key is there. */
static int set_up(void **state) {
    struct prepared *prepared = calloc(1, sizeof(*prepared));
    prepared->fixture = fixture_new(sample_commands);
    prepared->args[0] = BYTES("get");
    for (size_t i = 1; i < ARGS; i++) {
        char line[32];
        snprintf(prepared->names[i], sizeof(prepared->names[i]), "k%zu", i);
        prepared->args[i] = bytes_of_str(prepared->names[i]);
        snprintf(line, sizeof(line), "SET k%zu v", i);
        if (i % 3 == 0) fixture_run(prepared->fixture, line);
    }
    dispatch_prepare(&prepared->call, &prepared->fixture->session, prepared->args, ARGS, NULL);
    *state = prepared;
    return 0;
}

static int tear_down(void **state) {
    struct prepared *prepared = *state;
    fixture_free(prepared->fixture);
    free(prepared);
    return 0;
}

static void check(struct prepared *prepared, uint32_t index, uint32_t end, uint32_t step) {
    struct key keys[PREFETCH_MAX_KEYS];
    size_t expected = index >= end ? 0 : (end - index + step - 1) / step;
    if (expected > PREFETCH_MAX_KEYS) expected = PREFETCH_MAX_KEYS;
    assert_int_equal(prefetch_keys(&prepared->call, index, end, step, keys), expected);
    for (size_t i = 0; i < expected; i++) {
        struct bytes name = prepared->args[index + i * step];
        assert_ptr_equal(keys[i].name.data, name.data);
        assert_int_equal(keys[i].name.len, name.len);
        assert_true(keys[i].hash == hash_bytes(name));
    }
}

static void every_range_and_step_gives_its_keys(void **state) {
    struct prepared *prepared = *state;
    for (uint32_t index = 1; index < ARGS; index++) {
        for (uint32_t end = index; end <= ARGS; end++) {
            for (uint32_t step = 1; step <= 3; step++) check(prepared, index, end, step);
        }
    }
}

static void nothing_is_asked_of_an_empty_range(void **state) {
    struct prepared *prepared = *state;
    check(prepared, 5, 5, 1);
    check(prepared, 6, 5, 2);
}

static void a_prefetch_is_no_use_of_a_key(void **state) {
    struct prepared *prepared = *state;
    struct command_fixture *f = prepared->fixture;
    struct key keys[PREFETCH_MAX_KEYS];
    (void)fixture_events(f);
    fixture_want_all_events(f);
    const struct keyspace *keyspace = f->engine->keyspace;
    uint64_t hits = keyspace->stats.hits, misses = keyspace->stats.misses;
    assert_int_equal(prefetch_keys(&prepared->call, 1, ARGS, 1, keys), PREFETCH_MAX_KEYS);
    assert_int_equal(keyspace->stats.hits, hits);
    assert_int_equal(keyspace->stats.misses, misses);
    assert_events(f, "");
    assert_int_equal(database_key_count(keyspace->dbs[0]), (ARGS - 1) / 3);
}

static void an_empty_database_is_no_obstacle(void **state) {
    struct prepared *prepared = *state;
    database_clear(prepared->call.db, false);
    check(prepared, 1, ARGS, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_range_and_step_gives_its_keys),
        TEST(nothing_is_asked_of_an_empty_range),
        TEST(a_prefetch_is_no_use_of_a_key),
        TEST(an_empty_database_is_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
