/* The set family. */
#ifndef COMMANDS_SET_SET_COMMANDS_H
#define COMMANDS_SET_SET_COMMANDS_H

#include "engine/command_table.h"
#include "engine/feature.h"

extern const struct command_list set_member_commands;
extern const struct command_list set_algebra_commands;
extern const struct command_list set_card_commands;
extern const struct command_list set_random_commands;
extern const struct command_list set_scan_commands;
extern const struct command_list set_expiry_commands;

/* All of them with the directives set-max-intset-entries, set-max-listpack-entries and
 * set-max-listpack-value. */
extern const struct feature set_commands_feature;

#endif
