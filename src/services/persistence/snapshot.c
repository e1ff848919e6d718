#include "services/persistence/snapshot.h"

#include "data/database.h"
#include "engine/engine.h"
#include "engine/latency.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "services/persistence/child.h"
#include "services/persistence/disposal.h"
#include "services/persistence/persistence.h"
#include "services/persistence/rdb_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { RETRY_SECONDS = 5, US_PER_SECOND = 1000000 };

static const char refusal[] =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";

struct snapshot {
    uint64_t saved_changes;      /* keyspace->changes when what is on disk was taken */
    uint64_t background_changes; /* the same of what a child is saving */
    int64_t last_save_s;
    int64_t last_try_s;
    int64_t last_seconds; /* that the last child took; -1: there was none */
    uint64_t last_cow_bytes;
    uint64_t saves;
    bool has_failed; /* the last time */
    bool is_scheduled;
    bool was_flushed; /* in this round of the loop */
    int64_t child_started_us;
    char path[PATH_MAX]; /* of the file that the child writes */
};

static struct snapshot *snapshot_of(struct engine *engine) {
    struct persistence *persistence = persistence_of(engine);
    if (persistence->snapshot == NULL) {
        struct snapshot *snapshot = mem_alloc_zeroed(sizeof(*snapshot));
        snapshot->last_save_s = engine->started_ms / 1000;
        snapshot->last_seconds = -1;
        persistence->snapshot = snapshot;
    }
    return persistence->snapshot;
}

static bool has_save_points(void) {
    size_t count;
    (void)snapshot_save_points(&count);
    return count != 0;
}

static int64_t now_s(const struct engine *engine) {
    return engine->clock->unix_ms / 1000;
}

int64_t snapshot_last_save_s(struct engine *engine) {
    return snapshot_of(engine)->last_save_s;
}

void snapshot_note_loaded(struct engine *engine) {
    snapshot_of(engine)->saved_changes = engine->keyspace->changes;
}

/* --- refusing writes --- */

static void update_refusal(struct engine *engine) {
    bool is_refused =
        snapshot_of(engine)->has_failed && snapshot_stops_writes() && has_save_points();
    persistence_refuse_writes(engine, REFUSAL_SNAPSHOT, is_refused ? refusal : NULL);
}

static void note_success(struct engine *engine, uint64_t changes) {
    struct snapshot *snapshot = snapshot_of(engine);
    snapshot->saved_changes = changes;
    snapshot->last_save_s = now_s(engine);
    snapshot->has_failed = false;
    snapshot->saves++;
    update_refusal(engine);
}

static void note_failure(struct engine *engine) {
    snapshot_of(engine)->has_failed = true;
    update_refusal(engine);
}

/* --- at once --- */

/* Whoever asked for it is told when it fails, so that no writes are refused for that. */
static bool save_at_once(struct engine *engine, struct rdb_save *save) {
    char error[PERSISTENCE_ERROR_MAX];
    save->is_synced_piecewise = snapshot_is_synced_piecewise();
    int64_t start_us = clock_monotonic_us();
    if (!rdb_file_save(engine, snapshot_path(), save, error)) {
        LOG_WARNING("Saving failed: %s", error);
        return false;
    }
    note_success(engine, engine->keyspace->changes);
    LOG_NOTICE("DB saved on disk: %llu keys in %.3f s", (unsigned long long)save->keys,
               (double)(clock_monotonic_us() - start_us) / US_PER_SECOND);
    return true;
}

bool snapshot_save(struct engine *engine) {
    return save_at_once(engine, &(struct rdb_save){0});
}

/* --- in the background --- */

static bool run_in_child(struct engine *engine, char *error) {
    struct rdb_save save = {.is_synced_piecewise = snapshot_is_synced_piecewise(),
                            .progress = child_tell_progress,
                            .context = engine};
    return rdb_file_save(engine, engine->persistence->snapshot->path, &save, error);
}

static void remove_temp_file(struct engine *engine, pid_t pid) {
    char temp_path[PATH_MAX];
    int64_t start_us = clock_monotonic_us();
    const char *path = engine->persistence->snapshot->path;
    rdb_file_temp_path(temp_path, sizeof(temp_path), path, pid);
    (void)dispose_of_file(engine->keyspace->worker, temp_path);
    latency_note_since(engine, "rdb-unlink-temp-file", start_us);
}

