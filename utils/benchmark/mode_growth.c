/* K fresh keys, one command at a time on one connection, so that no command waits for another. What
 * the client sees includes whatever else the machine does. Two figures of the server's own stand
 * beside it: its main thread's CPU time between two replies, and the longest call by its own clock,
 * if INFO commandstats tells one (usec_max). Interrupts and the hypervisor lengthen even these, so
 * a tenth as many PINGs follow, which touch no table: what they show is the machine's own noise. */
#include <stdlib.h>
#include <string.h>

#include "benchmark/clock.h"
#include "benchmark/fail.h"
#include "benchmark/histogram.h"
#include "benchmark/modes.h"

enum { STEPS = 20, RETURN_WAIT_MS = 10000, RETURN_POLL_MS = 250, SLOW_NS = 1000000 };

/* A series of commands sent one at a time. */
struct series {
    struct template template;
    char *command;              /* a copy of the template's bytes to patch */
    struct histogram latency;   /* by the client's clock */
    struct histogram cpu;       /* CPU time of the server's main thread for each */
    uint64_t slow_count;        /* commands that took over SLOW_NS of it */
    uint64_t step_worst_ns;     /* the longest of the present step, by the client's clock */
    uint64_t step_worst_cpu_ns; /* and in CPU time */
};

struct growth {
    struct bench *bench;
    struct control control;
    struct random random;
    struct series growing;
    struct series noise;
};

static void open_series(struct series *series, const char *line) {
    if (!template_compile(&series->template, &line, 1, 1)) fail("%s", series->template.error);
    series->command = need_memory(NULL, series->template.length);
    memcpy(series->command, series->template.bytes, series->template.length);
}

static void close_series(struct series *series) {
    template_destroy(&series->template);
    free(series->command);
}

static void send_one(struct growth *growth, struct series *series, uint64_t number) {
    template_patch(&series->template, series->command, &growth->random, number);
    uint64_t start_ns = clock_now_ns();
    struct answer answer =
        control_ask_encoded(&growth->control, series->command, series->template.length);
    uint64_t taken_ns = clock_now_ns() - start_ns;
    if (answer.type == '-') fail("the server answered: %s", answer.text);
    histogram_record(&series->latency, taken_ns, 1);
    if (taken_ns > series->step_worst_ns) series->step_worst_ns = taken_ns;
}

/* Sends the commands number `from` to `to` - 1; the server's CPU time is read after each reply. The
 * thread may not have stopped yet when it is read: then this command's time counts to the next. */
static void run_step(struct growth *growth, struct series *series, uint64_t from, uint64_t to) {
    const struct server *server = &growth->bench->server;
    uint64_t cpu_before = server_main_thread_ns(server);
    series->step_worst_ns = 0;
    series->step_worst_cpu_ns = 0;
    for (uint64_t number = from; number < to; number++) {
        send_one(growth, series, number);
        uint64_t cpu_after = server_main_thread_ns(server);
        uint64_t cpu_ns = cpu_after - cpu_before;
        histogram_record(&series->cpu, cpu_ns, 1);
        if (cpu_ns > SLOW_NS) series->slow_count++;
        if (cpu_ns > series->step_worst_cpu_ns) series->step_worst_cpu_ns = cpu_ns;
        cpu_before = cpu_after;
    }
}

static void print_step(struct growth *growth, uint64_t keys) {
    struct record record;
    struct server *server = &growth->bench->server;
    record_init(&record, "growth_step", true);
    record_number(&record, "keys", 0, (double)keys);
    record_number(&record, "used_memory", 0, server_info(server, "used_memory"));
    record_number(&record, "rss", 0, server_rss_bytes(server));
    record_number(&record, "worst_latency_us", 1, (double)growth->growing.step_worst_ns / 1e3);
    record_number(&record, "worst_server_cpu_us", 1,
                  (double)growth->growing.step_worst_cpu_ns / 1e3);
    record_number(&record, "server_usec_max", 0, server_command_stat(server, "set", "usec_max"));
    report_print(&growth->bench->report, &record);
}

