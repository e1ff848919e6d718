/* The log of writes of a real server: restarts, files exchanged with redis-server, switching,
 * rewriting under load, waiting for the disk and disks that fail. */
#include "e2e/support.h"

#include "foundation/buffer.h"
#include "foundation/check.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { ELEMENTS = 600, MAX_SETTINGS = 24, PIPELINE = 20000 };

/* --- servers --- */

static const char *const always[] = {
    "--appendonly", "yes", "--appendfsync", "always", "--save", "", NULL};
static const char *const everysec[] = {"--appendonly",           "yes", "--save", "",
                                       "--enable-debug-command", "yes", NULL};
static const char *const off[] = {"--appendonly",           "no",  "--save", "",
                                  "--enable-debug-command", "yes", NULL};

static void run_ok(struct e2e_server *server, const char *line) {
    const char *reply = e2e_server_run(server, line);
    if (reply[0] == '-') fail_msg("%s: %s", line, reply);
}

static void end_at_once(struct e2e_server *server) {
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    (void)e2e_server_await_end(server);
}

static void end_cleanly(struct e2e_server *server) {
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    int status = e2e_server_await_end(server);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void start_again(struct e2e_server *server, const char *const *arguments) {
    e2e_server_start_again(server, arguments);
    e2e_server_await(server, "PING", "PONG");
}

static bool exists(const struct e2e_server *server, const char *name) {
    return access(e2e_server_path(server, name), F_OK) == 0;
}

static void await_info(struct e2e_server *server, const char *field, int64_t expected) {
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, field) != expected) e2e_wait_a_little(since_ms, field);
}

/* --- data --- */

static void run_many(struct e2e_server *server, const char *pattern) {
    struct buffer line = {0};
    for (int i = 0; i < ELEMENTS; i++) {
        buffer_clear(&line);
        for (const char *at = pattern; *at != '\0'; at++) {
            if (*at == '#')
                buffer_append_i64(&line, i);
            else
                buffer_append_char(&line, *at);
        }
        e2e_send(server->control, buffer_c_str(&line));
    }
    buffer_destroy(&line);
    for (int i = 0; i < ELEMENTS; i++) {
        char *reply = e2e_receive(server->control);
        if (reply[0] == '-') fail_msg("%s: %s", pattern, reply);
        free(reply);
    }
}

/* Of every type that redis-server 7.0 has. */
static void fill_common(struct e2e_server *server) {
    static const char *const lines[] = {
        "SET empty ''",
        "SET short 'a b\\x00c'",
        "SETRANGE long 5000 x",
        "SET due x EX 100000",
        "SET gone x PX 1",
        "RPUSH list a 1 -1 70000 ''",
        "SADD ints 1 2 3 -70000",
        "ZADD scores 1 a 1.5 b -inf c",
        "HSET hash f v n 1 '' ''",
        "HINCRBYFLOAT hash n 0.25",
        "PFADD hll a b c",
        "GEOADD geo 13.36 38.11 Palermo",
        "SADD popped a b c d e",
        "SPOP popped 2",
        "LPOP list",
        "INCRBYFLOAT float 3.14",
        "MULTI",
        "SET in-transaction 1",
        "SELECT 3",
        "SET in-transaction 2",
        "EXEC",
        "SELECT 15",
        "RPUSH last-database a b",
        "SELECT 0",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) run_ok(server, lines[i]);
    run_many(server, "RPUSH list-large element:# #");
    run_many(server, "SADD set-large member:#");
    run_many(server, "ZADD zset-large #.25 member:#");
    run_many(server, "HSET hash-large field:# value:#");
    run_many(server, "SET key:# value:#");
    e2e_server_await(server, "EXISTS gone", "0");
}

static void fill_own(struct e2e_server *server) {
    static const char *const lines[] = {
        "HPEXPIRE hash 100000000 FIELDS 1 f",
        "HPEXPIRE hash-large 100000000 FIELDS 2 field:1 field:2",
        "RL.POLICY SET api BUCKET 10 10 60000",
        "RL.TAKE limiter USE api",
        "RL.TAKE window FIXED 5 100000000",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) run_ok(server, lines[i]);
}

