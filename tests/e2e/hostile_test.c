/* Clients that mean ill, or are merely broken: each may cost the server no more than it has sent
 * or than a limit allows, and must not keep others waiting.
 *
 * Bounds on memory are what a server without the protection in question would exceed many times
 * over. */
#include "e2e/support.h"

#include "foundation/buffer.h"
#include "foundation/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    SMALL_BYTES = 256 * KIB, /* what a server may need for anything at all */
    LATE_MS = 1000,          /* another client would notice */
};

/* --- help --- */

static int start(void **state) {
    *state = e2e_server_start(NULL);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

static int64_t used_bytes(struct e2e_server *server) {
    return e2e_server_info(server, "used_memory");
}

static void assert_grown_at_most(struct e2e_server *server, int64_t before, int64_t bytes) {
    int64_t grown = used_bytes(server) - before;
    if (grown > bytes)
        fail_msg("grown by %lld bytes, not %lld", (long long)grown, (long long)bytes);
}

static void await_used_at_most(struct e2e_server *server, int64_t bytes) {
    int64_t since_ms = e2e_now_ms();
    while (used_bytes(server) > bytes) e2e_wait_a_little(since_ms, "memory to be given back");
}

static void await_info(struct e2e_server *server, const char *field, int64_t at_least) {
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, field) < at_least) e2e_wait_a_little(since_ms, field);
}

/* A client that has just come, and one that was there, are served. */
static void assert_serves_others(struct e2e_server *server) {
    int64_t since_ms = e2e_now_ms();
    redisContext *second = e2e_connect(server);
    assert_run(second, "SET others served", "OK");
    assert_run(server->control, "GET others", "\"served\"");
    redisFree(second);
    if (e2e_now_ms() - since_ms > LATE_MS) fail_msg("others wait");
}

/* The bytes must be answered by the text and the end of the connection. */
static void assert_rejected(struct e2e_server *server, const char *bytes, const char *reply) {
    int fd = e2e_open(server);
    e2e_write_str(fd, bytes);
    e2e_expect(fd, reply);
    e2e_expect_closed(fd);
    close(fd);
}

/* `count` times the text. */
static void write_often(int fd, const char *text, size_t count) {
    struct buffer bytes = {0};
    for (size_t i = 0; i < count; i++) buffer_append_str(&bytes, text);
    e2e_write(fd, bytes.data, bytes.len);
    buffer_destroy(&bytes);
}

static void write_zeros(int fd, size_t len) {
    char *zeros = calloc(1, len);
    assert_non_null(zeros);
    e2e_write(fd, zeros, len);
    free(zeros);
}

/* Reads until so many bytes have come; fails when the stream ends before. */
static void read_away(int fd, size_t len) {
    static char bytes[64 * KIB];
    while (len != 0) {
        ssize_t got = recv(fd, bytes, len < sizeof(bytes) ? len : sizeof(bytes), 0);
        if (got <= 0) fail_msg("%zu bytes are missing: %s", len, strerror(errno));
        len -= (size_t)got;
    }
}

/* --- announced and not sent --- */

static void a_bulk_over_the_limit_is_refused_when_announced(void **state) {
    struct e2e_server *server = *state;
    static const char reply[] = "-ERR Protocol error: invalid bulk length\r\n";
    assert_rejected(server, "*2\r\n$3\r\nGET\r\n$4294967296\r\n", reply);
    assert_rejected(server, "*1\r\n$536870913\r\n", reply);
    assert_rejected(server, "*1\r\n$-1\r\n", reply);
    assert_rejected(server, "*1\r\n$99999999999999999999999\r\n", reply);
    assert_rejected(server, "*2147483648\r\n", "-ERR Protocol error: invalid multibulk length\r\n");
    assert_serves_others(server);
}

static void memory_follows_what_came_and_not_what_was_announced(void **state) {
    struct e2e_server *server = *state;
    int64_t before = used_bytes(server);
    int64_t received = e2e_server_info(server, "total_net_input_bytes");
    int fd = e2e_open(server);
    e2e_write_str(fd, "*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$536870912\r\n");
    write_zeros(fd, MIB);
    await_info(server, "total_net_input_bytes", received + MIB);
    assert_grown_at_most(server, before, 3 * MIB);
    assert_serves_others(server);
    close(fd);
    await_used_at_most(server, before + SMALL_BYTES);
}

