/* CLIENT LIST and CLIENT KILL over many connections at once, and by the filters on addresses. */
#include "e2e/support.h"

#include "foundation/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static size_t count_listed(struct e2e_server *server, const char *filter) {
    char line[256];
    size_t count = 0;
    snprintf(line, sizeof(line), "CLIENT LIST %s", filter);
    const char *at = e2e_server_run(server, line);
    while ((at = strstr(at, "id=")) != NULL) {
        if (at[-1] != '-') count++;
        at++;
    }
    return count;
}

static void all_of_a_thousand_subscribers_are_killed_by_their_type(void **state) {
    enum { SUBSCRIBERS = 1000 };
    struct e2e_server *server = *state;
    redisContext *other = e2e_connect(server);
    int *fds = calloc(SUBSCRIBERS, sizeof(*fds));
    assert_non_null(fds);
    for (size_t i = 0; i < SUBSCRIBERS; i++) {
        static const char *const lines[] = {"SUBSCRIBE news\r\n", "PSUBSCRIBE n*\r\n",
                                            "HELLO 3\r\nSSUBSCRIBE news\r\n"};
        fds[i] = e2e_open(server);
        e2e_write_str(fds[i], lines[i % ARRAY_LEN(lines)]);
    }
    e2e_server_await(server, "PUBSUB NUMPAT", "1");
    int64_t since_ms = e2e_now_ms();
    while (count_listed(server, "TYPE pubsub") != SUBSCRIBERS)
        e2e_wait_a_little(since_ms, "subscribers");
    assert_int_equal(count_listed(server, "FLAGS P"), SUBSCRIBERS);
    assert_int_equal(count_listed(server, "TYPE normal"), 2);
    assert_string_equal(e2e_server_run(server, "CLIENT KILL TYPE pubsub"), "1000");
    assert_int_equal(count_listed(server, "TYPE pubsub"), 0);
    assert_string_equal(e2e_server_run(server, "PUBLISH news x"), "0");
    assert_string_equal(e2e_server_run(server, "PUBSUB CHANNELS"), "[]");
    e2e_server_await(server, "CLIENT KILL TYPE pubsub", "0");
    assert_run(other, "PING", "PONG");
    for (size_t i = 0; i < SUBSCRIBERS; i++) close(fds[i]);
    redisFree(other);
    free(fds);
}

static void addresses_are_filtered_with_and_without_their_ports(void **state) {
    struct e2e_server *server = *state;
    redisContext *context = e2e_connect(server);
    char filter[128];
    assert_run(context, "CLIENT SETNAME worker", "OK");
    assert_int_equal(count_listed(server, "NAME worker"), 1);
    assert_int_equal(count_listed(server, "IP 127.0.0.1"), 2);
    assert_int_equal(count_listed(server, "IP 127.0.0.2"), 0);
    assert_int_equal(count_listed(server, "NOT-IP 127.0.0.1"), 0);
    assert_int_equal(count_listed(server, "NOT-NAME worker"), 1);
    assert_int_equal(count_listed(server, "SKIPME yes"), 1);
    assert_int_equal(count_listed(server, "SKIPME no"), 2);
    snprintf(filter, sizeof(filter), "LADDR 127.0.0.1:%d", server->port);
    assert_int_equal(count_listed(server, filter), 2);
    snprintf(filter, sizeof(filter), "ADDR 127.0.0.1:%d", server->port);
    assert_int_equal(count_listed(server, filter), 0);
    assert_string_equal(e2e_server_run(server, "CLIENT KILL IP 127.0.0.1 NOT-NAME worker"), "0");
    assert_string_equal(e2e_server_run(server, "CLIENT KILL NAME worker DB 1"), "0");
    assert_string_equal(e2e_server_run(server, "CLIENT KILL NAME worker DB 0"), "1");
    assert_run(context, "PING", "closed");
    redisFree(context);
}

static void ids_are_listed_as_often_as_they_are_asked_for(void **state) {
    struct e2e_server *server = *state;
    assert_int_equal(count_listed(server, "ID 1 1 999999 1"), 3);
    assert_int_equal(count_listed(server, "ID 1 1 999999 1 DB 0"), 1);
}

/* Replies that nobody reads take 16 KiB each and more; keys take half of maxmemory. */
static void clients_over_their_memory_go_before_keys(void **state) {
    enum { KEYS = 20, REQUESTS = 400 };
    static const char *const arguments[] = {"--maxmemory",
                                            "4mb",
                                            "--maxmemory-policy",
                                            "allkeys-lru",
                                            "--maxmemory-clients",
                                            "1mb",
                                            "--save",
                                            "",
                                            NULL};
    (void)state;
    struct e2e_server *server = e2e_server_start(arguments);
    char line[64];
    for (int i = 0; i < KEYS; i++) {
        snprintf(line, sizeof(line), "SETRANGE k:%d 99999 x", i);
        assert_string_equal(e2e_server_run(server, line), "100000");
    }
    int flooded = e2e_open(server);
    char *requests = calloc(REQUESTS, sizeof("GET k:0\r\n"));
    assert_non_null(requests);
    size_t len = 0;
    for (int i = 0; i < REQUESTS; i++) {
        memcpy(requests + len, "GET k:0\r\n", strlen("GET k:0\r\n"));
        len += strlen("GET k:0\r\n");
    }
    e2e_write(flooded, requests, len);
    int64_t since_ms = e2e_now_ms();
    while (e2e_server_info(server, "evicted_clients") == 0)
        e2e_wait_a_little(since_ms, "the client's end");
    assert_int_equal(e2e_server_info(server, "evicted_clients"), 1);
    assert_int_equal(e2e_server_info(server, "evicted_keys"), 0);
    assert_string_equal(e2e_server_run(server, "DBSIZE"), "20");
    free(requests);
    close(flooded);
    e2e_server_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_a_thousand_subscribers_are_killed_by_their_type,
                                        start, stop),
        cmocka_unit_test_setup_teardown(addresses_are_filtered_with_and_without_their_ports, start,
                                        stop),
        cmocka_unit_test(clients_over_their_memory_go_before_keys),
        cmocka_unit_test_setup_teardown(ids_are_listed_as_often_as_they_are_asked_for, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
