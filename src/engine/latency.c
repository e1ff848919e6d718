#include "engine/latency.h"

#include "engine/call.h"
#include "engine/engine.h"
#include "engine/slow_calls.h"
#include "foundation/mem.h"

enum { US_PER_MS = 1000 };

static struct { int64_t threshold_ms; } settings;

/* There are about a dozen names, so that they are looked for one by one. */
struct latency_monitor {
    struct latency_event **events;
    size_t count;
};

int64_t latency_threshold_ms(void) {
    return settings.threshold_ms;
}

/* --- noting --- */

static struct latency_event *require_event(struct engine *engine, const char *name) {
    if (engine->latency == NULL) engine->latency = mem_alloc_zeroed(sizeof(*engine->latency));
    struct latency_monitor *monitor = engine->latency;
    for (size_t i = 0; i < monitor->count; i++)
        if (strcmp(monitor->events[i]->name, name) == 0) return monitor->events[i];
    monitor->events =
        mem_realloc(monitor->events, (monitor->count + 1) * sizeof(struct latency_event *));
    struct latency_event *event = mem_alloc_zeroed(sizeof(*event));
    event->name = name;
    monitor->events[monitor->count++] = event;
    return event;
}

static void add_sample(struct latency_event *event, int64_t at_s, int64_t ms) {
    struct latency_sample *newest =
        &event->samples[(event->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
    if (ms > event->max_ms) event->max_ms = ms;
    if (newest->at_s == at_s) {
        if (ms > newest->ms) newest->ms = ms;
        return;
    }
    event->samples[event->next] = (struct latency_sample){.at_s = at_s, .ms = ms};
    event->next = (event->next + 1) % LATENCY_SAMPLES;
}

void latency_note(struct engine *engine, const char *name, int64_t us) {
    if (!latency_is_monitored() || us / US_PER_MS < settings.threshold_ms) return;
    add_sample(require_event(engine, name), engine_now_s(engine), us / US_PER_MS);
}

void latency_note_since(struct engine *engine, const char *name, int64_t start_us) {
    if (latency_is_monitored()) latency_note(engine, name, clock_monotonic_us() - start_us);
}

/* --- commands --- */

static const char *name_of_call(const struct call *call) {
    if (call->has_waited) return "command-unblocking";
    return (call->command->flags & COMMAND_FAST) != 0 ? "fast-command" : "command";
}

static void note_slow_call(struct slow_listener *listener UNUSED, const struct call *call,
                           uint64_t ticks) {
    latency_note(call->engine, name_of_call(call), (int64_t)(clock_ticks_to_ns(ticks) / 1000));
}

/* --- what others ask --- */

size_t latency_event_count(const struct engine *engine) {
    return engine->latency == NULL ? 0 : engine->latency->count;
}

const struct latency_event *latency_event_at(const struct engine *engine, size_t index) {
    return engine->latency->events[index];
}

bool latency_forget(struct engine *engine, struct bytes name) {
    struct latency_monitor *monitor = engine->latency;
    for (size_t i = 0; i < latency_event_count(engine); i++) {
        if (!bytes_is_word(name, monitor->events[i]->name)) continue;
        mem_free(monitor->events[i]);
        size_t behind = --monitor->count - i;
        memmove(&monitor->events[i], &monitor->events[i + 1], behind * sizeof(*monitor->events));
        return true;
    }
    return false;
}

void latency_forget_all(struct engine *engine) {
    struct latency_monitor *monitor = engine->latency;
    if (monitor == NULL) return;
    for (size_t i = 0; i < monitor->count; i++) mem_free(monitor->events[i]);
    mem_free(monitor->events);
    mem_free(monitor);
    engine->latency = NULL;
}

/* --- the feature --- */

static struct engine *governed;
static struct slow_listener listener = {.slow = note_slow_call};

static bool apply_threshold(struct buffer *error UNUSED) {
    if (governed == NULL) return true;
    if (settings.threshold_ms == 0)
        slow_calls_ignore(governed, &listener);
    else if (settings.threshold_ms > INT64_MAX / US_PER_MS)
        slow_calls_listen(governed, &listener, INT64_MAX);
    else
        slow_calls_listen(governed, &listener, settings.threshold_ms * US_PER_MS);
    return true;
}

static bool start(struct engine *engine, char *error UNUSED) {
    governed = engine;
    return apply_threshold(NULL);
}

static void stop(struct engine *engine) {
    slow_calls_ignore(engine, &listener);
    governed = NULL;
}

static const struct directive directives[] = {
    {
        .name = "latency-monitor-threshold",
        .kind = DIRECTIVE_INT,
        .field = &settings.threshold_ms,
        .max = INT64_MAX,
        .apply = apply_threshold,
        .default_text = "0",
    },
};

const struct feature latency_feature = {
    .name = "latency",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start,
    .stop = stop,
};