static void a_count_of_arguments_reserves_nothing(void **state) {
    struct e2e_server *server = *state;
    int64_t before = used_bytes(server);
    int64_t received = e2e_server_info(server, "total_net_input_bytes");
    int fds[50];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = e2e_open(server);
        e2e_write_str(fds[i], "*2147483647\r\n$4\r\nMGET\r\n");
    }
    await_info(server, "total_net_input_bytes", received + (int64_t)ARRAY_LEN(fds) * 23);
    assert_grown_at_most(server, before, SMALL_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) close(fds[i]);
    assert_serves_others(server);
}

static int start_with_many_clients(void **state) {
    static const char *const arguments[] = {"--maxclients", "10100", NULL};
    *state = e2e_server_start(arguments);
    return 0;
}

static void ten_thousand_half_commands_cost_little(void **state) {
    struct e2e_server *server = *state;
    enum { WANTED = 10 * 1000, OWN = 100, BYTES_EACH = 2 * KIB };
    static int fds[WANTED];
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int count = limit.rlim_cur >= WANTED + OWN ? WANTED : (int)limit.rlim_cur - OWN;
    if (count < WANTED) print_message("only %d: the limit on open files is too low\n", count);
    assert_true(count > 0);
    int64_t before = used_bytes(server);
    for (int i = 0; i < count; i++) {
        fds[i] = e2e_open(server);
        e2e_write_str(fds[i], "*3\r\n$3\r\nSET\r\n$5\r\nhalf");
    }
    await_info(server, "connected_clients", count + 1);
    assert_grown_at_most(server, before, (int64_t)count * BYTES_EACH);
    assert_serves_others(server);
    e2e_write_str(fds[count / 2], "1\r\n$1\r\nx\r\n");
    e2e_expect(fds[count / 2], "+OK\r\n");
    for (int i = 0; i < count; i++) close(fds[i]);
    e2e_server_await(server, "GET half1", "\"x\"");
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, "connected_clients") != 1)
        e2e_wait_a_little(since_ms, "clients to be gone");
    await_used_at_most(server, before + MIB);
}

/* --- nothing, much, slowly --- */

static void a_million_empty_requests_are_nothing(void **state) {
    static const char *const empty[] = {"*0\r\n", "*-1\r\n", "\r\n", " \r\n"};
    struct e2e_server *server = *state;
    int64_t before = used_bytes(server);
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        int fd = e2e_open(server);
        write_often(fd, empty[i], 1000 * 1000);
        assert_serves_others(server);
        e2e_write_str(fd, "PING\r\n");
        e2e_expect(fd, "+PONG\r\n");
        assert_grown_at_most(server, before, SMALL_BYTES);
        close(fd);
    }
}

static void bytes_that_come_one_by_one_make_a_command(void **state) {
    static const char request[] = "*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$5\r\nloris\r\nget slow\r\n";
    struct e2e_server *server = *state;
    int fds[50];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) fds[i] = e2e_open(server);
    for (const char *byte = request; *byte != '\0'; byte++) {
        for (size_t i = 0; i < ARRAY_LEN(fds); i++) e2e_write(fds[i], byte, 1);
        assert_run(server->control, "PING", "PONG");
    }
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        e2e_expect(fds[i], "+OK\r\n$5\r\nloris\r\n");
        close(fds[i]);
    }
}

static void lines_without_end_are_refused(void **state) {
    static const struct {
        char first;
        const char *reply;
    } lines[] = {
        {'x', "-ERR Protocol error: too big inline request\r\n"},
        {'*', "-ERR Protocol error: too big mbulk count string\r\n"},
    };
    struct e2e_server *server = *state;
    char line[70 * KIB + 1];
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        memset(line, '1', sizeof(line) - 1);
        line[sizeof(line) - 1] = '\0';
        line[0] = lines[i].first;
        /* The server may close before all has come, and the reset then overtakes its reply. */
        int fd = e2e_open(server);
        e2e_write(fd, line, 64 * KIB + 2);
        e2e_expect(fd, lines[i].reply);
        close(fd);
    }
    assert_serves_others(server);
}

