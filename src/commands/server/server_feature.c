#include "commands/server/guard.h"
#include "commands/server/info_sections.h"
#include "commands/server/memory_figures.h"
#include "commands/server/server_commands.h"
#include "engine/engine.h"

static const struct command_list *const commands[] = {
    &command_commands,      &server_life_commands,    &server_lolwut_commands,
    &server_info_commands,  &server_config_commands,  &server_memory_commands,
    &server_debug_commands, &server_latency_commands, NULL,
};

/* The order in which INFO shows the sections; that of the clients is the network's to fill. */
static const struct info_part parts[] = {
    {.section = "Server", .write = info_write_server},
    {.section = "Clients", .write = info_write_nothing},
    {.section = "Memory", .write = info_write_memory},
    {.section = "Persistence", .write = info_write_nothing},
    {.section = "Stats", .write = info_write_stats},
    {.section = "Replication", .write = info_write_replication},
    {.section = "CPU", .write = info_write_cpu},
    {.section = "Modules", .write = info_write_nothing},
    {.section = "Commandstats", .write = info_write_commandstats, .is_extra = true},
    {.section = "Errorstats", .write = info_write_errorstats},
    {.section = "Latencystats", .write = info_write_nothing, .is_extra = true},
    {.section = "Cluster", .write = info_write_cluster},
    {.section = "Keyspace", .write = info_write_keyspace},
    {.section = NULL},
};

static bool start(struct engine *engine, char *error UNUSED) {
    config_use_directives(engine->directives);
    memory_note_startup();
    info_sample_rates(engine);
    return true;
}

static void stop(struct engine *engine UNUSED) {
    config_use_directives(NULL);
}

const struct feature server_commands_feature = {
    .name = "server",
    .commands = commands,
    .directives = guard_directives,
    .directive_count = GUARD_DIRECTIVE_COUNT,
    .info = parts,
    .start = start,
    .tick = info_sample_rates,
    .stop = stop,
};
