/* kill -9 at random moments, again and again, while several connections write, also while the log
 * is rewritten and a snapshot saved. After each restart every acknowledged write must be there
 * (appendfsync always), or every one acknowledged more than a second earlier (everysec); what was
 * sent in one transaction is there wholly or not at all: e2e/numbered_writers.h.
 *
 * SKUA_KILL_ROUNDS sets the number of rounds (200), SKUA_KILL_SEED the random numbers. */
#include "e2e/numbered_writers.h"
#include "e2e/support.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <cmocka.h>

enum {
    DEFAULT_ROUNDS = 200,
    EVERYSEC_ROUNDS = 5,
    LOST_MAX_MS = 1000,
    LOOP_MS = 200, /* until a busy machine has handed over what was acknowledged */
};

static uint64_t seed;

static uint64_t draw(uint64_t bound) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % bound;
}

/* --- rounds --- */

static void disturb(struct e2e_server *server) {
    static const char *const lines[] = {"PING", "BGREWRITEAOF", "BGSAVE", "BGREWRITEAOF"};
    const char *line = lines[draw(4)];
    (void)e2e_server_run(server, draw(2) == 0 ? "CONFIG SET rdb-key-save-delay 0"
                                              : "CONFIG SET rdb-key-save-delay 50");
    (void)e2e_server_run(server, line);
}

static int64_t kill_at_random(struct e2e_server *server, int min_ms, int max_ms) {
    int early_ms = (int)draw((uint64_t)min_ms);
    (void)poll(NULL, 0, early_ms);
    disturb(server);
    (void)poll(NULL, 0, min_ms - early_ms + (int)draw((uint64_t)(max_ms - min_ms)));
    int64_t now_ms = e2e_now_ms();
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    return now_ms;
}

static void restart(struct e2e_server *server, const char *const *arguments) {
    int status = e2e_server_await_end(server);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    e2e_server_start_again(server, arguments);
    e2e_server_await(server, "PING", "PONG");
}

struct plan {
    const char *const *arguments;
    int rounds;
    int min_ms, max_ms; /* until the kill */
    int64_t lost_ms;    /* what was acknowledged so shortly before it may be lost */
};

static void run_plan(const struct plan *plan) {
    numbered_writers_reset();
    struct e2e_server *server = e2e_server_start(plan->arguments);
    uint64_t units = 0;
    for (int round = 0; round < plan->rounds; round++) {
        numbered_writers_start(server);
        int64_t killed_ms = kill_at_random(server, plan->min_ms, plan->max_ms);
        numbered_writers_await();
        restart(server, plan->arguments);
        units += numbered_writers_check(server->control, killed_ms - plan->lost_ms);
    }
    print_message("%d rounds, %llu units acknowledged\n", plan->rounds, (unsigned long long)units);
    e2e_server_stop(server);
}

static int read_rounds(void) {
    const char *text = getenv("SKUA_KILL_ROUNDS");
    return text == NULL ? DEFAULT_ROUNDS : (int)strtol(text, NULL, 10);
}

static void every_acknowledged_write_survives_a_kill(void **state) {
    static const char *const arguments[] = {"--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "always",
                                            "--save",
                                            "",
                                            "--auto-aof-rewrite-min-size",
                                            "256kb",
                                            NULL};
    (void)state;
    run_plan(&(struct plan){.arguments = arguments,
                            .rounds = read_rounds(),
                            .min_ms = 10,
                            .max_ms = 200,
                            .lost_ms = -LOST_MAX_MS});
}

static void at_most_a_second_is_lost_with_everysec(void **state) {
    static const char *const arguments[] = {"--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "everysec",
                                            "--save",
                                            "",
                                            "--auto-aof-rewrite-min-size",
                                            "256kb",
                                            NULL};
    (void)state;
    run_plan(&(struct plan){.arguments = arguments,
                            .rounds = read_rounds() < EVERYSEC_ROUNDS ? 1 : EVERYSEC_ROUNDS,
                            .min_ms = 1200,
                            .max_ms = 1800,
                            .lost_ms = LOST_MAX_MS + LOOP_MS});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_acknowledged_write_survives_a_kill),
        cmocka_unit_test(at_most_a_second_is_lost_with_everysec),
    };
    const char *text = getenv("SKUA_KILL_SEED");
    seed = text == NULL ? (uint64_t)e2e_now_ms() * 2654435761u + 1 : strtoull(text, NULL, 10);
    print_message("SKUA_KILL_SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
