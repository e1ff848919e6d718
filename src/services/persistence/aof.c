#include "services/persistence/aof.h"

#include "engine/client.h"
#include "engine/latency.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/event_loop.h"
#include "io/file.h"
#include "services/persistence/aof_private.h"
#include "services/persistence/child.h"
#include "services/persistence/persistence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    US_PER_SECOND = 1000 * 1000,
    MS_PER_SECOND = 1000,
    FLUSH_MAX_MS = 60 * MS_PER_SECOND,
    EARLY_BYTES = 4096,       /* go to the thread before the round ends */
    KEPT_BYTES = 1024 * 1024, /* room for a round's bytes that is not given back */
};

bool aof_is_wanted(void) {
    return aof_settings()->is_wanted;
}

struct aof *aof_of(struct engine *engine) {
    struct persistence *persistence = persistence_of(engine);
    if (persistence->aof == NULL) {
        persistence->aof = mem_alloc_zeroed(sizeof(struct aof));
        persistence->aof->engine = engine;
        persistence->aof->rewrite.last_seconds = -1;
    }
    return persistence->aof;
}

bool aof_rewrite_is_scheduled(const struct engine *engine) {
    const struct persistence *persistence = engine->persistence;
    return persistence != NULL && persistence->aof != NULL &&
           persistence->aof->rewrite.is_scheduled;
}

/* --- effects --- */

static struct aof *owner_of(struct effect_listener *listener) {
    return EVENT_OWNER(listener, struct aof, listener);
}

/* Whoever wrote is answered when that is on disk. A reader who met a key past its time is not kept
 * waiting for the deletion. */
static void note_writer(struct aof *aof) {
    const struct call *call = aof->engine->running;
    if (call == NULL || (call->command->flags & COMMAND_READONLY) != 0) return;
    uint64_t position = aof_position(aof);
    call->session->written_until = position;
    if (aof->policy == AOF_SYNC_ALWAYS && aof->state == AOF_ON)
        call->session->held_until = position;
}

/* Whose answer waits for the disk need not wait for the round's other commands as well. */
static void end_write(struct aof *aof) {
    note_writer(aof);
    if (aof->policy == AOF_SYNC_ALWAYS && aof->pending.len >= EARLY_BYTES) aof_hand_over(aof);
}

static void on_write(struct effect_listener *listener, uint32_t db_number, const struct bytes *args,
                     uint32_t argc) {
    struct aof *aof = owner_of(listener);
    if (aof->is_paused) return;
    int64_t now_s = aof->engine->clock->unix_ms / MS_PER_SECOND;
    aof_format_write(&aof->format, &aof->pending, db_number, args, argc, now_s);
    if (!aof->format.is_group) end_write(aof);
}

static void on_begin(struct effect_listener *listener) {
    struct aof *aof = owner_of(listener);
    if (!aof->is_paused) aof_format_begin(&aof->format);
}

static void on_end(struct effect_listener *listener) {
    struct aof *aof = owner_of(listener);
    if (aof->is_paused) return;
    aof_format_end(&aof->format, &aof->pending);
    end_write(aof);
}

void aof_pause(struct engine *engine) {
    aof_of(engine)->is_paused = true;
}

void aof_resume(struct engine *engine) {
    aof_of(engine)->is_paused = false;
}

/* --- refusing writes --- */

static uint64_t count_unwritten(const struct aof *aof) {
    return aof_position(aof) - aof->status.written;
}

static int64_t age_us(const struct aof *aof) {
    return aof->status.oldest_us == 0 ? 0 : clock_monotonic_us() - aof->status.oldest_us;
}

/* What is refused already goes on being refused until half of the limit is reached. */
static enum aof_refusal find_refusal(const struct aof *aof) {
    const struct aof_settings *settings = aof_settings();
    uint64_t max_bytes = (uint64_t)settings->backlog_max_bytes;
    int64_t max_us = settings->unsynced_max_s * US_PER_SECOND;
    if (aof->status.error_number != 0 || aof->status.is_damaged) return REFUSES_FAILURE;
    if (count_unwritten(aof) > (aof->refuses == REFUSES_BACKLOG ? max_bytes / 2 : max_bytes))
        return REFUSES_BACKLOG;
    if (aof->policy == AOF_SYNC_EVERY_SECOND &&
        age_us(aof) > (aof->refuses == REFUSES_DELAY ? max_us / 2 : max_us))
        return REFUSES_DELAY;
    return REFUSES_NOTHING;
}

