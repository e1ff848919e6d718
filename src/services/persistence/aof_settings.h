/* The directives of the log of writes. */
#ifndef SERVICES_PERSISTENCE_AOF_SETTINGS_H
#define SERVICES_PERSISTENCE_AOF_SETTINGS_H

#include "foundation/directive.h"
#include "services/persistence/aof_writer.h"

#include <stdbool.h>
#include <stdint.h>

struct aof_settings {
    bool is_wanted;  /* appendonly */
    char *log_name;  /* appendfilename */
    char *folder;    /* appenddirname */
    int sync_policy; /* appendfsync: enum aof_sync_policy */
    bool spares_sync_on_rewrite;
    int64_t rewrite_percent; /* auto-aof-rewrite-…; 0: never */
    int64_t rewrite_min_bytes;
    bool has_times;               /* aof-timestamp-enabled */
    bool has_preamble;            /* aof-use-rdb-preamble */
    bool is_synced_piecewise;     /* aof-rewrite-incremental-fsync */
    bool mends_torn_end;          /* aof-load-truncated */
    int64_t mended_corrupt_bytes; /* aof-load-corrupt-tail-max-size */
    int64_t backlog_max_bytes;    /* aof-backlog-limit */
    int64_t unsynced_max_s;       /* aof-unsynced-limit */
};

const struct aof_settings *aof_settings(void);
extern const struct directive aof_directives[];
enum { AOF_DIRECTIVE_COUNT = 14 };
/* Called when CONFIG SET has changed one; NULL: nobody is. */
void aof_settings_on_change(bool (*apply)(struct buffer *error));

#endif
