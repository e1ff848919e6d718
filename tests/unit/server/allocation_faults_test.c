/* Every allocation of a size that a peer or a file chose fails, at every place: for n = 1, 2, 3 …
 * the n-th of them, until the command, or the start, passes untouched. What fails is told, and has
 * changed nothing. */
#include "foundation/check.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "unit/support/folder.h"
#include "unit/support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALLOCATIONS_MAX = 1000, TEXT_LEN = 5000 };

static struct buffer golden; /* a dump of redis-server's with every encoding */
static char folder[] = "/tmp/skua-allocations-XXXXXX";

static const char *const without_log[] = {"appendonly", "no", NULL};

static int set_up(void **state) {
    (void)state;
    folder_empty(folder);
    return 0;
}

/* --- data --- */

static void set_text(struct world *world, const char *name, size_t len, uint64_t seed) {
    char *text = malloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)('a' + (seed >> 60));
    }
    const struct bytes args[] = {BYTES("SET"), bytes_of_str(name), bytes_of(text, len)};
    struct bytes reply = world_run_args(world, args, ARRAY_LEN(args));
    assert_int_equal(reply.data[0], '+');
    free(text);
}

static void push_many(struct world *world, const char *command, const char *name) {
    char line[128];
    for (int i = 0; i < 300; i++) {
        bool is_zset = strcmp(command, "ZADD") == 0, is_hash = strcmp(command, "HSET") == 0;
        (void)snprintf(line, sizeof(line), "%s %s %s member:%d%s", command, name,
                       is_zset ? "1.5" : "", i, is_hash ? " value" : "");
        world_run_ok(world, line);
    }
}

static const char *const values[] = {"long",  "squeezed", "list",    "set",    "hash",  "zset",
                                     "small", "ints",     "limiter", "number", "small2"};

static void fill(struct world *world) {
    set_text(world, "long", 200000, 1);
    world_run_ok(world, "SETRANGE squeezed 100000 x");
    push_many(world, "RPUSH", "list");
    push_many(world, "SADD", "set");
    push_many(world, "HSET", "hash");
    push_many(world, "ZADD", "zset");
    world_run_ok(world, "RPUSH small a b c");
    world_run_ok(world, "HSET small2 f v");
    world_run_ok(world, "SADD ints 1 2 70000");
    world_run_ok(world, "RL.TAKE limiter BUCKET 10 10 60000");
    world_run_ok(world, "SET number 12");
}

/* --- commands --- */

/* Returns how many allocations have failed, one at a time, before the command passed. */
static int run_failing(struct world *world, const struct bytes *args, uint32_t argc) {
    char *before = world_dump(world);
    for (uint64_t n = 1; n < ALLOCATIONS_MAX; n++) {
        (void)mem_fail_nth_try(n);
        struct bytes reply = world_run_args(world, args, argc);
        bool has_failed = mem_fail_nth_try(0) == 0;
        assert_int_equal(reply.data[0] == '-', has_failed);
        if (!has_failed) {
            mem_free(before);
            return (int)n - 1;
        }
        char *after = world_dump(world);
        world_assert_same(after, before);
        mem_free(after);
    }
    fail_msg("%s", "an allocation always fails");
    return 0;
}

static void no_restore_leaves_half_a_value(void **state) {
    (void)state;
    struct world *world = world_start(without_log);
    fill(world);
    int failures = 0;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "DUMP %s", values[i]);
        struct bytes reply = world_run(world, line);
        size_t start = bytes_index(reply, '\n') + 1;
        struct buffer payload = {0};
        buffer_append(&payload, reply.data + start, reply.len - start - 2);
        const struct bytes args[] = {BYTES("RESTORE"), bytes_of_str(values[i]), BYTES("0"),
                                     buffer_bytes(&payload), BYTES("REPLACE")};
        world_run_ok(world, "SET other 1");
        failures += run_failing(world, args, ARRAY_LEN(args));
        buffer_destroy(&payload);
    }
    assert_true(failures >= 2);
    world_stop(world);
}

