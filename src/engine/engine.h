/* Engine: where a command meets the data. It owns the keyspace, the command table, the sessions and
 * what is counted about them, and knows no command and no service by name. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "data/keyspace.h"
#include "engine/command_table.h"
#include "engine/error_stats.h"
#include "engine/feature.h"
#include "engine/pause.h"
#include "engine/session.h"
#include "foundation/clock.h"

#include <stdint.h>

struct blocking_table;
struct call;
struct call_listener;
struct effects;
struct event_loop;
struct monitors;
struct network;
struct pubsub;
struct tracking;
struct watch_table;

struct engine_stats {
    uint64_t commands;    /* run */
    uint64_t connections; /* accepted */
    uint64_t rejected_connections;
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint64_t unexpected_errors;
    uint64_t peak_used_bytes;   /* as seen by ticks and INFO */
    uint64_t expire_slices_cut; /* expiry left work for the next round to keep commands prompt */
    uint64_t acl_denied_auth;
    uint64_t evicted_clients;
    uint64_t query_limit_disconnections;
    uint64_t output_limit_disconnections;
};

struct engine {
    const struct clock *clock; /* the loop's, or a test's */
    struct event_loop *loop;   /* NULL in a test */
    struct keyspace *keyspace;
    struct command_table *commands;
    struct directives *directives;         /* NULL in a test without any */
    const char *config_path;               /* the file read at start; NULL: none */
    struct network *network;               /* the clients; NULL without sockets */
    const struct feature *const *features; /* NULL-terminated */
    struct engine_stats stats;
    struct error_stats errors;
    struct pause pause;
    struct watch_table *watches;          /* NULL while no key is watched */
    struct blocking_table *blocking;      /* NULL while nobody waits for keys */
    struct call_listener *call_listeners; /* NULL: none */
    struct effects *effects;              /* NULL while nobody listens to them */
    /* What services keep, each its own; NULL while there is nothing to keep. */
    struct pubsub *pubsub;
    struct tracking *tracking;
    struct monitors *monitors;
    uint64_t next_session_id;
    uint64_t tick_count;
    int64_t last_fence; /* the fencing token drawn last: engine/fence.h */
    int64_t started_ms; /* unix time */
    char run_id[41];
    const struct call *running;      /* the command being run, for the crash report; NULL: none */
    struct output muted;             /* where replies of silenced sessions go; emptied after each */
    struct output_batch muted_batch; /* lent to it: handlers may set marks in their replies */
    struct output_batch woken_batch; /* lent for the replies to those who have waited */
    bool is_tick_off;                /* DEBUG PAUSE-CRON */
    bool is_stopping;
};

struct engine_settings {
    const struct clock *clock;
    struct event_loop *loop; /* NULL: none */
    const struct feature *const *features;
    uint32_t db_count;
};

/* An engine with the features' commands, ready to run them; features are not started. `directives`
 * of the settings' features are the caller's to register. */
struct engine *engine_new(const struct engine_settings *settings);
void engine_free(struct engine *engine);

/* Removes due keys for at most about a millisecond; returns the ms until it is wanted again (0:
 * more is due). The event loop's before-wait hook. */
int64_t engine_expire(struct engine *engine);
/* What happens some ten times a second: every feature's tick. */
void engine_tick(struct engine *engine);
/* The features' finish_round: before what waits is sent. */
void engine_finish_round(struct engine *engine);
/* Asks the server to stop after this round. */
void engine_request_stop(struct engine *engine);

#endif
