/* The server under test seen from outside the load: its INFO figures, and what /proc says of its
 * process when that runs on this machine. */
#ifndef BENCHMARK_SERVER_H
#define BENCHMARK_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "benchmark/control.h"

struct server {
    struct control control; /* always RESP2 */
    long pid;               /* 0: unknown, or not on this machine */
    bool has_schedstat;     /* CPU time to the nanosecond, else to the clock tick */
    int main_schedstat_fd;  /* of the main thread alone; -1: none */
};

/* Opens a connection of its own. `pid` 0 asks the server. */
void server_open(struct server *server, const struct target *target, long pid);

void server_close(struct server *server);

/* A command whose error reply ends the program, and one whose error reply does not matter. */
struct answer server_must(struct server *server, const char *line);
struct answer server_try(struct server *server, const char *line);

/* INFO's `field`; -1 when there is none. */
double server_info(struct server *server, const char *field);

/* The field inside a commandstats line (for example "set", "usec_max"); -1 when there is none. */
double server_command_stat(struct server *server, const char *command, const char *field);

/* CPU time of all threads so far, user and system; 0 when unknown. */
uint64_t server_cpu_ns(const struct server *server);

/* CPU time of the main thread as of its last stop; 0 when unknown. One system call. */
uint64_t server_main_thread_ns(const struct server *server);

/* Resident memory; -1 when unknown. */
double server_rss_bytes(const struct server *server);

/* "schedstat (ns)", "stat (ticks)" or "none": where the CPU time comes from. */
const char *server_cpu_source(const struct server *server);

#endif
