/* The transactions family's commands. */
#ifndef COMMANDS_TRANSACTIONS_TRANSACTION_COMMANDS_H
#define COMMANDS_TRANSACTIONS_TRANSACTION_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list transaction_commands;

#endif
