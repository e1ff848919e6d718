/* Loading the log of writes: its base, then its increments in the order of the manifest.
 *
 *      appendonlydir/appendonly.aof.manifest      which files there are
 *                    appendonly.aof.3.base.rdb    the data as they were when they were rewritten
 *                    appendonly.aof.7.incr.aof    what was written since, as commands
 *
 * A base is an RDB file, commands, or an RDB file with commands behind it. Commands run through a
 * session of the loader's own, with a keyspace clock that stands at zero, so that nothing comes due
 * (engine/effects.h); when all is loaded the clock is set right, and what is past its time goes the
 * normal way. A transaction runs when its EXEC is there.
 *
 * A last file that ends in the middle of a command or transaction is cut behind the last whole one
 * (aof-load-truncated). Anything else that is wrong fails with file and offset. */
#ifndef SERVICES_PERSISTENCE_AOF_LOAD_H
#define SERVICES_PERSISTENCE_AOF_LOAD_H

#include "services/persistence/loading.h"

struct engine;

/* A loader of the log that the directives name. The single file of old versions is taken over as
 * the base of a new log first. NULL with `error` (PERSISTENCE_ERROR_MAX) when it can be seen at
 * once that it cannot be loaded; NULL with `error` empty when there is no log: then the data may
 * come from an RDB file, and aof_start makes them the base of a new one. */
NODISCARD struct loader *aof_loader_new(struct engine *engine, char *error);

#endif
