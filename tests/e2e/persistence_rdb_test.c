/* Snapshots: what was saved is there again, here and at redis-server; and what happens when the disk
 * does not take it. */
#include "e2e/faulty_disk.h"
#include "e2e/stored_data.h"
#include "e2e/support.h"

#include "foundation/buffer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { CORPUS_KEYS_MIN = 30 };

static const char *const plain[] = {"--save", "", "--enable-debug-command", "yes", NULL};

static struct e2e_server *start(const char *const *arguments) {
    return e2e_server_start(arguments);
}

/* --- data --- */

/* One line a key of the numbered database, sorted: digest, expiry, name. */
static int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *describe_key(redisContext *context, const redisReply *key) {
    redisReply *digest = redisCommand(context, "DEBUG DIGEST-VALUE %b", key->str, key->len);
    redisReply *due = redisCommand(context, "PEXPIRETIME %b", key->str, key->len);
    assert_non_null(digest);
    assert_non_null(due);
    assert_int_equal(digest->type, REDIS_REPLY_ARRAY);
    struct buffer line = {0};
    buffer_printf(&line, "%s %lld ", digest->element[0]->str, due->integer);
    buffer_append_quoted(&line, bytes_of(key->str, key->len));
    char *text = strdup(buffer_c_str(&line));
    buffer_destroy(&line);
    freeReplyObject(digest);
    freeReplyObject(due);
    return text;
}

static void describe_database(redisContext *context, int number, struct buffer *out) {
    freeReplyObject(redisCommand(context, "SELECT %d", number));
    redisReply *keys = redisCommand(context, "KEYS *");
    assert_non_null(keys);
    char **lines = calloc(keys->elements + 1, sizeof(*lines));
    assert_non_null(lines);
    for (size_t i = 0; i < keys->elements; i++) lines[i] = describe_key(context, keys->element[i]);
    qsort(lines, keys->elements, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < keys->elements; i++) {
        buffer_printf(out, "%d %s\n", number, lines[i]);
        free(lines[i]);
    }
    free(lines);
    freeReplyObject(keys);
}

static struct buffer describe(const struct e2e_server *server) {
    struct buffer out = {0};
    redisContext *context = e2e_connect(server);
    for (int number = 0; number < 16; number++) describe_database(context, number, &out);
    redisFree(context);
    (void)buffer_c_str(&out);
    return out;
}

static void assert_holds(const struct e2e_server *server, const struct buffer *expected) {
    struct buffer found = describe(server);
    assert_string_equal(found.data, expected->data);
    buffer_destroy(&found);
}

static void copy_file(const char *from, const char *to) {
    char piece[4096];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t got; (got = read(in, piece, sizeof(piece))) > 0;)
        assert_int_equal(write(out, piece, (size_t)got), got);
    close(in);
    close(out);
}