static void assert_digest(struct e2e_server *server, const char *expected) {
    assert_run(server->control, "DEBUG DIGEST", expected);
}

/* --- restarts --- */

static void everything_is_there_after_a_restart(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    fill_common(server);
    fill_own(server);
    char *digest = e2e_run(server->control, "DEBUG DIGEST");
    char *policy = e2e_run(server->control, "RL.POLICY GET api");
    end_cleanly(server);
    start_again(server, everysec);
    assert_digest(server, digest);
    assert_run(server->control, "RL.POLICY GET api", policy);
    run_ok(server, "BGREWRITEAOF");
    await_info(server, "aof_rewrite_in_progress", 0);
    assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    end_at_once(server);
    start_again(server, everysec);
    assert_digest(server, digest);
    assert_run(server->control, "RL.POLICY GET api", policy);
    free(digest);
    free(policy);
    e2e_server_stop(server);
}

static void fencing_tokens_go_on_after_a_kill(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(always);
    assert_run(server->control, "FENCE.RAISE 4000000000000000000", "OK");
    assert_run(server->control, "SET first-lock a NX FENCE", "4000000000000000001");
    end_at_once(server);
    start_again(server, always);
    assert_run(server->control, "SET second-lock a NX FENCE", "4000000000000000002");
    e2e_server_stop(server);
}

static void redis_server_loads_the_folder_and_the_other_way_round(void **state) {
    (void)state;
    struct e2e_server *skua = e2e_server_start(everysec);
    const char *there[MAX_SETTINGS] = {"--dir", skua->folder};
    size_t count = 2;
    for (size_t i = 0; everysec[i] != NULL; i++) there[count++] = everysec[i];
    fill_common(skua);
    char *digest = e2e_run(skua->control, "DEBUG DIGEST");
    end_cleanly(skua);
    struct e2e_server *redis = e2e_redis_start(there);
    e2e_server_await(redis, "PING", "PONG");
    assert_digest(redis, digest);
    free(digest);
    run_ok(redis, "SET written-by redis EX 10000");
    run_ok(redis, "SPOP set-large 5");
    run_ok(redis, "CONFIG SET aof-timestamp-enabled yes");
    run_ok(redis, "BGREWRITEAOF");
    e2e_server_await(redis, "SET another 1", "OK");
    await_info(redis, "aof_rewrite_in_progress", 0);
    run_ok(redis, "LPUSH list behind-the-rewrite");
    digest = e2e_run(redis->control, "DEBUG DIGEST");
    e2e_server_stop(redis);
    start_again(skua, everysec);
    assert_digest(skua, digest);
    free(digest);
    e2e_server_stop(skua);
}

/* --- switching --- */

static void the_log_is_switched_on_and_off_while_running(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(off);
    fill_common(server);
    assert_int_equal(e2e_server_info(server, "aof_enabled"), 0);
    assert_run(server->control, "CONFIG SET appendonly yes", "OK");
    assert_int_equal(e2e_server_info(server, "aof_enabled"), 1);
    run_ok(server, "SET right-behind 1");
    await_info(server, "aof_pending_rewrite", 0);
    assert_true(exists(server, "appendonlydir/appendonly.aof.1.base.rdb"));
    run_ok(server, "SET later 1");
    char *digest = e2e_run(server->control, "DEBUG DIGEST");
    assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    end_at_once(server);
    start_again(server, everysec);
    assert_digest(server, digest);
    free(digest);
    run_ok(server, "SET logged 1");
    assert_run(server->control, "CONFIG SET appendonly no", "OK");
    run_ok(server, "SET unlogged 1");
    end_at_once(server);
    start_again(server, everysec);
    assert_run(server->control, "EXISTS logged unlogged", "1");
    assert_run(server->control, "CONFIG SET appendonly no appendonly yes",
               "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - duplicate "
               "parameter");
    e2e_server_stop(server);
}

