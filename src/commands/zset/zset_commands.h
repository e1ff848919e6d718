/* The sorted set family. */
#ifndef COMMANDS_ZSET_ZSET_COMMANDS_H
#define COMMANDS_ZSET_ZSET_COMMANDS_H

#include "engine/command_table.h"
#include "engine/feature.h"

extern const struct command_list zset_add_commands;
extern const struct command_list zset_read_commands;
extern const struct command_list zset_rank_commands;
extern const struct command_list zset_range_commands;
extern const struct command_list zset_range_store_commands;
extern const struct command_list zset_remove_commands;
extern const struct command_list zset_pop_commands;
extern const struct command_list zset_blocking_pop_commands;
extern const struct command_list zset_algebra_commands;
extern const struct command_list zset_algebra_store_commands;
extern const struct command_list zset_random_commands;
extern const struct command_list zset_scan_commands;
extern const struct command_list zset_around_commands;
extern const struct command_list zset_percentile_commands;
extern const struct command_list zset_due_pop_commands;
extern const struct command_list zset_move_commands;
extern const struct command_list zset_expire_commands;

/* All of them with the directives zset-max-listpack-entries and zset-max-listpack-value. */
extern const struct feature zset_commands_feature;

#endif
