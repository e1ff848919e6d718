/* MEMORY: what memory is spent on. */
#include "commands/server/memory_figures.h"
#include "commands/server/server_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

enum { DEFAULT_SAMPLES = 5 };

/* --- USAGE --- */

static bool parse_samples(struct call *call, int64_t *samples) {
    *samples = DEFAULT_SAMPLES;
    for (uint32_t i = 3; i < call->argc; i += 2) {
        bool is_samples = argument_is(call, i, "samples") && argument_has_next(call, i);
        if (is_samples && !argument_i64(call, i + 1, samples)) return false;
        if (is_samples && *samples >= 0) continue;
        reply_error_syntax(call);
        return false;
    }
    return true;
}

static void memory_usage_command(struct call *call) {
    int64_t samples;
    if (!parse_samples(call, &samples)) return;
    const struct entry *entry = database_find(call->db, call_key(call, 2)).entry;
    if (entry == NULL)
        reply_null(call);
    else
        reply_integer(call, (int64_t)database_entry_bytes(call->db, entry, (size_t)samples));
}

/* --- STATS --- */

static void reply_bytes(struct call *call, const char *name, size_t bytes) {
    reply_bulk_str(call, name);
    reply_integer(call, (int64_t)bytes);
}

static void reply_ratio(struct call *call, const char *name, double ratio) {
    reply_bulk_str(call, name);
    reply_double(call, ratio);
}

/* How much bigger one figure is than the other: two elements. */
static void reply_excess(struct call *call, const char *name, const char *bytes_name, size_t bytes,
                         size_t base) {
    reply_ratio(call, name, memory_ratio(bytes, base));
    reply_bulk_str(call, bytes_name);
    reply_integer(call, (int64_t)bytes - (int64_t)base);
}

static size_t count_used_dbs(const struct keyspace *keyspace) {
    size_t count = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++)
        count += database_key_count(keyspace->dbs[i]) != 0;
    return count;
}

static void reply_dbs(struct call *call) {
    const struct keyspace *keyspace = call->engine->keyspace;
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        const struct database *db = keyspace->dbs[i];
        if (database_key_count(db) == 0) continue;
        size_t table_bytes = db->keys.used_bytes;
        reply_bulk_printf(call, "db.%u", i);
        reply_map(call, 3);
        reply_bytes(call, "overhead.hashtable.main", table_bytes);
        reply_bytes(call, "overhead.hashtable.expires", database_overhead_bytes(db) - table_bytes);
        reply_bytes(call, "overhead.hashtable.slot-to-keys", 0);
    }
}

static void reply_dataset(struct call *call, const struct memory_figures *figures) {
    uint64_t keys = keyspace_key_count(call->engine->keyspace);
    reply_bytes(call, "overhead.total", figures->overhead_bytes);
    reply_bytes(call, "keys.count", keys);
    size_t grown = figures->used_bytes > figures->startup_bytes
                       ? figures->used_bytes - figures->startup_bytes
                       : 0;
    reply_bytes(call, "keys.bytes-per-key", keys == 0 ? 0 : grown / keys);
    reply_bytes(call, "dataset.bytes", figures->dataset_bytes);
    reply_ratio(call, "dataset.percentage", figures->dataset_percent);
    reply_ratio(call, "peak.percentage", figures->peak_percent);
}

static void reply_allocator(struct call *call, const struct memory_figures *figures) {
    const struct mem_stats *mem = &figures->mem;
    reply_bytes(call, "allocator.allocated", mem->allocated_bytes);
    reply_bytes(call, "allocator.active", mem->active_bytes);
    reply_bytes(call, "allocator.resident", mem->resident_bytes);
    reply_excess(call, "allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
                 mem->active_bytes, mem->allocated_bytes);
    reply_excess(call, "allocator-rss.ratio", "allocator-rss.bytes", mem->resident_bytes,
                 mem->active_bytes);
    reply_excess(call, "rss-overhead.ratio", "rss-overhead.bytes", mem->rss_bytes,
                 mem->resident_bytes);
    reply_excess(call, "fragmentation", "fragmentation.bytes", mem->rss_bytes, figures->used_bytes);
}

static void memory_stats_command(struct call *call) {
    enum { GENERAL = 10, DATASET = 6, ALLOCATOR = 11 };
    struct memory_figures figures;
    memory_read_figures(call->engine, &figures);
    reply_map(call, GENERAL + count_used_dbs(call->engine->keyspace) + DATASET + ALLOCATOR);
    reply_bytes(call, "peak.allocated", figures.peak_bytes);
    reply_bytes(call, "total.allocated", figures.used_bytes);
    reply_bytes(call, "startup.allocated", figures.startup_bytes);
    reply_bytes(call, "replication.backlog", 0);
    reply_bytes(call, "clients.slaves", 0);
    reply_bytes(call, "clients.normal", figures.clients_bytes);
    reply_bytes(call, "cluster.links", 0);
    reply_bytes(call, "aof.buffer", 0);
    reply_bytes(call, "lua.caches", 0);
    reply_bytes(call, "functions.caches", 0);
    reply_dbs(call);
    reply_dataset(call, &figures);
    reply_allocator(call, &figures);
}

