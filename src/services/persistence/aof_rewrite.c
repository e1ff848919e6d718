/* A new base of the log.
 *
 *      main thread           writer thread                        child
 *      fork ------------------------------------------------------> writes temp-….aof, syncs
 *      run(begin increment)  closes the old one, adds one to
 *                            the manifest; what comes goes there
 *      run(commit) <----------------------------------------------- done
 *                            temp-….aof becomes the base, the
 *                            rest history, which is removed
 *
 * When anything fails in between, the manifest names the old base and all increments since. When
 * the log is only starting there is no such manifest: its first increment is made before the fork,
 * appears in the manifest with the base, and is begun anew when the child fails. */
#include "data/keyspace.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/file.h"
#include "services/persistence/aof_base.h"
#include "services/persistence/aof_private.h"
#include "services/persistence/child.h"
#include "services/persistence/disposal.h"
#include "services/persistence/rdb_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    US_PER_SECOND = 1000 * 1000,
    US_PER_MINUTE = 60 * US_PER_SECOND,
    PATIENT_FAILURES = 3, /* then the delay doubles with each */
    MAX_DELAY_MINUTES = 60,
};

static struct worker *worker_of(const struct aof *aof) {
    return aof->engine->keyspace->worker;
}

/* --- tasks of the writer --- */

struct rewrite_task {
    struct aof_task task;
    struct aof *aof;
    char path[PATH_MAX]; /* of the new base */
    enum aof_base_form form;
    bool has_failed;
    char error[PERSISTENCE_ERROR_MAX];
};

static struct rewrite_task *own(struct aof_task *task) {
    return (struct rewrite_task *)(void *)task;
}

static bool begin_increment(struct aof_task *task, struct aof_target *target, char *error) {
    struct aof *aof = own(task)->aof;
    aof_manifest_last_increment(&aof->files.manifest)->bytes = target->len;
    int fd = aof_files_add_increment(&aof->files, true, error);
    if (fd == -1) return false;
    file_close(target->fd);
    *target = (struct aof_target){.fd = fd, .is_damaged = target->is_damaged};
    aof->first_kept = aof->files.manifest.last_increment;
    aof_note_sizes(aof);
    return true;
}

static void end_begin(struct aof_task *task, bool was_run) {
    (void)was_run;
    mem_free(task);
}

static bool commit(struct aof_task *task, struct aof_target *target, char *error UNUSED) {
    struct rewrite_task *rewrite = own(task);
    struct aof *aof = rewrite->aof;
    rewrite->has_failed = !aof_files_rebase(&aof->files, rewrite->path, rewrite->form,
                                            aof->first_kept, rewrite->error);
    if (rewrite->has_failed)
        (void)dispose_of_file(worker_of(aof), rewrite->path);
    else
        target->is_damaged = false;
    aof_note_sizes(aof);
    return true;
}

static struct rewrite_task *new_task(struct aof *aof) {
    struct rewrite_task *task = mem_alloc_zeroed(sizeof(*task));
    task->aof = aof;
    return task;
}

/* --- how it ended --- */

static int64_t delay_us(uint64_t failures) {
    if (failures < PATIENT_FAILURES) return US_PER_SECOND;
    uint64_t doublings = failures - PATIENT_FAILURES;
    int64_t minutes = doublings > 6 ? MAX_DELAY_MINUTES : INT64_C(1) << doublings;
    return (minutes > MAX_DELAY_MINUTES ? MAX_DELAY_MINUTES : minutes) * US_PER_MINUTE;
}

static void fail(struct aof *aof, const char *error) {
    struct aof_rewrite *rewrite = &aof->rewrite;
    LOG_WARNING("Rewriting the append only file failed: %s", error);
    rewrite->is_running = rewrite->is_committing = false;
    rewrite->has_failed = true;
    rewrite->is_scheduled |= rewrite->is_owed;
    rewrite->failures++;
    rewrite->retry_at_us = clock_monotonic_us() + delay_us(rewrite->failures);
    if (aof->state == AOF_STARTING) aof_close_writer(aof);
}

