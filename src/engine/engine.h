/* Engine: where a command meets the data. It owns the keyspace, the command table, the sessions and
 * what is counted about them, and knows no command and no service by name. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "data/keyspace.h"
#include "engine/command_table.h"
#include "engine/error_stats.h"
#include "engine/feature.h"
#include "engine/pause.h"
#include "engine/rate_policies.h"
#include "engine/session.h"
#include "foundation/clock.h"
#include "foundation/containers/table.h"

#include <stdint.h>

struct blocking_table;
struct call;
struct call_listener;
struct effects;
struct event_loop;
struct latency_monitor;
struct monitors;
struct network;
struct persistence;
struct pubsub;
struct rate_policies;
struct slow_listener;
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
    uint64_t forks;
    int64_t last_fork_us; /* what the last one took */
    uint64_t evicted_clients;
    uint64_t query_limit_disconnections;
    uint64_t output_limit_disconnections;
    struct rate_counts rates; /* of all limiters */
};

/* What is subscribed to; kept by services/pubsub, for all to see. */
struct engine_audience {
    uint64_t channels;
    uint64_t patterns;
    uint64_t shard_channels;
    uint64_t clients; /* that subscribe to anything */
};

/* What is remembered of clients that keep copies of keys; kept by services/tracking, for all to
 * see. */
struct engine_tracked {
    uint64_t clients;
    uint64_t keys;  /* that some of them have read */
    uint64_t items; /* keys, counted once for each client that has read them */
    uint64_t prefixes;
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
    struct engine_audience audience;
    struct engine_tracked tracked;
    uint64_t slow_ticks;       /* engine/slow_calls.h: calls that take so long are told of */
    bool is_tracking_latency;  /* engine/latency_tracking.h */
    bool is_loading;           /* data is being loaded: few commands are run */
    const char *write_refusal; /* the error that commands which write get; NULL: they are run */
    uint64_t
        durable_until;  /* replies held for a later position of the log wait (session.held_until) */
    uint64_t log_bytes; /* memory of what is on its way to the log; maxmemory does not count it */
    struct watch_table *watches;          /* NULL while no key is watched */
    struct blocking_table *blocking;      /* NULL while nobody waits for keys */
    struct call_listener *call_listeners; /* NULL: none */
    struct slow_listener *slow_listeners; /* NULL: none */
    struct latency_monitor *latency;      /* NULL while no event was noted */
    struct effects *effects;              /* NULL while nobody listens to them */
    struct rate_policies *rate_policies;  /* NULL while none is stored */
    /* What services keep, each its own; NULL while there is nothing to keep. */
    struct pubsub *pubsub;
    struct tracking *tracking;
    struct monitors *monitors;
    struct persistence *persistence;
    struct table sessions; /* every session there is, by id */
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
    bool has_failed; /* the process is to end with an error */
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

/* Unix time in seconds at this very moment (with a test's clock, the moment that was set), for what
 * tells of a round that took long. */
int64_t engine_now_s(const struct engine *engine);
/* Removes due keys, unless clients are paused, for at most about a millisecond; returns the ms until
 * it is wanted again (0: more is due). The event loop's before-wait hook. */
int64_t engine_expire(struct engine *engine);
/* What happens some ten times a second: every feature's tick. */
void engine_tick(struct engine *engine);
/* The features' finish_round: before what waits is sent. */
void engine_finish_round(struct engine *engine);
/* Asks the server to stop after this round. */
void engine_request_stop(struct engine *engine);
/* The same once every feature is prepared: data are saved as the wish and the settings say. False when
 * that failed, and the wish was not to stop nevertheless: the server goes on. */
NODISCARD bool engine_try_stop(struct engine *engine, const struct stop_wish *wish);

#endif
