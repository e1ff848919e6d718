/* What one connection may do to others, and what only a connection can show. */
#include "e2e/support.h"

#include "foundation/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { LOOKS_MAX = 100 * 1000 };

static int start(void **state) {
    *state = e2e_server_start(NULL);
    return 0;
}

static int start_with_password(void **state) {
    static const char *const arguments[] = {"--requirepass", "secret", NULL};
    *state = e2e_server_start(arguments);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

/* --- help --- */

/* The value of a field in a line of CLIENT LIST; `value` has 128. */
static void read_field(const char *line, const char *name, char *value) {
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "%s=", name);
    const char *found = strstr(line, wanted);
    assert_non_null(found);
    found += strlen(wanted);
    snprintf(value, 128, "%.*s", (int)strcspn(found, " \\\""), found);
}

static void read_own_field(redisContext *context, const char *name, char *value) {
    char *line = e2e_run(context, "CLIENT INFO");
    read_field(line, name, value);
    free(line);
}

/* Runs a line with the field of `of` in place of its "%s". */
static void assert_run_about(redisContext *context, const char *format, redisContext *of,
                             const char *field, const char *expected) {
    char value[128], line[256];
    read_own_field(of, field, value);
    size_t before = (size_t)(strstr(format, "%s") - format);
    snprintf(line, sizeof(line), "%.*s%s%s", (int)before, format, value, format + before + 2);
    assert_run(context, line, expected);
}

static size_t count_clients(struct e2e_server *server, const char *line) {
    size_t count = 0;
    for (const char *at = e2e_server_run(server, line); (at = strstr(at, "id=")) != NULL; at += 3) {
        if (at[-1] == '"' || at[-1] == 'n') count++;
    }
    return count;
}

/* --- CLIENT LIST --- */

static void list_shows_every_connection_once(void **state) {
    struct e2e_server *server = *state;
    redisContext *second = e2e_connect(server);
    assert_run(second, "CLIENT SETNAME second", "OK");
    assert_int_equal(count_clients(server, "CLIENT LIST"), 2);
    assert_int_equal(count_clients(server, "CLIENT LIST TYPE normal"), 2);
    assert_int_equal(count_clients(server, "CLIENT LIST TYPE pubsub"), 0);
    assert_non_null(strstr(server->text, "\"\""));
    char id[128], line[400];
    read_own_field(second, "id", id);
    snprintf(line, sizeof(line), "CLIENT LIST ID %s 999999 %s", id, id);
    assert_int_equal(count_clients(server, line), 2);
    assert_non_null(strstr(server->text, " name=second "));
    redisFree(second);
    e2e_server_await(server, line, "\"\"");
}

static void a_line_tells_both_ends_of_the_connection(void **state) {
    struct e2e_server *server = *state;
    char port[128], value[128];
    read_own_field(server->control, "laddr", value);
    snprintf(port, sizeof(port), "127.0.0.1:%d", server->port);
    assert_string_equal(value, port);
    read_own_field(server->control, "addr", value);
    assert_int_equal(strncmp(value, "127.0.0.1:", 10), 0);
    assert_string_not_equal(value, port);
    read_own_field(server->control, "events", value);
    assert_string_equal(value, "r");
    read_own_field(server->control, "fd", value);
    assert_true(strtol(value, NULL, 10) > 2);
}

/* --- CLIENT KILL --- */

static void kill_by_each_filter_closes_the_other(void **state) {
    static const struct {
        const char *line, *field, *expected;
    } kills[] = {
        {"CLIENT KILL %s", "addr", "OK"},
        {"CLIENT KILL ADDR %s", "addr", "1"},
        {"CLIENT KILL ID %s", "id", "1"},
        {"CLIENT KILL LADDR %s", "laddr", "1"},
        {"CLIENT KILL USER %s", "user", "1"},
        {"CLIENT KILL TYPE normal ID %s SKIPME yes USER default", "id", "1"},
    };
    struct e2e_server *server = *state;
    for (size_t i = 0; i < sizeof(kills) / sizeof(kills[0]); i++) {
        redisContext *second = e2e_connect(server);
        assert_run_about(server->control, kills[i].line, second, kills[i].field, kills[i].expected);
        assert_run(second, "PING", "closed");
        redisFree(second);
    }
}

