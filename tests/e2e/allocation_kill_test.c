/* A server that runs out of memory ends as if it were killed, at whatever allocation that is, while
 * several connections write, also while the log is rewritten: every acknowledged write is there when
 * it is started again (e2e/numbered_writers.h).
 *
 * In test builds only. SKUA_KILL_SEED sets the random numbers. */
#include "e2e/faulty_disk.h"
#include "e2e/numbered_writers.h"
#include "e2e/support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <cmocka.h>

enum { ROUNDS = 16, ALLOCATIONS_MAX = 5000 };

static const char *const always[] = {
    "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-min-size",
    "64kb",         NULL};

static uint64_t seed;

static uint64_t draw(uint64_t bound) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % bound;
}

static void fail_allocation(const struct faulty_disk *disk, uint64_t nth) {
    char text[64];
    (void)snprintf(text, sizeof(text), "alloc %llu KILL", (unsigned long long)nth);
    faulty_disk_set(disk, text);
}

static void await_abort(struct e2e_server *server) {
    int status = e2e_server_await_end(server);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        fail_msg("it ended with wait status %#x", (unsigned)status);
}

static void run_rounds(struct faulty_disk *disk) {
    uint64_t units = 0;
    numbered_writers_reset();
    for (int round = 0; round < ROUNDS; round++) {
        fail_allocation(disk, 1 + draw(ALLOCATIONS_MAX));
        numbered_writers_start(disk->server);
        numbered_writers_await();
        await_abort(disk->server);
        faulty_disk_set(disk, "");
        faulty_disk_start_again(disk, always);
        units += numbered_writers_check(disk->server->control, INT64_MAX);
    }
    print_message("%d rounds, %llu units acknowledged\n", ROUNDS, (unsigned long long)units);
}

static void every_acknowledged_write_survives_the_want_of_memory(void **state) {
    (void)state;
    struct faulty_disk disk;
    faulty_disk_start(&disk, always);
    if (faulty_disk_is_possible(&disk)) run_rounds(&disk);
    faulty_disk_stop(&disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_acknowledged_write_survives_the_want_of_memory),
    };
    const char *text = getenv("SKUA_KILL_SEED");
    seed = text == NULL ? (uint64_t)e2e_now_ms() * 2654435761u + 1 : strtoull(text, NULL, 10);
    print_message("SKUA_KILL_SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
