/* Fresh keys only, so that the difference of used_memory over the number of keys is what one costs,
 * its share of the table included. Measured at eleven counts from K to 2 K, because a table that
 * doubles at once looks good or bad by the count one happens to choose. */
#include "benchmark/modes.h"

enum { STEPS = 10 };

static void print_step(struct bench *bench, uint64_t keys, double used_before, double rss_before) {
    struct record record;
    double used = server_info(&bench->server, "used_memory") - used_before;
    double resident = server_rss_bytes(&bench->server) - rss_before;
    record_init(&record, "memory", true);
    record_number(&record, "keys", 0, (double)keys);
    record_number(&record, "used_bytes_per_key", 2, used / (double)keys);
    record_number(&record, "rss_bytes_per_key", 2, rss_before < 0 ? -1 : resident / (double)keys);
    report_print(&bench->report, &record);
}

void mode_memory_run(struct bench *bench) {
    uint64_t keys = bench->options->keys ? bench->options->keys : 1000000;
    struct template template;
    bench_compile(bench, &template, "SET key:{seq:1000000000:12} {data:16}");
    bench_need_empty_server(bench);
    struct load *load = bench_open_load(bench, &template, 8, 64);
    struct load_result result;
    double used_before = server_info(&bench->server, "used_memory");
    double rss_before = server_rss_bytes(&bench->server);
    uint64_t done = 0;
    for (uint64_t step = 0; step <= STEPS; step++) {
        uint64_t wanted = keys + keys * step / STEPS;
        if (wanted == done) continue;
        load_run(load, wanted - done, 0, &result);
        bench_check_errors(&result);
        done = wanted;
        print_step(bench, done, used_before, rss_before);
    }
    load_close(load);
    template_destroy(&template);
}
