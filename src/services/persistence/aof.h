/* The log of writes (append-only file): every effect of a command is appended, so that running the
 * log again makes the same data.
 *
 *      effects --aof_format--> bytes of a round --finish_round--> writer thread --> disk
 *                                                                      |
 *      held replies <--network_release_held-- durable_until <---posts--+
 *
 *      aof          this: the states, when writes are refused        aof_manifest  which files
 *      aof_writer   the thread that writes and syncs                 aof_files     them on disk
 *      aof_rewrite  a new base by a forked child                     aof_load      at start
 *
 * What is called a position is the number of bytes that were ever appended, since the start of the
 * process, up to there.
 *
 * States: off; starting (appendonly was set by CONFIG SET: a first base is being written, nothing
 * is promised yet); on. */
#ifndef SERVICES_PERSISTENCE_AOF_H
#define SERVICES_PERSISTENCE_AOF_H

#include "engine/feature.h"
#include "foundation/check.h"

#include <stdbool.h>

struct engine;

/* The directive appendonly: loading_start loads the log then. */
bool aof_is_wanted(void);

/* When the data are loaded, or there was nothing to load, and before any command is run: begins to
 * append when appendonly is on, to the log that was loaded or to a new one whose base is what is in
 * the keyspace. False with `error` (PERSISTENCE_ERROR_MAX): the server cannot start. */
NODISCARD bool aof_start(struct engine *engine, char *error);

/* Writes and syncs all that was appended and releases the replies that waited for it: before the
 * server ends. False with `error` (PERSISTENCE_ERROR_MAX) when the disk fails or is silent. */
NODISCARD bool aof_flush(struct engine *engine, char *error);

/* Between the two what changes the data is not appended, because it comes from the log. */
void aof_pause(struct engine *engine);
void aof_resume(struct engine *engine);
/* The data were changed by what was not appended: a new base is written, as soon as may be, and
 * tried again until it is there; until then the log tells something else. */
void aof_renew_base(struct engine *engine);

/* A rewrite waits for the running child to end (INFO aof_rewrite_scheduled). */
bool aof_rewrite_is_scheduled(const struct engine *engine);

/* appendonly and what belongs to it, BGREWRITEAOF, WAITAOF, the aof fields of INFO persistence.
 * Stands behind persistence_feature. */
extern const struct feature aof_feature;

#endif
