/* INFO memory. */
#include "commands/server/info_sections.h"
#include "commands/server/memory_figures.h"
#include "engine/engine.h"
#include "foundation/directive.h"
#include "foundation/number.h"
#include "foundation/worker.h"

#include <unistd.h>

static void write_human(struct buffer *out, const char *name, uint64_t bytes) {
    static const char units[] = "BKMGTPE";
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 2 < sizeof(units)) {
        value /= 1024;
        unit++;
    }
    buffer_printf(out, "%s_human:%.*f%c\r\n", name, unit == 0 ? 0 : 2, value, units[unit]);
}

static void write_bytes(struct buffer *out, const char *name, uint64_t bytes) {
    buffer_printf(out, "%s:%llu\r\n", name, (unsigned long long)bytes);
}

static void write_both(struct buffer *out, const char *name, uint64_t bytes) {
    write_bytes(out, name, bytes);
    write_human(out, name, bytes);
}

/* How much bigger one figure is than the other: as a ratio and in bytes. */
static void write_excess(struct buffer *out, const char *name, const char *bytes_name, size_t bytes,
                         size_t base) {
    buffer_printf(out, "%s:%.2f\r\n%s:%lld\r\n", name, memory_ratio(bytes, base), bytes_name,
                  (long long)bytes - (long long)base);
}

static void write_use(const struct memory_figures *figures, struct buffer *out) {
    write_both(out, "used_memory", figures->used_bytes);
    write_both(out, "used_memory_rss", figures->mem.rss_bytes);
    write_both(out, "used_memory_peak", figures->peak_bytes);
    buffer_printf(out, "used_memory_peak_perc:%.2f%%\r\n", figures->peak_percent);
    write_bytes(out, "used_memory_overhead", figures->overhead_bytes);
    write_bytes(out, "used_memory_startup", figures->startup_bytes);
    write_bytes(out, "used_memory_dataset", figures->dataset_bytes);
    buffer_printf(out, "used_memory_dataset_perc:%.2f%%\r\n", figures->dataset_percent);
    write_bytes(out, "allocator_allocated", figures->mem.allocated_bytes);
    write_bytes(out, "allocator_active", figures->mem.active_bytes);
    write_bytes(out, "allocator_resident", figures->mem.resident_bytes);
}

static void write_fragmentation(const struct memory_figures *figures, struct buffer *out) {
    const struct mem_stats *mem = &figures->mem;
    write_excess(out, "allocator_frag_ratio", "allocator_frag_bytes", mem->active_bytes,
                 mem->allocated_bytes);
    write_excess(out, "allocator_rss_ratio", "allocator_rss_bytes", mem->resident_bytes,
                 mem->active_bytes);
    write_excess(out, "rss_overhead_ratio", "rss_overhead_bytes", mem->rss_bytes,
                 mem->resident_bytes);
    write_excess(out, "mem_fragmentation_ratio", "mem_fragmentation_bytes", mem->rss_bytes,
                 figures->used_bytes);
}

static void take_value(void *context, struct bytes name, struct bytes value) {
    (void)name;
    buffer_clear(context);
    buffer_append_bytes(context, value);
}

/* The value of the directive, or `otherwise` on a server that has no such directive. */
static struct bytes read_directive(const struct engine *engine, struct bytes name,
                                   struct bytes otherwise, struct buffer *value) {
    size_t count = 0;
    if (engine->directives != NULL)
        count = directives_get(engine->directives, &name, 1, take_value, value);
    return count == 0 ? otherwise : buffer_bytes(value);
}

static void write_limits(const struct engine *engine, struct buffer *out) {
    struct buffer value = {0};
    uint64_t max_bytes;
    struct bytes text = read_directive(engine, BYTES("maxmemory"), BYTES("0"), &value);
    if (!number_parse_u64(text, &max_bytes)) max_bytes = 0;
    write_both(out, "total_system_memory",
               (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    write_both(out, "maxmemory", max_bytes);
    text = read_directive(engine, BYTES("maxmemory-policy"), BYTES("noeviction"), &value);
    buffer_printf(out, "maxmemory_policy:%.*s\r\n", (int)text.len, text.data);
    buffer_destroy(&value);
}

void info_write_memory(struct engine *engine, struct buffer *out) {
    struct memory_figures figures;
    memory_read_figures(engine, &figures);
    struct worker *worker = engine->keyspace->worker;
    write_use(&figures, out);
    write_limits(engine, out);
    write_fragmentation(&figures, out);
    write_bytes(out, "mem_not_counted_for_evict", engine->log_bytes);
    write_bytes(out, "mem_clients_slaves", 0);
    write_bytes(out, "mem_clients_normal", figures.clients_bytes);
    write_bytes(out, "mem_aof_buffer", engine->log_bytes);
    buffer_printf(out, "mem_allocator:%s\r\nactive_defrag_running:0\r\n", figures.mem.allocator);
    write_bytes(out, "lazyfree_pending_objects", worker == NULL ? 0 : worker_pending(worker));
}
