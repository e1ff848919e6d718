/* Bases of commands, and what DEBUG RELOAD and DEBUG LOADAOF leave in the log. */
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/file_faults.h"
#include "services/persistence/aof.h"
#include "services/persistence/child.h"
#include "services/persistence/loading.h"
#include "unit/support/folder.h"
#include "unit/support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 1000, LIMIT_US = 20 * 1000000 };

#define LOG "appendonlydir/appendonly.aof"

static char folder[] = "/tmp/skua-base-XXXXXX";
static const char *const commands_wanted[] = {"aof-use-rdb-preamble", "no", NULL};

static int set_up(void **state) {
    (void)state;
    folder_empty(folder);
    return 0;
}

static void flush(struct world *world) {
    char error[PERSISTENCE_ERROR_MAX];
    engine_finish_round(world->engine);
    if (!aof_flush(world->engine, error)) fail_msg("%s", error);
}

static void rewrite(struct world *world) {
    engine_finish_round(world->engine);
    world_run_ok(world, "BGREWRITEAOF");
    child_wait(world->engine);
    flush(world);
}

/* Another world, from what this one leaves on disk, holds the same. */
static struct world *restart(struct world *world, const char *const *settings) {
    flush(world);
    char *before = world_dump(world);
    world_stop(world);
    world = world_start(settings);
    char *after = world_dump(world);
    world_assert_same(after, before);
    mem_free(before);
    mem_free(after);
    return world;
}

/* The arguments of a log, a blank between them: the other lines are lengths. */
static void assert_file_words(const char *path, const char *expected) {
    struct buffer text = folder_read_file(path);
    struct buffer words = {0};
    (void)buffer_c_str(&text);
    char *rest = NULL;
    for (char *line = strtok_r(text.data, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        if (line[0] == '$') continue;
        if (words.len != 0) buffer_append_char(&words, line[0] == '*' ? '\n' : ' ');
        if (line[0] != '*') buffer_append_str(&words, line);
    }
    assert_string_equal(buffer_c_str(&words), expected);
    buffer_destroy(&words);
    buffer_destroy(&text);
}

/* --- bases of commands --- */

static void a_base_of_commands_is_what_a_person_would_write(void **state) {
    (void)state;
    static const char *const lines[] = {"SET s x",
                                        "RPUSH l a 1",
                                        "SADD set m",
                                        "ZADD z 1.5 a",
                                        "SELECT 2",
                                        "HSET h f v",
                                        "PEXPIREAT h 1800000000000"};
    struct world *world = world_start(commands_wanted);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) world_run_ok(world, lines[i]);
    world_run_ok(world, "SELECT 0");
    world_run_ok(world, "DEL s l set");
    rewrite(world);
    assert_file_words(LOG ".2.base.aof", "SELECT 0\n ZADD z 1.5 a\n SELECT 2\n HSET h f v\n "
                                         "PEXPIREAT h 1800000000000");
    struct buffer manifest = folder_read_file(LOG ".manifest");
    assert_string_equal(buffer_c_str(&manifest), "file appendonly.aof.2.base.aof seq 2 type b\n"
                                                 "file appendonly.aof.2.incr.aof seq 2 type i\n");
    buffer_destroy(&manifest);
    world_stop(restart(world, commands_wanted));
}

static void run_many(struct world *world, const char *command) {
    char line[128];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(line, sizeof(line), "%s %d value-%d", command, i, i);
        world_run_ok(world, line);
    }
}

static void fill(struct world *world) {
    static const char *const lines[] = {
        "SET string 'a b\\x00c'",
        "SET due x PX 100000000",
        "SET integer -12",
        "SETRANGE long 300000 x",
        "RPUSH list a 1 -70000 ''",
        "SADD ints 1 2 70000",
        "ZADD zset 1 a 1.5 b -inf c +inf d",
        "HSET hash f v n 1 '' ''",
        "HPEXPIRE hash 100000000 FIELDS 2 f ''",
        "PFADD hll a b",
        "RL.TAKE limiter BUCKET 10 10 60000",
        "RL.POLICY SET stored BUCKET 10 10 60000",
        "SET lock a NX FENCE",
        "SADD set-due a b c",
        "EXPIREMEMBER set-due b 1000",
        "ZADD zset-due 1 a 2 b",
        "EXPIREMEMBER zset-due b 1000",
        "RPUSH list-due a",
        "EXPIRE list-due 1000",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) world_run_ok(world, lines[i]);
    run_many(world, "RPUSH many-list");
    run_many(world, "SADD many-set");
    run_many(world, "ZADD many-zset");
    run_many(world, "HSET many-hash");
}

