/* Keys end on time, by themselves or when they are looked at. */
#include "e2e/support.h"

#include "foundation/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { KEYS = 100 * 1000, KEYS_PER_WRITE = 1000, SPREAD_MS = 3000, LAG_MAX_US = 1000 * 1000 };

static int start(void **state) {
    static const char *const arguments[] = {"--enable-debug-command", "yes", NULL};
    *state = e2e_server_start(arguments);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

/* Keys key:0 … with due times spread over the time from `after_ms` on. */
static void set_keys(struct e2e_server *server, int count, int after_ms, int spread_ms) {
    int fd = e2e_open(server);
    struct buffer requests = {0};
    for (int first = 0; first < count; first += KEYS_PER_WRITE) {
        for (int i = first; i < first + KEYS_PER_WRITE; i++)
            buffer_printf(&requests, "SET key:%d x PX %d\r\n", i, after_ms + i % spread_ms);
        e2e_write(fd, requests.data, requests.len);
        for (int i = 0; i < KEYS_PER_WRITE; i++) e2e_expect(fd, "+OK\r\n");
        buffer_clear(&requests);
    }
    buffer_destroy(&requests);
    close(fd);
}

static void keys_go_by_themselves_when_they_are_due(void **state) {
    struct e2e_server *server = *state;
    int64_t before = e2e_server_info(server, "used_memory");
    set_keys(server, KEYS, 1, SPREAD_MS);
    assert_run(server->control, "SET stays x PX 1000000", "OK");
    e2e_server_await(server, "DBSIZE", "1");
    assert_int_equal(e2e_server_info(server, "expired_keys"), KEYS);
    assert_int_equal(e2e_server_info(server, "expired_by_calendar"), KEYS);
    assert_true(e2e_server_info(server, "expired_lag_max_us") < LAG_MAX_US);
    assert_true(e2e_server_info(server, "used_memory") - before < 4 * 1024 * 1024);
}

static void keys_whose_end_was_moved_go_at_the_new_time(void **state) {
    struct e2e_server *server = *state;
    set_keys(server, KEYS_PER_WRITE, 200, 1);
    assert_run(server->control, "PEXPIRE key:1 1000000", "1");
    assert_run(server->control, "PERSIST key:2", "1");
    assert_run(server->control, "SET key:3 y", "OK");
    assert_run(server->control, "SET key:4 y KEEPTTL", "OK");
    assert_run(server->control, "RENAME key:5 renamed", "OK");
    assert_run(server->control, "PEXPIRE key:6 1", "1");
    e2e_server_await(server, "DBSIZE", "3");
    assert_run(server->control, "EXISTS key:1 key:2 key:3", "3");
    assert_int_equal(e2e_server_info(server, "expired_keys"), KEYS_PER_WRITE - 3);
}

static void without_the_calendar_keys_end_when_they_are_looked_at(void **state) {
    struct e2e_server *server = *state;
    assert_run(server->control, "DEBUG SET-ACTIVE-EXPIRE 0", "OK");
    set_keys(server, KEYS_PER_WRITE, 1, 1);
    e2e_server_await(server, "GET key:0", "nil");
    assert_run(server->control, "DBSIZE", "999");
    assert_run(server->control, "TTL key:1", "-2");
    assert_run(server->control, "EXISTS key:2 key:3", "0");
    assert_run(server->control, "SCAN 0 COUNT 1000", "[\"0\", []]");
    assert_int_equal(e2e_server_info(server, "expired_by_calendar"), 0);
    assert_run(server->control, "DEBUG SET-ACTIVE-EXPIRE 1", "OK");
    e2e_server_await(server, "DBSIZE", "0");
    assert_int_equal(e2e_server_info(server, "expired_keys"), KEYS_PER_WRITE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(keys_go_by_themselves_when_they_are_due),
        TEST(keys_whose_end_was_moved_go_at_the_new_time),
        TEST(without_the_calendar_keys_end_when_they_are_looked_at),
    };
    return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}
