/* The command line. */
#ifndef BENCHMARK_OPTIONS_H
#define BENCHMARK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "benchmark/control.h"
#include "benchmark/report.h"

struct mode;

struct options {
    struct target target;
    const struct mode *mode;
    const char *const *words; /* the command template */
    size_t word_count;        /* 0: the mode's own */
    size_t clients;           /* 0: the mode's own; likewise the next three */
    size_t pipeline;
    uint64_t keys;
    uint64_t requests; /* 0: by time */
    size_t threads;
    double seconds;
    double warmup_seconds;
    double theta;
    uint64_t seed;
    long server_pid; /* 0: ask the server */
    uint64_t span_ms;
    uint64_t lead_ms;
    uint64_t settle_ms;
    bool is_flush_allowed;
    enum report_format format;
};

/* Reads the command line; ends the program with a message when it is wrong, and after --help. */
void options_read(struct options *options, int argc, char **argv);

#endif