static void values_of_every_kind_come_back_from_a_base_of_commands(void **state) {
    (void)state;
    static const char *const snapshots_wanted[] = {"aof-use-rdb-preamble", "yes", NULL};
    struct world *world = world_start(commands_wanted);
    fill(world);
    rewrite(world);
    assert_true(folder_has(LOG ".2.base.aof"));
    world = restart(world, snapshots_wanted);
    world_run_ok(world, "RL.POLICY GET stored");
    rewrite(world);
    assert_true(folder_has(LOG ".3.base.rdb"));
    assert_false(folder_has(LOG ".2.base.aof"));
    world_stop(restart(world, commands_wanted));
}

static void tokens_drawn_before_stay_the_smaller_ones(void **state) {
    (void)state;
    struct world *world = world_start(commands_wanted);
    world_run_ok(world, "FENCE.RAISE 9000000000000000");
    rewrite(world);
    world = restart(world, commands_wanted);
    assert_world_reply(world, "SET lock a NX FENCE", ":9000000000000001\r\n");
    world_stop(world);
}

static void a_new_log_begins_with_a_base_of_the_form_that_is_wanted(void **state) {
    (void)state;
    world_stop(world_start(commands_wanted));
    assert_true(folder_has(LOG ".1.base.aof"));
    assert_false(folder_has(LOG ".1.base.rdb"));
}

static void a_base_of_commands_tells_its_time_when_that_is_wanted(void **state) {
    (void)state;
    struct world *world = world_start(commands_wanted);
    world_set(world, "aof-timestamp-enabled", "yes");
    world_run_ok(world, "RPUSH l a");
    rewrite(world);
    assert_file_words(LOG ".2.base.aof", "#TS:1700000000\n SELECT 0\n RPUSH l a");
    world_stop(restart(world, commands_wanted));
}

/* --- DEBUG --- */

static void loadaof_makes_the_same_data_and_appends_nothing(void **state) {
    (void)state;
    struct world *world = world_start(NULL);
    fill(world);
    world_run_ok(world, "MULTI");
    world_run_ok(world, "SET a 1");
    world_run_ok(world, "INCR a");
    world_run_ok(world, "EXEC");
    flush(world);
    char *before = world_dump(world);
    struct buffer log = folder_read_file(LOG ".1.incr.aof");
    world_run_ok(world, "DEBUG LOADAOF");
    char *after = world_dump(world);
    world_assert_same(after, before);
    flush(world);
    struct buffer log_after = folder_read_file(LOG ".1.incr.aof");
    assert_int_equal(log_after.len, log.len);
    buffer_destroy(&log);
    buffer_destroy(&log_after);
    mem_free(before);
    mem_free(after);
    world_run_ok(world, "INCR a");
    assert_world_reply(world, "GET a", "$1\r\n3\r\n");
    world_stop(restart(world, NULL));
}

static void loadaof_keeps_the_data_when_the_log_is_broken(void **state) {
    (void)state;
    struct world *world = world_start(NULL);
    world_run_ok(world, "SET a 1");
    flush(world);
    folder_append_file(LOG ".1.incr.aof", BYTES("garbage\r\n"));
    assert_world_reply(world, "DEBUG LOADAOF",
                       "-ERR Error trying to load the AOF files, check server logs.\r\n");
    assert_world_reply(world, "GET a", "$1\r\n1\r\n");
    world_stop(world);
}

static void what_comes_from_an_old_file_is_in_the_next_base(void **state) {
    (void)state;
    static const char *const reloads[] = {"DEBUG RELOAD NOSAVE",
                                          "DEBUG RELOAD NOSAVE NOFLUSH MERGE"};
    for (size_t i = 0; i < ARRAY_LEN(reloads); i++) {
        folder_empty(folder);
        struct world *world = world_start(NULL);
        world_run_ok(world, "SET old 1");
        world_run_ok(world, "SAVE");
        world_run_ok(world, "DEL old");
        world_run_ok(world, "SET new 1");
        world_run_ok(world, reloads[i]);
        world_run_ok(world, "SET newest 1");
        child_wait(world->engine);
        assert_world_reply(world, "EXISTS old newest", ":2\r\n");
        world_stop(restart(world, NULL));
    }
}

static void a_base_that_was_under_way_is_written_anew_after_a_reload(void **state) {
    (void)state;
    struct world *world = world_start(NULL);
    world_run_ok(world, "SET old 1");
    world_run_ok(world, "SAVE");
    world_run_ok(world, "DEL old");
    engine_finish_round(world->engine);
    world_run_ok(world, "BGREWRITEAOF");
    world_run_ok(world, "DEBUG RELOAD NOSAVE");
    child_wait(world->engine);
    flush(world);
    assert_world_reply(world, "EXISTS old", ":1\r\n");
    world_stop(restart(world, NULL));
}