static void each_policy_can_take_the_place_of_another(void **state) {
    static const char *const policies[] = {"always", "no", "everysec", "always"};
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    char line[64];
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        snprintf(line, sizeof(line), "CONFIG SET appendfsync %s", policies[i]);
        assert_run(server->control, line, "OK");
        snprintf(line, sizeof(line), "SET key:%zu 1", i);
        assert_run(server->control, line, "OK");
        assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    }
    end_at_once(server);
    start_again(server, everysec);
    assert_run(server->control, "DBSIZE", "4");
    e2e_server_stop(server);
}

static void a_snapshot_that_is_saved_puts_a_rewrite_off(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    run_many(server, "SET key:# 1");
    run_ok(server, "CONFIG SET rdb-key-save-delay 2000");
    assert_run(server->control, "BGSAVE", "Background saving started");
    assert_run(server->control, "BGREWRITEAOF", "Background append only file rewriting scheduled");
    assert_int_equal(e2e_server_info(server, "aof_rewrite_scheduled"), 1);
    run_ok(server, "CONFIG SET rdb-key-save-delay 0");
    await_info(server, "aof_rewrites", 1);
    await_info(server, "aof_rewrite_in_progress", 0);
    run_ok(server, "CONFIG SET rdb-key-save-delay 2000");
    assert_run(server->control, "BGREWRITEAOF", "Background append only file rewriting started");
    assert_run(server->control, "BGREWRITEAOF",
               "-ERR Background append only file rewriting already in progress");
    assert_run(server->control, "BGSAVE",
               "-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE "
               "SCHEDULE in order to schedule a BGSAVE whenever possible.");
    e2e_server_stop(server);
}

/* --- under load --- */

/* What a writer sends, and its replies, without waiting in between. */
static void send_many(redisContext *context, int from) {
    for (int i = from; i < from + PIPELINE; i++)
        redisAppendCommand(context, "RPUSH log:%d %d", i % 7, i);
    int is_done = 0;
    while (!is_done) assert_int_equal(redisBufferWrite(context, &is_done), REDIS_OK);
}

static void receive_many(redisContext *context) {
    for (int i = 0; i < PIPELINE; i++) {
        redisReply *reply = NULL;
        assert_int_equal(redisGetReply(context, (void **)&reply), REDIS_OK);
        assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
        freeReplyObject(reply);
    }
}

static void rewriting_under_load_loses_and_doubles_nothing(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    redisContext *writer = e2e_connect(server);
    for (int round = 0; round < 4; round++) {
        send_many(writer, round * PIPELINE);
        assert_run(server->control, "BGREWRITEAOF",
                   "Background append only file rewriting started");
        receive_many(writer);
        await_info(server, "aof_rewrite_in_progress", 0);
    }
    char *digest = e2e_run(server->control, "DEBUG DIGEST");
    assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    redisFree(writer);
    end_at_once(server);
    start_again(server, everysec);
    assert_digest(server, digest);
    free(digest);
    e2e_server_stop(server);
}

static void a_log_that_has_grown_is_rewritten_by_itself(void **state) {
    static const char *const small[] = {
        "--appendonly", "yes", "--save", "", "--auto-aof-rewrite-min-size", "10kb", NULL};
    (void)state;
    struct e2e_server *server = e2e_server_start(small);
    run_many(server, "SET key some-value-that-fills-the-log-#");
    await_info(server, "aof_rewrites", 1);
    await_info(server, "aof_rewrite_in_progress", 0);
    assert_true(e2e_server_info(server, "aof_base_size") < 10240);
    e2e_server_stop(server);
}

/* --- WAITAOF --- */

