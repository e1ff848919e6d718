/* The log of writes of a real server: restarts, files exchanged with redis-server, switching,
 * rewriting under load, waiting for the disk and disks that fail. */
#include "e2e/faulty_disk.h"
#include "e2e/stored_data.h"
#include "e2e/support.h"

#include "foundation/check.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { MAX_SETTINGS = 24, PIPELINE = 20000 };

/* --- servers --- */

static const char *const always[] = {
    "--appendonly", "yes", "--appendfsync", "always", "--save", "", NULL};
static const char *const everysec[] = {"--appendonly",           "yes", "--save", "",
                                       "--enable-debug-command", "yes", NULL};
static const char *const off[] = {"--appendonly",           "no",  "--save", "",
                                  "--enable-debug-command", "yes", NULL};

static void assert_digest(struct e2e_server *server, const char *expected) {
    assert_run(server->control, "DEBUG DIGEST", expected);
}

/* --- restarts --- */

static void everything_is_there_after_a_restart(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    stored_fill(server);
    stored_fill_own(server);
    char *digest = e2e_run(server->control, "DEBUG DIGEST");
    char *policy = e2e_run(server->control, "RL.POLICY GET api");
    stored_end_cleanly(server);
    stored_start_again(server, everysec);
    assert_digest(server, digest);
    assert_run(server->control, "RL.POLICY GET api", policy);
    stored_run(server, "BGREWRITEAOF");
    stored_await_info(server, "aof_rewrite_in_progress", 0);
    assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    stored_end_at_once(server);
    stored_start_again(server, everysec);
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
    stored_end_at_once(server);
    stored_start_again(server, always);
    assert_run(server->control, "SET second-lock a NX FENCE", "4000000000000000002");
    e2e_server_stop(server);
}

static void exchange_folders(const char *set_preamble) {
    struct e2e_server *skua = e2e_server_start(everysec);
    const char *there[MAX_SETTINGS] = {"--dir", skua->folder};
    size_t count = 2;
    for (size_t i = 0; everysec[i] != NULL; i++) there[count++] = everysec[i];
    stored_fill(skua);
    stored_run(skua, set_preamble);
    stored_run(skua, "BGREWRITEAOF");
    stored_await_info(skua, "aof_rewrite_in_progress", 0);
    char *digest = e2e_run(skua->control, "DEBUG DIGEST");
    stored_end_cleanly(skua);
    struct e2e_server *redis = e2e_redis_start(there);
    e2e_server_await(redis, "PING", "PONG");
    assert_digest(redis, digest);
    free(digest);
    stored_run(redis, "SET written-by redis EX 10000");
    stored_run(redis, "SPOP set-large 5");
    stored_run(redis, "CONFIG SET aof-timestamp-enabled yes");
    stored_run(redis, "BGREWRITEAOF");
    e2e_server_await(redis, "SET another 1", "OK");
    stored_await_info(redis, "aof_rewrite_in_progress", 0);
    stored_run(redis, "LPUSH list behind-the-rewrite");
    digest = e2e_run(redis->control, "DEBUG DIGEST");
    e2e_server_stop(redis);
    stored_start_again(skua, everysec);
    assert_digest(skua, digest);
    free(digest);
    e2e_server_stop(skua);
}

static void redis_server_loads_the_folder_and_the_other_way_round(void **state) {
    (void)state;
    exchange_folders("CONFIG SET aof-use-rdb-preamble yes");
    exchange_folders("CONFIG SET aof-use-rdb-preamble no");
}

/* --- switching --- */

