/* The server family: commands about the server itself, and the sections of INFO that tell what the
 * engine counts. */
#ifndef COMMANDS_SERVER_SERVER_COMMANDS_H
#define COMMANDS_SERVER_SERVER_COMMANDS_H

#include "engine/command_table.h"
#include "engine/feature.h"

extern const struct command_list command_commands;
extern const struct command_list server_life_commands;
extern const struct command_list server_lolwut_commands;
extern const struct command_list server_info_commands;
extern const struct command_list server_config_commands;
extern const struct command_list server_memory_commands;
extern const struct command_list server_debug_commands;
extern const struct command_list server_latency_commands;

/* Tells CONFIG the directives of the server, which say what logs must not show. NULL: none. */
void config_use_directives(const struct directives *directives);

/* All of them with the INFO sections and what they need of the server's life. */
extern const struct feature server_commands_feature;

#endif