static void kill_spares_whom_a_filter_excludes(void **state) {
    struct e2e_server *server = *state;
    redisContext *second = e2e_connect(server);
    assert_run_about(server->control, "CLIENT KILL ID %s TYPE pubsub", second, "id", "0");
    assert_run_about(server->control, "CLIENT KILL ID %s ADDR 127.0.0.1:1", second, "id", "0");
    assert_run_about(server->control, "CLIENT KILL ID %s LADDR 127.0.0.1:1", second, "id", "0");
    assert_run_about(server->control, "CLIENT KILL ID %s MAXAGE 100000", second, "id", "0");
    assert_run_about(second, "CLIENT KILL ID %s", second, "id", "0");
    assert_run(second, "PING", "PONG");
    redisFree(second);
}

static void killing_oneself_answers_before_it_closes(void **state) {
    struct e2e_server *server = *state;
    redisContext *second = e2e_connect(server);
    assert_run_about(second, "CLIENT KILL ID %s SKIPME no", second, "id", "1");
    assert_run(second, "PING", "closed");
    redisFree(second);
    second = e2e_connect(server);
    assert_run_about(second, "CLIENT KILL %s", second, "addr", "OK");
    assert_run(second, "PING", "closed");
    redisFree(second);
}

static void a_killed_connection_is_gone_for_the_next_command(void **state) {
    struct e2e_server *server = *state;
    redisContext *second = e2e_connect(server);
    char id[128], line[400];
    read_own_field(second, "id", id);
    snprintf(line, sizeof(line), "CLIENT KILL ID %s", id);
    e2e_send(server->control, line);
    e2e_send(server->control, line);
    snprintf(line, sizeof(line), "CLIENT LIST ID %s", id);
    e2e_send(server->control, line);
    assert_received(server->control, "1");
    assert_received(server->control, "0");
    assert_received(server->control, "\"\"");
    redisFree(second);
}

/* --- CLIENT PAUSE --- */

/* Until the server has taken up the client's command and holds it back. `id_line` lists that
 * client. */
static void await_postponed(struct e2e_server *server, const char *id_line) {
    char flags[128] = "";
    for (int tries = 0; strcmp(flags, "b") != 0; tries++) {
        if (tries == LOOKS_MAX) fail_msg("it is not held back: flags=%s", flags);
        read_field(e2e_server_run(server, id_line), "flags", flags);
    }
}

static void a_pause_of_writes_holds_back_writes_only(void **state) {
    struct e2e_server *server = *state;
    redisContext *writer = e2e_connect(server);
    char id[128], line[400];
    read_own_field(writer, "id", id);
    snprintf(line, sizeof(line), "CLIENT LIST ID %s", id);
    assert_run(server->control, "SET k old", "OK");
    assert_run(server->control, "CLIENT PAUSE 1000000 WRITE", "OK");
    e2e_send(writer, "GET k");
    e2e_send(writer, "SET k new");
    e2e_send(writer, "GET k");
    assert_received(writer, "\"old\"");
    await_postponed(server, line);
    assert_run(server->control, "GET k", "\"old\"");
    assert_run(server->control, "CLIENT UNPAUSE", "OK");
    assert_received(writer, "OK");
    assert_received(writer, "\"new\"");
    redisFree(writer);
}

static void a_pause_of_all_ends_by_itself(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "CLIENT PAUSE 30", "OK");
    assert_run(server->control, "PING", "PONG");
    assert_run(server->control, "CLIENT PAUSE 30 ALL", "OK");
    assert_run(server->control, "SET k v", "OK");
}

static void a_postponed_connection_can_be_killed(void **state) {
    struct e2e_server *server = *state;
    redisContext *writer = e2e_connect(server);
    char id[128], line[400];
    read_own_field(writer, "id", id);
    snprintf(line, sizeof(line), "CLIENT LIST ID %s", id);
    assert_run(server->control, "CLIENT PAUSE 1000000 WRITE", "OK");
    e2e_send(writer, "SET killed 1");
    await_postponed(server, line);
    snprintf(line, sizeof(line), "CLIENT KILL ID %s", id);
    assert_run(server->control, line, "1");
    assert_run(server->control, "CLIENT UNPAUSE", "OK");
    char *reply = e2e_receive(writer);
    assert_string_equal(reply, "closed");
    free(reply);
    assert_run(server->control, "GET killed", "nil");
    redisFree(writer);
}

