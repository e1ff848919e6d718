/* The list family. */
#ifndef COMMANDS_LIST_LIST_COMMANDS_H
#define COMMANDS_LIST_LIST_COMMANDS_H

#include "engine/command_table.h"
#include "engine/feature.h"

extern const struct command_list list_push_commands;
extern const struct command_list list_pop_commands;
extern const struct command_list list_range_commands;
extern const struct command_list list_edit_commands;
extern const struct command_list list_move_commands;
extern const struct command_list list_blocking_pop_commands;
extern const struct command_list list_blocking_move_commands;

/* All of them with the directive list-max-listpack-size. */
extern const struct feature list_commands_feature;

#endif