static void a_long_inline_line_is_fine(void **state) {
    struct e2e_server *server = *state;
    enum { LEN = 60 * KIB };
    char *line = calloc(1, LEN + 16);
    assert_non_null(line);
    memset(line, 'x', LEN);
    memcpy(line, "ECHO ", 5);
    memcpy(line + LEN, "\r\n", 3);
    int fd = e2e_open(server);
    e2e_write_str(fd, line);
    e2e_expect(fd, "$61435\r\n");
    read_away(fd, LEN - 5 + 2);
    close(fd);
    free(line);
}

static void a_hundred_thousand_commands_in_one_go_are_all_answered(void **state) {
    struct e2e_server *server = *state;
    enum { COUNT = 100 * 1000, TEXT = 100 };
    static const char reply_head[] = "$100\r\n";
    char request[TEXT + 16] = "ECHO ";
    memset(request + 5, 'y', TEXT);
    memcpy(request + 5 + TEXT, "\r\n", 3);
    int64_t before = used_bytes(server);
    int fd = e2e_open(server);
    write_often(fd, request, COUNT);
    assert_serves_others(server);
    size_t reply_bytes = COUNT * (sizeof(reply_head) - 1 + TEXT + 2);
    assert_grown_at_most(server, before, 2 * (int64_t)reply_bytes);
    read_away(fd, reply_bytes);
    e2e_write_str(fd, "PING\r\n");
    e2e_expect(fd, "+PONG\r\n");
    close(fd);
    await_used_at_most(server, before + SMALL_BYTES);
}

/* --- readers that never read --- */

static void a_reader_that_never_reads_is_dropped_at_the_limit(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "CONFIG SET client-output-buffer-limit \"normal 8mb 0 0\"", "OK");
    assert_run(server->control, "SETRANGE big 1048575 x", "1048576");
    int64_t before = used_bytes(server);
    int fd = e2e_open(server);
    write_often(fd, "GET big\r\n", 1000);
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, "client_output_buffer_limit_disconnections") == 0) {
        assert_grown_at_most(server, before, 10 * MIB);
        assert_serves_others(server);
        e2e_wait_a_little(since_ms, "the reader to be dropped");
    }
    await_used_at_most(server, before + SMALL_BYTES);
    close(fd);
    assert_serves_others(server);
}

static void a_reader_over_the_soft_limit_is_dropped_in_time(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "CONFIG SET client-output-buffer-limit \"normal 0 1mb 1\"", "OK");
    assert_run(server->control, "SETRANGE big 1048575 x", "1048576");
    int fd = e2e_open(server);
    write_often(fd, "GET big\r\n", 100);
    await_info(server, "client_output_buffer_limit_disconnections", 1);
    close(fd);
    assert_serves_others(server);
}

/* Big values wait as references to where they lie. */
static void unread_big_values_are_not_copied(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "CONFIG SET client-output-buffer-limit \"normal 0 0 0\"", "OK");
    assert_run(server->control, "SETRANGE big 1048575 x", "1048576");
    int64_t before = used_bytes(server);
    int fd = e2e_open(server);
    write_often(fd, "GET big\r\n", 500);
    await_info(server, "keyspace_hits", 500);
    assert_grown_at_most(server, before, 16 * MIB);
    assert_run(server->control, "DEL big", "1");
    read_away(fd, (size_t)500 * (strlen("$1048576\r\n") + MIB + 2));
    close(fd);
    await_used_at_most(server, before);
}

/* --- limits --- */