/* --- closing, replies, protocol --- */

static void nothing_behind_quit_runs(void **state) {
    struct e2e_server *server = *state;
    int fd = e2e_open(server);
    e2e_write_str(fd, "PING\r\nQUIT\r\nSET behind 1\r\nPING\r\n");
    e2e_expect(fd, "+PONG\r\n+OK\r\n");
    e2e_expect_closed(fd);
    close(fd);
    assert_run(server->control, "GET behind", "nil");
}

static void quit_closes_a_connection_without_replies(void **state) {
    int fd = e2e_open(*state);
    e2e_write_str(fd, "CLIENT REPLY OFF\r\nPING\r\nQUIT\r\nPING\r\n");
    e2e_expect_closed(fd);
    close(fd);
}

static void silenced_commands_leave_no_trace_in_the_stream(void **state) {
    int fd = e2e_open(*state);
    e2e_write_str(fd,
                  "CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\nCLIENT REPLY OFF\r\nPING\r\nNONSENSE\r\n"
                  "CLIENT REPLY ON\r\nECHO b\r\n");
    e2e_expect(fd, "$1\r\na\r\n+OK\r\n$1\r\nb\r\n");
    close(fd);
}

static void the_protocol_changes_between_two_pipelined_commands(void **state) {
    char line[256];
    int fd = e2e_open(*state);
    e2e_write_str(fd, "GET absent\r\nHELLO 3\r\nGET absent\r\nRESET\r\nGET absent\r\n");
    e2e_expect(fd, "$-1\r\n%7\r\n");
    do {
        e2e_read_line(fd, line, sizeof(line));
    } while (strcmp(line, "modules") != 0);
    e2e_expect(fd, "*0\r\n_\r\n+RESET\r\n$-1\r\n");
    close(fd);
}

static void select_counts_for_what_is_pipelined_behind_it(void **state) {
    int fd = e2e_open(*state);
    e2e_write_str(fd, "SET k 0\r\nSELECT 1\r\nGET k\r\nSET k 1\r\nSELECT 0\r\nGET k\r\n");
    e2e_expect(fd, "+OK\r\n+OK\r\n$-1\r\n+OK\r\n+OK\r\n$1\r\n0\r\n");
    close(fd);
}

static void a_password_opens_for_what_is_pipelined_behind_it(void **state) {
    int fd = e2e_open(*state);
    e2e_write_str(fd, "GET k\r\nAUTH wrong\r\nAUTH secret\r\nGET k\r\n");
    e2e_expect(fd, "-NOAUTH Authentication required.\r\n"
                   "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
                   "+OK\r\n$-1\r\n");
    close(fd);
}

#define TEST(name) cmocka_unit_test(name)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(list_shows_every_connection_once),
        TEST(a_line_tells_both_ends_of_the_connection),
        TEST(kill_by_each_filter_closes_the_other),
        TEST(kill_spares_whom_a_filter_excludes),
        TEST(killing_oneself_answers_before_it_closes),
        TEST(a_killed_connection_is_gone_for_the_next_command),
        TEST(a_pause_of_writes_holds_back_writes_only),
        TEST(a_pause_of_all_ends_by_itself),
        TEST(a_postponed_connection_can_be_killed),
        TEST(nothing_behind_quit_runs),
        TEST(quit_closes_a_connection_without_replies),
        TEST(silenced_commands_leave_no_trace_in_the_stream),
        TEST(the_protocol_changes_between_two_pipelined_commands),
        TEST(select_counts_for_what_is_pipelined_behind_it),
    };
    const struct CMUnitTest guarded_tests[] = {
        TEST(a_password_opens_for_what_is_pipelined_behind_it),
    };
    int failed = cmocka_run_group_tests_name("connection", tests, start, stop);
    failed += cmocka_run_group_tests_name("password", guarded_tests, start_with_password, stop);
    return failed;
}
