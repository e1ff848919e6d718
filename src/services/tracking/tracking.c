#include "services/tracking/tracking.h"

#include "services/tracking/tracking_private.h"

enum { SWEEP_KEYS_PER_TICK = 5000 };

static int64_t max_keys;

int64_t tracking_max_keys(void) {
    return max_keys;
}

static void end_session(struct session *session) {
    tracker_end(session);
}

/* While trackers end, the ids they leave behind in keys that nobody changes are looked for. */
static void sweep(struct engine *engine) {
    struct tracking *tracking = engine->tracking;
    if (tracking == NULL || !(tracking->has_to_sweep || tracking->is_sweeping)) return;
    if (!tracking->is_sweeping) tracking->has_to_sweep = false;
    tracking->is_sweeping = !tracked_keys_sweep(&tracking->keys, SWEEP_KEYS_PER_TICK);
    tracking_count(tracking);
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
    .tick = sweep,
    .finish_round = changes_finish_round,
    .end_session = end_session,
    .session_used_bytes = tracker_used_bytes,
};
