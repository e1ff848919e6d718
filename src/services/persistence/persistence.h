/* Persistence: what the snapshots and the log of writes have in common, and the feature.
 *
 *      file.h (io)      the disk                    rdb_file   a whole keyspace in a file
 *      child            the forked writer           loading    at start, in slices
 *      snapshot         SAVE, BGSAVE, save points   aof…       the log of writes
 *
 * The features in their order: persistence_feature, aof_feature, and last loading_feature. */
#ifndef SERVICES_PERSISTENCE_PERSISTENCE_H
#define SERVICES_PERSISTENCE_PERSISTENCE_H

#include "engine/feature.h"

#include <stdbool.h>
#include <stdint.h>

struct aof;
struct child;
struct engine;
struct loading;
struct snapshot;

/* engine->persistence; each part is its file's own, made when it is first needed. */
struct persistence {
    struct snapshot *snapshot;
    struct child *child;
    struct loading *loading; /* NULL: nothing is being loaded */
    struct aof *aof;
    const char *refusals[2]; /* by enum refusal_source; NULL: none */
    uint64_t loaded_keys;    /* by the last loading */
    uint64_t expired_keys;
};

/* The engine's, made now when there is none. */
struct persistence *persistence_of(struct engine *engine);

enum refusal_source { REFUSAL_SNAPSHOT, REFUSAL_LOG };
/* Makes commands that write fail with this error, which stays the caller's; NULL: from this source
 * no more. */
void persistence_refuse_writes(struct engine *engine, enum refusal_source source,
                               const char *error);

extern const struct feature persistence_feature;

#endif
