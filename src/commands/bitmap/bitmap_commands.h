/* The bitmap family's commands, a list a file. */
#ifndef COMMANDS_BITMAP_BITMAP_COMMANDS_H
#define COMMANDS_BITMAP_BITMAP_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list bitmap_bit_commands;
extern const struct command_list bitmap_bitop_commands;
extern const struct command_list bitmap_bitfield_commands;

#endif
