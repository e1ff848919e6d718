#include "engine/slow_calls.h"

#include "engine/call.h"
#include "engine/engine.h"
#include "engine/latency_histogram.h"

enum { NS_PER_US = 1000 };

/* Where nobody listens only what no histogram holds is slow. */
static void renew_slow_ticks(struct engine *engine) {
    engine->slow_ticks = LATENCY_TICKS_MAX;
    for (struct slow_listener *at = engine->slow_listeners; at != NULL; at = at->next)
        if (at->min_ticks < engine->slow_ticks) engine->slow_ticks = at->min_ticks;
}

static struct slow_listener **find_place(struct engine *engine,
                                         const struct slow_listener *listener) {
    struct slow_listener **at = &engine->slow_listeners;
    while (*at != NULL && *at != listener) at = &(*at)->next;
    return at;
}

static uint64_t ticks_of_us(int64_t us) {
    CHECK(us >= 0);
    return us > INT64_MAX / NS_PER_US ? UINT64_MAX : clock_ns_to_ticks((uint64_t)us * NS_PER_US);
}

void slow_calls_listen(struct engine *engine, struct slow_listener *listener, int64_t min_us) {
    struct slow_listener **at = find_place(engine, listener);
    if (*at == NULL) {
        listener->next = NULL;
        *at = listener;
    }
    listener->min_ticks = ticks_of_us(min_us);
    renew_slow_ticks(engine);
}

void slow_calls_ignore(struct engine *engine, struct slow_listener *listener) {
    struct slow_listener **at = find_place(engine, listener);
    if (*at != NULL) *at = listener->next;
    renew_slow_ticks(engine);
}

uint64_t slow_calls_tell(const struct engine *engine, const struct call *call, uint64_t ticks) {
    if (!call->session->is_internal) {
        for (struct slow_listener *at = engine->slow_listeners; at != NULL; at = at->next)
            if (ticks >= at->min_ticks) at->slow(at, call, ticks);
    }
    return ticks < LATENCY_TICKS_MAX ? ticks : LATENCY_TICKS_MAX;
}