static void no_command_changes_anything_without_memory_for_it(void **state) {
    static const struct {
        const char *words[6];
        int least_failures;
    } commands[] = {
        {{"SETRANGE", "absent", "100000", "x"}, 1},
        {{"APPEND", "number", "5x"}, 1},
        {{"SETRANGE", "number", "100000", "x"}, 1},
        {{"SETRANGE", "long", "400000", "x"}, 1},
        {{"SETBIT", "absent2", "800000", "1"}, 1},
        {{"BITFIELD", "long", "SET", "u8", "8000000", "1"}, 1},
        {{"BITOP", "AND", "absent3", "long", "squeezed"}, 2},
        {{"BITOP", "NOT", "list", "long"}, 2},
        {{"BITOP", "XOR", "long", "long", "squeezed"}, 2},
        {{"LCS", "text1", "text2"}, 2},
        {{"LCS", "text1", "text2", "LEN"}, 1},
        {{"LCS", "text1", "text2", "IDX"}, 1},
    };
    (void)state;
    struct world *world = world_start(without_log);
    fill(world);
    set_text(world, "text1", TEXT_LEN, 2);
    set_text(world, "text2", TEXT_LEN, 3);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct bytes args[6];
        uint32_t argc = 0;
        for (; argc < 6 && commands[i].words[argc] != NULL; argc++)
            args[argc] = bytes_of_str(commands[i].words[argc]);
        int failures = run_failing(world, args, argc);
        if (failures < commands[i].least_failures)
            fail_msg("%s %s: %d allocations", commands[i].words[0], commands[i].words[1], failures);
    }
    world_stop(world);
}

/* --- files --- */

/* Starts until no allocation fails; then all that was saved must be there. */
static int start_failing(const char *const *settings, const char *expected) {
    for (uint64_t n = 1; n < ALLOCATIONS_MAX; n++) {
        (void)mem_fail_nth_try(n);
        struct world *world = world_try_start(settings);
        bool has_failed = mem_fail_nth_try(0) == 0;
        assert_int_equal(world == NULL, has_failed);
        if (has_failed && strstr(world_error(), "memory") == NULL) fail_msg("%s", world_error());
        if (has_failed) continue;
        char *dump = world_dump(world);
        world_assert_same(dump, expected);
        mem_free(dump);
        world_stop(world);
        return (int)n - 1;
    }
    fail_msg("%s", "an allocation always fails");
    return 0;
}

static char *leave_files(const char *const *settings) {
    struct world *world = world_start(settings);
    fill(world);
    world_run_ok(world, "SAVE");
    char *dump = world_dump(world);
    world_stop(world);
    return dump;
}

static void a_dump_is_loaded_wholly_or_not_at_all(void **state) {
    (void)state;
    char *dump = leave_files(without_log);
    assert_true(start_failing(without_log, dump) >= 2);
    mem_free(dump);
}

static void a_dump_of_redis_server_is_loaded_wholly_or_not_at_all(void **state) {
    (void)state;
    folder_write_file("dump.rdb", buffer_bytes(&golden));
    struct world *world = world_start(without_log);
    char *dump = world_dump(world);
    world_stop(world);
    assert_true(start_failing(without_log, dump) >= 2);
    mem_free(dump);
}

static void a_log_is_loaded_wholly_or_not_at_all(void **state) {
    (void)state;
    char *dump = leave_files(NULL);
    assert_true(start_failing(NULL, dump) >= 2);
    mem_free(dump);
}

static void a_reload_for_which_there_is_no_memory_changes_nothing(void **state) {
    static const struct bytes args[] = {BYTES("DEBUG"), BYTES("RELOAD"), BYTES("NOSAVE")};
    (void)state;
    mem_free(leave_files(without_log));
    struct world *world = world_start(without_log);
    assert_true(run_failing(world, args, ARRAY_LEN(args)) >= 2);
    world_stop(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_restore_leaves_half_a_value, set_up),
        cmocka_unit_test_setup(no_command_changes_anything_without_memory_for_it, set_up),
        cmocka_unit_test_setup(a_dump_is_loaded_wholly_or_not_at_all, set_up),
        cmocka_unit_test_setup(a_dump_of_redis_server_is_loaded_wholly_or_not_at_all, set_up),
        cmocka_unit_test_setup(a_log_is_loaded_wholly_or_not_at_all, set_up),
        cmocka_unit_test_setup(a_reload_for_which_there_is_no_memory_changes_nothing, set_up),
    };
    mem_start();
    clock_ticks_start();
    if (!log_configure(&(struct log_settings){.level = LOG_LEVEL_NOTHING})) return EXIT_FAILURE;
    golden = folder_read_file("tests/golden/dump.rdb");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_empty(folder);
    (void)rmdir(folder);
    buffer_destroy(&golden);
    return failed;
}
