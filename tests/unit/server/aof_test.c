/* The log of writes as a whole: what was written is loaded again, whatever it was; files that are
 * torn, broken or old; what is refused while a disk fails (and in disk_faults_test.c what else). */
#include "services/persistence/aof.h"

#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/file_faults.h"
#include "server/features.h"
#include "services/persistence/child.h"
#include "unit/support/folder.h"
#include "unit/support/random_request.h"
#include "unit/support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 12, REQUESTS = 1500, TEXT_MAX = 4096 };

#define FOLDER "appendonlydir/"
#define INCREMENT FOLDER "appendonly.aof.1.incr.aof"
#define BASE FOLDER "appendonly.aof.1.base.rdb"
#define MANIFEST FOLDER "appendonly.aof.manifest"

static char folder[] = "/tmp/skua-aof-XXXXXX";
static char error[FEATURE_ERROR_MAX];

/* --- worlds --- */

static struct world *start(void) {
    return world_start(NULL);
}

static void assert_refused(const char *wanted) {
    const struct world *world = world_try_start(NULL);
    if (world != NULL) fail_msg("it starts, but was to fail: %s", wanted);
    if (strstr(world_error(), wanted) == NULL)
        fail_msg("'%s' is missing in '%s'", wanted, world_error());
}

/* --- running --- */

static void flush(struct world *world) {
    engine_finish_round(world->engine);
    if (!aof_flush(world->engine, error)) fail_msg("%s", error);
}

static void rewrite(struct world *world) {
    engine_finish_round(world->engine);
    world_run_ok(world, "BGREWRITEAOF");
    child_wait(world->engine);
    flush(world);
}

/* The world ends; another one loads what it has left, and holds the same. */
static struct world *restart(struct world *world) {
    flush(world);
    char *before = world_dump(world);
    world_stop(world);
    world = start();
    char *after = world_dump(world);
    world_assert_same(after, before);
    mem_free(before);
    mem_free(after);
    return world;
}

/* --- files --- */

static void write_text(const char *path, const char *text) {
    folder_write_file(path, bytes_of_str(text));
}

static void assert_manifest(const char *expected) {
    struct buffer text = folder_read_file(MANIFEST);
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
}

static int set_up(void **state) {
    (void)state;
    file_faults_set("");
    folder_empty(folder);
    return 0;
}

/* --- what was written is there --- */

static void every_write_is_there_after_a_restart(void **state) {
    (void)state;
    struct world *world = start();
    world_run_ok(world, "SET a 1");
    world_run_ok(world, "SET b 2 EX 100");
    world_run_ok(world, "RPUSH l x y z");
    world_run_ok(world, "SELECT 3");
    world_run_ok(world, "HSET h f v");
    world_run_ok(world, "MULTI");
    world_run_ok(world, "SET in-transaction 1");
    world_run_ok(world, "LPOP l");
    world_run_ok(world, "EXEC");
    world = restart(world);
    assert_world_reply(world, "GET b", "$1\r\n2\r\n");
    assert_world_reply(world, "PTTL b", ":100000\r\n");
    world_run_ok(world, "DEL a");
    world = restart(world);
    assert_world_reply(world, "EXISTS a b l", ":2\r\n");
    world_stop(world);
}

