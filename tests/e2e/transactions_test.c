/* Transactions of several connections at once. */
#include "e2e/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CLIENTS = 4, STEPS = 4000 };

static int start(void **state) {
    *state = e2e_server_start(NULL);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

/* A client that adds one to a counter by WATCH, GET, MULTI, SET, EXEC, a command a step. */
struct adder {
    redisContext *context;
    int step;
    long long seen;
    long long added;
};

static void step_adder(struct adder *adder) {
    char line[64];
    switch (adder->step) {
    case 0: assert_run(adder->context, "WATCH counter", "OK"); break;
    case 1: {
        char *text = e2e_run(adder->context, "GET counter");
        adder->seen = strtoll(text + 1, NULL, 10);
        free(text);
        break;
    }
    case 2: assert_run(adder->context, "MULTI", "OK"); break;
    case 3:
        snprintf(line, sizeof(line), "SET counter %lld", adder->seen + 1);
        assert_run(adder->context, line, "QUEUED");
        break;
    default: {
        char *text = e2e_run(adder->context, "EXEC");
        bool is_done = strcmp(text, "[OK]") == 0;
        if (!is_done) assert_string_equal(text, "nil");
        adder->added += is_done;
        free(text);
    }
    }
    adder->step = (adder->step + 1) % 5;
}

static void no_increment_is_lost_in_any_interleaving(void **state) {
    struct e2e_server *server = *state;
    struct adder adders[CLIENTS] = {0};
    long long added = 0;
    char expected[64];
    unsigned seed = 1;
    assert_string_equal(e2e_server_run(server, "SET counter 0"), "OK");
    for (int i = 0; i < CLIENTS; i++) adders[i].context = e2e_connect(server);
    for (int i = 0; i < STEPS; i++) {
        seed = seed * 1103515245u + 12345u;
        step_adder(&adders[(seed >> 16) % CLIENTS]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(adders[i].added > 0);
        added += adders[i].added;
        redisFree(adders[i].context);
    }
    assert_true(added < STEPS / 5); /* some met in the middle */
    snprintf(expected, sizeof(expected), "\"%lld\"", added);
    assert_string_equal(e2e_server_run(server, "GET counter"), expected);
}

static void a_broken_connection_leaves_nothing_watched(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    assert_run(context, "WATCH a b c", "OK");
    assert_run(context, "MULTI", "OK");
    assert_run(context, "SET a 1", "QUEUED");
    assert_int_equal(e2e_server_info(server, "watching_clients"), 1);
    assert_int_equal(e2e_server_info(server, "total_watched_keys"), 3);
    redisFree(context);
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, "watching_clients") != 0)
        e2e_wait_a_little(since_ms, "the connection to be gone");
    assert_int_equal(e2e_server_info(server, "total_watched_keys"), 0);
    assert_string_equal(e2e_server_run(server, "GET a"), "nil");
}

static void a_big_transaction_in_one_go(void **state) {
    enum { COMMANDS = 20000 };
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    assert_run(context, "SET n 0", "OK");
    e2e_send(context, "MULTI");
    for (int i = 0; i < COMMANDS; i++) e2e_send(context, "INCR n");
    e2e_send(context, "EXEC");
    assert_received(context, "OK");
    for (int i = 0; i < COMMANDS; i++) assert_received(context, "QUEUED");
    char *text = e2e_receive(context);
    assert_int_equal(strncmp(text, "[1, 2, 3, ", 10), 0);
    assert_string_equal(text + strlen(text) - strlen(", 20000]"), ", 20000]");
    free(text);
    redisFree(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_increment_is_lost_in_any_interleaving, start, stop),
        cmocka_unit_test_setup_teardown(a_broken_connection_leaves_nothing_watched, start, stop),
        cmocka_unit_test_setup_teardown(a_big_transaction_in_one_go, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
