/* K keys, number i due at base + span * i / K, all loaded before `base`. From then on two things
 * happen in turns on two connections: GET of a key that never expires, as fast as it answers, and
 * once a millisecond DBSIZE.
 *
 * If keys go in the order of their times, a DBSIZE of n living keys means that number K - n is the
 * oldest one still there; when it is overdue, the lag is the time since it was due. A server that
 * removes in another order has even older ones, so the lag is a lower bound there. The answer was
 * true at some moment between asking and receiving: `lag_max_ms` counts up to the asking (at least
 * so late), `lag_max_bound_ms` up to the receiving (at most). */
#include <stdio.h>

#include "benchmark/clock.h"
#include "benchmark/fail.h"
#include "benchmark/histogram.h"
#include "benchmark/modes.h"

enum { SAMPLE_EVERY_US = 1000, PROGRESS_EVERY_MS = 5000, OVERTIME_MAX_MS = 60000 };

struct expiry {
    struct bench *bench;
    struct control probe;
    uint64_t keys;
    uint64_t span_us;
    uint64_t base_us; /* Unix time */
    struct histogram probe_latency;
    struct histogram sample_latency;
    uint64_t samples;
    uint64_t living;    /* by the last DBSIZE, without the probe's key */
    int64_t lag_max_us; /* since the start */
    int64_t lag_bound_us;
    int64_t step_lag_us;  /* since the last progress line */
    uint64_t all_gone_us; /* when DBSIZE first told that no key is left; 0: not yet */
};

static void load_keys(struct expiry *expiry) {
    struct bench *bench = expiry->bench;
    char line[200];
    const char *command = line;
    struct template template;
    struct load_result result;
    snprintf(line, sizeof(line), "SET key:{seq:%llu:12} {data:16} PXAT {due:%llu:%llu:%llu}",
             (unsigned long long)expiry->keys, (unsigned long long)expiry->base_us / 1000,
             (unsigned long long)expiry->span_us / 1000, (unsigned long long)expiry->keys);
    if (!template_compile(&template, &command, 1, 1)) fail("%s", template.error);
    struct load *load = bench_open_load(bench, &template, 8, 64);
    load_run(load, expiry->keys, 0, &result);
    load_close(load);
    template_destroy(&template);
    bench_check_errors(&result);
    if (clock_unix_us() >= expiry->base_us) {
        fail("loading took longer than the lead (%.1f s); raise --lead", result.seconds);
    }
}

/* How long the oldest key has been overdue at `now_us`, when `living` keys are left. */
static int64_t lag_us(const struct expiry *expiry, uint64_t now_us) {
    if (expiry->living == 0) return 0;
    uint64_t oldest = expiry->keys - expiry->living;
    uint64_t due_us = expiry->base_us + expiry->span_us * oldest / expiry->keys;
    /* The template writes whole milliseconds, rounded down. */
    due_us -= due_us % 1000;
    return (int64_t)(now_us - due_us);
}

static void sample_size(struct expiry *expiry) {
    uint64_t asked_us = clock_unix_us();
    uint64_t start_ns = clock_now_ns();
    int64_t size = server_must(&expiry->bench->server, "DBSIZE").number;
    histogram_record(&expiry->sample_latency, clock_now_ns() - start_ns, 1);
    uint64_t got_us = clock_unix_us();
    if (size < 1 || (uint64_t)size > expiry->keys + 1) fail("someone else uses this server");
    expiry->living = (uint64_t)size - 1;
    expiry->samples++;
    int64_t lag = lag_us(expiry, asked_us);
    int64_t bound = lag_us(expiry, got_us);
    if (lag > expiry->lag_max_us) expiry->lag_max_us = lag;
    if (lag > expiry->step_lag_us) expiry->step_lag_us = lag;
    if (bound > expiry->lag_bound_us) expiry->lag_bound_us = bound;
    if (expiry->living == 0 && expiry->all_gone_us == 0) expiry->all_gone_us = got_us;
}

static void probe_once(struct expiry *expiry) {
    uint64_t start_ns = clock_now_ns();
    struct answer answer = control_ask_line(&expiry->probe, "GET skua-benchmark-probe");
    if (answer.type == '-') fail("GET was refused: %s", answer.text);
    histogram_record(&expiry->probe_latency, clock_now_ns() - start_ns, 1);
}