static int start_with_password(void **state) {
    static const char *const arguments[] = {"--requirepass", "secret", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    *state = server;
    assert_string_equal(e2e_server_run(server, "AUTH secret"), "OK");
    return 0;
}

static void strangers_are_held_to_small_requests(void **state) {
    struct e2e_server *server = *state;
    assert_rejected(server, "*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n");
    assert_rejected(server, "*1\r\n$16385\r\n",
                    "-ERR Protocol error: unauthenticated bulk length\r\n");
    assert_run(server->control, "PING", "PONG");
}

static void strangers_cannot_pile_up_replies(void **state) {
    struct e2e_server *server = *state;
    int64_t before = used_bytes(server);
    int fd = e2e_open(server);
    struct buffer requests = {0};
    for (size_t i = 0; i < 100 * 1000; i++) buffer_append_str(&requests, "GET k\r\n");
    /* Until the server closes: what the system's own buffers take may be any size. */
    while (send(fd, requests.data, requests.len, MSG_NOSIGNAL) > 0) {
        assert_grown_at_most(server, before, MIB);
    }
    buffer_destroy(&requests);
    close(fd);
    assert_int_equal(e2e_server_info(server, "client_output_buffer_limit_disconnections"), 1);
}

static int start_with_few_clients(void **state) {
    static const char *const arguments[] = {"--maxclients", "10", NULL};
    *state = e2e_server_start(arguments);
    return 0;
}

static void clients_beyond_maxclients_are_told_so(void **state) {
    struct e2e_server *server = *state;
    int fds[9];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) fds[i] = e2e_open(server);
    for (size_t i = 0; i < 100; i++)
        assert_rejected(server, "", "-ERR max number of clients reached\r\n");
    assert_int_equal(e2e_server_info(server, "rejected_connections"), 100);
    assert_int_equal(e2e_server_info(server, "connected_clients"), 10);
    close(fds[0]);
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, "connected_clients") != 9)
        e2e_wait_a_little(since_ms, "a place");
    assert_serves_others(server);
    for (size_t i = 1; i < ARRAY_LEN(fds); i++) close(fds[i]);
}

static void requests_over_the_query_buffer_limit_close(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "CONFIG SET client-query-buffer-limit 1mb", "OK");
    int64_t before = used_bytes(server);
    int fd = e2e_open(server);
    e2e_write_str(fd, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n");
    char *zeros = calloc(1, MIB);
    assert_non_null(zeros);
    for (int i = 0; i < 64 && send(fd, zeros, MIB, MSG_NOSIGNAL) > 0; i++) {
        assert_grown_at_most(server, before, 3 * MIB);
    }
    free(zeros);
    await_info(server, "client_query_buffer_limit_disconnections", 1);
    close(fd);
    await_used_at_most(server, before + SMALL_BYTES);
    assert_serves_others(server);
}

static void clients_together_stay_under_maxmemory_clients(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "CONFIG SET maxmemory-clients 8mb", "OK");
    int64_t before = used_bytes(server);
    int fds[30];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = e2e_open(server);
        e2e_write_str(fds[i], "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n");
        write_zeros(fds[i], MIB);
    }
    await_info(server, "evicted_clients", 1);
    await_used_at_most(server, before + 8 * MIB + SMALL_BYTES);
    assert_run(server->control, "PING", "PONG");
    assert_int_equal(e2e_server_info(server, "total_connections_received"), 31);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) close(fds[i]);
    assert_serves_others(server);
}

