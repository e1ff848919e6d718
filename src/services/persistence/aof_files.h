/* The files of a log of writes in their folder, and the order in which they are changed: a manifest
 * that names only files which are there is in place at any moment.
 *
 *      new increment    make it, write the manifest with it
 *      new base         give it its name, write the manifest with it, remove the history
 *
 * A manifest is written to a temporary file, synced, renamed, and the folder is synced. What a call
 * that failed has left behind is in no manifest and is overwritten by the next one. */
#ifndef SERVICES_PERSISTENCE_AOF_FILES_H
#define SERVICES_PERSISTENCE_AOF_FILES_H

#include "foundation/check.h"
#include "services/persistence/aof_manifest.h"
#include "services/persistence/loading.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct worker;

struct aof_files {
    struct aof_manifest manifest; /* as it is on disk */
    const char *folder;           /* appenddirname */
    const char *log_name;         /* appendfilename */
    struct worker *worker;        /* gives back what removed files took; NULL: done at once */
};

enum aof_files_found { AOF_FILES_FOUND, AOF_FILES_NONE, AOF_FILES_BROKEN };

/* All calls below that can fail are false (-1) with errno and `error` (PERSISTENCE_ERROR_MAX). */

/* Reads the manifest and the sizes of the files; takes the single file of versions before Redis 7
 * over into the folder first. Both names are borrowed. AOF_FILES_BROKEN with `error`. */
enum aof_files_found aof_files_read(struct aof_files *files, const char *folder,
                                    const char *log_name, char *error);
void aof_files_destroy(struct aof_files *files);

/* The path of a file of the log; `path` has PATH_MAX. */
void aof_files_path(const struct aof_files *files, const char *name, char *path);
/* Where the process `pid` writes a new base; `path` has PATH_MAX. */
void aof_files_temp_path(const struct aof_files *files, pid_t pid, char *path);
/* Makes the folder; removes what killed processes have left in it, and the history. */
NODISCARD bool aof_files_prepare(struct aof_files *files, char *error);

/* The last increment, to be appended to; its size is in the manifest. */
NODISCARD int aof_files_open_last(const struct aof_files *files, char *error);
/* A new last increment, empty. Of a log that is only to begin (`is_listed` false) it appears in the
 * manifest with the first base. */
NODISCARD int aof_files_add_increment(struct aof_files *files, bool is_listed, char *error);
/* The file at `path` becomes the base that holds what was written before the increment
 * `first_kept`. */
NODISCARD bool aof_files_rebase(struct aof_files *files, const char *path, enum aof_base_form form,
                                uint64_t first_kept, char *error);

#endif