static void waitaof_waits_for_the_disk_and_for_no_longer(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    redisContext *waiting = e2e_connect(server);
    assert_run(waiting, "WAITAOF 1 0 0", "[1, 0]");
    assert_run(waiting, "SET a 1", "OK");
    assert_run(waiting, "WAITAOF 1 0 0", "[1, 0]");
    int64_t since_ms = e2e_now_ms();
    assert_run(waiting, "WAITAOF 0 1 50", "[1, 0]");
    assert_true(e2e_now_ms() - since_ms >= 50);
    e2e_send(waiting, "WAITAOF 1 1 0");
    e2e_send(waiting, "PING");
    await_info(server, "blocked_clients", 1);
    assert_run(server->control, "CONFIG SET appendonly no", "OK");
    assert_received(waiting, "-ERR WAITAOF cannot be used when numlocal is set but appendonly is "
                             "disabled.");
    assert_received(waiting, "PONG");
    assert_run(waiting, "WAITAOF 0 0 0", "[0, 0]");
    char *id = e2e_run(waiting, "CLIENT ID");
    char line[64];
    e2e_send(waiting, "WAITAOF 0 1 0");
    await_info(server, "blocked_clients", 1);
    snprintf(line, sizeof(line), "CLIENT UNBLOCK %s", id);
    assert_run(server->control, line, "1");
    assert_received(waiting, "[0, 0]");
    free(id);
    redisFree(waiting);
    e2e_server_stop(server);
}

/* --- disks that fail or are slow: in test builds, others take no notice of the control file --- */

struct faulty {
    struct e2e_server *server;
    char folder[E2E_PATH_MAX];
    char control[E2E_PATH_MAX];
};

static void set_faults(const struct faulty *faulty, const char *text) {
    char fresh[E2E_PATH_MAX + 8];
    snprintf(fresh, sizeof(fresh), "%s.new", faulty->control);
    e2e_write_file(fresh, text);
    assert_int_equal(rename(fresh, faulty->control), 0);
}

static void start_faulty(struct faulty *faulty, const char *const *arguments) {
    e2e_make_folder(faulty->folder);
    snprintf(faulty->control, sizeof(faulty->control), "%.200s/faults", faulty->folder);
    setenv("SKUA_FAULTS", faulty->control, 1);
    faulty->server = e2e_server_start(arguments);
    unsetenv("SKUA_FAULTS");
}

static bool knows_faults(const struct faulty *faulty) {
    set_faults(faulty, "open * EIO");
    bool is_known = strcmp(e2e_server_run(faulty->server, "SAVE"), "OK") != 0;
    set_faults(faulty, "");
    return is_known;
}

static void stop_faulty(const struct faulty *faulty) {
    e2e_server_stop(faulty->server);
    e2e_remove_folder(faulty->folder);
}

static bool has_reply(const redisContext *context) {
    struct pollfd ready = {.fd = context->fd, .events = POLLIN};
    return poll(&ready, 1, 0) == 1;
}

static void a_reply_waits_for_its_sync_while_others_are_served(void **state) {
    (void)state;
    struct faulty faulty;
    start_faulty(&faulty, always);
    struct e2e_server *server = faulty.server;
    if (knows_faults(&faulty)) {
        redisContext *writer = e2e_connect(server);
        assert_run(writer, "SET a 1", "OK");
        set_faults(&faulty, "sync 1 DELAY1500 appendonlydir");
        e2e_send(writer, "SET a 2");
        e2e_server_await(server, "GET a", "\"2\"");
        int64_t start_ms = e2e_now_ms();
        int answered = 0;
        while (!has_reply(writer)) {
            assert_run(server->control, "GET a", "\"2\"");
            answered++;
            assert_true(e2e_now_ms() - start_ms < E2E_LIMIT_MS);
        }
        assert_received(writer, "OK");
        assert_true(answered > 20);
        assert_true(e2e_now_ms() - start_ms > 500);
        redisFree(writer);
    }
    stop_faulty(&faulty);
}

static void await_refusal(struct e2e_server *server) {
    int64_t since_ms = e2e_now_ms();
    while (strstr(e2e_server_run(server, "INFO persistence"), "aof_last_write_status:err") == NULL)
        e2e_wait_a_little(since_ms, "the failure to be told");
}