static void the_log_is_switched_on_and_off_while_running(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(off);
    stored_fill(server);
    assert_int_equal(e2e_server_info(server, "aof_enabled"), 0);
    assert_run(server->control, "CONFIG SET appendonly yes", "OK");
    assert_int_equal(e2e_server_info(server, "aof_enabled"), 1);
    stored_run(server, "SET right-behind 1");
    stored_await_info(server, "aof_pending_rewrite", 0);
    assert_true(stored_has_file(server, "appendonlydir/appendonly.aof.1.base.rdb"));
    stored_run(server, "SET later 1");
    char *digest = e2e_run(server->control, "DEBUG DIGEST");
    assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    stored_end_at_once(server);
    stored_start_again(server, everysec);
    assert_digest(server, digest);
    free(digest);
    stored_run(server, "SET logged 1");
    assert_run(server->control, "CONFIG SET appendonly no", "OK");
    stored_run(server, "SET unlogged 1");
    stored_end_at_once(server);
    stored_start_again(server, everysec);
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
    stored_end_at_once(server);
    stored_start_again(server, everysec);
    assert_run(server->control, "DBSIZE", "4");
    e2e_server_stop(server);
}

static void a_snapshot_that_is_saved_puts_a_rewrite_off(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(everysec);
    stored_run_many(server, "SET key:# 1", STORED_ELEMENTS);
    stored_run(server, "CONFIG SET rdb-key-save-delay 2000");
    assert_run(server->control, "BGSAVE", "Background saving started");
    assert_run(server->control, "BGREWRITEAOF", "Background append only file rewriting scheduled");
    assert_int_equal(e2e_server_info(server, "aof_rewrite_scheduled"), 1);
    stored_run(server, "CONFIG SET rdb-key-save-delay 0");
    stored_await_info(server, "aof_rewrites", 1);
    stored_await_info(server, "aof_rewrite_in_progress", 0);
    stored_run(server, "CONFIG SET rdb-key-save-delay 2000");
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
        stored_await_info(server, "aof_rewrite_in_progress", 0);
    }
    char *digest = e2e_run(server->control, "DEBUG DIGEST");
    assert_run(server->control, "WAITAOF 1 0 0", "[1, 0]");
    redisFree(writer);
    stored_end_at_once(server);
    stored_start_again(server, everysec);
    assert_digest(server, digest);
    free(digest);
    e2e_server_stop(server);
}

static void a_log_that_has_grown_is_rewritten_by_itself(void **state) {
    static const char *const small[] = {
        "--appendonly", "yes", "--save", "", "--auto-aof-rewrite-min-size", "10kb", NULL};
    (void)state;
    struct e2e_server *server = e2e_server_start(small);
    stored_run_many(server, "SET key some-value-that-fills-the-log-#", STORED_ELEMENTS);
    stored_await_info(server, "aof_rewrites", 1);
    stored_await_info(server, "aof_rewrite_in_progress", 0);
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
    stored_await_info(server, "blocked_clients", 1);
    assert_run(server->control, "CONFIG SET appendonly no", "OK");
    assert_received(waiting, "-ERR WAITAOF cannot be used when numlocal is set but appendonly is "
                             "disabled.");
    assert_received(waiting, "PONG");
    assert_run(waiting, "WAITAOF 0 0 0", "[0, 0]");
    char *id = e2e_run(waiting, "CLIENT ID");
    char line[64];
    e2e_send(waiting, "WAITAOF 0 1 0");
    stored_await_info(server, "blocked_clients", 1);
    snprintf(line, sizeof(line), "CLIENT UNBLOCK %s", id);
    assert_run(server->control, line, "1");
    assert_received(waiting, "[0, 0]");
    free(id);
    redisFree(waiting);
    e2e_server_stop(server);
}

/* --- disks that fail or are slow: in test builds, others take no notice of the control file --- */

static bool has_reply(const redisContext *context) {
    struct pollfd ready = {.fd = context->fd, .events = POLLIN};
    return poll(&ready, 1, 0) == 1;
}

