/* The connection family's commands, a list a file. */
#ifndef COMMANDS_CONNECTION_CONNECTION_COMMANDS_H
#define COMMANDS_CONNECTION_CONNECTION_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list connection_basic_commands;
extern const struct command_list connection_handshake_commands;
extern const struct command_list connection_client_commands;

#endif
