/* The geo family: places as members of sorted sets, whose scores are geohashes. */
#ifndef COMMANDS_GEO_GEO_COMMANDS_H
#define COMMANDS_GEO_GEO_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list geo_add_commands;
extern const struct command_list geo_read_commands;
extern const struct command_list geo_radius_commands;
extern const struct command_list geo_search_commands;

#endif
