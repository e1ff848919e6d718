/* The aof fields of INFO persistence. */
#include "services/persistence/aof_private.h"
#include "services/persistence/child.h"

enum { US_PER_SECOND = 1000 * 1000 };

static void write_rewrites(const struct aof *aof, struct buffer *out) {
    const struct aof_rewrite *rewrite = &aof->rewrite;
    int64_t seconds =
        rewrite->is_running ? (clock_monotonic_us() - rewrite->started_us) / US_PER_SECOND : -1;
    buffer_printf(out, "aof_rewrite_in_progress:%d\r\n", rewrite->is_running);
    buffer_printf(out, "aof_rewrite_scheduled:%d\r\n", rewrite->is_scheduled);
    buffer_printf(out, "aof_last_rewrite_time_sec:%lld\r\n", (long long)rewrite->last_seconds);
    buffer_printf(out, "aof_current_rewrite_time_sec:%lld\r\n", (long long)seconds);
    buffer_printf(out, "aof_last_bgrewrite_status:%s\r\n", rewrite->has_failed ? "err" : "ok");
    buffer_printf(out, "aof_rewrites:%llu\r\n", (unsigned long long)rewrite->count);
    buffer_printf(out, "aof_rewrites_consecutive_failures:%llu\r\n",
                  (unsigned long long)rewrite->failures);
}

static void write_sizes(const struct aof *aof, const struct aof_writer_status *status,
                        struct buffer *out) {
    buffer_printf(out, "aof_current_size:%llu\r\n",
                  (unsigned long long)aof->closed_bytes + status->file_bytes);
    buffer_printf(out, "aof_base_size:%llu\r\n", (unsigned long long)aof->rewrite.whole_bytes);
    buffer_printf(out, "aof_pending_rewrite:%d\r\n", aof->state == AOF_STARTING);
    buffer_printf(out, "aof_buffer_length:%llu\r\n",
                  (unsigned long long)aof->pending.len + status->unwritten_bytes);
    buffer_printf(out, "aof_pending_bio_fsync:%d\r\n", status->is_syncing);
    buffer_printf(out, "aof_delayed_fsync:%llu\r\n", (unsigned long long)status->slow_syncs);
    buffer_printf(out, "aof_unsynced_bytes:%llu\r\n",
                  (unsigned long long)aof->pending.len + status->kept_bytes);
    buffer_printf(out, "aof_syncs:%llu\r\n", (unsigned long long)status->syncs);
}

void aof_write_info(struct engine *engine, struct buffer *out) {
    const struct aof *aof = aof_of(engine);
    struct aof_writer_status status = aof->status;
    if (aof->writer != NULL) aof_writer_read_status(aof->writer, &status);
    buffer_printf(out, "aof_enabled:%d\r\n", aof->state != AOF_OFF);
    write_rewrites(aof, out);
    buffer_printf(out, "aof_last_write_status:%s\r\n",
                  status.error_number == 0 && !status.is_damaged ? "ok" : "err");
    buffer_printf(out, "aof_last_cow_size:%llu\r\n",
                  (unsigned long long)aof->rewrite.last_cow_bytes);
    buffer_append_str(out, "module_fork_in_progress:0\r\nmodule_fork_last_cow_size:0\r\n");
    if (aof->state != AOF_OFF) write_sizes(aof, &status, out);
}
