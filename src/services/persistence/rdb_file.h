/* RDB files: the whole keyspace in one file, and back.
 *
 *      REDIS0010 | aux fields | db, sizes, [expiry, idle, freq] type key value … | … | end, CRC64
 *
 * The version is the lowest that can hold the data: 10, which redis-server 7.0 reads, or 12. Aux
 * fields are those of Redis and Skua's own, which others skip:
 *
 *      skua-fence     the fencing token drawn last (engine/fence.h)
 *      skua-command   a command to be run when the file has been loaded, in RESP: what is kept
 *                     beside the keyspace (stored rate policies); any number of them */
#ifndef SERVICES_PERSISTENCE_RDB_FILE_H
#define SERVICES_PERSISTENCE_RDB_FILE_H

#include "foundation/check.h"
#include "services/persistence/loading.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct engine;

/* --- saving --- */

struct rdb_save {
    bool is_aof_base;         /* it begins a log of writes */
    bool is_synced_piecewise; /* the disk begins while there is still more to write */
    /* Told now and then how far it is; false stops the saving. NULL: nobody asks. */
    bool (*progress)(void *context, uint64_t keys);
    void *context;
    uint64_t keys; /* written so far */
};

/* Writes the keyspace to a new file at `path` and syncs it. False with `error`
 * (PERSISTENCE_ERROR_MAX), the file removed. Changes no data, needs no other thread: for a forked
 * child. */
NODISCARD bool rdb_file_write(struct engine *engine, const char *path, struct rdb_save *save,
                              char *error);
/* The same to a temporary file beside it, which then takes the place of the one at `path`, for good:
 * there is a whole file at any moment. */
NODISCARD bool rdb_file_save(struct engine *engine, const char *path, struct rdb_save *save,
                             char *error);
/* The name that rdb_file_save of that process gives its temporary file, for who has killed it. */
void rdb_file_temp_path(char *temp_path, size_t cap, const char *path, pid_t pid);

/* --- loading --- */

enum rdb_load_flag {
    RDB_LOAD_KEEPS_EXPIRED = 1 << 0, /* of a log: what follows may have made them last */
    RDB_LOAD_IS_PREAMBLE = 1 << 1,   /* something else follows in the file, from loaded_bytes on */
    RDB_LOAD_ADDS = 1 << 2,          /* to the keys that are there, else it takes their place */
    RDB_LOAD_REPLACES = 1 << 3,      /* with RDB_LOAD_ADDS: keys that are there already */
};

/* A loader of the file at `path`; NULL with `error` (PERSISTENCE_ERROR_MAX) when it cannot be
 * opened (errno is ENOENT when there is none). The keyspace changes only when all has been read and found right: in the last step,
 * which costs O(databases), with RDB_LOAD_ADDS O(keys). */
NODISCARD struct loader *rdb_loader_new(struct engine *engine, const char *path, unsigned flags,
                                        char *error);

#endif
