/* Closed-loop load: each of N connections sends a batch of `pipeline` requests (of one command, or
 * as many as the template has), waits for all their replies, and sends the next. Connections are
 * dealt out to threads; each thread has one epoll and one batch buffer that all its connections are
 * served from, so that the bytes stay in its cache. */
#ifndef BENCHMARK_LOAD_H
#define BENCHMARK_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "benchmark/control.h"
#include "benchmark/histogram.h"
#include "benchmark/resp_skip.h"
#include "benchmark/template.h"

struct load;

struct load_options {
    const struct target *target;
    const struct template *template; /* must outlive the load */
    size_t clients;
    size_t pipeline;
    size_t threads; /* at most `clients` */
    uint64_t seed;
};

struct load_result {
    uint64_t requests;
    uint64_t errors;
    char first_error[RESP_SKIP_ERROR_TEXT_MAX + 1];
    double seconds;
    double client_user_seconds; /* CPU time of this process, all threads */
    double client_system_seconds;
    struct histogram latency; /* from the sending of a batch to the reading of each reply */
};

/* Opens the connections. */
struct load *load_open(const struct load_options *options);

/* Sends so many requests in all, or, when `requests` is 0, as many as fit into `seconds`; returns
 * when every reply is in. The request numbers go on where the last run ended. */
void load_run(struct load *load, uint64_t requests, double seconds, struct load_result *result);

/* The request number at which the next run starts; 0 after load_open. */
void load_set_sequence(struct load *load, uint64_t sequence);

void load_close(struct load *load);

#endif
