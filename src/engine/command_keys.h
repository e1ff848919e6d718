/* Finding the keys among a command's arguments from its key specs. */
#ifndef ENGINE_COMMAND_KEYS_H
#define ENGINE_COMMAND_KEYS_H

#include "engine/command.h"

/* Stores up to `max` key positions and returns how many keys there are in all (0: it names none);
 * COMMAND_KEYS_INVALID when a spec does not fit the arguments: keys should begin behind the last
 * argument, or a count is no number, negative or larger than what follows. */
int64_t command_find_keys(const struct command *command, const struct bytes *args, uint32_t argc,
                          struct key_position *positions, size_t max);
/* True when any spec of the command could name a key. */
bool command_has_keys(const struct command *command);
/* Sets first_key, last_key and key_step from the specs that say a fixed place: one range, as
 * clients from before key specs understand it. */
void command_fill_key_range(struct command *command);

#endif
