/* maxmemory: who is refused, what is evicted, and that memory stays under the limit. */
#include "engine/memory.h"

#include "data/access.h"
#include "foundation/mem.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>

#define OOM "-OOM command not allowed when used memory > 'maxmemory'."

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    ROUNDS_MAX = 100000,
    /* What one command may take: its value, the table's growth, reply and event buffers; and slices
     * that a busy machine cuts short. */
    COMMAND_BYTES = 64 * KIB,
};

static const struct feature sample_feature = {.name = "sample", .commands = sample_commands};

static int set_up(void **state) {
    static const struct feature *const features[] = {&memory_feature, &sample_feature, NULL};
    struct command_fixture *f = fixture_new_of_features(features);
    char error[256];
    assert_true(memory_feature.start(f->engine, error));
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct command_fixture *f = *state;
    memory_feature.stop(f->engine);
    directives_apply_defaults(f->directives);
    fixture_free(f);
    return 0;
}

/* CONFIG SET; false when it is refused. */
static bool may_configure(struct command_fixture *f, const char *name, const char *value) {
    struct buffer error = {0};
    struct bytes pair[2] = {bytes_of_str(name), bytes_of_str(value)};
    bool is_set = directives_set(f->directives, pair, 1, true, &error);
    buffer_destroy(&error);
    return is_set;
}

static void configure(struct command_fixture *f, const char *name, const char *value) {
    assert_true(may_configure(f, name, value));
}

static void limit_to(struct command_fixture *f, size_t bytes) {
    char text[32];
    snprintf(text, sizeof(text), "%zu", bytes);
    configure(f, "maxmemory", text);
}

static const char *set_key(struct command_fixture *f, uint32_t number, size_t len) {
    static char value[16 * KIB];
    char name[16];
    snprintf(name, sizeof(name), "key:%u", number);
    struct bytes args[] = {BYTES("SET"), bytes_of_str(name), bytes_of(value, len)};
    return fixture_run_args(f, args, ARRAY_LEN(args));
}

static void fill(struct command_fixture *f, uint32_t keys, size_t len) {
    for (uint32_t i = 0; i < keys; i++) assert_string_equal(set_key(f, i, len), "OK");
    buffer_destroy(&f->events);
}

static uint64_t count_keys(const struct command_fixture *f) {
    return keyspace_key_count(f->engine->keyspace);
}

static void without_a_limit_everything_passes(void **state) {
    struct command_fixture *f = *state;
    assert_int_equal(memory_max_bytes(f->engine), 0);
    assert_true(memory_make_room(f->engine));
    assert_reply(f, "SET a 1", "OK");
}

static void noeviction_refuses_what_takes_memory(void **state) {
    struct command_fixture *f = *state;
    fill(f, 10, 100);
    configure(f, "maxmemory", "1");
    uint64_t rejected = command_table_find(f->engine->commands, BYTES("set"))->stats.rejected;
    assert_reply(f, "SET a 1", OOM);
    assert_reply(f, "SET key:1 changed", OOM);
    assert_int_equal(command_table_find(f->engine->commands, BYTES("set"))->stats.rejected,
                     rejected + 2);
    assert_reply(f, "INCR n", "1");
    assert_reply(f, "GET n", "\"1\"");
    assert_reply(f, "PING", "PONG");
    assert_int_equal(count_keys(f), 11);
    assert_int_equal(f->engine->keyspace->stats.evicted, 0);
    assert_events(f, "");
    configure(f, "maxmemory", "0");
    assert_reply(f, "SET a 1", "OK");
}

static void eviction_makes_room_and_the_command_goes_on(void **state) {
    struct command_fixture *f = *state;
    static const char *const policies[] = {"allkeys-lru", "allkeys-lfu", "allkeys-random"};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        fill(f, 1000, KIB);
        uint64_t evicted = f->engine->keyspace->stats.evicted;
        configure(f, "maxmemory-policy", policies[i]);
        limit_to(f, mem_used_bytes() - 50 * KIB);
        assert_reply(f, "SET a 1", "OK");
        assert_reply(f, "GET a", "\"1\"");
        evicted = f->engine->keyspace->stats.evicted - evicted;
        assert_true(evicted > 0);
        assert_memory_equal(fixture_events(f), "0:evicted:key:", 14);
        assert_true(mem_used_bytes() <= memory_max_bytes(f->engine) + COMMAND_BYTES);
        configure(f, "maxmemory", "0");
    }
}

