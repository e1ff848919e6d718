/* Loading the data: at start, in slices between which clients are answered (LOADING, INFO), from
 * whatever a `struct loader` reads.
 *
 *      rdb_loader_new (rdb_file.h)   an RDB file
 *      aof_loader_new (aof_load.h)   the log of writes with its base
 *
 * While it goes on engine->is_loading is set. When it fails the server ends with the loader's error:
 * half a data set is never served. */
#ifndef SERVICES_PERSISTENCE_LOADING_H
#define SERVICES_PERSISTENCE_LOADING_H

#include "engine/feature.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

enum { PERSISTENCE_ERROR_MAX = 512 };

enum load_status {
    LOAD_MORE, /* call again */
    LOAD_DONE, /* the data are in the engine's keyspace */
    LOAD_FAILED,
};

/* Embedded in what a kind of file keeps; the functions are its own. */
struct loader {
    /* Works until about `end_us` (monotonic), at least a little. Not called again after it has
     * returned anything but LOAD_MORE. */
    enum load_status (*step)(struct loader *loader, int64_t end_us);
    void (*free)(struct loader *loader);
    uint64_t total_bytes;
    uint64_t loaded_bytes;
    uint64_t loaded_keys;
    uint64_t used_bytes; /* memory that the data took when they were saved, as told; 0: not told */
    uint64_t expired_keys;             /* left out because their time had passed */
    char error[PERSISTENCE_ERROR_MAX]; /* after LOAD_FAILED: file, offset, what was expected */
};

static inline void loader_free(struct loader *loader) {
    if (loader != NULL) loader->free(loader);
}

/* Runs a loader to its end at once (DEBUG RELOAD, tests); false with loader->error. */
NODISCARD bool loader_run(struct loader *loader);

/* Loads what there is when it starts: the log of writes when appendonly is on, else the RDB file.
 * Stands last among the features, which are there then. */
extern const struct feature loading_feature;

#endif