static void end_child(struct engine *engine, const struct child_end *end) {
    struct snapshot *snapshot = snapshot_of(engine);
    snapshot->last_seconds =
        (engine->clock->monotonic_us - snapshot->child_started_us) / US_PER_SECOND;
    snapshot->last_cow_bytes = end->cow_bytes;
    if (end->is_done) {
        LOG_NOTICE("Background saving terminated with success, %llu MB of memory copied meanwhile",
                   (unsigned long long)(end->cow_bytes >> 20));
        note_success(engine, snapshot->background_changes);
        return;
    }
    remove_temp_file(engine, end->pid);
    if (end->was_killed) {
        LOG_NOTICE("Background saving stopped");
        return;
    }
    LOG_WARNING("Background saving failed: %s", end->error);
    note_failure(engine);
}

static const struct child_job job = {.kind = CHILD_SNAPSHOT, .run = run_in_child, .end = end_child};

bool snapshot_save_in_background(struct engine *engine) {
    struct snapshot *snapshot = snapshot_of(engine);
    snapshot->last_try_s = now_s(engine);
    snapshot->is_scheduled = false;
    snapshot->background_changes = engine->keyspace->changes;
    snapshot->child_started_us = engine->clock->monotonic_us;
    (void)snprintf(snapshot->path, sizeof(snapshot->path), "%s", snapshot_path());
    if (!child_start(engine, &job)) {
        LOG_WARNING("Can't save in background: fork: %s", strerror(errno));
        note_failure(engine);
        return false;
    }
    LOG_NOTICE("Background saving started by pid %d", (int)child_pid(engine));
    return true;
}

void snapshot_schedule(struct engine *engine) {
    snapshot_of(engine)->is_scheduled = true;
}

/* --- save points --- */

static uint64_t count_changes(struct engine *engine) {
    return engine->keyspace->changes - snapshot_of(engine)->saved_changes;
}

/* After a failure the next try waits a little. */
static bool may_try(const struct snapshot *snapshot, int64_t at_s) {
    return !snapshot->has_failed || at_s - snapshot->last_try_s > RETRY_SECONDS;
}

static const struct save_point *find_reached_point(struct engine *engine) {
    const struct snapshot *snapshot = snapshot_of(engine);
    size_t count;
    const struct save_point *points = snapshot_save_points(&count);
    uint64_t changes = count_changes(engine);
    int64_t elapsed_s = now_s(engine) - snapshot->last_save_s;
    for (size_t i = 0; i < count; i++)
        if (changes >= (uint64_t)points[i].changes && elapsed_s > points[i].seconds)
            return &points[i];
    return NULL;
}

static void save_if_due(struct engine *engine) {
    struct snapshot *snapshot = snapshot_of(engine);
    if (!may_try(snapshot, now_s(engine))) return;
    const struct save_point *point = find_reached_point(engine);
    if (snapshot->is_scheduled) {
        (void)snapshot_save_in_background(engine);
    } else if (point != NULL) {
        LOG_NOTICE("%lld changes in %lld seconds. Saving...", (long long)point->changes,
                   (long long)point->seconds);
        (void)snapshot_save_in_background(engine);
    }
}

void snapshot_tick(struct engine *engine) {
    child_poll(engine);
    update_refusal(engine);
    if (!engine->is_loading && child_running(engine) == CHILD_NONE) save_if_due(engine);
}

/* --- FLUSHALL --- */

static void note_flush(void *context, const struct key_event *event) {
    struct engine *engine = context;
    if (event->db->keyspace == engine->keyspace && strcmp(event->name, "flush") == 0)
        engine->persistence->snapshot->was_flushed = true;
}

/* An empty data set takes no time to save; what a child still saves is of no more use. */
void snapshot_finish_round(struct engine *engine) {
    struct snapshot *snapshot = engine->persistence->snapshot;
    if (LIKELY(!snapshot->was_flushed)) return;
    snapshot->was_flushed = false;
    if (engine->is_loading || keyspace_key_count(engine->keyspace) != 0) return;
    if (child_running(engine) == CHILD_SNAPSHOT) child_kill(engine);
    if (has_save_points()) (void)snapshot_save(engine);
}

