/* INFO: what the engine has counted: sections stats, commandstats, errorstats, keyspace. */
#include "commands/server/info_sections.h"
#include "data/database.h"
#include "engine/engine.h"
#include "foundation/clock.h"

#include <stdlib.h>

/* --- rates --- */

enum { RATE_SAMPLES = 16 };

struct rate_sample {
    int64_t at_us; /* monotonic; 0: not taken yet */
    uint64_t commands;
    uint64_t input_bytes;
    uint64_t output_bytes;
};

/* A ring; `next` is the place of the oldest sample. */
static struct {
    struct rate_sample samples[RATE_SAMPLES];
    size_t next;
} rates;

static struct rate_sample take_sample(const struct engine *engine) {
    return (struct rate_sample){
        .at_us = engine->clock->monotonic_us,
        .commands = engine->stats.commands,
        .input_bytes = engine->stats.input_bytes,
        .output_bytes = engine->stats.output_bytes,
    };
}

void info_sample_rates(struct engine *engine) {
    rates.samples[rates.next] = take_sample(engine);
    rates.next = (rates.next + 1) % RATE_SAMPLES;
}

static const struct rate_sample *oldest_sample(void) {
    const struct rate_sample *oldest = &rates.samples[rates.next];
    return oldest->at_us != 0 ? oldest : &rates.samples[0];
}

static const struct rate_sample *newest_sample(void) {
    return &rates.samples[(rates.next + RATE_SAMPLES - 1) % RATE_SAMPLES];
}

/* Counters go back when CONFIG RESETSTAT comes between. */
static double rate_of(uint64_t older, uint64_t newer, double seconds) {
    return seconds <= 0 || newer < older ? 0 : (double)(newer - older) / seconds;
}

static void write_rates(struct buffer *out) {
    const struct rate_sample *older = oldest_sample();
    const struct rate_sample *newer = newest_sample();
    double seconds = (double)(newer->at_us - older->at_us) / 1e6;
    buffer_printf(out,
                  "instantaneous_ops_per_sec:%.0f\r\ninstantaneous_input_kbps:%.2f\r\n"
                  "instantaneous_output_kbps:%.2f\r\n",
                  rate_of(older->commands, newer->commands, seconds),
                  rate_of(older->input_bytes, newer->input_bytes, seconds) / 1024,
                  rate_of(older->output_bytes, newer->output_bytes, seconds) / 1024);
}

/* --- stats --- */

static void write_count(struct buffer *out, const char *name, uint64_t count) {
    buffer_printf(out, "%s:%llu\r\n", name, (unsigned long long)count);
}

static void write_traffic(const struct engine *engine, struct buffer *out) {
    const struct engine_stats *stats = &engine->stats;
    write_count(out, "total_connections_received", stats->connections);
    write_count(out, "total_commands_processed", stats->commands);
    write_count(out, "total_net_input_bytes", stats->input_bytes);
    write_count(out, "total_net_output_bytes", stats->output_bytes);
    write_rates(out);
    write_count(out, "rejected_connections", stats->rejected_connections);
}

static void write_keyspace_stats(const struct engine *engine, struct buffer *out) {
    const struct keyspace_stats *stats = &engine->keyspace->stats;
    write_count(out, "expired_subkeys", stats->expired_members);
    write_count(out, "expired_keys", stats->expired);
    write_count(out, "expired_by_calendar", stats->expired_by_calendar);
    buffer_printf(out, "expired_lag_max_us:%lld\r\nexpired_stale_perc:0.00\r\n",
                  (long long)stats->expired_lag_max_us);
    write_count(out, "expired_time_cap_reached_count", engine->stats.expire_slices_cut);
    write_count(out, "evicted_keys", stats->evicted);
    write_count(out, "evicted_clients", engine->stats.evicted_clients);
    write_count(out, "keyspace_hits", stats->hits);
    write_count(out, "keyspace_misses", stats->misses);
}