static void the_big_clients_go_before_the_small_ones(void **state) {
    struct e2e_server *server = *state;
    redisContext *small[20];
    int big[3];
    for (size_t i = 0; i < ARRAY_LEN(small); i++) {
        small[i] = e2e_connect(server);
        assert_run(small[i], "MULTI", "OK");
        assert_run(small[i], "ECHO small", "QUEUED");
    }
    for (size_t i = 0; i < ARRAY_LEN(big); i++) {
        big[i] = e2e_open(server);
        e2e_write_str(big[i], "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n");
        write_zeros(big[i], (i + 1) * MIB);
    }
    e2e_server_await(server, "CONFIG SET maxmemory-clients 1mb", "OK");
    await_info(server, "evicted_clients", ARRAY_LEN(big));
    for (size_t i = 0; i < ARRAY_LEN(small); i++) {
        assert_run(small[i], "EXEC", "[\"small\"]");
        redisFree(small[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(big); i++) close(big[i]);
    assert_serves_others(server);
}

/* --- maxmemory --- */

/* Sends `count` SETs of fresh keys in one go and reads the replies. */
static void set_keys(int fd, int first, int count, size_t value_len) {
    struct buffer requests = {0};
    char *value = malloc(value_len);
    assert_non_null(value);
    memset(value, 'v', value_len);
    for (int i = first; i < first + count; i++) {
        char key[32];
        int key_len = snprintf(key, sizeof(key), "key:%d", i);
        buffer_printf(&requests, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%zu\r\n", key_len, key,
                      value_len);
        buffer_append(&requests, value, value_len);
        buffer_append_str(&requests, "\r\n");
    }
    e2e_write(fd, requests.data, requests.len);
    for (int i = 0; i < count; i++) e2e_expect(fd, "+OK\r\n");
    buffer_destroy(&requests);
    free(value);
}

static void used_memory_stays_under_maxmemory_while_keys_come(void **state) {
    struct e2e_server *server = *state;
    enum { ROUNDS = 100, PER_ROUND = 500, VALUE = 1000, LIMIT = 20 * MIB, BIG = 3 * MIB };
    assert_run(server->control, "CONFIG SET maxmemory 20mb maxmemory-policy allkeys-lru", "OK");
    int fd = e2e_open(server);
    for (int i = 0; i < ROUNDS; i++) {
        set_keys(fd, i * PER_ROUND, PER_ROUND, VALUE);
        int64_t used = used_bytes(server);
        if (used > LIMIT + SMALL_BYTES) fail_msg("used_memory is %lld", (long long)used);
    }
    assert_true(e2e_server_info(server, "evicted_keys") > 0);
    assert_true(e2e_server_info(server, "used_memory_peak") <= LIMIT + SMALL_BYTES);
    /* Half of the limit is a number of keys that eviction must not fall below. */
    assert_true(strtol(e2e_server_run(server, "DBSIZE"), NULL, 10) > LIMIT / 2 / (VALUE + 100));
    for (int i = 0; i < 20; i++) {
        set_keys(fd, i, 1, BIG);
        int64_t used = used_bytes(server);
        if (used > LIMIT + BIG + MIB) fail_msg("used_memory is %lld", (long long)used);
    }
    close(fd);
    assert_serves_others(server);
}

static void a_lowered_maxmemory_is_reached_though_no_command_comes(void **state) {
    struct e2e_server *server = *state;
    enum { PER_ROUND = 2000, ROUNDS = 200 };
    int fd = e2e_open(server);
    for (int i = 0; i < ROUNDS; i++) set_keys(fd, i * PER_ROUND, PER_ROUND, 1);
    close(fd);
    assert_run(server->control, "CONFIG SET maxmemory-policy allkeys-random maxmemory 1mb", "OK");
    sleep(1); /* in which ten ticks alone would not come far */
    int64_t evicted = e2e_server_info(server, "evicted_keys");
    if (evicted < PER_ROUND * ROUNDS / 8) fail_msg("%lld keys were evicted", (long long)evicted);
}

static void without_eviction_writes_are_refused_and_reads_go_on(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "SETRANGE big 4194303 x", "4194304");
    assert_run(server->control, "CONFIG SET maxmemory 2mb", "OK");
    assert_run(server->control, "SET k v",
               "-OOM command not allowed when used memory > 'maxmemory'.");
    assert_run(server->control, "STRLEN big", "4194304");
    assert_run(server->control, "DEL big", "1");
    e2e_server_await(server, "SET k v", "OK");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_bulk_over_the_limit_is_refused_when_announced),
        TEST(memory_follows_what_came_and_not_what_was_announced),
        TEST(a_count_of_arguments_reserves_nothing),
        cmocka_unit_test_setup_teardown(ten_thousand_half_commands_cost_little,
                                        start_with_many_clients, stop),
        TEST(a_million_empty_requests_are_nothing),
        TEST(bytes_that_come_one_by_one_make_a_command),
        TEST(lines_without_end_are_refused),
        TEST(a_long_inline_line_is_fine),
        TEST(a_hundred_thousand_commands_in_one_go_are_all_answered),
        TEST(a_reader_that_never_reads_is_dropped_at_the_limit),
        TEST(a_reader_over_the_soft_limit_is_dropped_in_time),
        TEST(unread_big_values_are_not_copied),
        cmocka_unit_test_setup_teardown(strangers_are_held_to_small_requests, start_with_password,
                                        stop),
        cmocka_unit_test_setup_teardown(strangers_cannot_pile_up_replies, start_with_password,
                                        stop),
        cmocka_unit_test_setup_teardown(clients_beyond_maxclients_are_told_so,
                                        start_with_few_clients, stop),
        TEST(requests_over_the_query_buffer_limit_close),
        TEST(clients_together_stay_under_maxmemory_clients),
        TEST(the_big_clients_go_before_the_small_ones),
        TEST(used_memory_stays_under_maxmemory_while_keys_come),
        TEST(a_lowered_maxmemory_is_reached_though_no_command_comes),
        TEST(without_eviction_writes_are_refused_and_reads_go_on),
    };
    /* The server inherits the limit, and needs as many descriptors as this program. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