static void a_reply_waits_for_its_sync_while_others_are_served(void **state) {
    (void)state;
    struct faulty_disk disk;
    faulty_disk_start(&disk, always);
    struct e2e_server *server = disk.server;
    if (faulty_disk_is_possible(&disk)) {
        redisContext *writer = e2e_connect(server);
        assert_run(writer, "SET a 1", "OK");
        faulty_disk_set(&disk, "sync 1 DELAY1500 appendonlydir");
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
    faulty_disk_stop(&disk);
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
    struct faulty_disk disk;
    faulty_disk_start(&disk, always);
    struct e2e_server *server = disk.server;
    bool is_known = faulty_disk_is_possible(&disk);
    for (size_t i = 0; is_known && i < ARRAY_LEN(faults); i++) {
        redisContext *writer = e2e_connect(server);
        assert_run(writer, "SET a before", "OK");
        faulty_disk_set(&disk, faults[i]);
        e2e_send(writer, "SET a held");
        await_refusal(server);
        assert_run(server->control, "SET b 1", errors[i]);
        assert_run(server->control, "GET a", "\"held\"");
        assert_false(has_reply(writer));
        assert_run(server->control, "SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.");
        faulty_disk_set(&disk, "");
        assert_received(writer, "OK");
        e2e_server_await(server, "SET b 1", "OK");
        redisFree(writer);
        stored_end_at_once(server);
        faulty_disk_start_again(&disk, always);
        assert_run(server->control, "MGET a b", "[\"held\", \"1\"]");
    }
    faulty_disk_stop(&disk);
}

static void a_slow_disk_never_stalls_the_loop_and_is_told(void **state) {
    static const char *const impatient[] = {"--appendonly",         "yes", "--save", "",
                                            "--aof-unsynced-limit", "2",   NULL};
    (void)state;
    struct faulty_disk disk;
    faulty_disk_start(&disk, impatient);
    struct e2e_server *server = disk.server;
    if (faulty_disk_is_possible(&disk)) {
        faulty_disk_set(&disk, "sync 1 DELAY5000 appendonlydir");
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
    faulty_disk_stop(&disk);
}

/* --- who writes without a pause --- */

static const char eager_request[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\n12345678\r\n";

struct eager {
    int socket;
    char requests[1000 * (sizeof(eager_request) - 1)];
    size_t sent_bytes;
    size_t replied_bytes;
};

static void fill_socket(struct eager *eager) {
    for (;;) {
        size_t at = eager->sent_bytes % sizeof(eager->requests);
        ssize_t sent = send(eager->socket, eager->requests + at, sizeof(eager->requests) - at,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0) return;
        eager->sent_bytes += (size_t)sent;
    }
}

static void empty_socket(struct eager *eager) {
    static char replies[64 * 1024];
    ssize_t got = recv(eager->socket, replies, sizeof(replies), MSG_DONTWAIT);
    assert_true(got != 0);
    if (got > 0) eager->replied_bytes += (size_t)got;
}

/* There is always a write of it that is not on disk yet. */
static void who_writes_without_a_pause_is_answered_all_the_while(void **state) {
    enum { REPLY_BYTES = sizeof("+OK\r\n") - 1, WANTED = 3000000, UNANSWERED_MAX = 1000000 };
    (void)state;
    struct e2e_server *server = e2e_server_start(always);
    static struct eager eager;
    eager.socket = e2e_open(server);
    for (size_t at = 0; at < sizeof(eager.requests); at += sizeof(eager_request) - 1)
        memcpy(eager.requests + at, eager_request, sizeof(eager_request) - 1);
    size_t replied = 0;
    while (replied < WANTED) {
        struct pollfd poll_set = {.fd = eager.socket, .events = POLLIN | POLLOUT};
        assert_true(poll(&poll_set, 1, 60 * 1000) > 0);
        fill_socket(&eager);
        empty_socket(&eager);
        replied = eager.replied_bytes / REPLY_BYTES;
        size_t sent = eager.sent_bytes / (sizeof(eager_request) - 1);
        assert_true(sent < replied + UNANSWERED_MAX);
    }
    close(eager.socket);
    e2e_server_stop(server);
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
        cmocka_unit_test(who_writes_without_a_pause_is_answered_all_the_while),
        cmocka_unit_test(while_the_disk_fails_writes_are_refused_and_reads_go_on),
        cmocka_unit_test(a_slow_disk_never_stalls_the_loop_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
