/* The log's own state, for aof.c, aof_rewrite.c, aof_commands.c and aof_info.c only. All of it is
 * the main thread's, but the files while the writer runs: then only its tasks touch them. */
#ifndef SERVICES_PERSISTENCE_AOF_PRIVATE_H
#define SERVICES_PERSISTENCE_AOF_PRIVATE_H

#include "engine/effects.h"
#include "engine/engine.h"
#include "services/persistence/aof.h"
#include "services/persistence/aof_files.h"
#include "services/persistence/aof_format.h"
#include "services/persistence/aof_settings.h"
#include "services/persistence/aof_writer.h"

#include <stdatomic.h>

enum aof_state {
    AOF_OFF,
    AOF_STARTING, /* a first base is to be written; effects go to an increment in no manifest */
    AOF_ON,
};

struct aof_rewrite {
    bool is_scheduled;
    bool is_running;    /* from the fork until the new base is in the manifest, or has failed */
    bool is_committing; /* the child is done */
    bool has_failed;    /* the last one */
    bool is_owed;       /* the base is of other data: one that fails is tried again */
    enum aof_base_form form; /* of the base under way */
    uint64_t whole_bytes;    /* of all files behind the last one, for the automatic one */
    uint64_t count;
    uint64_t failures; /* one after the other */
    int64_t started_us;
    int64_t last_seconds; /* -1: there was none */
    int64_t retry_at_us;  /* the automatic one waits until then */
    uint64_t last_cow_bytes;
};

struct aof {
    struct engine *engine;
    enum aof_state state;
    struct effect_listener listener;
    bool is_paused; /* effects are not appended */
    struct aof_format format;
    struct buffer pending;       /* not yet handed over */
    uint64_t handed_over;        /* position */
    uint64_t round_end;          /* the position when the last round ended */
    struct aof_writer *writer;   /* NULL: off, or the start waits */
    enum aof_sync_policy policy; /* in force */
    struct aof_files files;
    uint64_t first_kept; /* number of the increment begun at the last fork; goes with `files` */
    _Atomic uint64_t closed_bytes; /* of all files but the last, told by tasks */
    _Atomic uint64_t base_bytes;   /* of the base */
    struct aof_writer_status status;
    struct aof_rewrite rewrite;
    char refusal[PERSISTENCE_ERROR_MAX];
    enum aof_refusal { REFUSES_NOTHING, REFUSES_FAILURE, REFUSES_BACKLOG, REFUSES_DELAY } refuses;
};

/* The engine's, made now when there is none. */
struct aof *aof_of(struct engine *engine);
/* The position behind what was appended last. */
static inline uint64_t aof_position(const struct aof *aof) {
    return aof->handed_over + aof->pending.len;
}

/* --- aof.c --- */

void aof_hand_over(struct aof *aof);
/* The writer begins with the open file and the listener listens; false with errno, the file
 * closed. */
NODISCARD bool aof_open_writer(struct aof *aof, int fd, uint64_t len);
/* Neither any more. What was not written is dropped. */
void aof_close_writer(struct aof *aof);
/* The log is whole: what is appended is promised to be there. */
void aof_turn_on(struct aof *aof);
/* The policy as the directives and the running child want it. */
void aof_renew_policy(struct aof *aof);
/* True when the writer fails, or is further behind than it may be. */
bool aof_is_behind(const struct aof *aof);
/* Takes what the writer has to tell: what is durable, what fails. */
void aof_take_news(struct aof *aof);
/* The sizes in the manifest, for INFO; from the thread that has the files. */
void aof_note_sizes(struct aof *aof);

/* --- aof_rewrite.c --- */

/* As aof-use-rdb-preamble says. */
static inline enum aof_base_form aof_base_form_wanted(void) {
    return aof_settings()->has_preamble ? AOF_BASE_RDB : AOF_BASE_COMMANDS;
}
enum aof_rewrite_begin { AOF_REWRITE_BEGUN, AOF_REWRITE_SCHEDULED, AOF_REWRITE_FAILED };
/* Forks a child that writes a new base, now or as soon as another is gone; none is rewriting. */
enum aof_rewrite_begin aof_rewrite_begin(struct aof *aof);
/* Writes the data as a base to a new file at `path`, in the form that the directives want;
 * `progress` as that of rdb_save, with the engine. */
NODISCARD bool aof_rewrite_write(struct engine *engine, const char *path, enum aof_base_form form,
                                 bool (*progress)(void *engine, uint64_t keys), char *error);
/* Gives one up whose child is running, or that is scheduled. */
void aof_rewrite_cancel(struct aof *aof);
void aof_rewrite_tick(struct aof *aof);

/* --- aof_commands.c, aof_info.c and debug_reload.c --- */

extern const struct command_list aof_commands;
/* Those that wait in WAITAOF look again. */
void aof_commands_look_again(struct engine *engine);
extern const struct debug_tool aof_debug_tools[];
void aof_write_info(struct engine *engine, struct buffer *out);

#endif
