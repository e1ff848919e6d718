/* The string family's commands, a list a file. */
#ifndef COMMANDS_STRING_STRING_COMMANDS_H
#define COMMANDS_STRING_STRING_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list string_get_commands;
extern const struct command_list string_set_commands;
extern const struct command_list string_fence_commands;
extern const struct command_list string_compare_commands;
extern const struct command_list string_counter_commands;
extern const struct command_list string_increx_commands;
extern const struct command_list string_edit_commands;
extern const struct command_list string_multi_commands;
extern const struct command_list string_lcs_commands;

#endif
