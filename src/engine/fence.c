#include "engine/fence.h"

#include "engine/engine.h"

int64_t fence_next(struct engine *engine) {
    CHECK(engine->last_fence < INT64_MAX);
    engine->last_fence++;
    if (engine->last_fence < engine->clock->unix_us) engine->last_fence = engine->clock->unix_us;
    return engine->last_fence;
}

int64_t fence_last(const struct engine *engine) {
    return engine->last_fence;
}

bool fence_raise(struct engine *engine, int64_t last) {
    if (last < 0 || last > FENCE_MAX) return false;
    if (last > engine->last_fence) engine->last_fence = last;
    return true;
}
