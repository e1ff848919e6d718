/* MONITOR over sockets: many commands, and those who watch without reading. */
#include "e2e/support.h"

#include "foundation/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { LINE_MAX_BYTES = 512 };

static int start(void **state) {
    static const char *const arguments[] = {"--client-output-buffer-limit", "pubsub 1mb 0 0",
                                            "--unixsocket", "socket", NULL};
    *state = e2e_server_start(arguments);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

/* A connection that watches. */
static int open_monitor(const struct e2e_server *server) {
    int fd = e2e_open(server);
    e2e_write_str(fd, "MONITOR\r\n");
    e2e_expect(fd, "+OK\r\n");
    return fd;
}

/* Reads a line and checks what stands behind the caller. */
static void expect_command(int fd, const char *expected) {
    char line[LINE_MAX_BYTES];
    e2e_read_line(fd, line, sizeof(line));
    const char *command = strstr(line, "] ");
    assert_non_null(command);
    assert_string_equal(command + 2, expected);
}

static size_t count_monitors(struct e2e_server *server) {
    size_t count = 0;
    const char *line = e2e_server_run(server, "CLIENT LIST FLAGS O");
    while ((line = strstr(line, "flags=O")) != NULL) {
        count++;
        line++;
    }
    return count;
}

static void await_no_monitor(struct e2e_server *server) {
    int64_t since_ms = e2e_now_ms();
    while (count_monitors(server) != 0) e2e_wait_a_little(since_ms, "the end of a monitor");
}

/* --- lines --- */

static void a_line_tells_when_where_and_who(void **state) {
    struct e2e_server *server = *state;
    int fd = open_monitor(server);
    char line[LINE_MAX_BYTES], *end;
    assert_string_equal(e2e_server_run(server, "ECHO hello"), "\"hello\"");
    e2e_read_line(fd, line, sizeof(line));
    long seconds = strtol(line + 1, &end, 10);
    assert_in_range(seconds, time(NULL) - 60, time(NULL) + 1);
    assert_int_equal(end[0], '.');
    assert_int_equal(strspn(end + 1, "0123456789"), 6);
    assert_int_equal(strncmp(end + 7, " [0 127.0.0.1:", 14), 0);
    close(fd);
    await_no_monitor(server);
}

static void a_caller_on_a_unix_socket_is_told_by_its_path(void **state) {
    struct e2e_server *server = *state;
    int fd = open_monitor(server);
    char line[LINE_MAX_BYTES], path[E2E_PATH_MAX];
    snprintf(path, sizeof(path), "%s", e2e_server_path(server, "socket"));
    redisContext *context = redisConnectUnix(path);
    assert_int_equal(context->err, 0);
    assert_run(context, "ECHO hello", "\"hello\"");
    e2e_read_line(fd, line, sizeof(line));
    const char *caller = strstr(line, " [0 unix:");
    assert_non_null(caller);
    assert_non_null(strstr(caller, "socket] \"ECHO\" \"hello\""));
    redisFree(context);
    close(fd);
    await_no_monitor(server);
}

static void a_monitor_misses_nothing_of_many_commands(void **state) {
    enum { COMMANDS = 20 * 1000, BATCH = 500 };
    struct e2e_server *server = *state;
    int watching = open_monitor(server);
    int calling = e2e_open(server);
    char text[64];
    for (int from = 0; from < COMMANDS; from += BATCH) {
        for (int i = from; i < from + BATCH; i++) {
            snprintf(text, sizeof(text), "ECHO %d\r\n", i);
            e2e_write_str(calling, text);
        }
        for (int i = from; i < from + BATCH; i++) {
            snprintf(text, sizeof(text), "\"ECHO\" \"%d\"", i);
            expect_command(watching, text);
            e2e_read_line(calling, text, sizeof(text));
            e2e_read_line(calling, text, sizeof(text));
        }
    }
    close(calling);
    close(watching);
    await_no_monitor(server);
}

/* --- ends --- */

static void one_who_does_not_read_is_dropped_and_the_server_stays_small(void **state) {
    enum { MESSAGE = 10 * 1000, MONITORS = 10, ROUNDS = 2000, ALLOWED = 40 * 1000 * 1000 };
    struct e2e_server *server = *state;
    int fds[MONITORS];
    int64_t before = e2e_server_info(server, "used_memory");
    int64_t dropped = e2e_server_info(server, "client_output_buffer_limit_disconnections");
    for (int i = 0; i < MONITORS; i++) fds[i] = open_monitor(server);
    char *line = malloc(MESSAGE + 16);
    assert_non_null(line);
    memcpy(line, "ECHO ", 5);
    memset(line + 5, 'x', MESSAGE);
    line[5 + MESSAGE] = '\0';
    redisContext *context = e2e_connect(server);
    for (int i = 0; i < ROUNDS; i++) free(e2e_run(context, line));
    await_no_monitor(server);
    assert_int_equal(e2e_server_info(server, "client_output_buffer_limit_disconnections") - dropped,
                     MONITORS);
    assert_true(e2e_server_info(server, "used_memory_peak") - before < ALLOWED);
    assert_run(context, "PING", "PONG");
    redisFree(context);
    for (int i = 0; i < MONITORS; i++) close(fds[i]);
    free(line);
}

static void a_monitor_can_be_killed(void **state) {
    struct e2e_server *server = *state;
    int fd = e2e_open(server);
    char id[64], line[128];
    e2e_write_str(fd, "CLIENT ID\r\n");
    e2e_read_line(fd, id, sizeof(id));
    e2e_write_str(fd, "MONITOR\r\n");
    e2e_expect(fd, "+OK\r\n");
    assert_int_equal(count_monitors(server), 1);
    snprintf(line, sizeof(line), "CLIENT KILL ID %s", id + 1);
    assert_string_equal(e2e_server_run(server, line), "1");
    e2e_expect_closed(fd);
    close(fd);
    assert_string_equal(e2e_server_run(server, "ECHO on"), "\"on\"");
    assert_int_equal(count_monitors(server), 0);
}

static void a_monitor_ends_by_reset_and_by_quit(void **state) {
    struct e2e_server *server = *state;
    int fd = open_monitor(server);
    e2e_write_str(fd, "PING\r\n");
    e2e_expect(fd, "+PONG\r\n");
    expect_command(fd, "\"PING\"");
    e2e_write_str(fd, "RESET\r\n");
    e2e_expect(fd, "+RESET\r\n");
    assert_string_equal(e2e_server_run(server, "ECHO unseen"), "\"unseen\"");
    e2e_write_str(fd, "PING\r\nMONITOR\r\nQUIT\r\n");
    e2e_expect(fd, "+PONG\r\n+OK\r\n+OK\r\n");
    e2e_expect_closed(fd);
    close(fd);
}

static void passwords_are_never_shown(void **state) {
    struct e2e_server *server = *state;
    int fd = open_monitor(server);
    static const char *const lines[] = {
        "AUTH hunter2",
        "AUTH default hunter2",
        "AUTH a b hunter2",
        "HELLO 2 AUTH default hunter2",
        "HELLO 9 AUTH u hunter2",
        "HELLO AUTH u hunter2",
        "HELLO 2 SETNAME auth AUTH default hunter2",
        "CONFIG SET requirepass hunter2",
        "CONFIG SET requirepass \"\"",
        "AUTHX hunter2",
    };
    char line[LINE_MAX_BYTES];
    redisContext *context = e2e_connect(server);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) free(e2e_run(context, lines[i]));
    assert_run(context, "ECHO done", "\"done\"");
    do {
        e2e_read_line(fd, line, sizeof(line));
        assert_null(strstr(line, "hunter2"));
    } while (strstr(line, "\"done\"") == NULL);
    redisFree(context);
    close(fd);
    await_no_monitor(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_when_where_and_who),
        cmocka_unit_test(a_caller_on_a_unix_socket_is_told_by_its_path),
        cmocka_unit_test(a_monitor_misses_nothing_of_many_commands),
        cmocka_unit_test(one_who_does_not_read_is_dropped_and_the_server_stays_small),
        cmocka_unit_test(a_monitor_can_be_killed),
        cmocka_unit_test(a_monitor_ends_by_reset_and_by_quit),
        cmocka_unit_test(passwords_are_never_shown),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
