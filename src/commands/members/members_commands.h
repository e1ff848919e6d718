/* Commands on members of whatever collection a key holds: fields of hashes, members of sets and
 * sorted sets. */
#ifndef COMMANDS_MEMBERS_MEMBERS_COMMANDS_H
#define COMMANDS_MEMBERS_MEMBERS_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list member_expire_commands;
extern const struct command_list member_due_commands;

#endif
