#include "services/persistence/loading.h"

#include "engine/engine.h"
#include "foundation/clock.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/event_loop.h"
#include "services/persistence/aof.h"
#include "services/persistence/aof_load.h"
#include "services/persistence/persistence.h"
#include "services/persistence/rdb_file.h"
#include "services/persistence/snapshot.h"

#include <errno.h>

_Static_assert((int)FEATURE_ERROR_MAX >= (int)PERSISTENCE_ERROR_MAX, "errors are handed on");

enum {
    SLICE_US = 10 * 1000, /* what clients wait at most */
    US_PER_SECOND = 1000 * 1000,
    PROGRESS_US = 2 * US_PER_SECOND, /* between two lines in the log */
};

struct loading {
    struct loader *loader;
    int64_t started_s; /* unix time */
    int64_t started_us;
    int64_t told_at_us; /* the last line of progress */
};

bool loader_run(struct loader *loader) {
    enum load_status status;
    do {
        status = loader->step(loader, INT64_MAX);
    } while (status == LOAD_MORE);
    return status == LOAD_DONE;
}

/* --- the slices --- */

static double percent_of(const struct loader *loader) {
    if (loader->total_bytes == 0) return 0;
    return 100.0 * (double)loader->loaded_bytes / (double)loader->total_bytes;
}

static void tell_progress(struct loading *loading) {
    int64_t now_us = clock_monotonic_us();
    if (now_us - loading->told_at_us < PROGRESS_US) return;
    loading->told_at_us = now_us;
    const struct loader *loader = loading->loader;
    LOG_NOTICE("Loading: %.1f%%, %llu of %llu MB, %llu keys", percent_of(loader),
               (unsigned long long)(loader->loaded_bytes >> 20),
               (unsigned long long)(loader->total_bytes >> 20),
               (unsigned long long)loader->loaded_keys);
}

static void forget_loading(struct engine *engine) {
    struct persistence *persistence = engine->persistence;
    loader_free(persistence->loading->loader);
    mem_free(persistence->loading);
    persistence->loading = NULL;
    engine->is_loading = false;
}

/* When the data are there, or there were none. */
static bool finish(struct engine *engine, char *error) {
    snapshot_note_loaded(engine);
    return aof_start(engine, error);
}

static bool finish_loading(struct engine *engine, char *error) {
    struct persistence *persistence = engine->persistence;
    const struct loading *loading = persistence->loading;
    const struct loader *loader = loading->loader;
    persistence->loaded_keys = loader->loaded_keys;
    persistence->expired_keys = loader->expired_keys;
    LOG_NOTICE("DB loaded from disk: %llu keys in %.3f s; %llu had expired",
               (unsigned long long)loader->loaded_keys,
               (double)(clock_monotonic_us() - loading->started_us) / US_PER_SECOND,
               (unsigned long long)loader->expired_keys);
    forget_loading(engine);
    return finish(engine, error);
}

static void fail_loading(struct engine *engine, const char *error) {
    LOG_WARNING("Loading failed, the server stops: %s", error);
    engine->has_failed = true;
    engine_request_stop(engine);
}

/* The loop's hook: 0 while there is more to do. */
static int64_t load_slice(void *context) {
    struct engine *engine = context;
    struct persistence *persistence = engine->persistence;
    if (persistence == NULL || persistence->loading == NULL || engine->is_stopping)
        return INT64_MAX;
    struct loader *loader = persistence->loading->loader;
    enum load_status status = loader->step(loader, clock_monotonic_us() + SLICE_US);
    char error[PERSISTENCE_ERROR_MAX];
    if (status == LOAD_MORE)
        tell_progress(persistence->loading);
    else if (status == LOAD_FAILED)
        fail_loading(engine, loader->error);
    else if (finish_loading(engine, error))
        LOG_NOTICE("Ready to accept connections");
    else
        fail_loading(engine, error);
    return 0;
}

/* --- starting --- */

/* NULL with `error` empty: there is nothing to load. */
static struct loader *new_loader(struct engine *engine, char *error) {
    error[0] = '\0';
    if (aof_is_wanted()) {
        struct loader *loader = aof_loader_new(engine, error);
        if (loader != NULL || error[0] != '\0') return loader;
    }
    struct loader *loader = rdb_loader_new(engine, snapshot_path(), 0, error);
    if (loader == NULL && errno == ENOENT) error[0] = '\0';
    return loader;
}

static struct loading *new_loading(const struct engine *engine, struct loader *loader) {
    struct loading *loading = mem_alloc_zeroed(sizeof(*loading));
    loading->loader = loader;
    loading->started_s = engine->clock->unix_ms / 1000;
    loading->started_us = loading->told_at_us = clock_monotonic_us();
    return loading;
}

static bool start_loading(struct engine *engine, char *error) {
    struct persistence *persistence = persistence_of(engine);
    struct loader *loader = new_loader(engine, error);
    if (loader == NULL) return error[0] == '\0' && finish(engine, error);
    persistence->loading = new_loading(engine, loader);
    engine->is_loading = true;
    if (engine->loop != NULL) {
        event_loop_add_before_wait(engine->loop, load_slice, engine);
        return true;
    }
    if (loader_run(loader)) return finish_loading(engine, error);
    memcpy(error, loader->error, PERSISTENCE_ERROR_MAX);
    forget_loading(engine);
    return false;
}

static void stop_loading(struct engine *engine) {
    if (engine->persistence->loading != NULL) forget_loading(engine);
}

/* --- INFO --- */

static void write_info(struct engine *engine, struct buffer *out) {
    const struct loading *loading = persistence_of(engine)->loading;
    if (loading == NULL) return;
    const struct loader *loader = loading->loader;
    double elapsed_s = (double)(clock_monotonic_us() - loading->started_us) / US_PER_SECOND;
    double left = (double)(loader->total_bytes - loader->loaded_bytes);
    double eta_s = loader->loaded_bytes == 0 ? 1 : elapsed_s * left / (double)loader->loaded_bytes;
    buffer_printf(out,
                  "loading_start_time:%lld\r\nloading_total_bytes:%llu\r\n"
                  "loading_rdb_used_mem:%llu\r\nloading_loaded_bytes:%llu\r\n"
                  "loading_loaded_perc:%.2f\r\nloading_eta_seconds:%lld\r\n",
                  (long long)loading->started_s, (unsigned long long)loader->total_bytes,
                  (unsigned long long)loader->used_bytes, (unsigned long long)loader->loaded_bytes,
                  percent_of(loader), (long long)eta_s);
}

static const struct info_part parts[] = {
    {.section = "Persistence", .write = write_info},
    {.section = NULL},
};

const struct feature loading_feature = {
    .name = "loading",
    .info = parts,
    .start = start_loading,
    .stop = stop_loading,
};
