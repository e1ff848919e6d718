#include "engine/pause.h"

enum pause_scope pause_scope_at(const struct pause *pause, int64_t now_ms) {
    return now_ms < pause->until_ms ? pause->scope : PAUSE_NONE;
}

void pause_start(struct pause *pause, enum pause_scope scope, int64_t until_ms, int64_t now_ms) {
    enum pause_scope in_force = pause_scope_at(pause, now_ms);
    pause->scope = scope > in_force ? scope : in_force;
    if (in_force == PAUSE_NONE || until_ms > pause->until_ms) pause->until_ms = until_ms;
}

void pause_end(struct pause *pause) {
    pause->until_ms = 0;
}
