/* Many connections at one limiter: together they are granted exactly the limit. */
#include "e2e/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CONNECTIONS = 50, PER_ROUND = 20 };

struct crowd {
    struct e2e_server *server;
    redisContext *contexts[CONNECTIONS];
};

static int start(void **state) {
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    crowd->server = e2e_server_start(NULL);
    for (int i = 0; i < CONNECTIONS; i++) crowd->contexts[i] = e2e_connect(crowd->server);
    *state = crowd;
    return 0;
}

static int stop(void **state) {
    struct crowd *crowd = *state;
    for (int i = 0; i < CONNECTIONS; i++) redisFree(crowd->contexts[i]);
    e2e_server_stop(crowd->server);
    free(crowd);
    return 0;
}

/* Sends the line from every connection, several times, before any reply is read; returns the sum of
 * one field of the replies, which are arrays of integers. */
static long long hammer(struct crowd *crowd, const char *line, size_t field) {
    long long sum = 0;
    for (int n = 0; n < PER_ROUND; n++)
        for (int i = 0; i < CONNECTIONS; i++) e2e_send(crowd->contexts[i], line);
    for (int n = 0; n < PER_ROUND; n++) {
        for (int i = 0; i < CONNECTIONS; i++) {
            redisReply *reply;
            assert_int_equal(redisGetReply(crowd->contexts[i], (void **)&reply), REDIS_OK);
            assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
            sum += reply->element[field]->integer;
            freeReplyObject(reply);
        }
    }
    return sum;
}

enum { GRANTED = 5 };

static void each_algorithm_grants_exactly_the_limit(void **state) {
    struct crowd *crowd = *state;
    static const char *const policies[] = {
        "bucket BUCKET 300 1 100000000", "gcra GCRA 299 1 100000000",
        "leaky LEAKY 300 1 100000000",   "fixed FIXED 300 100000000",
        "sliding SLIDING 300 100000000", "buckets SLIDING 300 100000000 BUCKETS 10",
        "log LOG 300 100000000",
    };
    for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
        char line[128];
        snprintf(line, sizeof(line), "RL.TAKE %s", policies[i]);
        assert_int_equal(hammer(crowd, line, GRANTED), 300);
        snprintf(line, sizeof(line), "RL.TAKE upto-%s COST 7 MODE UPTO", policies[i]);
        assert_int_equal(hammer(crowd, line, GRANTED), 300);
    }
}

static void takes_from_several_are_all_or_nothing(void **state) {
    struct crowd *crowd = *state;
    long long granted = hammer(
        crowd, "RL.TAKEALL 2 user FIXED 90 100000000 global BUCKET 300 1 100000000 COST 2", 0);
    assert_int_equal(granted, 90);
    assert_int_equal(hammer(crowd, "RL.TAKE global BUCKET 300 1 100000000", GRANTED), 300 - 2 * 90);
}

static void units_given_back_are_granted_again(void **state) {
    struct crowd *crowd = *state;
    assert_int_equal(hammer(crowd, "RL.TAKE back FIXED 100 100000000", GRANTED), 100);
    assert_string_equal(e2e_server_run(crowd->server, "RL.GIVE back 40"), "1");
    assert_int_equal(hammer(crowd, "RL.TAKE back FIXED 100 100000000", GRANTED), 40);
}

/* A window begins with its first take: a round that takes less time than a window lies in one. */
static void every_window_grants_the_limit_anew(void **state) {
    struct crowd *crowd = *state;
    enum { WINDOWS = 3, WINDOW_MS = 1000, LIMIT = 250 };
    int64_t since_ms = e2e_now_ms();
    for (int seen = 0; seen < WINDOWS;) {
        e2e_server_await(crowd->server, "EXISTS windows", "0");
        int64_t start_ms = e2e_now_ms();
        long long granted = hammer(crowd, "RL.TAKE windows FIXED 250 1000", GRANTED);
        if (e2e_now_ms() - start_ms < WINDOW_MS) {
            assert_int_equal(granted, LIMIT);
            seen++;
        }
        assert_true(e2e_now_ms() - since_ms < E2E_LIMIT_MS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_grants_exactly_the_limit),
        cmocka_unit_test(takes_from_several_are_all_or_nothing),
        cmocka_unit_test(units_given_back_are_granted_again),
        cmocka_unit_test(every_window_grants_the_limit_anew),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