bool aof_is_behind(const struct aof *aof) {
    return aof->writer != NULL && find_refusal(aof) != REFUSES_NOTHING;
}

static void format_refusal(struct aof *aof, enum aof_refusal refusal) {
    static const char *const texts[] = {
        [REFUSES_BACKLOG] = "MISCONF The disk is too slow for the append only file: more than "
                            "aof-backlog-limit waits to be written. Writes are refused until "
                            "it has caught up.",
        [REFUSES_DELAY] = "MISCONF The append only file was not synced for longer than "
                          "aof-unsynced-limit. Writes are refused until the disk has caught up.",
    };
    if (refusal != REFUSES_FAILURE)
        (void)snprintf(aof->refusal, sizeof(aof->refusal), "%s", texts[refusal]);
    else if (aof->status.error_number != 0)
        (void)snprintf(aof->refusal, sizeof(aof->refusal),
                       "MISCONF Errors writing to the AOF file: %s",
                       strerror(aof->status.error_number));
    else
        (void)snprintf(aof->refusal, sizeof(aof->refusal),
                       "MISCONF Errors writing to the AOF file: a sync failed, and the file is "
                       "being rewritten");
}

static void renew_refusal(struct aof *aof) {
    enum aof_refusal refusal = aof->state == AOF_ON ? find_refusal(aof) : REFUSES_NOTHING;
    if (refusal == aof->refuses) return;
    aof->refuses = refusal;
    if (refusal == REFUSES_NOTHING) {
        persistence_refuse_writes(aof->engine, REFUSAL_LOG, NULL);
        LOG_NOTICE("The append only file is written again: writes are taken");
        return;
    }
    format_refusal(aof, refusal);
    persistence_refuse_writes(aof->engine, REFUSAL_LOG, aof->refusal);
    LOG_WARNING("Writes are refused: %s%s%s", aof->refusal, aof->status.error[0] ? "; " : "",
                aof->status.error_number != 0 ? aof->status.error : "");
}

/* --- what the writer tells --- */

static void release(struct aof *aof, uint64_t durable) {
    struct engine *engine = aof->engine;
    if (engine->durable_until == durable) return;
    engine->durable_until = durable;
    if (engine->network != NULL) network_release_held(engine->network);
    aof_commands_look_again(engine);
}

static void count_bytes(struct aof *aof) {
    const struct aof_writer_status *status = &aof->status;
    uint64_t unconfirmed_bytes = status->kept_bytes - status->unwritten_bytes;
    aof->engine->log_bytes = unconfirmed_bytes + aof->handed_over - status->written;
}

/* A write never meets a sync under way: one thread does both. */
static void note_latency(const struct aof *aof) {
    struct engine *engine = aof->engine;
    const struct aof_writer_status *status = &aof->status;
    bool has_child = child_running(engine) != CHILD_NONE;
    latency_note(engine, has_child ? "aof-write-active-child" : "aof-write-alone",
                 status->longest_write_us);
    latency_note(engine, "aof-write", status->longest_write_us);
    if (aof->policy == AOF_SYNC_ALWAYS)
        latency_note(engine, "aof-fsync-always", status->longest_sync_us);
}

void aof_take_news(struct aof *aof) {
    if (aof->writer == NULL) return;
    aof_writer_take_news(aof->writer, &aof->status);
    note_latency(aof);
    count_bytes(aof);
    if (aof->state == AOF_ON) release(aof, aof->status.durable);
    renew_refusal(aof);
}

static void take_posted_news(void *context) {
    struct engine *engine = context;
    if (engine->persistence != NULL && engine->persistence->aof != NULL)
        aof_take_news(engine->persistence->aof);
}

static void post_news(void *context) {
    struct engine *engine = context;
    event_loop_post(engine->loop, take_posted_news, engine);
}

/* --- the writer --- */

void aof_hand_over(struct aof *aof) {
    if (aof->pending.len == 0) return;
    aof->handed_over += aof->pending.len;
    aof_writer_hand_over(aof->writer, &aof->pending, aof->handed_over);
    if (aof->pending.cap > KEPT_BYTES) buffer_destroy(&aof->pending);
}

void aof_renew_policy(struct aof *aof) {
    const struct aof_settings *settings = aof_settings();
    bool is_spared = settings->spares_sync_on_rewrite && child_running(aof->engine) != CHILD_NONE;
    enum aof_sync_policy policy =
        is_spared ? AOF_SYNC_NO : (enum aof_sync_policy)settings->sync_policy;
    if (policy == aof->policy) return;
    aof->policy = policy;
    if (aof->writer == NULL) return;
    aof_writer_sync_soon(aof->writer); /* what somebody waits for */
    aof_writer_set_policy(aof->writer, policy);
}

