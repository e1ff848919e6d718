/* The command lists of the keys family: commands that work on keys of any type. */
#ifndef COMMANDS_KEYS_KEY_COMMANDS_H
#define COMMANDS_KEYS_KEY_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list key_exist_commands;
extern const struct command_list key_move_commands;
extern const struct command_list key_walk_commands;
extern const struct command_list key_database_commands;
extern const struct command_list key_expire_commands;
extern const struct command_list key_object_commands;
extern const struct command_list key_dump_commands;

#endif
