/* Publish and subscribe as a feature: its commands, its directive, its figures. */
#include "services/pubsub/pubsub.h"

#include "services/pubsub/commands.h"
#include "services/pubsub/pubsub_private.h"
#include "services/pubsub/settings.h"

static struct { int64_t retained_max_bytes; } settings;

size_t pubsub_retained_max_bytes(void) {
    return (size_t)settings.retained_max_bytes;
}

/* --- the life of retained messages --- */

enum { EXPIRED_PER_TICK = 10000 }; /* some 2 ms */

static void tick(struct engine *engine) {
    if (engine->pubsub == NULL) return;
    retained_expire(&engine->pubsub->retained, engine->clock->unix_ms, EXPIRED_PER_TICK);
    pubsub_free_unused(engine);
}

static void stop(struct engine *engine) {
    if (engine->pubsub == NULL) return;
    retained_destroy(&engine->pubsub->retained);
    retained_init(&engine->pubsub->retained);
    pubsub_free_unused(engine);
}

/* --- INFO --- */

static void write_stats(struct engine *engine, struct buffer *out) {
    const struct pubsub *pubsub = engine->pubsub;
    buffer_printf(out, "pubsub_retained_messages:%zu\r\npubsub_retained_bytes:%zu\r\n",
                  pubsub == NULL ? 0 : retained_count(&pubsub->retained),
                  pubsub == NULL ? 0 : pubsub->retained.used_bytes);
}

static const struct info_part info[] = {
    {.section = "Stats", .write = write_stats},
    {.section = NULL},
};

/* --- the feature --- */

static const struct directive directives[] = {
    {.name = "pubsub-retained-max-memory",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.retained_max_bytes,
     .max = INT64_MAX,
     .default_text = "64mb"},
};

static const struct command_list *const lists[] = {
    &pubsub_subscribe_commands,
    &pubsub_publish_commands,
    &pubsub_introspect_commands,
    NULL,
};

const struct feature pubsub_feature = {
    .name = "pubsub",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .info = info,
    .tick = tick,
    .finish_round = publish_finish_round,
    .end_session = subscriptions_end_session,
    .session_used_bytes = subscriptions_used_bytes,
    .stop = stop,
};