bool aof_open_writer(struct aof *aof, int fd, uint64_t len) {
    struct engine *engine = aof->engine;
    aof_renew_policy(aof);
    struct aof_writer_settings settings = {
        .target = {.fd = fd, .len = len, .synced = len},
        .position = aof->handed_over,
        .policy = aof->policy,
        .notify = engine->loop == NULL ? NULL : post_news,
        .context = engine,
    };
    aof->writer = aof_writer_start(&settings);
    if (aof->writer == NULL) {
        int error = errno;
        file_close(fd);
        errno = error;
        return false;
    }
    aof_writer_read_status(aof->writer, &aof->status);
    aof->format = (struct aof_format){.has_times = aof_settings()->has_times};
    aof->listener = (struct effect_listener){.write = on_write, .begin = on_begin, .end = on_end};
    effects_listen(engine, &aof->listener);
    return true;
}

void aof_close_writer(struct aof *aof) {
    if (aof->writer == NULL) return;
    struct aof_writer *writer = aof->writer;
    effects_ignore(aof->engine, &aof->listener);
    aof->writer = NULL;
    aof_writer_stop(writer);
    aof->handed_over = aof_position(aof);
    buffer_destroy(&aof->pending);
    aof_files_destroy(&aof->files);
    aof->status = (struct aof_writer_status){.written = aof->handed_over};
    count_bytes(aof);
}

void aof_turn_on(struct aof *aof) {
    aof->state = AOF_ON;
    aof_take_news(aof);
}

void aof_note_sizes(struct aof *aof) {
    const struct aof_manifest *manifest = &aof->files.manifest;
    const struct aof_file *base = aof_manifest_base(manifest);
    const struct aof_file *last = aof_manifest_last_increment(manifest);
    aof->closed_bytes = aof_manifest_bytes(manifest) - (last == NULL ? 0 : last->bytes);
    aof->base_bytes = base == NULL ? 0 : base->bytes;
}

/* --- flushing --- */

static bool drain(struct aof *aof, char *error) {
    if (aof->format.is_group) aof_format_end(&aof->format, &aof->pending);
    aof_hand_over(aof);
    bool is_done = aof_writer_drain(aof->writer, FLUSH_MAX_MS);
    aof_take_news(aof);
    if (is_done) return true;
    (void)snprintf(error, PERSISTENCE_ERROR_MAX, "can't write the append only file: %.400s",
                   aof->status.error_number == 0 ? "the disk does not answer" : aof->status.error);
    return false;
}

bool aof_flush(struct engine *engine, char *error) {
    struct aof *aof = aof_of(engine);
    return aof->state != AOF_ON || drain(aof, error);
}

/* --- on and off --- */

static void turn_off(struct aof *aof) {
    char error[PERSISTENCE_ERROR_MAX];
    if (aof->state == AOF_ON && !drain(aof, error))
        LOG_WARNING("appendonly no: %s. What was not written is not in the log.", error);
    aof->state = AOF_OFF;
    aof_rewrite_cancel(aof);
    aof_close_writer(aof);
    aof->rewrite.is_running = aof->rewrite.is_committing = false;
    renew_refusal(aof);
    release(aof, UINT64_MAX);
    aof_commands_look_again(aof->engine);
}

static bool turn_on_while_running(struct aof *aof, struct buffer *error) {
    aof_rewrite_cancel(aof);
    aof->state = AOF_STARTING;
    if (aof_rewrite_begin(aof) != AOF_REWRITE_FAILED) return true;
    aof->state = AOF_OFF;
    aof->rewrite.is_scheduled = false;
    buffer_append_str(error, "Unable to turn on AOF. Check server logs.");
    return false;
}

static struct aof *governed;

static bool apply_settings(struct buffer *error) {
    struct aof *aof = governed;
    aof_renew_policy(aof);
    aof->format.has_times = aof_settings()->has_times;
    if (aof_is_wanted() && aof->state == AOF_OFF) return turn_on_while_running(aof, error);
    if (!aof_is_wanted() && aof->state != AOF_OFF) turn_off(aof);
    return true;
}

/* --- at start --- */