/* Deletes the keys again with pipelined commands. */
static void delete_keys(struct growth *growth, uint64_t keys) {
    struct bench *bench = growth->bench;
    struct template deletion;
    const char *line = "DEL key:{seq:1000000000:12}";
    if (!template_compile(&deletion, &line, 1, 1)) fail("%s", deletion.error);
    struct load_options options = {
        .target = &bench->options->target,
        .template = &deletion,
        .clients = 8,
        .pipeline = 16,
        .threads = 1,
    };
    struct load_result result;
    struct load *load = load_open(&options);
    load_run(load, keys, 0, &result);
    bench_check_errors(&result);
    load_close(load);
    template_destroy(&deletion);
    double left = (double)server_must(&bench->server, "DBSIZE").number;
    if (left > 0) fail("%.0f keys are left after deleting all", left);
}

/* Waits until used_memory no longer falls: a server may free in the background. */
static double settled_memory(struct server *server) {
    double last = server_info(server, "used_memory");
    for (int waited_ms = 0; waited_ms < RETURN_WAIT_MS; waited_ms += RETURN_POLL_MS) {
        clock_sleep_ms(RETURN_POLL_MS);
        double now = server_info(server, "used_memory");
        if (now > 0.999 * last) return now;
        last = now;
    }
    return last;
}

static void add_series(struct record *record, const struct series *series,
                       const char *const names[4]) {
    const struct histogram *latency = &series->latency;
    record_number(record, names[0], 1, (double)histogram_percentile(latency, 0.999) / 1e3);
    record_number(record, names[1], 1, (double)latency->max_ns / 1e3);
    record_number(record, names[2], 1, (double)series->cpu.max_ns / 1e3);
    record_number(record, names[3], 1, 1e6 * (double)series->slow_count / (double)latency->total);
}

static void print_summary(struct growth *growth, uint64_t keys, double used_start, double used_full,
                          double used_end) {
    static const char *const growing_names[] = {"latency_p999_us", "latency_max_us",
                                                "worst_server_cpu_us",
                                                "server_cpu_over_1ms_per_million"};
    static const char *const noise_names[] = {"ping_latency_p999_us", "ping_latency_max_us",
                                              "ping_worst_server_cpu_us",
                                              "ping_server_cpu_over_1ms_per_million"};
    struct record record;
    struct server *server = &growth->bench->server;
    record_init(&record, "growth", false);
    record_number(&record, "keys", 0, (double)keys);
    add_series(&record, &growth->growing, growing_names);
    add_series(&record, &growth->noise, noise_names);
    record_number(&record, "server_usec_max", 0, server_command_stat(server, "set", "usec_max"));
    record_number(&record, "server_ping_usec_max", 0,
                  server_command_stat(server, "ping", "usec_max"));
    record_number(&record, "server_del_usec_max", 0,
                  server_command_stat(server, "del", "usec_max"));
    record_number(&record, "used_memory_empty", 0, used_start);
    record_number(&record, "used_memory_full", 0, used_full);
    record_number(&record, "used_memory_after_delete", 0, used_end);
    record_number(&record, "returned_percent", 3,
                  100 * (used_full - used_end) / (used_full - used_start));
    record_number(&record, "rss_after_delete", 0, server_rss_bytes(server));
    report_print(&growth->bench->report, &record);
}

void mode_growth_run(struct bench *bench) {
    uint64_t keys = bench->options->keys ? bench->options->keys : 10000000;
    struct growth *growth = need_array(1, sizeof(*growth));
    growth->bench = bench;
    growth->random.state = bench->options->seed;
    if (bench->options->word_count > 0) fail("growth has its own command (SET of 16-byte keys)");
    open_series(&growth->growing, "SET key:{seq:1000000000:12} {data:16}");
    open_series(&growth->noise, "PING");
    bench_need_empty_server(bench);
    server_try(&bench->server, "CONFIG RESETSTAT");
    control_open(&growth->control, &bench->options->target);

    double used_start = server_info(&bench->server, "used_memory");
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t to = keys * (step + 1) / STEPS;
        run_step(growth, &growth->growing, keys * step / STEPS, to);
        print_step(growth, to);
    }
    double used_full = server_info(&bench->server, "used_memory");
    run_step(growth, &growth->noise, 0, keys / 10 + 1);
    delete_keys(growth, keys);
    print_summary(growth, keys, used_start, used_full, settled_memory(&bench->server));
    control_close(&growth->control);
    close_series(&growth->growing);
    close_series(&growth->noise);
    free(growth);
}