/* Until the base that is owed is there. */
static void wait_for_base(struct world *world) {
    int64_t end_us = clock_monotonic_us() + LIMIT_US;
    do {
        engine_tick(world->engine);
        child_wait(world->engine);
        flush(world);
        if (clock_monotonic_us() > end_us) fail_msg("%s", "no base is written");
    } while (!folder_has(LOG ".2.base.rdb"));
}

static void a_base_that_is_owed_is_tried_again(void **state) {
    (void)state;
    static const char *const faults[] = {"fork 1 EAGAIN", "sync 1 EIO temp-rewriteaof"};
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        folder_empty(folder);
        struct world *world = world_start(NULL);
        world_run_ok(world, "SET old 1");
        world_run_ok(world, "SAVE");
        world_run_ok(world, "DEL old");
        flush(world);
        file_faults_set(faults[i]);
        world_run_ok(world, "DEBUG RELOAD NOSAVE");
        child_wait(world->engine);
        assert_int_equal(file_faults_struck(), 1);
        file_faults_set("");
        wait_for_base(world);
        assert_world_reply(world, "EXISTS old", ":1\r\n");
        world_stop(restart(world, NULL));
    }
}

static void what_comes_due_before_a_reload_is_told_to_the_log(void **state) {
    (void)state;
    struct world *world = world_start(NULL);
    world_run_ok(world, "SET a 5 PX 10");
    clock_set_unix_us(&world->clock, world->clock.unix_us + 20 * 1000);
    world_run_ok(world, "DEBUG RELOAD");
    assert_world_reply(world, "INCR a", ":1\r\n");
    world_stop(restart(world, NULL));
}

static void a_log_that_starts_is_begun_anew_after_loadaof(void **state) {
    (void)state;
    struct world *world = world_start(NULL);
    world_run_ok(world, "SET logged 1");
    world_set(world, "appendonly", "no");
    world_run_ok(world, "SET other 1");
    world_set(world, "appendonly", "yes");
    world_run_ok(world, "DEBUG LOADAOF");
    wait_for_base(world);
    assert_world_reply(world, "EXISTS logged other", ":1\r\n");
    world_stop(restart(world, NULL));
}

static void loadaof_needs_a_log(void **state) {
    (void)state;
    static const char refusal[] = "-ERR Error trying to load the AOF files, check server logs.\r\n";
    static const char *const no_log[] = {"appendonly", "no", NULL};
    struct world *world = world_start(no_log);
    world_run_ok(world, "SET a 1");
    assert_world_reply(world, "DEBUG LOADAOF", refusal);
    assert_world_reply(world, "GET a", "$1\r\n1\r\n");
    world_stop(world);
}

static void a_log_that_loads_itself_is_refused(void **state) {
    (void)state;
    world_stop(world_start(NULL));
    folder_append_file(LOG ".1.incr.aof", BYTES("*2\r\n$5\r\nDEBUG\r\n$7\r\nLOADAOF\r\n"));
    assert_null(world_try_start(NULL));
    assert_non_null(strstr(world_error(), "while data are being loaded"));
}

int main(void) {
    mem_start();
    clock_ticks_start();
    if (!log_configure(&(struct log_settings){.level = LOG_LEVEL_NOTHING})) return EXIT_FAILURE;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_base_of_commands_is_what_a_person_would_write, set_up),
        cmocka_unit_test_setup(values_of_every_kind_come_back_from_a_base_of_commands, set_up),
        cmocka_unit_test_setup(tokens_drawn_before_stay_the_smaller_ones, set_up),
        cmocka_unit_test_setup(a_new_log_begins_with_a_base_of_the_form_that_is_wanted, set_up),
        cmocka_unit_test_setup(a_base_of_commands_tells_its_time_when_that_is_wanted, set_up),
        cmocka_unit_test_setup(loadaof_makes_the_same_data_and_appends_nothing, set_up),
        cmocka_unit_test_setup(loadaof_keeps_the_data_when_the_log_is_broken, set_up),
        cmocka_unit_test_setup(what_comes_from_an_old_file_is_in_the_next_base, set_up),
        cmocka_unit_test_setup(a_base_that_was_under_way_is_written_anew_after_a_reload, set_up),
        cmocka_unit_test_setup(a_base_that_is_owed_is_tried_again, set_up),
        cmocka_unit_test_setup(what_comes_due_before_a_reload_is_told_to_the_log, set_up),
        cmocka_unit_test_setup(a_log_that_starts_is_begun_anew_after_loadaof, set_up),
        cmocka_unit_test_setup(loadaof_needs_a_log, set_up),
        cmocka_unit_test_setup(a_log_that_loads_itself_is_refused, set_up),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_empty(folder);
    (void)rmdir(folder);
    return failed;
}
