/* SLOWLOG and LATENCY of a real server: callers with addresses, a disk and forks that take their
 * time. */
#include "e2e/faulty_disk.h"
#include "e2e/support.h"

#include "foundation/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static int start(void **state) {
    static const char *const arguments[] = {"--save", "", "--enable-debug-command", "yes", NULL};
    *state = e2e_server_start(arguments);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

/* --- the slow log --- */

struct entry {
    long long id, at_s, us;
    const char *rest; /* of the reply, from the arguments on */
};

static long long take_number(const char **text) {
    char *end;
    long long number = strtoll(*text, &end, 10);
    assert_true(end != *text);
    *text = end + strlen(", ");
    return number;
}

/* The first entry behind the brackets at `text`. */
static struct entry read_entry(const char *text) {
    struct entry entry;
    text += strspn(text, "[");
    entry.id = take_number(&text);
    entry.at_s = take_number(&text);
    entry.us = take_number(&text);
    entry.rest = text;
    return entry;
}

static void the_slow_log_tells_when_what_and_who(void **state) {
    struct e2e_server *server = *state;
    redisContext *client = e2e_connect(server);
    assert_run(client, "CLIENT SETNAME worker", "OK");
    assert_string_equal(e2e_server_run(server, "SLOWLOG RESET"), "OK");
    assert_run(client, "DEBUG SLEEP 0.02", "OK");
    struct entry entry = read_entry(e2e_server_run(server, "SLOWLOG GET"));
    assert_in_range(entry.at_s, time(NULL) - 60, time(NULL) + 1);
    assert_in_range(entry.us, 20000, 20000000);
    const char *begin = "[\"DEBUG\", \"SLEEP\", \"0.02\"], \"127.0.0.1:";
    assert_int_equal(strncmp(entry.rest, begin, strlen(begin)), 0);
    assert_non_null(strstr(entry.rest, "\", \"worker\"]]"));
    redisFree(client);
}

static void times_of_a_pipeline_are_those_of_its_commands(void **state) {
    struct e2e_server *server = *state;
    redisContext *client = e2e_connect(server);
    assert_string_equal(e2e_server_run(server, "SLOWLOG RESET"), "OK");
    for (int i = 0; i < 2; i++) e2e_send(client, "DEBUG SLEEP 1.1");
    for (int i = 0; i < 2; i++) assert_received(client, "OK");
    struct entry second = read_entry(e2e_server_run(server, "SLOWLOG GET"));
    const char *behind = strstr(second.rest, "], [");
    assert_non_null(behind);
    struct entry first = read_entry(behind + strlen("], "));
    assert_int_equal(second.id, first.id + 1);
    assert_true(second.at_s > first.at_s);
    redisFree(client);
}

static void passwords_are_not_in_the_slow_log(void **state) {
    struct e2e_server *server = *state;
    redisContext *client = e2e_connect(server);
    assert_run(client, "CONFIG SET slowlog-log-slower-than 0", "OK");
    assert_run(client, "CONFIG SET maxclients 1000 requirepass sesame timeout 0", "OK");
    assert_run(client, "AUTH sesame", "OK");
    assert_run(client, "AUTH default sesame", "OK");
    assert_run(client, "CONFIG SET requirepass \"\"", "OK");
    assert_run(client, "CONFIG SET masterauth sesame",
               "-ERR Unknown option or number of arguments for CONFIG SET - 'masterauth'");
    assert_run(client, "CONFIG SET slowlog-log-slower-than 10000", "OK");
    char *text = e2e_run(client, "SLOWLOG GET -1");
    assert_null(strstr(text, "sesame"));
    assert_non_null(strstr(text, "[\"CONFIG\", \"SET\", \"maxclients\", \"1000\", \"requirepass\", "
                                 "\"(redacted)\", \"timeout\", \"0\"]"));
    free(text);
    redisFree(client);
}

/* --- the latency monitor --- */

static bool is_noted(struct e2e_server *server, const char *event) {
    char line[128];
    (void)snprintf(line, sizeof(line), "LATENCY HISTORY %s", event);
    return strcmp(e2e_server_run(server, line), "[]") != 0;
}

static void await_event(struct e2e_server *server, const char *event) {
    int64_t since_ms = e2e_now_ms();
    while (!is_noted(server, event)) e2e_wait_a_little(since_ms, event);
}

/* False on a server without injected faults. */
static bool set_disk(struct faulty_disk *disk) {
    static const char *const arguments[] = {"--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "always",
                                            "--save",
                                            "",
                                            "--latency-monitor-threshold",
                                            "100",
                                            NULL};
    faulty_disk_start(disk, arguments);
    if (faulty_disk_is_possible(disk)) return true;
    faulty_disk_stop(disk);
    return false;
}

static void syncs_writes_and_forks_that_take_long_are_events(void **state) {
    struct faulty_disk disk;
    (void)state;
    if (!set_disk(&disk)) return;
    assert_string_equal(e2e_server_run(disk.server, "SET k v"), "OK");
    assert_false(is_noted(disk.server, "aof-fsync-always"));
    faulty_disk_set(&disk, "sync 1 DELAY300 appendonly");
    assert_string_equal(e2e_server_run(disk.server, "SET k v"), "OK");
    await_event(disk.server, "aof-fsync-always");
    assert_false(is_noted(disk.server, "aof-write"));
    faulty_disk_set(&disk, "write 1 DELAY300 appendonly");
    assert_string_equal(e2e_server_run(disk.server, "SET k v"), "OK");
    await_event(disk.server, "aof-write");
    assert_true(is_noted(disk.server, "aof-write-alone"));
    assert_false(is_noted(disk.server, "fork"));
    faulty_disk_set(&disk, "fork 1 DELAY300");
    assert_string_equal(e2e_server_run(disk.server, "BGSAVE"), "Background saving started");
    assert_true(is_noted(disk.server, "fork"));
    assert_true(is_noted(disk.server, "command")); /* BGSAVE waited for it */
    assert_true(e2e_server_info(disk.server, "latest_fork_usec") >= 300000);
    faulty_disk_stop(&disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_slow_log_tells_when_what_and_who, start, stop),
        cmocka_unit_test_setup_teardown(times_of_a_pipeline_are_those_of_its_commands, start, stop),
        cmocka_unit_test_setup_teardown(passwords_are_not_in_the_slow_log, start, stop),
        cmocka_unit_test(syncs_writes_and_forks_that_take_long_are_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