static void volatile_policies_refuse_when_no_key_has_a_due_time(void **state) {
    struct command_fixture *f = *state;
    static const char *const policies[] = {"volatile-lru", "volatile-lfu", "volatile-random",
                                           "volatile-ttl"};
    struct database *db = f->engine->keyspace->dbs[0];
    fill(f, 100, KIB);
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        configure(f, "maxmemory-policy", policies[i]);
        limit_to(f, mem_used_bytes() / 2);
        assert_reply(f, "SET a 1", OOM);
        assert_int_equal(count_keys(f), 100);
        configure(f, "maxmemory", "0");
        for (uint32_t k = 0; k < 100; k++) {
            char name[16];
            snprintf(name, sizeof(name), "key:%u", k);
            struct key key = key_of(bytes_of_str(name));
            struct found found = database_find(db, key);
            database_set_due(db, key, &found, FIXTURE_START_MS + 100000);
        }
        limit_to(f, mem_used_bytes() - 30 * KIB);
        assert_reply(f, "SET a 1", "OK");
        assert_true(count_keys(f) < 101);
        configure(f, "maxmemory", "0");
        fixture_run(f, "SET a 1");
        database_clear(db, false);
        fill(f, 100, KIB);
    }
}

static void memory_stays_under_the_limit(void **state) {
    struct command_fixture *f = *state;
    enum { KEYS = 30000, ROOM = 2 * MIB };
    static const char *const policies[] = {"allkeys-lru", "allkeys-lfu", "allkeys-random"};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        configure(f, "maxmemory-policy", policies[i]);
        size_t limit = mem_used_bytes() + ROOM;
        limit_to(f, limit);
        uint64_t evicted = f->engine->keyspace->stats.evicted;
        for (uint32_t k = 0; k < KEYS; k++) {
            assert_string_equal(set_key(f, k, (k * 37) % 1500), "OK");
            buffer_clear(&f->events);
            assert_true(mem_used_bytes() <= limit + COMMAND_BYTES);
        }
        assert_true(f->engine->keyspace->stats.evicted - evicted > KEYS / 2);
        assert_true(count_keys(f) > ROOM / 2 / 1500);
        configure(f, "maxmemory", "0");
        database_clear(f->engine->keyspace->dbs[0], false);
    }
}

static void rounds_bring_memory_under_a_lowered_limit(void **state) {
    struct command_fixture *f = *state;
    fill(f, 5000, 500);
    configure(f, "maxmemory-policy", "allkeys-lru");
    size_t limit = mem_used_bytes() - 1 * MIB;
    limit_to(f, limit);
    for (int i = 0; i < ROUNDS_MAX && mem_used_bytes() > limit; i++) {
        memory_feature.finish_round(f->engine);
        buffer_destroy(&f->events);
    }
    assert_true(mem_used_bytes() <= limit);
    assert_true(count_keys(f) > 1000);
}

static void the_policy_decides_what_access_clocks_count(void **state) {
    struct command_fixture *f = *state;
    const struct access_policy *access = &f->engine->keyspace->access;
    assert_false(access->is_lfu);
    configure(f, "maxmemory-policy", "volatile-lfu");
    assert_true(access->is_lfu);
    configure(f, "maxmemory-policy", "allkeys-lfu");
    assert_true(access->is_lfu);
    configure(f, "lfu-log-factor", "3");
    configure(f, "lfu-decay-time", "7");
    assert_int_equal(access->lfu_log_factor, 3);
    assert_int_equal(access->lfu_decay_minutes, 7);
    configure(f, "maxmemory-policy", "allkeys-random");
    assert_false(access->is_lfu);
}

static void settings_out_of_bounds_are_refused(void **state) {
    struct command_fixture *f = *state;
    configure(f, "maxmemory", "100mb");
    assert_int_equal(memory_max_bytes(f->engine), 100 * MIB);
    assert_false(may_configure(f, "maxmemory", "-1"));
    assert_false(may_configure(f, "maxmemory-policy", "allkeys-ttl"));
    assert_false(may_configure(f, "maxmemory-samples", "0"));
    assert_false(may_configure(f, "maxmemory-samples", "65"));
    configure(f, "maxmemory-samples", "64");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_a_limit_everything_passes),
        TEST(noeviction_refuses_what_takes_memory),
        TEST(eviction_makes_room_and_the_command_goes_on),
        TEST(volatile_policies_refuse_when_no_key_has_a_due_time),
        TEST(memory_stays_under_the_limit),
        TEST(rounds_bring_memory_under_a_lowered_limit),
        TEST(the_policy_decides_what_access_clocks_count),
        TEST(settings_out_of_bounds_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