static void print_progress(struct expiry *expiry, uint64_t now_us) {
    struct record record;
    record_init(&record, "expiry_step", true);
    record_number(&record, "second", 1, ((double)now_us - (double)expiry->base_us) / 1e6);
    record_number(&record, "living", 0, (double)expiry->living);
    record_number(&record, "lag_max_ms", 2, (double)expiry->step_lag_us / 1e3);
    record_number(&record, "probe_max_us", 1, (double)expiry->probe_latency.max_ns / 1e3);
    report_print(&expiry->bench->report, &record);
    expiry->step_lag_us = 0;
}

static void watch_keys_go(struct expiry *expiry) {
    uint64_t end_us = expiry->base_us + expiry->span_us + OVERTIME_MAX_MS * UINT64_C(1000);
    uint64_t next_sample_us = 0;
    uint64_t next_progress_us = expiry->base_us + PROGRESS_EVERY_MS * UINT64_C(1000);
    expiry->living = expiry->keys;
    for (uint64_t now_us; (now_us = clock_unix_us()) < end_us && expiry->living > 0;) {
        if (now_us >= next_sample_us) {
            sample_size(expiry);
            next_sample_us = now_us + SAMPLE_EVERY_US;
        }
        probe_once(expiry);
        if (now_us < next_progress_us) continue;
        print_progress(expiry, now_us);
        next_progress_us += PROGRESS_EVERY_MS * UINT64_C(1000);
    }
}

static void print_summary(struct expiry *expiry, uint64_t server_ns) {
    struct record record;
    struct server *server = &expiry->bench->server;
    const struct histogram *probe = &expiry->probe_latency;
    uint64_t end_us = expiry->base_us + expiry->span_us;
    record_init(&record, "expiry", false);
    record_number(&record, "keys", 0, (double)expiry->keys);
    record_number(&record, "keys_left", 0, (double)expiry->living);
    record_number(&record, "samples", 0, (double)expiry->samples);
    record_number(&record, "lag_max_ms", 3, (double)expiry->lag_max_us / 1e3);
    record_number(&record, "lag_max_bound_ms", 3, (double)expiry->lag_bound_us / 1e3);
    record_number(&record, "all_gone_after_end_ms", 3,
                  expiry->all_gone_us ? ((double)expiry->all_gone_us - (double)end_us) / 1e3 : -1);
    record_number(&record, "probe_requests", 0, (double)probe->total);
    record_number(&record, "probe_p50_us", 1, (double)histogram_percentile(probe, 0.5) / 1e3);
    record_number(&record, "probe_p999_us", 1, (double)histogram_percentile(probe, 0.999) / 1e3);
    record_number(&record, "probe_max_us", 1, (double)probe->max_ns / 1e3);
    record_number(&record, "sample_max_us", 1, (double)expiry->sample_latency.max_ns / 1e3);
    record_number(&record, "server_cpu_us_per_key", 4,
                  server->pid ? (double)server_ns / 1e3 / (double)expiry->keys : -1);
    record_number(&record, "server_expired_keys", 0, server_info(server, "expired_keys"));
    record_number(&record, "server_lag_max_us", 0, server_info(server, "expired_lag_max_us"));
    report_print(&expiry->bench->report, &record);
}

void mode_expiry_run(struct bench *bench) {
    const struct options *options = bench->options;
    static struct expiry expiry; /* its histograms are too big for a stack frame */
    expiry.bench = bench;
    expiry.keys = options->keys ? options->keys : 1000000;
    expiry.span_us = options->span_ms * 1000;
    if (options->word_count > 0) fail("expiry has its own command (SET with PXAT)");
    bench_need_empty_server(bench);
    server_try(&bench->server, "CONFIG RESETSTAT");
    server_must(&bench->server, "SET skua-benchmark-probe x");
    expiry.base_us = (clock_unix_us() / 1000 + options->lead_ms) * 1000;
    load_keys(&expiry);
    control_open(&expiry.probe, &options->target);
    while (clock_unix_us() < expiry.base_us) {
        clock_sleep_ms(1);
    }
    uint64_t before_ns = server_cpu_ns(&bench->server);
    watch_keys_go(&expiry);
    print_summary(&expiry, server_cpu_ns(&bench->server) - before_ns);
    server_must(&bench->server, "DEL skua-benchmark-probe");
    control_close(&expiry.probe);
}