static void a_rewrite_leaves_one_base_and_one_increment(void **state) {
    (void)state;
    struct world *world = start();
    assert_manifest("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
    world_run_ok(world, "SET a 1");
    rewrite(world);
    world_run_ok(world, "SET b 2");
    assert_manifest("file appendonly.aof.2.base.rdb seq 2 type b\n"
                    "file appendonly.aof.2.incr.aof seq 2 type i\n");
    assert_false(folder_has(BASE) || folder_has(INCREMENT));
    world = restart(world);
    assert_world_reply(world, "MGET a b", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    world_stop(world);
}

static void run_random(struct world *world, struct random_request *request, int64_t now_ms) {
    random_request_make(request, now_ms);
    (void)world_run_args(world, request->args, request->argc);
}

/* Every command on data that there is, in rounds of the loop, with rewrites to bases of both forms
 * in between. */
static void random_writes_are_there_after_a_restart(void **state) {
    (void)state;
    struct random_request request = {0};
    random_request_start(features_all());
    for (uint64_t round = 0; round < ROUNDS; round++) {
        (void)set_up(NULL);
        random_request_seed(round + 1);
        struct world *world = start();
        world->session.can_block = false;
        world_set(world, "aof-use-rdb-preamble", round % 2 == 0 ? "yes" : "no");
        for (int i = 0; i < REQUESTS; i++) {
            run_random(world, &request, world->clock.unix_ms);
            clock_set_unix_us(&world->clock, world->clock.unix_us + 700);
            if (random_request_draw(10) == 0) engine_finish_round(world->engine);
            if (random_request_draw(500) == 0 && child_running(world->engine) == CHILD_NONE)
                (void)world_run(world, "BGREWRITEAOF");
            if (random_request_draw(50) == 0) engine_tick(world->engine);
        }
        (void)world_run(world, "DISCARD");
        child_wait(world->engine);
        int64_t now_us = world->clock.unix_us;
        flush(world);
        char *before = world_dump(world);
        world_stop(world);
        world = start();
        clock_set_unix_us(&world->clock, now_us);
        char *after = world_dump(world);
        world_assert_same(after, before);
        mem_free(before);
        mem_free(after);
        world_stop(world);
    }
    random_request_stop();
    random_request_destroy(&request);
}

static void nothing_comes_due_while_the_log_is_run(void **state) {
    (void)state;
    struct world *world = start();
    world_run_ok(world, "SET kept 1 PX 50");
    world_run_ok(world, "PERSIST kept");
    world_run_ok(world, "SET gone 1 PX 50");
    flush(world);
    world_stop(world);
    world = start();
    clock_set_unix_us(&world->clock, (WORLD_START_MS + 1000) * 1000);
    assert_world_reply(world, "EXISTS kept gone", ":1\r\n");
    world_stop(world);
}

static void loading_evicts_nothing_and_counts_as_a_use(void **state) {
    static const char *const small[] = {"maxmemory", "1", "maxmemory-policy", "allkeys-lru", NULL};
    (void)state;
    struct world *world = start();
    world_run_ok(world, "SET a 1");
    flush(world);
    world_stop(world);
    world = world_try_start(small);
    assert_non_null(world);
    assert_world_reply(world, "OBJECT IDLETIME a", ":0\r\n");
    world_stop(world);
}

static void switched_on_while_running_it_begins_with_a_base(void **state) {
    static const char *const off[] = {"appendonly", "no", NULL};
    (void)state;
    struct world *world = world_try_start(off);
    assert_non_null(world);
    world_run_ok(world, "SET before 1");
    assert_world_reply(
        world, "WAITAOF 1 0 0",
        "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n");
    world_set(world, "appendonly", "yes");
    world_run_ok(world, "SET meanwhile 2");
    engine_finish_round(world->engine);
    assert_false(folder_has(MANIFEST));
    child_wait(world->engine);
    for (int i = 0; i < 20000 && !folder_has(MANIFEST); i++) engine_tick(world->engine);
    while (world->engine->durable_until == UINT64_MAX) engine_tick(world->engine);
    world_run_ok(world, "SET behind 3");
    world = restart(world);
    assert_world_reply(world, "EXISTS before meanwhile behind", ":3\r\n");
    world_set(world, "appendonly", "no");
    world_run_ok(world, "SET unlogged 4");
    world_stop(world);
    world = start();
    assert_world_reply(world, "EXISTS before unlogged", ":1\r\n");
    world_stop(world);
}

/* --- torn and broken files --- */

static const char *const torn_lines[] = {
    "SET a 1", "RPUSH l 1 2 3", "MULTI", "SET b 2", "INCR a", "EXEC", "SELECT 2", "SET c 3",
};

/* An increment of those lines; what is there after each whole command or transaction. */
static struct buffer make_increment(void) {
    struct world *world = start();
    for (size_t i = 0; i < ARRAY_LEN(torn_lines); i++) world_run_ok(world, torn_lines[i]);
    flush(world);
    world_stop(world);
    return folder_read_file(INCREMENT);
}

static bool may_end_at(struct bytes file, size_t offset) {
    bool is_inside = false;
    size_t at = 0;
    while (at < offset) {
        struct bytes rest = bytes_of(file.data + at, file.len - at);
        size_t lines = 1 + 2 * (size_t)(rest.data[1] - '0');
        for (size_t i = 0; i < lines; i++)
            at += bytes_index(bytes_of(file.data + at, file.len - at), '\n') + 1;
        struct bytes request = bytes_of(rest.data, at - (size_t)(rest.data - file.data));
        if (bytes_starts_with(request, BYTES("*1\r\n$5\r\nMULTI"))) is_inside = true;
        if (bytes_starts_with(request, BYTES("*1\r\n$4\r\nEXEC"))) is_inside = false;
    }
    return at == offset && !is_inside;
}

static void a_torn_end_is_cut_behind_the_last_whole_command(void **state) {
    static const char *const strict[] = {"aof-load-truncated", "no", NULL};
    (void)state;
    struct buffer whole = make_increment();
    size_t whole_len = 0;
    char *expected = mem_dup_str("");
    for (size_t len = 0; len <= whole.len; len++) {
        folder_write_file(INCREMENT, bytes_of(whole.data, len));
        bool is_whole = may_end_at(buffer_bytes(&whole), len);
        if (is_whole) whole_len = len;
        struct world *world = world_try_start(strict);
        assert_int_equal(world != NULL, is_whole);
        if (world != NULL) world_stop(world);
        world = start();
        char *there = world_dump(world);
        world_stop(world);
        struct buffer left = folder_read_file(INCREMENT);
        assert_int_equal(left.len, whole_len);
        buffer_destroy(&left);
        if (is_whole) {
            mem_free(expected);
            expected = mem_dup_str(there);
        }
        world_assert_same(there, expected);
        mem_free(there);
    }
    mem_free(expected);
    buffer_destroy(&whole);
}

static void after_a_cut_the_log_goes_on(void **state) {
    (void)state;
    struct buffer whole = make_increment();
    folder_write_file(INCREMENT, bytes_of(whole.data, whole.len - 3));
    buffer_destroy(&whole);
    struct world *world = start();
    world_run_ok(world, "SELECT 1");
    world_run_ok(world, "SET d 4");
    world = restart(world);
    assert_world_reply(world, "EXISTS a b l", ":3\r\n");
    world_run_ok(world, "SELECT 1");
    assert_world_reply(world, "GET d", "$1\r\n4\r\n");
    world_run_ok(world, "SELECT 2");
    assert_world_reply(world, "DBSIZE", ":0\r\n");
    world_stop(world);
}

static void changed_bytes_never_crash_the_loader(void **state) {
    (void)state;
    struct buffer whole = make_increment();
    for (size_t i = 0; i < whole.len; i++) {
        char old = whole.data[i];
        whole.data[i] = (char)(old ^ (1 << (i % 8)));
        folder_write_file(INCREMENT, buffer_bytes(&whole));
        struct world *world = world_try_start(NULL);
        if (world != NULL) world_stop(world);
        whole.data[i] = old;
    }
    buffer_destroy(&whole);
}

#define COMMAND_SET_A "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"

static void assert_increment_refused(const char *text, const char *wanted) {
    write_text(INCREMENT, text);
    assert_refused(wanted);
    struct buffer left = folder_read_file(INCREMENT);
    assert_string_equal(buffer_c_str(&left), text);
    buffer_destroy(&left);
}

static void what_cannot_be_run_is_refused_with_its_place(void **state) {
    (void)state;
    world_stop(start());
    assert_increment_refused(COMMAND_SET_A "*1\r\n$4\r\nNONE\r\n",
                             "appendonly.aof.1.incr.aof: offset 27: the command failed: ERR "
                             "unknown command 'NONE'");
    assert_increment_refused(COMMAND_SET_A "*2\r\n$4\r\nLPOP\r\n$1\r\na\r\n",
                             "offset 27: the command failed: WRONGTYPE");
    assert_increment_refused("*1\r\n$5\r\nMULTI\r\n" COMMAND_SET_A
                             "*2\r\n$4\r\nLPOP\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n",
                             "the command failed: WRONGTYPE");
    assert_increment_refused(COMMAND_SET_A "nonsense", "offset 27: expected");
    assert_increment_refused("SET a 1\r\n", "offset 0: expected");
}

static void garbage_at_the_end_is_cut_when_that_is_allowed(void **state) {
    static const char *const lenient[] = {"aof-load-corrupt-tail-max-size", "8", NULL};
    (void)state;
    world_stop(start());
    write_text(INCREMENT, COMMAND_SET_A "nonsense!");
    assert_null(world_try_start(lenient));
    write_text(INCREMENT, COMMAND_SET_A "nonsense");
    struct world *world = world_try_start(lenient);
    assert_non_null(world);
    assert_world_reply(world, "GET a", "$1\r\n1\r\n");
    world_stop(world);
    struct buffer left = folder_read_file(INCREMENT);
    assert_string_equal(buffer_c_str(&left), COMMAND_SET_A);
    buffer_destroy(&left);
}

static void only_the_last_file_may_be_torn(void **state) {
    (void)state;
    world_stop(start());
    write_text(INCREMENT, COMMAND_SET_A "*1\r\n$4\r\nPIN");
    write_text(FOLDER "x", COMMAND_SET_A);
    write_text(MANIFEST, "file appendonly.aof.1.base.rdb seq 1 type b\n"
                         "file appendonly.aof.1.incr.aof seq 1 type i\nfile x seq 2 type i\n");
    assert_refused("appendonly.aof.1.incr.aof: offset 27");
}

static void a_missing_file_and_a_broken_manifest_are_refused(void **state) {
    (void)state;
    world_stop(start());
    assert_int_equal(unlink(INCREMENT), 0);
    assert_refused("appendonly.aof.1.incr.aof: No such file");
    write_text(MANIFEST, "file a seq 1\n");
    assert_refused("appendonly.aof.manifest: line 1: pairs");
}

static void a_broken_base_is_refused(void **state) {
    (void)state;
    struct world *world = start();
    world_run_ok(world, "SET a 1");
    rewrite(world);
    world_stop(world);
    struct buffer base = folder_read_file(FOLDER "appendonly.aof.2.base.rdb");
    for (size_t len = 0; len < base.len; len++) {
        folder_write_file(FOLDER "appendonly.aof.2.base.rdb", bytes_of(base.data, len));
        world = world_try_start(NULL);
        /* Without the mark of an RDB file it holds commands: none. */
        assert_int_equal(world != NULL, len == 0);
        if (world != NULL) world_stop(world);
    }
    buffer_destroy(&base);
}

/* --- other forms of logs --- */

static void the_single_file_of_old_versions_is_taken_over(void **state) {
    (void)state;
    write_text("appendonly.aof", COMMAND_SET_A "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n");
    struct world *world = start();
    assert_world_reply(world, "DBSIZE", ":2\r\n");
    assert_false(folder_has("appendonly.aof"));
    assert_manifest("file appendonly.aof seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
    world_run_ok(world, "SET c 3");
    world = restart(world);
    rewrite(world);
    assert_manifest("file appendonly.aof.2.base.rdb seq 2 type b\n"
                    "file appendonly.aof.2.incr.aof seq 2 type i\n");
    world = restart(world);
    assert_world_reply(world, "DBSIZE", ":3\r\n");
    world_stop(world);
}

static void a_single_file_that_was_named_and_not_moved_is_moved(void **state) {
    (void)state;
    assert_int_equal(mkdir("appendonlydir", 0755), 0);
    write_text(MANIFEST, "file appendonly.aof seq 1 type b\n");
    write_text("appendonly.aof", COMMAND_SET_A);
    struct world *world = start();
    assert_world_reply(world, "DBSIZE", ":1\r\n");
    assert_true(folder_has(FOLDER "appendonly.aof"));
    world_stop(world);
}

static void an_rdb_file_with_commands_behind_it_is_loaded(void **state) {
    (void)state;
    struct world *world = start();
    world_run_ok(world, "SET from-base 1");
    rewrite(world);
    world_stop(world);
    struct buffer file = folder_read_file(FOLDER "appendonly.aof.2.base.rdb");
    buffer_append_str(&file, "#TS:1700000000\r\n" COMMAND_SET_A);
    folder_empty(folder);
    folder_write_file("appendonly.aof", buffer_bytes(&file));
    buffer_destroy(&file);
    world = start();
    assert_world_reply(world, "EXISTS from-base a", ":2\r\n");
    world_stop(world);
}

static void without_a_log_the_snapshot_is_its_first_base(void **state) {
    static const char *const off[] = {"appendonly", "no", NULL};
    (void)state;
    struct world *world = world_try_start(off);
    assert_non_null(world);
    world_run_ok(world, "SET a 1");
    world_run_ok(world, "SAVE");
    world_stop(world);
    world = start();
    assert_world_reply(world, "GET a", "$1\r\n1\r\n");
    assert_int_equal(unlink("dump.rdb"), 0);
    world = restart(world);
    world_stop(world);
}

static void what_killed_processes_have_left_is_removed(void **state) {
    (void)state;
    world_stop(start());
    write_text(FOLDER "temp-rewriteaof-bg-1.aof", "half");
    write_text(FOLDER "appendonly.aof.9.base.rdb", "old");
    write_text(MANIFEST, "file appendonly.aof.1.base.rdb seq 1 type b\n"
                         "file appendonly.aof.9.base.rdb seq 9 type h\n"
                         "file appendonly.aof.1.incr.aof seq 1 type i\n");
    world_stop(start());
    assert_false(folder_has(FOLDER "temp-rewriteaof-bg-1.aof"));
    assert_false(folder_has(FOLDER "appendonly.aof.9.base.rdb"));
    assert_manifest("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
}

/* --- disks that fail --- */

static void await_refusal(struct world *world, bool is_refused) {
    int64_t end_us = clock_monotonic_us() + 20 * 1000000;
    while ((world->engine->write_refusal != NULL) != is_refused) {
        engine_tick(world->engine);
        if (clock_monotonic_us() > end_us) fail_msg("the refusal does not change");
    }
}

static void replies_are_held_until_their_bytes_are_on_disk(void **state) {
    (void)state;
    struct world *world = start();
    file_faults_set("sync * EIO appendonlydir");
    world_run_ok(world, "SET a 1");
    uint64_t held_until = world->session.held_until;
    assert_true(held_until > world->engine->durable_until);
    struct session reader = {0};
    session_init(&reader, world->engine);
    assert_int_equal(reader.held_until, 0);
    session_destroy(&reader);
    engine_finish_round(world->engine);
    await_refusal(world, true);
    assert_true(held_until > world->engine->durable_until);
    assert_world_reply(world, "SET b 2",
                       "-MISCONF Errors writing to the AOF file: Input/output error\r\n");
    assert_world_reply(world, "GET a", "$1\r\n1\r\n");
    assert_false(aof_flush(world->engine, error));
    file_faults_set("");
    await_refusal(world, false);
    assert_true(held_until <= world->engine->durable_until);
    world_run_ok(world, "SET b 2");
    world = restart(world);
    world_stop(world);
}

static void writes_are_refused_while_too_much_waits(void **state) {
    (void)state;
    struct world *world = start();
    world_set(world, "appendfsync", "everysec");
    world_set(world, "aof-backlog-limit", "1024");
    file_faults_set("write 1 DELAY1000 appendonlydir");
    world_run_ok(world, "SET a 1");
    for (int i = 0; i < 40; i++) {
        engine_finish_round(world->engine);
        struct bytes reply =
            world_run(world, "SET b 01234567890123456789012345678901234567890123456789");
        if (reply.data[0] == '-') break;
    }
    assert_world_reply(
        world, "SET c 1",
        "-MISCONF The disk is too slow for the append only file: more than "
        "aof-backlog-limit waits to be written. Writes are refused until it has caught "
        "up.\r\n");
    await_refusal(world, false);
    world_run_ok(world, "SET c 1");
    world = restart(world);
    world_stop(world);
}

static void a_fork_that_fails_is_told(void **state) {
    (void)state;
    struct world *world = start();
    file_faults_set("fork 1 ENOMEM");
    assert_world_reply(
        world, "BGREWRITEAOF",
        "-ERR Can't execute an AOF background rewriting. Please check the server logs for "
        "more information.\r\n");
    assert_manifest("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
    rewrite(world);
    world = restart(world);
    world_stop(world);
}

/* --- WAITAOF --- */

static void waitaof_checks_its_arguments_in_order(void **state) {
    (void)state;
    struct world *world = start();
    assert_world_reply(world, "WAITAOF 2 x x",
                       "-ERR value is out of range, value must between 0 and 1\r\n");
    assert_world_reply(world, "WAITAOF x -1 x", "-ERR value is not an integer or out of range\r\n");
    assert_world_reply(world, "WAITAOF 1 -1 x", "-ERR value is out of range, must be positive\r\n");
    assert_world_reply(world, "WAITAOF 1 0 x",
                       "-ERR timeout is not an integer or out of range\r\n");
    assert_world_reply(world, "WAITAOF 1 0 -1", "-ERR timeout is negative\r\n");
    assert_world_reply(world, "WAITAOF 0 0 0", "*2\r\n:1\r\n:0\r\n");
    world_run_ok(world, "SET a 1");
    assert_world_reply(world, "WAITAOF 1 0 0", "*2\r\n:0\r\n:0\r\n"); /* this session cannot wait */
    flush(world);
    assert_world_reply(world, "WAITAOF 1 0 0", "*2\r\n:1\r\n:0\r\n");
    assert_world_reply(world, "WAITAOF 1 1 0", "*2\r\n:1\r\n:0\r\n");
    world_stop(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_write_is_there_after_a_restart, set_up),
        cmocka_unit_test_setup(a_rewrite_leaves_one_base_and_one_increment, set_up),
        cmocka_unit_test_setup(random_writes_are_there_after_a_restart, set_up),
        cmocka_unit_test_setup(nothing_comes_due_while_the_log_is_run, set_up),
        cmocka_unit_test_setup(loading_evicts_nothing_and_counts_as_a_use, set_up),
        cmocka_unit_test_setup(switched_on_while_running_it_begins_with_a_base, set_up),
        cmocka_unit_test_setup(a_torn_end_is_cut_behind_the_last_whole_command, set_up),
        cmocka_unit_test_setup(after_a_cut_the_log_goes_on, set_up),
        cmocka_unit_test_setup(changed_bytes_never_crash_the_loader, set_up),
        cmocka_unit_test_setup(what_cannot_be_run_is_refused_with_its_place, set_up),
        cmocka_unit_test_setup(garbage_at_the_end_is_cut_when_that_is_allowed, set_up),
        cmocka_unit_test_setup(only_the_last_file_may_be_torn, set_up),
        cmocka_unit_test_setup(a_missing_file_and_a_broken_manifest_are_refused, set_up),
        cmocka_unit_test_setup(a_broken_base_is_refused, set_up),
        cmocka_unit_test_setup(the_single_file_of_old_versions_is_taken_over, set_up),
        cmocka_unit_test_setup(a_single_file_that_was_named_and_not_moved_is_moved, set_up),
        cmocka_unit_test_setup(an_rdb_file_with_commands_behind_it_is_loaded, set_up),
        cmocka_unit_test_setup(without_a_log_the_snapshot_is_its_first_base, set_up),
        cmocka_unit_test_setup(what_killed_processes_have_left_is_removed, set_up),
        cmocka_unit_test_setup(replies_are_held_until_their_bytes_are_on_disk, set_up),
        cmocka_unit_test_setup(writes_are_refused_while_too_much_waits, set_up),
        cmocka_unit_test_setup(a_fork_that_fails_is_told, set_up),
        cmocka_unit_test_setup(waitaof_checks_its_arguments_in_order, set_up),
    };
    mem_start();
    clock_ticks_start();
    if (!log_configure(&(struct log_settings){.level = LOG_LEVEL_NOTHING})) return EXIT_FAILURE;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_empty(folder);
    (void)rmdir(folder);
    return failed;
}
