/* What an RDB file (rdb_save.c) and a base of commands (aof_base.c) have in common while they are
 * written: a new file that appears whole or not at all, and the walk through the keys.
 *
 * Entries are visited in the order of the tables; each is fetched into the cache while those before
 * it are written: a ring of entries lies between the walk and the writer. */
#ifndef SERVICES_PERSISTENCE_SAVING_H
#define SERVICES_PERSISTENCE_SAVING_H

#include "data/database.h"
#include "foundation/bytes.h"
#include "services/persistence/rdb_file.h"

enum {
    SAVING_AHEAD = 32,              /* entries being fetched */
    SAVING_FLUSH_BYTES = 256 * 1024 /* written at a time, about */
};

typedef void saving_visit_function(void *context, const struct entry *entry);

struct saving {
    struct rdb_save *save;
    int fd;
    const char *path;
    char *error;
    uint64_t written_bytes, started_bytes; /* to the file; of them handed to the disk */
    bool is_stopped;                       /* save->progress has said so, or writing has failed */
    saving_visit_function *visit;
    void *context;
    const struct entry *ring[SAVING_AHEAD];
    uint32_t at; /* the oldest in the ring */
};

/* Opens a new file; false with `error`. The strings are borrowed. */
NODISCARD bool saving_begin(struct saving *saving, const char *path, struct rdb_save *save,
                            char *error);
/* A rdb_flush_function for a `struct saving`: once it has failed saving is stopped, and its `error`
 * says why. */
bool saving_write(void *saving, struct bytes bytes);
/* Calls `visit` for each entry until saving is stopped, counts them, tells the progress. */
void saving_walk(struct saving *saving, const struct database *db, saving_visit_function *visit,
                 void *context);
/* Syncs and closes the file, or removes it when it is not whole or was stopped; false with
 * `error`. */
NODISCARD bool saving_end(struct saving *saving, bool is_whole);
/* "verb path: what errno says"; returns false. */
COLD bool saving_fail(const struct saving *saving, const char *verb);

#endif
