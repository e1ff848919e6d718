/* Warm-up, then one measured run with CPU readings around it. */
#include <string.h>

#include "benchmark/fail.h"
#include "benchmark/modes.h"

static void add_latency(struct record *record, const struct histogram *latency) {
    record_number(record, "latency_mean_us", 1, histogram_mean(latency) / 1e3);
    record_number(record, "latency_p50_us", 1, (double)histogram_percentile(latency, 0.5) / 1e3);
    record_number(record, "latency_p99_us", 1, (double)histogram_percentile(latency, 0.99) / 1e3);
    record_number(record, "latency_p999_us", 1, (double)histogram_percentile(latency, 0.999) / 1e3);
    record_number(record, "latency_max_us", 1, (double)latency->max_ns / 1e3);
}

static void add_cpu(struct record *record, const struct server *server,
                    const struct load_result *result, uint64_t server_ns) {
    double requests = (double)result->requests;
    record_text(record, "server_cpu_source", server_cpu_source(server));
    if (server->pid) {
        record_number(record, "server_cpu_us_per_request", 4, (double)server_ns / 1e3 / requests);
        record_number(record, "server_cpu_percent", 1, (double)server_ns / 1e7 / result->seconds);
    }
    double client_seconds = result->client_user_seconds + result->client_system_seconds;
    record_number(record, "client_cpu_us_per_request", 4, client_seconds * 1e6 / requests);
    record_number(record, "client_user_us_per_request", 4,
                  result->client_user_seconds * 1e6 / requests);
}

static void print_result(struct bench *bench, const struct load_result *result, const char *command,
                         uint64_t server_ns) {
    struct record record;
    record_init(&record, "load", false);
    record_text(&record, "command", command);
    record_number(&record, "requests", 0, (double)result->requests);
    record_number(&record, "seconds", 3, result->seconds);
    record_number(&record, "requests_per_second", 0, (double)result->requests / result->seconds);
    add_latency(&record, &result->latency);
    add_cpu(&record, &bench->server, result, server_ns);
    record_number(&record, "errors", 0, (double)result->errors);
    record_text(&record, "first_error", result->first_error);
    report_print(&bench->report, &record);
}

/* The template as it was given, for the report. */
static void join_words(const struct options *options, char *text, size_t room) {
    text[0] = '\0';
    for (size_t i = 0; i < options->word_count; i++) {
        if (i > 0) strncat(text, " ", room - strlen(text) - 1);
        strncat(text, options->words[i], room - strlen(text) - 1);
    }
}

void mode_load_run(struct bench *bench) {
    const struct options *options = bench->options;
    if (options->word_count == 0) fail("no command given (see --help)");
    struct template template;
    bench_compile(bench, &template, NULL);
    struct load *load = bench_open_load(bench, &template, 50, 1);
    struct load_result result;
    if (options->warmup_seconds > 0) {
        load_run(load, 0, options->warmup_seconds, &result);
        load_set_sequence(load, 0);
    }
    uint64_t before_ns = server_cpu_ns(&bench->server);
    load_run(load, options->requests, options->seconds, &result);
    uint64_t server_ns = server_cpu_ns(&bench->server) - before_ns;
    load_close(load);
    template_destroy(&template);

    char command[REPORT_TEXT_MAX];
    join_words(options, command, sizeof(command));
    print_result(bench, &result, command, server_ns);
}
