/* Each connection does one PING, so that the server has had to give it its buffers, and then waits.
 * Measured at once and again after a pause, since a server may take buffers back with time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "benchmark/clock.h"
#include "benchmark/fail.h"
#include "benchmark/modes.h"

enum { SPARE_FDS = 64 };

static void raise_file_limit(size_t wanted) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) return;
    if (limit.rlim_max < wanted) limit.rlim_max = wanted; /* granted to root alone */
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        fail("cannot raise the limit on open files to %zu: %s", wanted, strerror(errno));
    }
}

static int open_idle_connection(const struct target *target) {
    struct control control;
    control_open(&control, target);
    struct answer answer = control_ask_line(&control, "PING");
    if (answer.type == '-') fail("PING was refused: %s", answer.text);
    return control_detach(&control);
}

static void print_idle(struct bench *bench, size_t clients, double used_before, double rss_before,
                       uint64_t idle_ms) {
    struct record record;
    double used = server_info(&bench->server, "used_memory") - used_before;
    double resident = server_rss_bytes(&bench->server) - rss_before;
    record_init(&record, "idle", true);
    record_number(&record, "connections", 0, (double)clients);
    record_number(&record, "idle_ms", 0, (double)idle_ms);
    record_number(&record, "used_bytes_per_connection", 0, used / (double)clients);
    record_number(&record, "rss_bytes_per_connection", 0,
                  rss_before < 0 ? -1 : resident / (double)clients);
    report_print(&bench->report, &record);
}

void mode_idle_run(struct bench *bench) {
    size_t clients = bench->options->clients ? bench->options->clients : 10000;
    char line[64];
    raise_file_limit(clients + SPARE_FDS);
    snprintf(line, sizeof(line), "CONFIG SET maxclients %zu", clients + SPARE_FDS);
    server_try(&bench->server, line); /* its default may suffice where it cannot be set */

    int *fds = need_array(clients, sizeof(*fds));
    double used_before = server_info(&bench->server, "used_memory");
    double rss_before = server_rss_bytes(&bench->server);
    for (size_t i = 0; i < clients; i++) {
        fds[i] = open_idle_connection(&bench->options->target);
    }
    print_idle(bench, clients, used_before, rss_before, 0);
    clock_sleep_ms(bench->options->settle_ms);
    print_idle(bench, clients, used_before, rss_before, bench->options->settle_ms);
    for (size_t i = 0; i < clients; i++) {
        close(fds[i]);
    }
    free(fds);
}
