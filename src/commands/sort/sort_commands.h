/* SORT and SORT_RO. */
#ifndef COMMANDS_SORT_SORT_COMMANDS_H
#define COMMANDS_SORT_SORT_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list sort_commands;

#endif
