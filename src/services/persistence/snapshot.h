/* Snapshots: the RDB file, written by SAVE, BGSAVE, the save points, FLUSHALL and the server's end. */
#ifndef SERVICES_PERSISTENCE_SNAPSHOT_H
#define SERVICES_PERSISTENCE_SNAPSHOT_H

#include "engine/feature.h"

#include <stdbool.h>
#include <stdint.h>

/* --- settings (snapshot_settings.c) --- */

struct save_point {
    int64_t seconds;
    int64_t changes;
};

extern const struct directive snapshot_directives[];
enum { SNAPSHOT_DIRECTIVE_COUNT = 9 };

/* Those in force, in the order in which they were given. */
const struct save_point *snapshot_save_points(size_t *count);
/* dbfilename. */
const char *snapshot_path(void);
/* rdbchecksum: files get a sum, and it is looked at. */
bool snapshot_has_checksum(void);
bool snapshot_is_synced_piecewise(void); /* rdb-save-incremental-fsync */
bool snapshot_stops_writes(void);        /* stop-writes-on-bgsave-error */
/* rdb-key-save-delay and key-load-delay, for tests: how long each key takes, in us. */
int64_t snapshot_key_delay_us(void);
int64_t snapshot_key_load_delay_us(void);
/* Settings that stand elsewhere follow the directives in this engine; NULL: in none. */
void snapshot_govern(struct engine *engine);

/* --- saving (snapshot.c) --- */

/* Saves at once; false after a line in the log: nothing else follows from that. No child may be
 * saving. */
bool snapshot_save(struct engine *engine);
/* Starts a child that saves; false after a line in the log. No child may be running. */
bool snapshot_save_in_background(struct engine *engine);
/* As soon as no child is running any more. */
void snapshot_schedule(struct engine *engine);
/* Unix time of the last success; at first of the start. */
int64_t snapshot_last_save_s(struct engine *engine);
/* The data as they are now are those on disk. */
void snapshot_note_loaded(struct engine *engine);

/* For the feature. */
void snapshot_start(struct engine *engine);
void snapshot_tick(struct engine *engine);
void snapshot_finish_round(struct engine *engine);
bool snapshot_prepare_stop(struct engine *engine, const struct stop_wish *wish);
void snapshot_stop(struct engine *engine);
void snapshot_write_info(struct engine *engine, struct buffer *out);

extern const struct command_list snapshot_commands;
extern const struct debug_tool snapshot_debug_tools[];

#endif