static void succeed(struct aof *aof) {
    struct aof_rewrite *rewrite = &aof->rewrite;
    int64_t took_us = clock_monotonic_us() - rewrite->started_us;
    rewrite->is_running = rewrite->is_committing = false;
    rewrite->has_failed = false;
    if (!rewrite->is_scheduled) rewrite->is_owed = false;
    rewrite->failures = 0;
    rewrite->retry_at_us = 0;
    rewrite->last_seconds = took_us / US_PER_SECOND;
    rewrite->whole_bytes = aof->closed_bytes + aof->status.file_bytes;
    LOG_NOTICE("The append only file was rewritten in %.3f s: a base of %llu bytes",
               (double)took_us / US_PER_SECOND, (unsigned long long)aof->base_bytes);
    if (aof->state == AOF_STARTING) aof_turn_on(aof);
}

/* Not from within aof_close_writer: the writer that ends is no more the log's. */
static void end_commit(struct aof_task *task, bool was_run) {
    struct rewrite_task *rewrite = own(task);
    struct aof *aof = rewrite->aof;
    if (!was_run) (void)dispose_of_file(worker_of(aof), rewrite->path);
    if (aof->writer == NULL)
        aof->rewrite.is_running = aof->rewrite.is_committing = false;
    else if (rewrite->has_failed)
        fail(aof, rewrite->error);
    else
        succeed(aof);
    mem_free(rewrite);
}

/* --- the child --- */

bool aof_rewrite_write(struct engine *engine, const char *path, enum aof_base_form form,
                       bool (*progress)(void *engine, uint64_t keys), char *error) {
    struct rdb_save save = {.is_aof_base = true,
                            .is_synced_piecewise = aof_settings()->is_synced_piecewise,
                            .progress = progress,
                            .context = engine};
    return form == AOF_BASE_RDB ? rdb_file_write(engine, path, &save, error)
                                : aof_base_write(engine, path, &save, error);
}

static bool run_child(struct engine *engine, char *error) {
    char path[PATH_MAX];
    const struct aof *aof = aof_of(engine);
    aof_files_temp_path(&aof->files, getpid(), path);
    return aof_rewrite_write(engine, path, aof->rewrite.form, child_tell_progress, error);
}

/* While the log is off nothing but the base is needed. */
static void commit_without_log(struct aof *aof, const char *path) {
    char error[PERSISTENCE_ERROR_MAX];
    struct aof_files *files = &aof->files;
    const struct aof_settings *settings = aof_settings();
    aof_files_destroy(files);
    enum aof_files_found found = aof_files_read(files, settings->folder, settings->log_name, error);
    files->worker = worker_of(aof);
    if (found != AOF_FILES_BROKEN &&
        aof_files_rebase(files, path, aof->rewrite.form, UINT64_MAX, error)) {
        aof_note_sizes(aof);
        succeed(aof);
    } else {
        (void)dispose_of_file(worker_of(aof), path);
        fail(aof, error);
    }
    aof_files_destroy(files);
}

static void end_child(struct engine *engine, const struct child_end *end) {
    struct aof *aof = aof_of(engine);
    char path[PATH_MAX];
    aof_files_temp_path(&aof->files, end->pid, path);
    aof->rewrite.last_cow_bytes = end->cow_bytes;
    aof_renew_policy(aof);
    if (!end->is_done) {
        (void)dispose_of_file(worker_of(aof), path);
        if (end->was_killed)
            aof->rewrite.is_running = false;
        else
            fail(aof, end->error);
    } else if (aof->writer == NULL) {
        commit_without_log(aof, path);
    } else {
        struct rewrite_task *task = new_task(aof);
        task->task.run = commit;
        task->task.end = end_commit;
        memcpy(task->path, path, sizeof(path));
        task->form = aof->rewrite.form;
        aof->rewrite.is_committing = true;
        aof_writer_run(aof->writer, &task->task);
    }
}

static const struct child_job job = {.kind = CHILD_REWRITE, .run = run_child, .end = end_child};

/* --- beginning --- */

/* The files of a log that is off or starting, in a folder that is there. */
static bool prepare_files(struct aof *aof, char *error) {
    const struct aof_settings *settings = aof_settings();
    aof_close_writer(aof);
    aof_files_destroy(&aof->files);
    enum aof_files_found found =
        aof_files_read(&aof->files, settings->folder, settings->log_name, error);
    aof->files.worker = worker_of(aof);
    return found != AOF_FILES_BROKEN && aof_files_prepare(&aof->files, error);
}

