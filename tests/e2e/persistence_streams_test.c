/* Streams, for which there are no commands: they come from a redis-server, live here as keys do, and go
 * back unchanged, by file, by log and by DUMP. */
#include "e2e/support.h"

#include "foundation/buffer.h"
#include "foundation/check.h"

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

static const char *const plain[] = {"--save", "", "--enable-debug-command", "yes", NULL};
static const char *const logging[] = {
    "--save", "",  "--enable-debug-command", "yes", "--appendonly", "yes", "--appendfsync",
    "always", NULL};

static const char *const names[] = {"many", "empty", "group"};

/* Several nodes with holes; none; groups with entries that are pending. */
static void make_streams(struct e2e_server *redis) {
    static const char *const lines[] = {
        "XDEL many 3-1 4-1 250-1",
        "XADD many 9000-5 other 1 fields 2",
        "XGROUP CREATE empty group $ MKSTREAM",
        "XADD group 1-1 field value",
        "XADD group 2-1 field value",
        "XADD group 3-1 field value",
        "XGROUP CREATE group readers 0",
        "XGROUP CREATE group behind 1-1",
        "XREADGROUP GROUP readers one COUNT 2 STREAMS group >",
        "XREADGROUP GROUP readers two COUNT 1 STREAMS group >",
        "XACK group readers 1-1",
        "XGROUP CREATECONSUMER group behind idle",
        "XDEL group 3-1",
    };
    for (int i = 1; i <= 300; i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "XADD many %d-1 field value:%d", i, i);
        free(e2e_run(redis->control, line));
    }
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *reply = e2e_server_run(redis, lines[i]);
        if (reply[0] == '-') fail_msg("%s: %s", lines[i], reply);
    }
}

static void append_reply(struct e2e_server *server, const char *command, struct buffer *out) {
    char *reply = e2e_run(server->control, command);
    if (reply[0] == '-') fail_msg("%s: %s", command, reply);
    buffer_append_str(out, reply);
    buffer_append_char(out, '\n');
    free(reply);
}

/* What each of the commands, in which the key is %s, answers for each stream. */
static struct buffer describe(struct e2e_server *server, const char *const *commands) {
    struct buffer out = {0};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (size_t j = 0; commands[j] != NULL; j++) {
            struct buffer line = {0};
            buffer_append_str(&line, commands[j]);
            buffer_append_str(&line, names[i]);
            append_reply(server, buffer_c_str(&line), &out);
            buffer_destroy(&line);
        }
    }
    (void)buffer_c_str(&out);
    return out;
}

/* What both servers can say. */
static const char *const common[] = {"DUMP ", "TYPE ", "OBJECT ENCODING ", "DEBUG DIGEST-VALUE ",
                                     NULL};

static void assert_describes(struct e2e_server *server, const char *const *commands,
                             const struct buffer *expected) {
    struct buffer found = describe(server, commands);
    assert_string_equal(found.data, expected->data);
    buffer_destroy(&found);
}