void info_write_stats(struct engine *engine, struct buffer *out) {
    write_traffic(engine, out);
    write_keyspace_stats(engine, out);
    write_count(out, "pubsub_channels", engine->audience.channels);
    write_count(out, "pubsub_patterns", engine->audience.patterns);
    write_count(out, "pubsubshard_channels", engine->audience.shard_channels);
    write_count(out, "latest_fork_usec", (uint64_t)engine->stats.last_fork_us);
    write_count(out, "total_forks", engine->stats.forks);
    write_count(out, "tracking_total_keys", engine->tracked.keys);
    write_count(out, "tracking_total_items", engine->tracked.items);
    write_count(out, "tracking_total_prefixes", engine->tracked.prefixes);
    write_count(out, "unexpected_error_replies", engine->stats.unexpected_errors);
    write_count(out, "total_error_replies", engine->errors.total);
    write_count(out, "client_query_buffer_limit_disconnections",
                engine->stats.query_limit_disconnections);
    write_count(out, "client_output_buffer_limit_disconnections",
                engine->stats.output_limit_disconnections);
    write_count(out, "acl_access_denied_auth", engine->stats.acl_denied_auth);
}

/* --- commands --- */

static void write_command(const struct command *command, struct buffer *out) {
    const struct command_stats *stats = &command->stats;
    if (stats->calls == 0 && stats->rejected == 0 && stats->failed == 0) return;
    double us = (double)clock_ticks_to_ns(stats->ticks) / 1000;
    buffer_printf(out,
                  "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,"
                  "failed_calls=%llu,usec_max=%.2f\r\n",
                  command->full_name, (unsigned long long)stats->calls, (unsigned long long)us,
                  stats->calls == 0 ? 0 : us / (double)stats->calls,
                  (unsigned long long)stats->rejected, (unsigned long long)stats->failed,
                  (double)clock_ticks_to_ns(stats->ticks_max) / 1000);
}

void info_write_commandstats(struct engine *engine, struct buffer *out) {
    for (size_t i = 0; i < command_table_count(engine->commands); i++) {
        const struct command *command = command_table_at(engine->commands, i);
        write_command(command, out);
        for (uint32_t j = 0; j < command->subcommand_count; j++)
            write_command(command->subcommands[j], out);
    }
}

/* --- errors --- */

static int compare_codes(const void *a, const void *b) {
    const struct error_count *const *left = a, *const *right = b;
    return strcmp((*left)->code, (*right)->code);
}

void info_write_errorstats(struct engine *engine, struct buffer *out) {
    const struct error_count *sorted[ERROR_STATS_MAX] = {NULL};
    size_t count = engine->errors.code_count;
    for (size_t i = 0; i < count; i++) sorted[i] = &engine->errors.counts[i];
    qsort(sorted, count, sizeof(sorted[0]), compare_codes);
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "errorstat_%s:count=%llu\r\n", sorted[i]->code,
                      (unsigned long long)sorted[i]->count);
}

/* --- keyspace --- */

enum { TTL_SAMPLES = 64 };

/* The mean of the times that some neighbouring keys have left, in ms. */
static int64_t sample_ttl_ms(struct database *db) {
    void *entries[TTL_SAMPLES];
    int64_t now_ms = database_now_ms(db), sum_ms = 0, with_due = 0;
    if (db->due_count == 0) return 0;
    size_t count = table_sample(&db->keys, entries, TTL_SAMPLES);
    for (size_t i = 0; i < count; i++) {
        int64_t due_ms = entry_due_ms(entries[i]);
        if (due_ms <= now_ms) continue;
        sum_ms += (due_ms - now_ms) / TTL_SAMPLES;
        with_due++;
    }
    return with_due == 0 ? 0 : sum_ms / with_due * TTL_SAMPLES;
}

void info_write_keyspace(struct engine *engine, struct buffer *out) {
    const struct keyspace *keyspace = engine->keyspace;
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        struct database *db = keyspace->dbs[i];
        if (database_key_count(db) == 0) continue;
        buffer_printf(out, "db%u:keys=%llu,expires=%llu,avg_ttl=%lld\r\n", i,
                      (unsigned long long)database_key_count(db), (unsigned long long)db->due_count,
                      (long long)sample_ttl_ms(db));
    }
}
