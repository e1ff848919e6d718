#include "engine/memory.h"

#include "data/eviction.h"
#include "engine/client.h"
#include "engine/engine.h"
#include "engine/latency.h"

enum {
    SLICE_US = 1000,
    KEYS_PER_LOOK = 16, /* evicted between two looks at the clock */
};

static struct {
    int64_t max_bytes;
    int policy;
    int64_t samples;
    int64_t lfu_log_factor;
    int64_t lfu_decay_minutes;
} settings;

/* The names of maxmemory-policy, in the order that its error lists them: an order of eviction, and
 * whether keys without due time are spared. */
enum { VOLATILE = 1 << 4 };

static const struct directive_choice policies[] = {
    {"volatile-lru", EVICTION_LEAST_RECENT | VOLATILE},
    {"volatile-lfu", EVICTION_LEAST_FREQUENT | VOLATILE},
    {"volatile-random", EVICTION_RANDOM | VOLATILE},
    {"volatile-ttl", EVICTION_SOONEST_DUE | VOLATILE},
    {"allkeys-lru", EVICTION_LEAST_RECENT},
    {"allkeys-lfu", EVICTION_LEAST_FREQUENT},
    {"allkeys-random", EVICTION_RANDOM},
    {"noeviction", EVICTION_NONE},
    {NULL, 0},
};

uint64_t memory_max_bytes(const struct engine *engine) {
    (void)engine;
    return (uint64_t)settings.max_bytes;
}

static struct eviction_policy policy_in_force(void) {
    return (struct eviction_policy){
        .order = (enum eviction_order)(settings.policy & ~VOLATILE),
        .is_volatile = (settings.policy & VOLATILE) != 0,
        .samples = (size_t)settings.samples,
    };
}

static bool is_over(const struct engine *engine) {
    return mem_used_bytes() > memory_max_bytes(engine) + engine->log_bytes;
}

/* Used bytes that a lowered maxmemory or the last look has left above the limit; 0: none. */
static uint64_t tolerated_bytes;
static bool is_unfinished; /* the last look ended with its time, not with room */

static bool remove_one(struct engine *engine, const struct eviction_policy *policy) {
    if (LIKELY(!latency_is_monitored())) return eviction_remove_one(engine->keyspace, policy);
    int64_t start_us = clock_monotonic_us();
    bool is_removed = eviction_remove_one(engine->keyspace, policy);
    latency_note_since(engine, "eviction-del", start_us);
    return is_removed;
}

static bool make_room_in_slices(struct engine *engine, int64_t end_us) {
    struct eviction_policy policy = policy_in_force();
    while (mem_used_bytes() > tolerated_bytes || clock_monotonic_us() < end_us) {
        for (int i = 0; i < KEYS_PER_LOOK; i++) {
            if (!is_over(engine)) return true;
            if (!remove_one(engine, &policy)) return false;
        }
    }
    tolerated_bytes = mem_used_bytes();
    is_unfinished = true;
    return true;
}

static bool make_room(struct engine *engine) {
    if (pause_scope_at(&engine->pause, engine->clock->unix_ms) != PAUSE_NONE) return true;
    if (engine->network != NULL && network_gives_memory_back(engine->network)) return true;
    int64_t start_us = clock_monotonic_us();
    bool has_room = make_room_in_slices(engine, start_us + SLICE_US);
    latency_note_since(engine, "eviction-cycle", start_us);
    return has_room;
}

bool memory_make_room(struct engine *engine) {
    is_unfinished = false;
    if (LIKELY(settings.max_bytes == 0)) return true;
    if (UNLIKELY(is_over(engine))) return engine->is_loading || make_room(engine);
    tolerated_bytes = 0;
    return true;
}

bool memory_has_more_to_evict(void) {
    return is_unfinished;
}

static bool tolerate_what_is_there(struct buffer *error) {
    (void)error;
    tolerated_bytes = mem_used_bytes();
    return true;
}

/* The engine whose keyspace counts uses as the policy wants. */
static struct engine *governed;

static void set_access_policy(struct engine *engine) {
    engine->keyspace->access = (struct access_policy){
        .is_lfu = policy_in_force().order == EVICTION_LEAST_FREQUENT,
        .is_lru = policy_in_force().order == EVICTION_LEAST_RECENT,
        .lfu_log_factor = (int)settings.lfu_log_factor,
        .lfu_decay_minutes = (int)settings.lfu_decay_minutes,
    };
}

static bool apply_settings(struct buffer *error) {
    (void)error;
    if (governed != NULL) set_access_policy(governed);
    return true;
}

static bool start_memory(struct engine *engine, char *error UNUSED) {
    governed = engine;
    set_access_policy(engine);
    return true;
}

/* What commands that take no memory have made others take, above all replies. */
static void finish_round(struct engine *engine) {
    (void)memory_make_room(engine);
}

static void stop_memory(struct engine *engine) {
    (void)engine;
    governed = NULL;
}

static const struct directive directives[] = {
    {.name = "maxmemory",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.max_bytes,
     .apply = tolerate_what_is_there,
     .default_text = "0"},
    {.name = "maxmemory-policy",
     .kind = DIRECTIVE_ENUM,
     .field = &settings.policy,
     .choices = policies,
     .apply = apply_settings,
     .default_text = "noeviction"},
    {.name = "maxmemory-samples",
     .kind = DIRECTIVE_INT,
     .field = &settings.samples,
     .min = 1,
     .max = EVICTION_MAX_SAMPLES,
     .default_text = "5"},
    {.name = "lfu-log-factor",
     .kind = DIRECTIVE_INT,
     .field = &settings.lfu_log_factor,
     .max = INT32_MAX,
     .apply = apply_settings,
     .default_text = "10"},
    {.name = "lfu-decay-time",
     .kind = DIRECTIVE_INT,
     .field = &settings.lfu_decay_minutes,
     .max = INT32_MAX,
     .apply = apply_settings,
     .default_text = "1"},
};

const struct feature memory_feature = {
    .name = "memory",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_memory,
    .finish_round = finish_round,
    .stop = stop_memory,
};
