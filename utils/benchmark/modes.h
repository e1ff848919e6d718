/* What the program can measure: one function a mode, in the file mode_<name>.c. */
#ifndef BENCHMARK_MODES_H
#define BENCHMARK_MODES_H

#include "benchmark/load.h"
#include "benchmark/options.h"
#include "benchmark/report.h"
#include "benchmark/server.h"

/* What every mode is given: the options, a connection of its own to the server, and the printer. */
struct bench {
    const struct options *options;
    struct server server;
    struct report report;
};

struct mode {
    const char *name;
    void (*run)(struct bench *bench);
};

/* Speed of one command under load. */
void mode_load_run(struct bench *bench);
/* From 0 to K keys and back: the worst single command, and memory on the way. */
void mode_growth_run(struct bench *bench);
/* K keys that expire evenly over a span: how late they go, and what commands notice of it. */
void mode_expiry_run(struct bench *bench);
/* Memory of connections that do nothing. */
void mode_idle_run(struct bench *bench);
/* Memory per key at counts between K and 2 K. */
void mode_memory_run(struct bench *bench);

/* The mode of that name; NULL when there is none. */
const struct mode *modes_find(const char *name);

/* ---- What several modes need ---- */

/* Compiles the command of the options, or, when they hold none, `fallback`. */
void bench_compile(const struct bench *bench, struct template *template, const char *fallback);

/* Opens the load of `template` with the options' clients and pipeline, or the given ones where the
 * options leave them open. */
struct load *bench_open_load(const struct bench *bench, const struct template *template,
                             size_t clients, size_t pipeline);

/* Ends the program unless every reply of the run was a success. */
void bench_check_errors(const struct load_result *result);

/* Empties the server when the options allow that; ends the program when it is not empty then. */
void bench_need_empty_server(struct bench *bench);

#endif
