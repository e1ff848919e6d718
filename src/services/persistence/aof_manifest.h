/* The manifest of a log of writes: which files it is made of. Format of Redis 7:
 *
 *      file appendonly.aof.2.base.rdb seq 2 type b         the base, at most one
 *      file appendonly.aof.1.base.rdb seq 1 type h         history: to be removed
 *      file appendonly.aof.4.incr.aof seq 4 type i         increments, in order of their numbers
 *
 * Lines that begin with '#' are comments; names with special bytes stand in double quotes; pairs of
 * other keys and values are passed over. Nothing here touches a file.
 *
 * Invariants: names are no paths; at most one base; the numbers of increments grow. */
#ifndef SERVICES_PERSISTENCE_AOF_MANIFEST_H
#define SERVICES_PERSISTENCE_AOF_MANIFEST_H

#include "foundation/buffer.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum aof_base_form { AOF_BASE_RDB, AOF_BASE_COMMANDS };
enum aof_file_type { AOF_FILE_BASE = 'b', AOF_FILE_HISTORY = 'h', AOF_FILE_INCREMENT = 'i' };

struct aof_file {
    char *name;
    uint64_t number;
    enum aof_file_type type;
    uint64_t bytes; /* its size, for who looks after the files; not in the text */
};

/* The zeroed struct is an empty manifest. */
struct aof_manifest {
    struct aof_file *files;
    size_t count;
    size_t cap;
    uint64_t last_base; /* the highest numbers in use; 0: none */
    uint64_t last_increment;
};

enum { AOF_MANIFEST_ERROR_MAX = 128 };

/* Reads a text into an empty manifest. False with `error` (AOF_MANIFEST_ERROR_MAX), the line and
 * what is wrong with it; the manifest is empty then. */
NODISCARD bool aof_manifest_parse(struct aof_manifest *manifest, struct bytes text, char *error);
void aof_manifest_format(const struct aof_manifest *manifest, struct buffer *out);
void aof_manifest_destroy(struct aof_manifest *manifest);
/* `to` is empty. */
void aof_manifest_copy(struct aof_manifest *to, const struct aof_manifest *from);

/* NULL when there is none. Files move when one is added. */
struct aof_file *aof_manifest_base(const struct aof_manifest *manifest);
struct aof_file *aof_manifest_last_increment(const struct aof_manifest *manifest);
/* Bytes of all files that are loaded. */
uint64_t aof_manifest_bytes(const struct aof_manifest *manifest);

/* A file of that name becomes the base of a manifest without one. */
void aof_manifest_adopt_base(struct aof_manifest *manifest, const char *name);
/* A new last increment of the log `log_name`, "<log_name>.<number>.incr.aof". */
struct aof_file *aof_manifest_add_increment(struct aof_manifest *manifest, const char *log_name);
/* A new base, "<log_name>.<number>.base.rdb" or ".base.aof", that holds all that was written before
 * the increment with the number `first_kept`: what there was before becomes history. */
struct aof_file *aof_manifest_rebase(struct aof_manifest *manifest, const char *log_name,
                                     enum aof_base_form form, uint64_t first_kept);
/* Forgets the history. */
void aof_manifest_drop_history(struct aof_manifest *manifest);

#endif