static void copy_dump(const struct e2e_server *from, const struct e2e_server *to) {
    char path[E2E_PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s", e2e_server_path(from, "dump.rdb"));
    copy_file(path, e2e_server_path(to, "dump.rdb"));
}

static void assert_logged(const struct e2e_server *server, const char *text) {
    char *log = e2e_server_read_log(server);
    if (strstr(log, text) == NULL) fail_msg("\"%s\" is not in the log:\n%s", text, log);
    free(log);
}

/* --- round trips --- */

static void what_was_saved_is_there_after_a_restart(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    stored_fill(server);
    stored_fill_own(server);
    char *fence = e2e_run(server->control, "FENCE");
    char *policy = e2e_run(server->control, "RL.POLICY GET api");
    struct buffer before = describe(server);
    assert_run(server->control, "SAVE", "OK");
    assert_int_equal(e2e_server_info(server, "rdb_changes_since_last_save"), 0);
    stored_end_at_once(server);
    stored_start_again(server, plain);
    assert_holds(server, &before);
    assert_run(server->control, "RL.POLICY GET api", policy);
    assert_true(e2e_server_info(server, "rdb_last_load_keys_loaded") > CORPUS_KEYS_MIN);
    assert_int_equal(e2e_server_info(server, "rdb_changes_since_last_save"), 0);
    free(fence);
    free(policy);
    buffer_destroy(&before);
    e2e_server_stop(server);
}

static void redis_server_reads_what_skua_saved_and_the_other_way_round(void **state) {
    (void)state;
    struct e2e_server *skua = start(plain), *redis = e2e_redis_start(plain);
    stored_fill(skua);
    struct buffer expected = describe(skua);
    assert_run(skua->control, "SAVE", "OK");
    copy_dump(skua, redis);
    assert_run(redis->control, "DEBUG RELOAD NOSAVE", "OK");
    assert_holds(redis, &expected);
    assert_run(redis->control, "SET written-by redis", "OK");
    struct buffer extended = describe(redis);
    assert_run(redis->control, "SAVE", "OK");
    copy_dump(redis, skua);
    stored_end_at_once(skua);
    stored_start_again(skua, plain);
    assert_holds(skua, &extended);
    buffer_destroy(&expected);
    buffer_destroy(&extended);
    e2e_server_stop(redis);
    e2e_server_stop(skua);
}

static void debug_reload_brings_the_same_data_back(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    stored_fill(server);
    stored_fill_own(server);
    struct buffer before = describe(server);
    assert_run(server->control, "DEBUG RELOAD", "OK");
    assert_holds(server, &before);
    assert_run(server->control, "DEBUG RELOAD NOFLUSH NOSAVE",
               "-ERR Error trying to load the RDB dump, check server logs.");
    assert_holds(server, &before);
    assert_run(server->control, "SET short changed", "OK");
    assert_run(server->control, "SET added x", "OK");
    assert_run(server->control, "DEBUG RELOAD NOFLUSH MERGE NOSAVE", "OK");
    assert_run(server->control, "DEL added", "1");
    assert_holds(server, &before);
    buffer_destroy(&before);
    e2e_server_stop(server);
}

/* --- in the background --- */

static void a_background_save_holds_the_moment_of_its_start(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    stored_fill(server);
    struct buffer before = describe(server);
    assert_run(server->control, "CONFIG SET rdb-key-save-delay 300", "OK");
    assert_run(server->control, "BGSAVE", "Background saving started");
    assert_run(server->control, "CONFIG SET rdb-key-save-delay 0", "OK");
    assert_run(server->control, "BGSAVE", "-ERR Background save already in progress");
    assert_run(server->control, "SAVE", "-ERR Background save already in progress");
    stored_run_many(server, "SET key:# changed:#", STORED_ELEMENTS);
    assert_run(server->control, "DEL list-large set-large", "2");
    stored_await_info(server, "rdb_bgsave_in_progress", 0);
    assert_int_equal(e2e_server_info(server, "rdb_changes_since_last_save"), STORED_ELEMENTS + 2);
    assert_int_equal(e2e_server_info(server, "rdb_saves"), 1);
    assert_int_equal(e2e_server_info(server, "total_forks"), 1);
    stored_end_at_once(server);
    stored_start_again(server, plain);
    assert_holds(server, &before);
    buffer_destroy(&before);
    e2e_server_stop(server);
}

static void a_background_save_in_a_transaction_waits_for_its_end(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    assert_run(server->control, "MULTI", "OK");
    assert_run(server->control, "BGSAVE", "QUEUED");
    assert_run(server->control, "SET a 1", "QUEUED");
    assert_run(server->control, "EXEC", "[Background saving scheduled, OK]");
    int64_t since_ms = e2e_now_ms();
    while (!stored_has_file(server, "dump.rdb")) e2e_wait_a_little(since_ms, "the file");
    e2e_server_stop(server);
}

static void save_points_save_and_so_does_the_end(void **state) {
    static const char *const arguments[] = {"--save", "1 5", NULL};
    (void)state;
    struct e2e_server *server = start(arguments);
    stored_run_many(server, "SET key:# #", 4);
    assert_false(stored_has_file(server, "dump.rdb"));
    assert_run(server->control, "SET key:4 4", "OK");
    int64_t since_ms = e2e_now_ms();
    while (!stored_has_file(server, "dump.rdb")) e2e_wait_a_little(since_ms, "the file");
    stored_await_info(server, "rdb_bgsave_in_progress", 0);
    assert_run(server->control, "SET last 1", "OK");
    kill(server->pid, SIGTERM);
    (void)e2e_server_await_end(server);
    stored_start_again(server, arguments);
    assert_run(server->control, "DBSIZE", "6");
    assert_run(server->control, "FLUSHALL", "OK");
    since_ms = e2e_now_ms();
    while (e2e_server_info(server, "rdb_saves") != 1) e2e_wait_a_little(since_ms, "the flush");
    stored_end_at_once(server);
    e2e_server_start_again(server, plain);
    e2e_server_await(server, "DBSIZE", "0");
    e2e_server_stop(server);
}

static void await_file(const char *path) {
    int64_t since_ms = e2e_now_ms();
    while (access(path, F_OK) != 0) e2e_wait_a_little(since_ms, "a file");
}

/* The save would take 100 seconds. */
static void who_interrupts_the_final_save_does_not_wait_for_it(void **state) {
    static const char *const arguments[] = {"--save", "1000 1", NULL};
    (void)state;
    struct e2e_server *server = start(arguments);
    char name[sizeof("temp-.rdb") + 20];
    stored_run_many(server, "SET key:# #", 1000);
    assert_run(server->control, "CONFIG SET rdb-key-save-delay 100000", "OK");
    (void)snprintf(name, sizeof(name), "temp-%d.rdb", (int)server->pid);
    assert_int_equal(kill(server->pid, SIGINT), 0);
    await_file(e2e_server_path(server, name));
    assert_int_equal(kill(server->pid, SIGINT), 0);
    int status = e2e_server_await_end(server);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_int_not_equal(access(e2e_server_path(server, name), F_OK), 0);
    assert_int_not_equal(access(e2e_server_path(server, "dump.rdb"), F_OK), 0);
    e2e_server_start_again(server, plain);
    e2e_server_stop(server);
}

static void a_server_that_is_killed_leaves_no_child(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    stored_fill(server);
    assert_run(server->control, "SAVE", "OK");
    struct buffer before = describe(server);
    assert_run(server->control, "CONFIG SET rdb-key-save-delay 10000", "OK");
    assert_run(server->control, "SET after-it x", "OK");
    assert_run(server->control, "BGSAVE", "Background saving started");
    stored_end_at_once(server);
    stored_start_again(server, plain);
    assert_holds(server, &before);
    buffer_destroy(&before);
    e2e_server_stop(server);
}

/* --- a disk that fails --- */

static const char refusal[] =
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Redis logs for details about the RDB error.";

static void writes_are_refused_while_saving_fails_and_taken_again_by_themselves(void **state) {
    static const char *const arguments[] = {"--save", "1000 1", NULL};
    (void)state;
    struct e2e_server *server = start(arguments);
    assert_run(server->control, "SET a 1", "OK");
    /* A folder in the way of the file. */
    assert_int_equal(mkdir(e2e_server_path(server, "dump.rdb"), 0755), 0);
    assert_run(server->control, "SAVE", "-ERR");
    assert_run(server->control, "SET a 1", "OK");
    assert_run(server->control, "BGSAVE", "Background saving started");
    e2e_server_await(server, "SET a 2", refusal);
    assert_run(server->control, "PING", refusal);
    assert_run(server->control, "EXISTS a", "1");
    assert_run(server->control, "SAVE", "-ERR");
    assert_run(server->control, "SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_non_null(strstr(e2e_server_run(server, "INFO persistence"), "bgsave_status:err"));
    assert_run(server->control, "CONFIG SET stop-writes-on-bgsave-error no", "OK");
    e2e_server_await(server, "SET a 2", "OK");
    assert_run(server->control, "CONFIG SET stop-writes-on-bgsave-error yes", "OK");
    e2e_server_await(server, "PING", refusal);
    assert_int_equal(rmdir(e2e_server_path(server, "dump.rdb")), 0);
    assert_run(server->control, "BGSAVE", "Background saving started");
    stored_await_info(server, "rdb_bgsave_in_progress", 0);
    e2e_server_await(server, "SET a 3", "OK");
    assert_non_null(strstr(e2e_server_run(server, "INFO persistence"), "bgsave_status:ok"));
    assert_logged(server, "Background saving failed: rename to dump.rdb");
    e2e_server_stop(server);
}

/* Test builds only: others take no notice of the control file. */
static void each_call_of_the_disk_may_fail(void **state) {
    static const char *const faults[] = {
        "open * EACCES", "write 1 ENOSPC", "sync 1 EIO",
        "rename 1 EIO",  "folder 1 EIO",   "fork 1 ENOMEM",
    };
    (void)state;
    struct faulty_disk disk;
    faulty_disk_start(&disk, plain);
    struct e2e_server *server = disk.server;
    bool is_test_build = faulty_disk_is_possible(&disk);
    for (size_t i = 0; is_test_build && i < ARRAY_LEN(faults); i++) {
        bool is_fork = strncmp(faults[i], "fork", 4) == 0;
        faulty_disk_set(&disk, "");
        assert_run(server->control, "SET a 1", "OK");
        assert_run(server->control, "SAVE", "OK");
        faulty_disk_set(&disk, faults[i]);
        assert_run(server->control, is_fork ? "BGSAVE" : "SAVE", "-ERR");
        if (is_fork) continue;
        char again[64];
        snprintf(again, sizeof(again), "# again\n%s", faults[i]);
        faulty_disk_set(&disk, again);
        assert_run(server->control, "BGSAVE", "Background saving started");
        stored_await_info(server, "rdb_bgsave_in_progress", 0);
        assert_non_null(strstr(e2e_server_run(server, "INFO persistence"), "bgsave_status:err"));
    }
    faulty_disk_stop(&disk);
}

/* --- files that are broken --- */

static void a_broken_file_keeps_the_server_from_starting(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    stored_fill(server);
    assert_run(server->control, "SAVE", "OK");
    stored_end_at_once(server);
    char path[E2E_PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s", e2e_server_path(server, "dump.rdb"));
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - 9), 0);
    assert_int_equal(e2e_server_fail_again(server, plain), 1);
    assert_logged(server, "Loading failed, the server stops: dump.rdb: offset");
    assert_logged(server, "expected a type or opcode, found the end");
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(e2e_server_fail_again(server, plain), 1);
    e2e_server_stop(server);
}

static void a_broken_file_leaves_the_data_in_use_alone(void **state) {
    (void)state;
    struct e2e_server *server = start(plain);
    stored_fill(server);
    struct buffer before = describe(server);
    assert_run(server->control, "SAVE", "OK");
    struct stat info;
    const char *path = e2e_server_path(server, "dump.rdb");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size / 2), 0);
    assert_run(server->control, "DEBUG RELOAD NOSAVE",
               "-ERR Error trying to load the RDB dump, check server logs.");
    assert_holds(server, &before);
    buffer_destroy(&before);
    e2e_server_stop(server);
}

