#include "services/tracking/tracking.h"

#include "services/tracking/tracking_private.h"

enum { SWEEP_KEYS_PER_TICK = 5000, DROPS_PER_TICK = 5000 };

static int64_t max_keys;

int64_t tracking_max_keys(void) {
    return max_keys;
}

static void end_session(struct session *session) {
    tracker_end(session);
}

/* While trackers end, the ids they leave behind in keys that nobody changes are looked for. */
static void sweep(struct tracking *tracking) {
    if (!(tracking->has_to_sweep || tracking->is_sweeping)) return;
    if (!tracking->is_sweeping) tracking->has_to_sweep = false;
    tracking->is_sweeping = !tracked_keys_sweep(&tracking->keys, SWEEP_KEYS_PER_TICK);
    tracking_count(tracking);
}

static void tick(struct engine *engine) {
    if (engine->tracking == NULL) return;
    changes_keep_to_limit(engine->tracking, DROPS_PER_TICK);
    sweep(engine->tracking);
}

static const struct directive directives[] = {
    {.name = "tracking-table-max-keys",
     .kind = DIRECTIVE_INT,
     .field = &max_keys,
     .max = INT64_MAX,
     .default_text = "1000000"},
};

static const struct command_list *const lists[] = {&tracking_commands, NULL};

const struct feature tracking_feature = {
    .name = "tracking",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .tick = tick,
    .finish_round = changes_finish_round,
    .end_session = end_session,
    .session_used_bytes = tracker_used_bytes,
};
