#include "services/persistence/persistence.h"

#include "engine/engine.h"
#include "foundation/mem.h"
#include "services/persistence/snapshot.h"

struct persistence *persistence_of(struct engine *engine) {
    if (engine->persistence == NULL)
        engine->persistence = mem_alloc_zeroed(sizeof(*engine->persistence));
    return engine->persistence;
}

void persistence_refuse_writes(struct engine *engine, enum refusal_source source,
                               const char *error) {
    const char **refusals = persistence_of(engine)->refusals;
    refusals[source] = error;
    const char *first = refusals[REFUSAL_SNAPSHOT];
    engine->write_refusal = first != NULL ? first : refusals[REFUSAL_LOG];
}

/* --- the feature --- */

static bool start(struct engine *engine, char *error UNUSED) {
    snapshot_start(engine);
    return true;
}

static void stop(struct engine *engine) {
    snapshot_stop(engine);
    mem_free(engine->persistence);
    engine->persistence = NULL;
}

static const struct command_list *const commands[] = {&snapshot_commands, NULL};

static const struct info_part parts[] = {
    {.section = "Persistence", .write = snapshot_write_info},
    {.section = NULL},
};

const struct feature persistence_feature = {
    .name = "persistence",
    .commands = commands,
    .directives = snapshot_directives,
    .directive_count = SNAPSHOT_DIRECTIVE_COUNT,
    .info = parts,
    .debug_tools = snapshot_debug_tools,
    .start = start,
    .tick = snapshot_tick,
    .finish_round = snapshot_finish_round,
    .prepare_stop = snapshot_prepare_stop,
    .stop = stop,
};
