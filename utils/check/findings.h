/* What was found in one file. */
#ifndef CHECK_FINDINGS_H
#define CHECK_FINDINGS_H

#include "check/options.h"
#include "check/statistics.h"
#include "check/verdict.h"
#include "foundation/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum { FINDINGS_ERROR_MAX = 512 };

enum sum_state { SUM_UNREAD, SUM_RIGHT, SUM_WRONG, SUM_NONE };

struct findings {
    const char *path; /* borrowed */
    enum verdict verdict;
    char error[FINDINGS_ERROR_MAX]; /* offset, what was expected, what was found */
    struct buffer place;            /* the key that was being read; empty: none */
    uint64_t file_bytes;
    uint64_t good_bytes; /* what can be kept */
    bool is_repairable;
    bool is_in_rdb; /* what is broken is the RDB file, or the part of a log that is one */

    bool has_rdb;
    unsigned rdb_version;
    enum sum_state sum;
    struct buffer aux; /* lines "name: value" */
    struct statistics statistics;

    bool has_log;
    uint64_t commands, transactions;
};

/* What a file is to be. */
enum file_role {
    ROLE_ANY,       /* as it begins, or else as its name ends */
    ROLE_BASE,      /* of a log: an RDB file, commands, or both */
    ROLE_INCREMENT, /* of a log: commands */
};

/* Reads the file. Give it to findings_destroy. */
void findings_read(struct findings *findings, const char *path, enum file_role role,
                   const struct options *options);
void findings_destroy(struct findings *findings);

#endif