/* --- the others --- */

static void memory_doctor_command(struct call *call) {
    enum { ENOUGH_BYTES = 5 * 1024 * 1024 };
    const double high_ratio = 1.4;
    struct memory_figures figures;
    memory_read_figures(call->engine, &figures);
    struct buffer report = {0};
    if (figures.used_bytes < ENOUGH_BYTES) {
        buffer_append_str(&report, "There is too little data to judge by.\n");
    } else {
        if (memory_ratio(figures.peak_bytes, figures.used_bytes) > high_ratio)
            buffer_append_str(&report, "Peak memory was much higher than what is used now: the "
                                       "process may keep memory that MEMORY PURGE gives back.\n");
        if (memory_ratio(figures.mem.rss_bytes, figures.used_bytes) > high_ratio)
            buffer_append_str(&report, "The process occupies much more memory than it uses: "
                                       "memory is fragmented, or not yet given back.\n");
        if (report.len == 0) buffer_append_str(&report, "No trouble with memory was found.\n");
    }
    reply_verbatim(call, "txt", buffer_bytes(&report));
    buffer_destroy(&report);
}

static void memory_malloc_stats_command(struct call *call) {
    struct mem_stats mem;
    mem_read_stats(&mem);
    struct buffer report = {0};
    buffer_printf(&report,
                  "allocator: %s\nallocated: %zu\nactive: %zu\nresident: %zu\nretained: %zu\n",
                  mem.allocator, mem.allocated_bytes, mem.active_bytes, mem.resident_bytes,
                  mem.retained_bytes);
    reply_verbatim(call, "txt", buffer_bytes(&report));
    buffer_destroy(&report);
}

static void memory_purge_command(struct call *call) {
    mem_purge();
    reply_ok(call);
}

static void memory_help_command(struct call *call) {
    static const char *const lines[] = {
        "DOCTOR",
        "    Return memory problems reports.",
        "MALLOC-STATS",
        "    Return internal statistics report from the memory allocator.",
        "PURGE",
        "    Attempt to purge dirty pages for reclamation by the allocator.",
        "STATS",
        "    Return information about the memory usage of the server.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return memory in bytes used by <key> and its value. Nested values are",
        "    sampled up to <count> times (default: 5, 0 means sample all).",
        NULL,
    };
    reply_help(call, lines);
}

static const struct command_row memory_subcommands[] = {
    {
        .name = "doctor",
        .handler = memory_doctor_command,
        .arity = 2,
        .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
        .summary = "Looks for trouble with memory.",
        .complexity = "O(1)",
        .since = "4.0.0",
        .group = "server",
    },
    {
        .name = "help",
        .handler = memory_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "4.0.0",
        .group = "server",
    },
    {
        .name = "malloc-stats",
        .handler = memory_malloc_stats_command,
        .arity = 2,
        .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
        .summary = "Returns the allocator's own statistics.",
        .complexity = "Depends on how much memory is allocated, could be slow",
        .since = "4.0.0",
        .group = "server",
    },
    {
        .name = "purge",
        .handler = memory_purge_command,
        .arity = 2,
        .tips = "request_policy:all_shards response_policy:all_succeeded",
        .summary = "Gives unused memory back to the system.",
        .complexity = "Depends on how much memory is allocated, could be slow",
        .since = "4.0.0",
        .group = "server",
    },
    {
        .name = "stats",
        .handler = memory_stats_command,
        .arity = 2,
        .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
        .summary = "Returns figures about memory use.",
        .complexity = "O(1)",
        .since = "4.0.0",
        .group = "server",
    },
    {
        .name = "usage",
        .handler = memory_usage_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .keys = {KEY_AT(2, "RO")},
        .summary = "Returns how many bytes a key and its value occupy.",
        .syntax = "key [SAMPLES count]",
        .complexity = "O(N)",
        .since = "4.0.0",
        .group = "server",
    },
};

static const struct command_row rows[] = {
    {
        .name = "memory",
        .arity = -2,
        .subcommands = memory_subcommands,
        .subcommand_count = ARRAY_LEN(memory_subcommands),
        .summary = "Commands about memory.",
        .complexity = "Depends on subcommand.",
        .since = "4.0.0",
        .group = "server",
    },
};

const struct command_list server_memory_commands = COMMAND_LIST(rows);
