/* Waiting for keys over many connections at once. */
#include "e2e/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static int start(void **state) {
    *state = e2e_server_start(NULL);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

static void await_field(struct e2e_server *server, const char *field, int64_t value) {
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, field) != value) e2e_wait_a_little(since_ms, field);
}

static void await_blocked(struct e2e_server *server, int64_t count) {
    await_field(server, "blocked_clients", count);
}

static long long client_id(redisContext *context) {
    char *text = e2e_run(context, "CLIENT ID");
    long long id = strtoll(text, NULL, 10);
    free(text);
    return id;
}

/* Runs CLIENT UNBLOCK or KILL ID on the server's own connection. */
static void check_client(struct e2e_server *server, const char *subcommand, long long id,
                         const char *option, const char *expected) {
    char line[128];
    snprintf(line, sizeof(line), "CLIENT %s %lld %s", subcommand, id, option);
    assert_string_equal(e2e_server_run(server, line), expected);
}

/* What CLIENT LIST says of a client under a name such as "qbuf". */
static long long client_figure(struct e2e_server *server, long long id, const char *name) {
    char line[64], wanted[64];
    snprintf(line, sizeof(line), "CLIENT LIST ID %lld", id);
    snprintf(wanted, sizeof(wanted), " %s=", name);
    const char *found = strstr(e2e_server_run(server, line), wanted);
    assert_non_null(found);
    return strtoll(found + strlen(wanted), NULL, 10);
}

/* --- serving --- */

static void a_push_wakes_another_connection(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    e2e_send(context, "BLPOP first second 0");
    await_blocked(server, 1);
    assert_int_equal(e2e_server_info(server, "total_blocking_keys"), 2);
    assert_non_null(strstr(e2e_server_run(server, "CLIENT LIST"), "flags=b "));
    assert_non_null(strstr(e2e_server_run(server, "CLIENT LIST"), "cmd=blpop "));
    assert_string_equal(e2e_server_run(server, "RPUSH second a b"), "2");
    assert_received(context, "[\"second\", \"a\"]");
    assert_string_equal(e2e_server_run(server, "LRANGE second 0 -1"), "[\"b\"]");
    assert_int_equal(e2e_server_info(server, "blocked_clients"), 0);
    assert_int_equal(e2e_server_info(server, "total_blocking_keys"), 0);
    assert_run(context, "PING", "PONG");
    redisFree(context);
}

static void what_is_sent_behind_a_waiting_command_runs_after_it(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    e2e_send(context, "SET k before");
    e2e_send(context, "BLPOP q 0");
    e2e_send(context, "SET k after");
    assert_received(context, "OK");
    await_blocked(server, 1);
    e2e_send(context, "BRPOP q 0");
    e2e_send(context, "GET k");
    assert_string_equal(e2e_server_run(server, "GET k"), "\"before\"");
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    assert_received(context, "[\"q\", \"1\"]");
    assert_received(context, "OK");
    await_blocked(server, 1);
    assert_string_equal(e2e_server_run(server, "RPUSH q 2"), "1");
    assert_received(context, "[\"q\", \"2\"]");
    assert_received(context, "\"after\"");
    redisFree(context);
}