/* A log that begins with the server. Nothing waits for it: the base is written here. */
static int make_log(struct aof *aof, char *error) {
    char path[PATH_MAX];
    if (!aof_files_prepare(&aof->files, error)) return -1;
    int fd = aof_files_add_increment(&aof->files, false, error);
    if (fd == -1) return -1;
    aof_files_temp_path(&aof->files, getpid(), path);
    uint64_t first = aof_manifest_last_increment(&aof->files.manifest)->number;
    enum aof_base_form form = aof_base_form_wanted();
    if (aof_rewrite_write(aof->engine, path, form, NULL, error) &&
        aof_files_rebase(&aof->files, path, form, first, error)) {
        LOG_NOTICE("Created the base of the append only file");
        return fd;
    }
    file_close(fd);
    return -1;
}

static int open_log(struct aof *aof, char *error) {
    if (!aof_files_prepare(&aof->files, error)) return -1;
    if (aof_manifest_last_increment(&aof->files.manifest) == NULL)
        return aof_files_add_increment(&aof->files, true, error);
    int fd = aof_files_open_last(&aof->files, error);
    if (fd == -1 || file_sync(fd)) return fd;
    (void)snprintf(error, PERSISTENCE_ERROR_MAX, "can't sync the append only file: %s",
                   strerror(errno));
    file_close(fd);
    return -1;
}

static bool start_log(struct aof *aof, char *error) {
    const struct aof_settings *settings = aof_settings();
    enum aof_files_found found =
        aof_files_read(&aof->files, settings->folder, settings->log_name, error);
    if (found == AOF_FILES_BROKEN) return false;
    aof->files.worker = aof->engine->keyspace->worker;
    int fd = found == AOF_FILES_NONE ? make_log(aof, error) : open_log(aof, error);
    if (fd == -1) return false;
    aof_note_sizes(aof);
    if (!aof_open_writer(aof, fd, aof_manifest_last_increment(&aof->files.manifest)->bytes)) {
        (void)snprintf(error, PERSISTENCE_ERROR_MAX, "can't start the log's thread: %s",
                       strerror(errno));
        return false;
    }
    aof->rewrite.whole_bytes = aof_manifest_bytes(&aof->files.manifest);
    aof_turn_on(aof);
    return true;
}

bool aof_start(struct engine *engine, char *error) {
    struct aof *aof = aof_of(engine);
    governed = aof;
    aof_settings_on_change(apply_settings);
    aof_renew_policy(aof);
    if (!aof_is_wanted()) return true;
    if (start_log(aof, error)) return true;
    aof_files_destroy(&aof->files);
    return false;
}

/* --- the feature --- */

static void finish_round(struct engine *engine) {
    if (engine->persistence == NULL || engine->persistence->aof == NULL) return;
    struct aof *aof = engine->persistence->aof;
    if (aof_position(aof) == aof->round_end) return;
    aof_hand_over(aof);
    aof->round_end = aof->handed_over;
    count_bytes(aof);
    if (count_unwritten(aof) <= (uint64_t)aof_settings()->backlog_max_bytes) return;
    aof_writer_read_status(aof->writer, &aof->status);
    renew_refusal(aof);
}

static void tick(struct engine *engine) {
    struct aof *aof = aof_of(engine);
    if (engine->is_loading) return;
    aof_renew_policy(aof);
    aof_take_news(aof);
    aof_rewrite_tick(aof);
}

static bool prepare_stop(struct engine *engine, const struct stop_wish *wish UNUSED) {
    char error[PERSISTENCE_ERROR_MAX];
    if (aof_flush(engine, error)) return true;
    LOG_WARNING("SHUTDOWN: %s", error);
    return false;
}

static void stop(struct engine *engine) {
    struct aof *aof = aof_of(engine);
    governed = NULL;
    aof_settings_on_change(NULL);
    turn_off(aof);
    aof_files_destroy(&aof->files);
    mem_free(aof);
    engine->persistence->aof = NULL;
}

static const struct command_list *const lists[] = {&aof_commands, NULL};

static const struct info_part parts[] = {
    {.section = "Persistence", .write = aof_write_info},
    {.section = NULL},
};

const struct feature aof_feature = {
    .name = "aof",
    .commands = lists,
    .directives = aof_directives,
    .directive_count = AOF_DIRECTIVE_COUNT,
    .info = parts,
    .debug_tools = aof_debug_tools,
    .tick = tick,
    .finish_round = finish_round,
    .prepare_stop = prepare_stop,
    .stop = stop,
};