static void copy_dump(const struct e2e_server *from, const struct e2e_server *to) {
    static char bytes[1 << 20];
    int in = open(e2e_server_path(from, "dump.rdb"), O_RDONLY | O_CLOEXEC);
    int out = open(e2e_server_path(to, "dump.rdb"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(in >= 0 && out >= 0);
    ssize_t len = read(in, bytes, sizeof(bytes));
    assert_true(len > 0 && (size_t)len < sizeof(bytes));
    assert_int_equal(write(out, bytes, (size_t)len), len);
    close(in);
    close(out);
}

static void start_again(struct e2e_server *server, const char *const *arguments) {
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    (void)e2e_server_await_end(server);
    e2e_server_start_again(server, arguments);
    e2e_server_await(server, "PING", "PONG");
}

static void streams_come_from_redis_server_and_go_back(void **state) {
    (void)state;
    static const char *const own[] = {"XINFO STREAM ", "XLEN ", "XINFO GROUPS ", NULL};
    struct e2e_server *redis = e2e_redis_start(plain), *skua = e2e_server_start(plain);
    make_streams(redis);
    struct buffer shared = describe(redis, common), redis_only = describe(redis, own);
    char *entries = e2e_run(redis->control, "XRANGE many - +");
    char *full = e2e_run(redis->control, "XINFO STREAM group FULL COUNT 0");
    assert_run(redis->control, "SAVE", "OK");
    copy_dump(redis, skua);
    start_again(skua, plain);
    assert_describes(skua, common, &shared);
    assert_run(skua->control, "SAVE", "OK");
    assert_run(redis->control, "FLUSHALL", "OK");
    copy_dump(skua, redis);
    assert_run(redis->control, "DEBUG RELOAD NOSAVE", "OK");
    assert_describes(redis, common, &shared);
    assert_describes(redis, own, &redis_only);
    assert_run(redis->control, "XRANGE many - +", entries);
    assert_run(redis->control, "XINFO STREAM group FULL COUNT 0", full);
    free(entries);
    free(full);
    buffer_destroy(&shared);
    buffer_destroy(&redis_only);
    e2e_server_stop(redis);
    e2e_server_stop(skua);
}

/* By DUMP and RESTORE, under the same name or another. */
static void hand_over(struct e2e_server *from, struct e2e_server *to, const char *name) {
    redisReply *dump = redisCommand(from->control, "DUMP %s", name);
    assert_non_null(dump);
    assert_int_equal(dump->type, REDIS_REPLY_STRING);
    redisReply *reply =
        redisCommand(to->control, "RESTORE %s 0 %b REPLACE", name, dump->str, dump->len);
    assert_non_null(reply);
    assert_string_equal(reply->str, "OK");
    freeReplyObject(reply);
    freeReplyObject(dump);
}

static void streams_are_in_the_log_and_in_its_base(void **state) {
    (void)state;
    struct e2e_server *redis = e2e_redis_start(plain), *skua = e2e_server_start(logging);
    make_streams(redis);
    struct buffer expected = describe(redis, common);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) hand_over(redis, skua, names[i]);
    assert_run(skua->control, "COPY many copy", "1");
    assert_run(skua->control, "RENAME copy renamed", "OK");
    assert_run(skua->control, "EXPIRE renamed 100000", "1");
    for (int round = 0; round < 2; round++) {
        assert_describes(skua, common, &expected);
        assert_run(skua->control, "TYPE renamed", "stream");
        start_again(skua, logging);
        assert_describes(skua, common, &expected);
        assert_run(skua->control, "TYPE renamed", "stream");
        assert_run(skua->control, "BGREWRITEAOF", "Background append only file rewriting started");
        int64_t since_ms = e2e_now_ms();
        while (e2e_server_info(skua, "aof_rewrite_in_progress") != 0)
            e2e_wait_a_little(since_ms, "the rewrite");
    }
    assert_run(redis->control, "FLUSHALL", "OK");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) hand_over(skua, redis, names[i]);
    assert_describes(redis, common, &expected);
    buffer_destroy(&expected);
    e2e_server_stop(redis);
    e2e_server_stop(skua);
}

static void streams_live_as_all_keys_do(void **state) {
    (void)state;
    static const char *const refusing[] = {
        "GET group",      "APPEND group x", "LPUSH group x",      "SADD group x",
        "HSET group f v", "ZADD group 1 x", "PFADD group x",      "RL.TAKE group BUCKET 1 1 1000",
        "INCR group",     "SORT group",     "GEOADD group 1 1 x", "SUNION group",
    };
    struct e2e_server *redis = e2e_redis_start(plain), *skua = e2e_server_start(plain);
    make_streams(redis);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) hand_over(redis, skua, names[i]);
    for (size_t i = 0; i < ARRAY_LEN(refusing); i++)
        assert_run(skua->control, refusing[i],
                   "-WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_run(skua->control, "SCAN 0 COUNT 100 TYPE stream MATCH g*", "[\"0\", [\"group\"]]");
    assert_run(skua->control, "MOVE group 3", "1");
    assert_run(skua->control, "SELECT 3", "OK");
    assert_run(skua->control, "EXPIRE group 1000", "1");
    assert_run(skua->control, "PERSIST group", "1");
    assert_run(skua->control, "MOVE group 0", "1");
    assert_run(skua->control, "SELECT 0", "OK");
    char *usage = e2e_run(skua->control, "MEMORY USAGE many");
    assert_in_range(strtol(usage, NULL, 10), 1024, 8192);
    free(usage);
    assert_run(skua->control, "SET group string", "OK");
    assert_run(skua->control, "TYPE group", "string");
    assert_run(skua->control, "DEL many", "1");
    assert_run(skua->control, "UNLINK empty", "1");
    e2e_server_stop(redis);
    e2e_server_stop(skua);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_come_from_redis_server_and_go_back),
        cmocka_unit_test(streams_are_in_the_log_and_in_its_base),
        cmocka_unit_test(streams_live_as_all_keys_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
