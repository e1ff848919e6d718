/* The list of modes and what they share. */
#include "benchmark/modes.h"

#include <string.h>

#include "benchmark/fail.h"

static const struct mode modes[] = {
    {"load", mode_load_run}, {"growth", mode_growth_run}, {"expiry", mode_expiry_run},
    {"idle", mode_idle_run}, {"memory", mode_memory_run},
};

const struct mode *modes_find(const char *name) {
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(name, modes[i].name) == 0) return &modes[i];
    }
    return NULL;
}

void bench_compile(const struct bench *bench, struct template *template, const char *fallback) {
    const struct options *options = bench->options;
    bool is_given = options->word_count > 0;
    if (!template_compile(template, is_given ? options->words : &fallback,
                          is_given ? options->word_count : 1, options->theta)) {
        fail("%s", template->error);
    }
}

struct load *bench_open_load(const struct bench *bench, const struct template *template,
                             size_t clients, size_t pipeline) {
    const struct options *options = bench->options;
    struct load_options load_options = {
        .target = &options->target,
        .template = template,
        .clients = options->clients ? options->clients : clients,
        .pipeline = options->pipeline ? options->pipeline : pipeline,
        .threads = options->threads,
        .seed = options->seed,
    };
    if (load_options.threads > load_options.clients) fail("more threads than clients");
    return load_open(&load_options);
}

void bench_check_errors(const struct load_result *result) {
    if (result->errors > 0) {
        fail("%llu error replies, the first: %s", (unsigned long long)result->errors,
             result->first_error);
    }
}

void bench_need_empty_server(struct bench *bench) {
    if (bench->options->is_flush_allowed) server_must(&bench->server, "FLUSHALL");
    if (server_must(&bench->server, "DBSIZE").number != 0) {
        fail("the server holds keys already; use an empty one, or allow FLUSHALL with --flush");
    }
}