static void while_the_disk_fails_writes_are_refused_and_reads_go_on(void **state) {
    static const char *const faults[] = {"write * ENOSPC appendonlydir",
                                         "sync * EIO appendonlydir"};
    static const char *const errors[] = {
        "-MISCONF Errors writing to the AOF file: No space left on device",
        "-MISCONF Errors writing to the AOF file: Input/output error"};
    (void)state;
    struct faulty faulty;
    start_faulty(&faulty, always);
    struct e2e_server *server = faulty.server;
    bool is_known = knows_faults(&faulty);
    for (size_t i = 0; is_known && i < ARRAY_LEN(faults); i++) {
        redisContext *writer = e2e_connect(server);
        assert_run(writer, "SET a before", "OK");
        set_faults(&faulty, faults[i]);
        e2e_send(writer, "SET a held");
        await_refusal(server);
        assert_run(server->control, "SET b 1", errors[i]);
        assert_run(server->control, "GET a", "\"held\"");
        assert_false(has_reply(writer));
        assert_run(server->control, "SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.");
        set_faults(&faulty, "");
        assert_received(writer, "OK");
        e2e_server_await(server, "SET b 1", "OK");
        redisFree(writer);
        end_at_once(server);
        setenv("SKUA_FAULTS", faulty.control, 1);
        start_again(server, always);
        unsetenv("SKUA_FAULTS");
        assert_run(server->control, "MGET a b", "[\"held\", \"1\"]");
    }
    stop_faulty(&faulty);
}

static void a_slow_disk_never_stalls_the_loop_and_is_told(void **state) {
    static const char *const impatient[] = {"--appendonly",         "yes", "--save", "",
                                            "--aof-unsynced-limit", "2",   NULL};
    (void)state;
    struct faulty faulty;
    start_faulty(&faulty, impatient);
    struct e2e_server *server = faulty.server;
    if (knows_faults(&faulty)) {
        set_faults(&faulty, "sync 1 DELAY5000 appendonlydir");
        assert_run(server->control, "SET a 1", "OK");
        int64_t start_ms = e2e_now_ms(), worst_ms = 0;
        const char *reply = "OK";
        while (strcmp(reply, "OK") == 0) {
            int64_t before_ms = e2e_now_ms();
            reply = e2e_server_run(server, "SET a 2");
            int64_t took_ms = e2e_now_ms() - before_ms;
            if (took_ms > worst_ms) worst_ms = took_ms;
            e2e_wait_a_little(start_ms, "the refusal of writes");
        }
        assert_string_equal(reply, "-MISCONF The append only file was not synced for longer than "
                                   "aof-unsynced-limit. Writes are refused until the disk has "
                                   "caught up.");
        assert_true(worst_ms < 1000);
        assert_run(server->control, "GET a", "\"2\"");
        e2e_server_await(server, "SET a 3", "OK");
    }
    stop_faulty(&faulty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there_after_a_restart),
        cmocka_unit_test(fencing_tokens_go_on_after_a_kill),
        cmocka_unit_test(redis_server_loads_the_folder_and_the_other_way_round),
        cmocka_unit_test(the_log_is_switched_on_and_off_while_running),
        cmocka_unit_test(each_policy_can_take_the_place_of_another),
        cmocka_unit_test(a_snapshot_that_is_saved_puts_a_rewrite_off),
        cmocka_unit_test(rewriting_under_load_loses_and_doubles_nothing),
        cmocka_unit_test(a_log_that_has_grown_is_rewritten_by_itself),
        cmocka_unit_test(waitaof_waits_for_the_disk_and_for_no_longer),
        cmocka_unit_test(a_reply_waits_for_its_sync_while_others_are_served),
        cmocka_unit_test(while_the_disk_fails_writes_are_refused_and_reads_go_on),
        cmocka_unit_test(a_slow_disk_never_stalls_the_loop_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
