/* The hash family's commands, a list a file. */
#ifndef COMMANDS_HASH_HASH_COMMANDS_H
#define COMMANDS_HASH_HASH_COMMANDS_H

#include "engine/command_table.h"
#include "engine/feature.h"

extern const struct command_list hash_write_commands;
extern const struct command_list hash_counter_commands;
extern const struct command_list hash_read_commands;
extern const struct command_list hash_multi_commands;
extern const struct command_list hash_random_commands;
extern const struct command_list hash_scan_commands;
extern const struct command_list hash_expire_commands;
extern const struct command_list hash_ttl_commands;
extern const struct command_list hash_lifetime_commands;

/* All of them with the directives hash-max-listpack-entries and hash-max-listpack-value. */
extern const struct feature hash_commands_feature;

#endif