static void an_unfinished_request_behind_a_waiting_one_is_kept(void **state) {
    struct e2e_server *server = *state;
    int fd = e2e_open(server);
    e2e_write_str(fd, "BLPOP q 0\r\n*2\r\n$4\r\nEC");
    await_blocked(server, 1);
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    e2e_expect(fd, "*2\r\n$1\r\nq\r\n$1\r\n1\r\n");
    e2e_write_str(fd, "HO\r\n$2\r\nhi\r\n");
    e2e_expect(fd, "$2\r\nhi\r\n");
    e2e_write_str(fd, "BLPOP q 0\r\n*1\r\n!broken\r\n");
    await_blocked(server, 1);
    assert_string_equal(e2e_server_run(server, "RPUSH q 2"), "1");
    e2e_expect(fd, "*2\r\n$1\r\nq\r\n$1\r\n2\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    e2e_expect_closed(fd);
    close(fd);
}

static void a_long_pipeline_behind_a_waiting_command_stays_in_the_socket(void **state) {
    enum { ECHOES = 20000, HELD_MAX = 200 * 1000 };
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    long long id = client_id(context);
    char line[64];
    e2e_send(context, "BLPOP q 0");
    await_blocked(server, 1);
    for (int i = 0; i < ECHOES; i++) {
        snprintf(line, sizeof(line), "ECHO %d", i);
        e2e_send(context, line);
    }
    int64_t since_ms = e2e_now_ms();
    while (client_figure(server, id, "qbuf") == 0) e2e_wait_a_little(since_ms, "the pipeline");
    assert_true(client_figure(server, id, "tot-mem") < HELD_MAX);
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    assert_received(context, "[\"q\", \"1\"]");
    for (int i = 0; i < ECHOES; i++) {
        snprintf(line, sizeof(line), "\"%d\"", i);
        assert_received(context, line);
    }
    redisFree(context);
}

static void raise_open_files(rlim_t wanted) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

enum { CROWD = 1000, CROWD_FILES = CROWD + 64 };

static void a_thousand_connections_are_served_in_order(void **state) {
    struct e2e_server *server = *state;
    int *fds = calloc(CROWD, sizeof(*fds));
    char text[64];
    for (int i = 0; i < CROWD; i++) {
        fds[i] = e2e_open(server);
        e2e_write_str(fds[i], "BLPOP q 0\r\n");
        await_blocked(server, i + 1);
    }
    assert_int_equal(e2e_server_info(server, "total_blocking_keys"), 1);
    redisContext *context = e2e_connect(server);
    e2e_send(context, "MULTI");
    for (int i = 0; i < CROWD / 2; i++) {
        snprintf(text, sizeof(text), "RPUSH q %d", i);
        e2e_send(context, text);
    }
    e2e_send(context, "EXEC");
    for (int i = CROWD / 2; i < CROWD; i++) {
        snprintf(text, sizeof(text), "RPUSH q %d", i);
        e2e_send(context, text);
    }
    for (int i = 0; i < CROWD; i++) {
        char number[16], expected[64];
        snprintf(number, sizeof(number), "%d", i);
        snprintf(expected, sizeof(expected), "*2\r\n$1\r\nq\r\n$%zu\r\n%s\r\n", strlen(number),
                 number);
        e2e_expect(fds[i], expected);
        close(fds[i]);
    }
    assert_int_equal(e2e_server_info(server, "blocked_clients"), 0);
    redisFree(context);
    free(fds);
}

/* Each connection waits for its key and then, with what it sent ahead, wakes the next. */
static void one_push_may_wake_a_chain_of_connections(void **state) {
    struct e2e_server *server = *state;
    int *fds = calloc(CROWD, sizeof(*fds));
    char text[128];
    for (int i = 0; i < CROWD; i++) {
        fds[i] = e2e_open(server);
        snprintf(text, sizeof(text), "BLPOP q%d 0\r\nRPUSH q%d x\r\nPING\r\n", i, i + 1);
        e2e_write_str(fds[i], text);
    }
    await_blocked(server, CROWD);
    assert_string_equal(e2e_server_run(server, "RPUSH q0 x"), "1");
    for (int i = 0; i < CROWD; i++) {
        char key[16];
        snprintf(key, sizeof(key), "q%d", i);
        snprintf(text, sizeof(text), "*2\r\n$%zu\r\n%s\r\n$1\r\nx\r\n:1\r\n+PONG\r\n", strlen(key),
                 key);
        e2e_expect(fds[i], text);
        close(fds[i]);
    }
    snprintf(text, sizeof(text), "LLEN q%d", CROWD);
    assert_string_equal(e2e_server_run(server, text), "1");
    free(fds);
}

static void inside_a_transaction_nothing_waits(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    redisContext *waiter = e2e_connect(server);
    assert_run(context, "MULTI", "OK");
    assert_run(context, "BLPOP q 0", "QUEUED");
    assert_run(context, "RPUSH q 1 2", "QUEUED");
    assert_run(context, "BLMOVE q q2 LEFT LEFT 0", "QUEUED");
    e2e_send(waiter, "BLPOP q2 0");
    await_blocked(server, 1);
    assert_run(context, "EXEC", "[nil, 2, \"1\"]");
    assert_received(waiter, "[\"q2\", \"1\"]");
    redisFree(context);
    redisFree(waiter);
}

static void a_woken_pipeline_that_sets_a_due_time_is_heeded(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    e2e_send(context, "BLPOP q 0");
    e2e_send(context, "SET k 1 PX 30");
    e2e_send(context, "CLIENT REPLY SKIP");
    e2e_send(context, "BLPOP q 0");
    await_blocked(server, 1);
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    assert_received(context, "[\"q\", \"1\"]");
    assert_received(context, "OK");
    await_field(server, "expired_by_calendar", 1);
    redisFree(context);
}

/* --- ending --- */

static void time_runs_out(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    int64_t since_ms = e2e_now_ms();
    assert_run(context, "BLPOP q 0.05", "nil");
    assert_true(e2e_now_ms() - since_ms >= 50);
    e2e_send(context, "BLMOVE q r LEFT LEFT 0.01");
    e2e_send(context, "BLPOP q r 0.01");
    e2e_send(context, "PING");
    assert_received(context, "nil");
    assert_received(context, "nil");
    assert_received(context, "PONG");
    assert_int_equal(e2e_server_info(server, "clients_in_timeout_table"), 0);
    redisFree(context);
}

static void idle_time_does_not_count_while_waiting(void **state) {
    static const char *const arguments[] = {"--timeout", "1", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    redisContext *context = e2e_connect(server);
    assert_run(context, "BLPOP q 2.3", "nil");
    assert_run(context, "PING", "PONG");
    redisFree(context);
    redisFree(server->control); /* it has been idle */
    server->control = NULL;
    e2e_server_stop(server);
    (void)state;
}

static void others_end_the_waiting(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    long long id = client_id(context);
    check_client(server, "UNBLOCK", id, "", "0");
    e2e_send(context, "BLPOP q 0");
    await_blocked(server, 1);
    check_client(server, "UNBLOCK", id, "", "1");
    assert_received(context, "nil");
    e2e_send(context, "BLPOP q 0");
    e2e_send(context, "PING");
    await_blocked(server, 1);
    check_client(server, "UNBLOCK", id, "ERROR", "1");
    check_client(server, "UNBLOCK", id, "ERROR", "0");
    assert_received(context, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    assert_received(context, "PONG");
    e2e_send(context, "BLMOVE q r LEFT LEFT 0");
    await_blocked(server, 1);
    check_client(server, "UNBLOCK", id, "TIMEOUT", "1");
    assert_received(context, "nil");
    e2e_send(context, "BLPOP q 0");
    await_blocked(server, 1);
    check_client(server, "KILL ID", id, "", "1");
    assert_received(context, "closed");
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    assert_int_equal(e2e_server_info(server, "blocked_clients"), 0);
    assert_string_equal(e2e_server_run(server, "LLEN q"), "1");
    redisFree(context);
}

/* Less than what a socket holds: the end of a stream is only told once all before it has arrived.
 * */
static void write_pipeline(int fd) {
    static char text[32 * 1024];
    for (size_t i = 0; i + 9 <= sizeof(text); i += 9) memcpy(text + i, "SET k 1\r\n", 9);
    e2e_write(fd, text, sizeof(text) / 9 * 9);
}

static void await_in_list(struct e2e_server *server, const char *text) {
    int64_t since_ms = e2e_now_ms();
    while (strstr(e2e_server_run(server, "CLIENT LIST"), text) == NULL)
        e2e_wait_a_little(since_ms, text);
}

static void clients_that_vanish_are_forgotten_at_once(void **state) {
    struct e2e_server *server = *state;
    int alone = e2e_open(server);
    int with_pipeline = e2e_open(server);
    int half_closed = e2e_open(server);
    redisContext *last = e2e_connect(server);
    e2e_write_str(alone, "BLPOP q 0\r\n");
    e2e_write_str(with_pipeline, "BLPOP q 0\r\n");
    e2e_write_str(half_closed, "BLPOP q 0\r\n");
    await_blocked(server, 3);
    write_pipeline(with_pipeline);
    await_in_list(server, "events= ");
    write_pipeline(with_pipeline);
    e2e_send(last, "BLPOP q 0");
    await_blocked(server, 4);
    close(alone);
    await_blocked(server, 3);
    close(with_pipeline);
    await_blocked(server, 2);
    assert_int_equal(shutdown(half_closed, SHUT_WR), 0);
    e2e_expect_closed(half_closed);
    close(half_closed);
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    assert_received(last, "[\"q\", \"1\"]");
    assert_string_equal(e2e_server_run(server, "GET k"), "nil");
    redisFree(last);
    await_field(server, "connected_clients", 1);
}

static void mute_clients_take_their_element_in_silence(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    e2e_send(context, "CLIENT REPLY SKIP");
    e2e_send(context, "BLPOP q 0");
    e2e_send(context, "ECHO heard");
    await_blocked(server, 1);
    assert_string_equal(e2e_server_run(server, "RPUSH q 1"), "1");
    assert_received(context, "\"heard\"");
    assert_string_equal(e2e_server_run(server, "LLEN q"), "0");
    redisFree(context);
}

static void a_pause_does_not_stop_the_clock_of_those_who_wait(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    e2e_send(context, "BLPOP q 0.2");
    e2e_send(context, "PING");
    await_blocked(server, 1);
    assert_string_equal(e2e_server_run(server, "CLIENT PAUSE 600 ALL"), "OK");
    int64_t since_ms = e2e_now_ms();
    assert_received(context, "nil");
    assert_received(context, "PONG");
    assert_true(e2e_now_ms() - since_ms >= 300);
    redisFree(context);
}

static void the_server_stops_while_clients_wait(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    e2e_send(context, "BLPOP q 0");
    e2e_send(context, "SET k 1");
    await_blocked(server, 1);
    e2e_send(server->control, "SHUTDOWN NOSAVE");
    assert_received(context, "closed");
    assert_int_equal(e2e_server_await_end(server), 0);
    redisFree(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_push_wakes_another_connection, start, stop),
        cmocka_unit_test_setup_teardown(what_is_sent_behind_a_waiting_command_runs_after_it, start,
                                        stop),
        cmocka_unit_test_setup_teardown(an_unfinished_request_behind_a_waiting_one_is_kept, start,
                                        stop),
        cmocka_unit_test_setup_teardown(
            a_long_pipeline_behind_a_waiting_command_stays_in_the_socket, start, stop),
        cmocka_unit_test_setup_teardown(a_thousand_connections_are_served_in_order, start, stop),
        cmocka_unit_test_setup_teardown(one_push_may_wake_a_chain_of_connections, start, stop),
        cmocka_unit_test_setup_teardown(inside_a_transaction_nothing_waits, start, stop),
        cmocka_unit_test_setup_teardown(a_woken_pipeline_that_sets_a_due_time_is_heeded, start,
                                        stop),
        cmocka_unit_test_setup_teardown(time_runs_out, start, stop),
        cmocka_unit_test(idle_time_does_not_count_while_waiting),
        cmocka_unit_test_setup_teardown(others_end_the_waiting, start, stop),
        cmocka_unit_test_setup_teardown(clients_that_vanish_are_forgotten_at_once, start, stop),
        cmocka_unit_test_setup_teardown(mute_clients_take_their_element_in_silence, start, stop),
        cmocka_unit_test_setup_teardown(a_pause_does_not_stop_the_clock_of_those_who_wait, start,
                                        stop),
        cmocka_unit_test_setup_teardown(the_server_stops_while_clients_wait, start, stop),
    };
    raise_open_files(CROWD_FILES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
