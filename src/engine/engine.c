#include "engine/engine.h"

#include "engine/latency.h"
#include "engine/latency_histogram.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "foundation/worker.h"
#include "io/event_loop.h"

enum {
    EXPIRE_SLICE_RECORDS = 64,
    EXPIRE_ROUND_US = 500, /* what a loop round may spend on removing due keys */
    US_PER_SECOND = 1000000,
    MS_PER_SECOND = 1000,
};

static void add_commands(struct engine *engine) {
    for (const struct feature *const *feature = engine->features; *feature != NULL; feature++) {
        const struct command_list *const *list = (*feature)->commands;
        for (; list != NULL && *list != NULL; list++) command_table_add(engine->commands, *list);
    }
}

struct engine *engine_new(const struct engine_settings *settings) {
    struct engine *engine = mem_alloc_zeroed(sizeof(*engine));
    engine->clock = settings->clock;
    engine->loop = settings->loop;
    engine->features = settings->features;
    engine->keyspace = keyspace_new(settings->db_count, settings->clock);
    engine->commands = command_table_new();
    session_table_init(&engine->sessions);
    add_commands(engine);
    engine->durable_until = UINT64_MAX;
    engine->slow_ticks = LATENCY_TICKS_MAX;
    engine->started_ms = settings->clock->unix_ms;
    random_hex(engine->run_id, sizeof(engine->run_id) - 1);
    return engine;
}

void engine_free(struct engine *engine) {
    output_destroy(&engine->muted);
    output_batch_destroy(&engine->muted_batch);
    output_batch_destroy(&engine->woken_batch);
    rate_policies_free(engine);
    latency_forget_all(engine);
    keyspace_free(engine->keyspace);
    command_table_free(engine->commands);
    table_destroy(&engine->sessions, NULL);
    mem_free(engine);
}

int64_t engine_now_s(const struct engine *engine) {
    if (engine->loop == NULL) return engine->clock->unix_ms / MS_PER_SECOND;
    return clock_unix_us() / US_PER_SECOND;
}

/* False when more is left than may be done now. */
static bool expire_in_time(struct engine *engine, int64_t start_us) {
    int64_t end_us = start_us + EXPIRE_ROUND_US;
    while (!keyspace_expire_due(engine->keyspace, EXPIRE_SLICE_RECORDS))
        if (clock_monotonic_us() >= end_us) return false;
    return true;
}

int64_t engine_expire(struct engine *engine) {
    if (engine->is_loading) return INT64_MAX;
    if (pause_scope_at(&engine->pause, engine->clock->unix_ms) != PAUSE_NONE) return INT64_MAX;
    int64_t wait_ms = keyspace_next_due_ms(engine->keyspace);
    if (wait_ms > 0) return wait_ms;
    int64_t start_us = clock_monotonic_us();
    bool is_done = expire_in_time(engine, start_us);
    latency_note_since(engine, "expire-cycle", start_us);
    if (is_done) return keyspace_next_due_ms(engine->keyspace);
    engine->stats.expire_slices_cut++;
    return 0;
}

enum { TICKS_PER_PURGE = 10 };

static void purge(void *argument) {
    (void)argument;
    mem_purge();
}

/* On the worker, so that no command waits for it. */
static void purge_unused_memory(struct engine *engine) {
    struct worker *worker = engine->keyspace->worker;
    if (worker == NULL || worker_pending(worker) != 0 || !mem_wants_purge()) return;
    worker_submit(worker, purge, NULL);
}

static void note_peak(struct engine *engine) {
    size_t used = mem_used_bytes();
    if (used > engine->stats.peak_used_bytes) engine->stats.peak_used_bytes = used;
}

void engine_tick(struct engine *engine) {
    if (engine->is_tick_off) return;
    note_peak(engine);
    if (++engine->tick_count % TICKS_PER_PURGE == 0) purge_unused_memory(engine);
    for (const struct feature *const *feature = engine->features; *feature != NULL; feature++) {
        if ((*feature)->tick != NULL) (*feature)->tick(engine);
    }
}

void engine_finish_round(struct engine *engine) {
    for (const struct feature *const *feature = engine->features; *feature != NULL; feature++) {
        if ((*feature)->finish_round != NULL) (*feature)->finish_round(engine);
    }
}

void engine_request_stop(struct engine *engine) {
    engine->is_stopping = true;
    if (engine->loop != NULL) event_loop_stop(engine->loop);
}

bool engine_try_stop(struct engine *engine, const struct stop_wish *wish) {
    for (const struct feature *const *feature = engine->features; *feature != NULL; feature++) {
        if ((*feature)->prepare_stop == NULL) continue;
        if (!(*feature)->prepare_stop(engine, wish) && !wish->is_forced) return false;
    }
    engine_request_stop(engine);
    return true;
}