/* --- meanwhile --- */

static void clients_are_answered_while_the_data_are_loaded(void **state) {
    static const char *const slow[] = {"--key-load-delay", "500", "--save", "", NULL};
    (void)state;
    struct e2e_server *server = start(plain);
    stored_run_many(server, "SET key:# #", 2000);
    assert_run(server->control, "SAVE", "OK");
    stored_end_at_once(server);
    e2e_server_start_again(server, slow);
    assert_run(server->control, "GET key:1", "-LOADING Redis is loading the dataset in memory");
    assert_run(server->control, "SAVE", "-LOADING Redis is loading the dataset in memory");
    assert_int_equal(e2e_server_info(server, "loading"), 1);
    assert_true(e2e_server_info(server, "loading_total_bytes") > 2000);
    int64_t loaded = e2e_server_info(server, "loading_loaded_bytes");
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, "loading_loaded_bytes") <= loaded)
        e2e_wait_a_little(since_ms, "more bytes");
    assert_run(server->control, "CONFIG SET key-load-delay 0", "OK");
    e2e_server_await(server, "GET key:1", "\"1\"");
    assert_int_equal(e2e_server_info(server, "loading"), 0);
    assert_run(server->control, "DBSIZE", "2000");
    e2e_server_stop(server);
}

static void a_server_may_be_stopped_while_it_loads(void **state) {
    static const char *const slow[] = {"--key-load-delay", "1000", NULL};
    (void)state;
    struct e2e_server *server = start(plain);
    stored_run_many(server, "SET key:# #", 2000);
    assert_run(server->control, "SAVE", "OK");
    stored_end_at_once(server);
    e2e_server_start_again(server, slow);
    assert_run(server->control, "SHUTDOWN SAVE", "closed");
    (void)e2e_server_await_end(server);
    e2e_server_start_again(server, plain);
    e2e_server_await(server, "DBSIZE", "2000");
    e2e_server_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_is_there_after_a_restart),
        cmocka_unit_test(redis_server_reads_what_skua_saved_and_the_other_way_round),
        cmocka_unit_test(debug_reload_brings_the_same_data_back),
        cmocka_unit_test(a_background_save_holds_the_moment_of_its_start),
        cmocka_unit_test(a_background_save_in_a_transaction_waits_for_its_end),
        cmocka_unit_test(save_points_save_and_so_does_the_end),
        cmocka_unit_test(who_interrupts_the_final_save_does_not_wait_for_it),
        cmocka_unit_test(a_server_that_is_killed_leaves_no_child),
        cmocka_unit_test(writes_are_refused_while_saving_fails_and_taken_again_by_themselves),
        cmocka_unit_test(each_call_of_the_disk_may_fail),
        cmocka_unit_test(a_broken_file_keeps_the_server_from_starting),
        cmocka_unit_test(a_broken_file_leaves_the_data_in_use_alone),
        cmocka_unit_test(clients_are_answered_while_the_data_are_loaded),
        cmocka_unit_test(a_server_may_be_stopped_while_it_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
