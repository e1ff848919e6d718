/* LATENCY DOCTOR: each event in a line of figures, then what may help, each advice once. */
#include "commands/server/latency_reports.h"
#include "engine/engine.h"
#include "foundation/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- figures --- */

struct figures {
    int64_t count;
    int64_t mean_ms;
    int64_t deviation_ms; /* mean distance from the mean */
    double period_s;      /* from one to the next */
};

static void measure_mean(const struct latency_event *event, int64_t now_s,
                         struct figures *figures) {
    int64_t sum_ms = 0, oldest_s = now_s;
    for (size_t i = 0; i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *sample = &event->samples[i];
        if (sample->at_s == 0) continue;
        figures->count++;
        sum_ms += sample->ms;
        if (sample->at_s < oldest_s) oldest_s = sample->at_s;
    }
    if (figures->count == 0) return;
    int64_t span_s = now_s > oldest_s ? now_s - oldest_s : 1;
    figures->mean_ms = sum_ms / figures->count;
    figures->period_s = (double)span_s / (double)figures->count;
}

static void measure_deviation(const struct latency_event *event, struct figures *figures) {
    int64_t sum_ms = 0;
    for (size_t i = 0; i < LATENCY_SAMPLES; i++)
        if (event->samples[i].at_s != 0) sum_ms += llabs(event->samples[i].ms - figures->mean_ms);
    if (figures->count != 0) figures->deviation_ms = sum_ms / figures->count;
}

static void write_fork_rate(const struct engine *engine, struct buffer *out) {
    int64_t us = engine->stats.last_fork_us > 0 ? engine->stats.last_fork_us : 1;
    double gb_per_s = (double)mem_used_bytes() / (double)us * 1e6 / (1024.0 * 1024 * 1024);
    buffer_printf(out, " The last fork copied the page tables of %.2f GB/sec.", gb_per_s);
}

static void write_event(const struct engine *engine, size_t index, struct buffer *out) {
    const struct latency_event *event = latency_event_at(engine, index);
    struct figures figures = {0};
    measure_mean(event, engine_now_s(engine), &figures);
    measure_deviation(event, &figures);
    buffer_printf(out,
                  "%zu. %s: %lld latency spikes (average %lldms, mean deviation %lldms, period "
                  "%.2f sec). Worst all time event %lldms.",
                  index + 1, event->name, (long long)figures.count, (long long)figures.mean_ms,
                  (long long)figures.deviation_ms, figures.period_s, (long long)event->max_ms);
    if (strcmp(event->name, "fork") == 0) write_fork_rate(engine, out);
    buffer_append_char(out, '\n');
}

/* --- advice --- */

static const char slow_commands[] =
    "SLOWLOG GET names the slow commands with their arguments. What walks a whole key or database "
    "(KEYS, SMEMBERS, HGETALL, LRANGE 0 -1, SORT) is better asked for in parts, with the SCAN "
    "family or smaller ranges.";
static const char busy_machine[] =
    "Commands that do next to nothing were slow: the server was not given a processor in time, or "
    "its memory was swapped out. Lower the load of the machine, move noisy neighbours away, and "
    "look at the swap use of the process. `redis-cli --intrinsic-latency 100` measures the machine "
    "alone.";
static const char fork_cost[] =
    "Forking takes time with the memory in use. Save less often (save points, "
    "auto-aof-rewrite-percentage), let several smaller servers share the data, and turn "
    "transparent huge pages off.";
static const char slow_disk[] =
    "The disk was slow to take what was written. Commands go on meanwhile, but replies that wait "
    "for `appendfsync always` come later. Use a local SSD, keep other writers away from it, and "
    "see INFO persistence.";
static const char sync_policy[] =
    "With `appendfsync always` every reply to a write waits for a sync. Where the loss of a second "
    "of writes can be borne, `everysec` takes that wait away.";
static const char child_writes[] =
    "A child that saves or rewrites uses the same disk. `no-appendfsync-on-rewrite yes` leaves out "
    "syncs meanwhile, at the price of what a crash may lose.";
static const char many_due[] =
    "Many keys came due at once. Spread their times a little when you set them.";
static const char memory_pressure[] =
    "Memory ran out suddenly, and keys had to make room. Leave maxmemory more room above what is "
    "in use, and lower it in small steps.";

static const struct {
    const char *event;
    const char *text;
} advices[] = {
    {"command", slow_commands},
    {"fast-command", busy_machine},
    {"command-unblocking", slow_commands},
    {"fork", fork_cost},
    {"aof-write", slow_disk},
    {"aof-write-alone", slow_disk},
    {"aof-write-active-child", child_writes},
    {"aof-fsync-always", slow_disk},
    {"aof-fsync-always", sync_policy},
    {"rdb-unlink-temp-file", slow_disk},
    {"expire-cycle", many_due},
    {"eviction-cycle", memory_pressure},
    {"eviction-del", memory_pressure},
};

static bool has_event(const struct engine *engine, const char *name) {
    for (size_t i = 0; i < latency_event_count(engine); i++)
        if (strcmp(latency_event_at(engine, i)->name, name) == 0) return true;
    return false;
}

static bool is_wanted(const struct engine *engine, size_t index) {
    return has_event(engine, advices[index].event);
}

static bool was_given(const struct engine *engine, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (advices[i].text == advices[index].text && is_wanted(engine, i)) return true;
    return false;
}

/* -1: it is off; also where there is none. */
static int64_t slow_log_us(const struct engine *engine) {
    if (engine->directives == NULL) return -1;
    const struct directive *row =
        directives_find(engine->directives, BYTES("slowlog-log-slower-than"));
    return row == NULL ? -1 : *(const int64_t *)row->field;
}

static void write_slow_log_advice(const struct engine *engine, struct buffer *out) {
    int64_t threshold_ms = latency_threshold_ms(), log_us = slow_log_us(engine);
    bool is_covered = log_us >= 0 && log_us / 1000 <= threshold_ms;
    if (threshold_ms == 0 || is_covered || !has_event(engine, "command")) return;
    buffer_printf(out,
                  "- The slow log does not record all that is slow for the latency monitor: CONFIG "
                  "SET slowlog-log-slower-than %lld\n",
                  (long long)threshold_ms * 1000);
}

static void write_advice(const struct engine *engine, struct buffer *out) {
    buffer_append_str(out, "\nWhat may help:\n\n");
    write_slow_log_advice(engine, out);
    for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
        if (!is_wanted(engine, i) || was_given(engine, i)) continue;
        buffer_printf(out, "- %s\n", advices[i].text);
    }
}

void latency_write_advice(struct engine *engine, struct buffer *out) {
    size_t count = latency_event_count(engine);
    if (count == 0 && !latency_is_monitored()) {
        buffer_append_str(out, "Latency monitoring is off. CONFIG SET latency-monitor-threshold "
                               "<milliseconds> turns it on.\n");
        return;
    }
    if (count == 0) {
        buffer_printf(out, "Nothing has taken %lld ms or longer.\n",
                      (long long)latency_threshold_ms());
        return;
    }
    buffer_append_str(out, "These events took longer than latency-monitor-threshold:\n\n");
    for (size_t i = 0; i < count; i++) write_event(engine, i, out);
    write_advice(engine, out);
}