static bool open_first_increment(struct aof *aof, char *error) {
    int fd = aof_files_add_increment(&aof->files, false, error);
    if (fd == -1) return false;
    aof->first_kept = aof->files.manifest.last_increment;
    if (aof_open_writer(aof, fd, 0)) return true;
    (void)snprintf(error, PERSISTENCE_ERROR_MAX, "can't start the log's thread: %s",
                   strerror(errno));
    return false;
}

static bool prepare(struct aof *aof, char *error) {
    if (aof->state == AOF_ON) {
        aof_hand_over(aof);
        return true;
    }
    return prepare_files(aof, error) && (aof->state == AOF_OFF || open_first_increment(aof, error));
}

static bool start_child(struct aof *aof, char *error) {
    if (child_start(aof->engine, &job)) return true;
    (void)snprintf(error, PERSISTENCE_ERROR_MAX, "can't fork: %s", strerror(errno));
    return false;
}

static void switch_increment(struct aof *aof) {
    struct rewrite_task *task = new_task(aof);
    task->task.run = begin_increment;
    task->task.end = end_begin;
    aof_writer_run(aof->writer, &task->task);
    aof_format_start_file(&aof->format);
}

enum aof_rewrite_begin aof_rewrite_begin(struct aof *aof) {
    struct aof_rewrite *rewrite = &aof->rewrite;
    char error[PERSISTENCE_ERROR_MAX];
    CHECK(!rewrite->is_running);
    if (child_running(aof->engine) != CHILD_NONE || aof->format.is_group) {
        rewrite->is_scheduled = true;
        return AOF_REWRITE_SCHEDULED;
    }
    rewrite->is_scheduled = false;
    rewrite->form = aof_base_form_wanted();
    if (!prepare(aof, error) || !start_child(aof, error)) {
        fail(aof, error);
        return AOF_REWRITE_FAILED;
    }
    rewrite->is_running = true;
    rewrite->count++;
    rewrite->started_us = clock_monotonic_us();
    aof_renew_policy(aof);
    if (aof->state == AOF_ON) switch_increment(aof);
    LOG_NOTICE("Rewriting the append only file by pid %d", (int)child_pid(aof->engine));
    return AOF_REWRITE_BEGUN;
}

void aof_rewrite_cancel(struct aof *aof) {
    aof->rewrite.is_scheduled = false;
    if (child_running(aof->engine) != CHILD_REWRITE) return;
    LOG_NOTICE("Killing the AOF rewrite's child %d", (int)child_pid(aof->engine));
    child_kill(aof->engine);
}

/* What is being committed was written before. */
void aof_renew_base(struct engine *engine) {
    struct aof *aof = aof_of(engine);
    if (aof->state == AOF_OFF) return;
    aof_rewrite_cancel(aof);
    aof->rewrite.is_owed = true;
    if (aof->rewrite.is_running)
        aof->rewrite.is_scheduled = true;
    else
        (void)aof_rewrite_begin(aof);
}

/* --- by itself --- */

static bool has_grown(const struct aof *aof) {
    const struct aof_settings *settings = aof_settings();
    uint64_t now_bytes = aof->closed_bytes + aof->status.file_bytes;
    uint64_t then_bytes = aof->rewrite.whole_bytes == 0 ? 1 : aof->rewrite.whole_bytes;
    if (settings->rewrite_percent == 0 || now_bytes <= (uint64_t)settings->rewrite_min_bytes)
        return false;
    return now_bytes > then_bytes && (double)(now_bytes - then_bytes) * 100 / (double)then_bytes >=
                                         (double)settings->rewrite_percent;
}

/* A log that starts promises nothing yet: when its writer cannot keep up it begins anew. */
static void mind_start(struct aof *aof) {
    if (aof->state != AOF_STARTING || aof->rewrite.is_committing || !aof_is_behind(aof)) return;
    aof_rewrite_cancel(aof);
    fail(aof, "the disk fails or is too slow");
}

static bool is_wanted(const struct aof *aof) {
    return aof->rewrite.is_scheduled || aof->state == AOF_STARTING ||
           (aof->state == AOF_ON && (aof->status.is_damaged || has_grown(aof)));
}

void aof_rewrite_tick(struct aof *aof) {
    mind_start(aof);
    if (aof->rewrite.is_running || child_running(aof->engine) != CHILD_NONE) return;
    if (aof->engine->is_stopping || clock_monotonic_us() < aof->rewrite.retry_at_us) return;
    if (is_wanted(aof)) (void)aof_rewrite_begin(aof);
}
