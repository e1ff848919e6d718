#include "e2e/stored_data.h"

#include "foundation/buffer.h"
#include "foundation/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* --- data --- */

void stored_run(struct e2e_server *server, const char *line) {
    const char *reply = e2e_server_run(server, line);
    if (reply[0] == '-') fail_msg("%s: %s", line, reply);
}

static void send_numbered(redisContext *context, const char *pattern, int number) {
    struct buffer line = {0};
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '#')
            buffer_append_i64(&line, number);
        else
            buffer_append_char(&line, *at);
    }
    e2e_send(context, buffer_c_str(&line));
    buffer_destroy(&line);
}

void stored_run_many(struct e2e_server *server, const char *pattern, int count) {
    for (int i = 0; i < count; i++) send_numbered(server->control, pattern, i);
    for (int i = 0; i < count; i++) {
        char *reply = e2e_receive(server->control);
        if (reply[0] == '-') fail_msg("%s: %s", pattern, reply);
        free(reply);
    }
}

void stored_fill(struct e2e_server *server) {
    static const char *const lines[] = {
        "SET empty ''",
        "SET short 'a b\\x00c'",
        "SET number 12345",
        "SET big-number 9223372036854775807",
        "SET small-number -7",
        "SET float 1.50",
        "INCRBYFLOAT float-made 3.14",
        "SETRANGE long 5000 x",
        "SET due x PX 100000000",
        "SET number-due 17 PX 100000000",
        "SET gone x PX 1",
        "RPUSH list a 1 -1 300 70000 5000000000 '' 'x y'",
        "LPOP list",
        "SADD set-int 1 2 3 -70000 5000000000",
        "SADD set-small a b 1 ''",
        "SADD popped a b c d e",
        "SPOP popped 2",
        "ZADD zset-small 1 a 1.5 b -inf c inf d 1e300 e",
        "HSET hash-small f v n 1 '' ''",
        "HINCRBYFLOAT hash-small n 0.25",
        "HSET hash-value f 0123456789012345678901234567890123456789012345678901234567890123456789",
        "PFADD hll a b c",
        "SETBIT bits 1000 1",
        "GEOADD geo 13.36 38.11 Palermo 15.08 37.50 Catania",
        "EXPIRE list 100000",
        "MULTI",
        "SET in-transaction 1",
        "SELECT 3",
        "SET in-transaction 2",
        "EXEC",
        "SELECT 15",
        "RPUSH last-database a b",
        "SELECT 0",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) stored_run(server, lines[i]);
    stored_run_many(server, "RPUSH list-large element:# #", STORED_ELEMENTS);
    stored_run_many(server, "SADD set-int-large #", STORED_ELEMENTS);
    stored_run_many(server, "SADD set-large member:#", STORED_ELEMENTS);
    stored_run_many(server, "ZADD zset-large #.25 member:#", STORED_ELEMENTS);
    stored_run_many(server, "HSET hash-large field:# value:#", STORED_ELEMENTS);
    stored_run_many(server, "SET key:# value:#", STORED_ELEMENTS);
    e2e_server_await(server, "EXISTS gone", "0");
}

void stored_fill_own(struct e2e_server *server) {
    static const char *const lines[] = {
        "HPEXPIRE hash-small 100000000 FIELDS 1 f",
        "HPEXPIRE hash-large 100000000 FIELDS 2 field:1 field:2",
        "ZADD zset-exact 9007199254740993 a",
        "RL.POLICY SET api BUCKET 10 10 60000",
        "RL.TAKE limiter USE api",
        "RL.TAKE window FIXED 5 100000000",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) stored_run(server, lines[i]);
}

/* --- servers --- */

bool stored_has_file(const struct e2e_server *server, const char *name) {
    return access(e2e_server_path(server, name), F_OK) == 0;
}

void stored_await_info(struct e2e_server *server, const char *field, int64_t expected) {
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, field) != expected) e2e_wait_a_little(since_ms, field);
}

void stored_end_at_once(struct e2e_server *server) {
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    (void)e2e_server_await_end(server);
}

void stored_end_cleanly(struct e2e_server *server) {
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    int status = e2e_server_await_end(server);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void stored_start_again(struct e2e_server *server, const char *const *arguments) {
    e2e_server_start_again(server, arguments);
    e2e_server_await(server, "PING", "PONG");
}
