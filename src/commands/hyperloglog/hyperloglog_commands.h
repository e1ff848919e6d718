/* The HyperLogLog family. */
#ifndef COMMANDS_HYPERLOGLOG_HYPERLOGLOG_COMMANDS_H
#define COMMANDS_HYPERLOGLOG_HYPERLOGLOG_COMMANDS_H

#include "engine/command_table.h"
#include "engine/feature.h"

extern const struct command_list hyperloglog_commands;
extern const struct command_list hyperloglog_debug_commands;

/* Both of them with the directive hll-sparse-max-bytes. */
extern const struct feature hyperloglog_commands_feature;

#endif
