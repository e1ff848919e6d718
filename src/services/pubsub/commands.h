/* The commands of publish and subscribe. */
#ifndef SERVICES_PUBSUB_COMMANDS_H
#define SERVICES_PUBSUB_COMMANDS_H

#include "engine/command_table.h"

extern const struct command_list pubsub_subscribe_commands;  /* SUBSCRIBE and its kin */
extern const struct command_list pubsub_publish_commands;    /* PUBLISH, SPUBLISH */
extern const struct command_list pubsub_introspect_commands; /* PUBSUB */

#endif
