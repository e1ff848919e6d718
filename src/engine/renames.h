/* rename-command: clients know a command under another name, or not at all.
 *
 * The server's own sessions, the log's loader above all, find it under its own name as well. */
#ifndef ENGINE_RENAMES_H
#define ENGINE_RENAMES_H

#include "engine/feature.h"
#include "foundation/bytes.h"

/* The command that the configuration has given this name, any case; NULL for none. Cost: O(renamed
 * commands). */
struct command *renames_find(struct bytes name);

/* The command that clients know under this name, any case, or of one "name|subcommand". */
struct command *renames_find_full(const struct engine *engine, struct bytes name);

/* rename-command; marks the commands (`is_renamed`) at start. */
extern const struct feature renames_feature;

#endif