/* --- life --- */

void snapshot_start(struct engine *engine) {
    (void)snapshot_of(engine);
    snapshot_govern(engine);
    key_event_subscribe(&engine->keyspace->listeners, KEY_EVENT_ALL_KEYS, note_flush, engine);
}

static bool may_go_on(void *context, uint64_t keys UNUSED) {
    const struct stop_wish *wish = context;
    return wish->is_urgent == NULL || !wish->is_urgent();
}

bool snapshot_prepare_stop(struct engine *engine, const struct stop_wish *wish) {
    bool is_saving = wish->is_saving || (has_save_points() && !wish->is_not_saving);
    if (engine->is_loading) return true; /* nothing has changed */
    if (child_running(engine) == CHILD_SNAPSHOT) child_kill(engine);
    if (!is_saving) return true;
    LOG_NOTICE("Saving the final RDB snapshot before exiting");
    struct stop_wish copy = *wish;
    return save_at_once(engine, &(struct rdb_save){.progress = may_go_on, .context = &copy});
}

void snapshot_stop(struct engine *engine) {
    key_event_unsubscribe(&engine->keyspace->listeners, note_flush, engine);
    snapshot_govern(NULL);
    child_free(engine);
    mem_free(engine->persistence->snapshot);
    engine->persistence->snapshot = NULL;
}

/* --- INFO --- */

static void write_progress(struct engine *engine, struct buffer *out) {
    const struct child_progress *progress = child_progress(engine);
    struct child_progress none = {0};
    if (progress == NULL) progress = &none;
    int64_t now_us = engine->clock->monotonic_us;
    int64_t age_s = progress->told_at_us == 0 ? 0 : (now_us - progress->told_at_us) / US_PER_SECOND;
    double part = progress->total_keys == 0
                      ? 0
                      : 100.0 * (double)progress->keys / (double)progress->total_keys;
    buffer_printf(out,
                  "current_cow_peak:%llu\r\ncurrent_cow_size:%llu\r\ncurrent_cow_size_age:%lld\r\n"
                  "current_fork_perc:%.2f\r\ncurrent_save_keys_processed:%llu\r\n"
                  "current_save_keys_total:%llu\r\n",
                  (unsigned long long)progress->peak_cow_bytes,
                  (unsigned long long)progress->cow_bytes, (long long)age_s, part,
                  (unsigned long long)progress->keys, (unsigned long long)progress->total_keys);
}

void snapshot_write_info(struct engine *engine, struct buffer *out) {
    const struct snapshot *snapshot = snapshot_of(engine);
    const struct persistence *persistence = engine->persistence;
    bool is_saving = child_running(engine) == CHILD_SNAPSHOT;
    int64_t current_s =
        is_saving ? (engine->clock->monotonic_us - snapshot->child_started_us) / US_PER_SECOND : -1;
    buffer_printf(out, "loading:%d\r\nasync_loading:0\r\n", engine->is_loading);
    write_progress(engine, out);
    buffer_printf(out,
                  "rdb_changes_since_last_save:%llu\r\nrdb_bgsave_in_progress:%d\r\n"
                  "rdb_last_save_time:%lld\r\nrdb_last_bgsave_status:%s\r\n"
                  "rdb_last_bgsave_time_sec:%lld\r\nrdb_current_bgsave_time_sec:%lld\r\n"
                  "rdb_saves:%llu\r\nrdb_last_cow_size:%llu\r\n"
                  "rdb_last_load_keys_expired:%llu\r\nrdb_last_load_keys_loaded:%llu\r\n",
                  (unsigned long long)count_changes(engine), is_saving,
                  (long long)snapshot->last_save_s, snapshot->has_failed ? "err" : "ok",
                  (long long)snapshot->last_seconds, (long long)current_s,
                  (unsigned long long)snapshot->saves, (unsigned long long)snapshot->last_cow_bytes,
                  (unsigned long long)persistence->expired_keys,
                  (unsigned long long)persistence->loaded_keys);
}
