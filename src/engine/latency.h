/* The latency monitor: what has kept commands waiting, and when, as LATENCY tells.
 *
 * Whoever does something that may take long times it and notes it under a name; what takes less
 * than latency-monitor-threshold is forgotten at once, and while that is 0 everything is. An event
 * remembers its last 160 samples, the longest of each second, and the longest there ever was:
 *
 *      command, fast-command   a command; fast are those that COMMAND INFO calls so
 *      command-unblocking      what serving a client took that had waited for keys
 *      expire-cycle            removing keys that had come due, between two rounds
 *      eviction-cycle          making room under maxmemory, all of it
 *      eviction-del            choosing and removing one key for that
 *
 * Services add theirs: those of persistence stand in docs/latency.md. */
#ifndef ENGINE_LATENCY_H
#define ENGINE_LATENCY_H

#include "engine/feature.h"
#include "foundation/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LATENCY_SAMPLES = 160 };

struct latency_sample {
    int64_t at_s; /* unix time; 0: there is none yet */
    int64_t ms;
};

/* A ring: `next` is the place of the oldest sample, or one not taken yet. */
struct latency_event {
    const char *name;
    int64_t max_ms;
    size_t next;
    struct latency_sample samples[LATENCY_SAMPLES];
};

/* latency-monitor-threshold; 0: nothing is noted. */
int64_t latency_threshold_ms(void);
static inline bool latency_is_monitored(void) {
    return latency_threshold_ms() != 0;
}
/* Notes an event of so many microseconds; the name is borrowed for ever. */
void latency_note(struct engine *engine, const char *name, int64_t us);
/* When latency_is_monitored, the time since a clock_monotonic_us(). */
void latency_note_since(struct engine *engine, const char *name, int64_t start_us);

/* The events that have samples, in the order of their first. */
size_t latency_event_count(const struct engine *engine);
const struct latency_event *latency_event_at(const struct engine *engine, size_t index);
/* The sample that is `index`th oldest, from 0 to LATENCY_SAMPLES - 1; those not taken come
 * first. */
static inline struct latency_sample latency_sample_at(const struct latency_event *event,
                                                      size_t index) {
    return event->samples[(event->next + index) % LATENCY_SAMPLES];
}
/* Forgets the event of that name, in any case; false when there is none. */
bool latency_forget(struct engine *engine, struct bytes name);
/* For the engine's end, too. */
void latency_forget_all(struct engine *engine);

/* latency-monitor-threshold. */
extern const struct feature latency_feature;

#endif
