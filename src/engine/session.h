/* Session: who is calling and what that caller has set: protocol, database, name, rights, and
 * where replies go. A network client, a script, the loading of a file and a unit test each have
 * one. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/command.h"
#include "engine/watch.h"
#include "io/output.h"
#include "protocol/resp_writer.h"

#include <stdbool.h>
#include <stdint.h>

struct blocked;
struct client;
struct engine;
struct push_queue;
struct subscriber;
struct table;
struct tracker;
struct transaction;

enum session_reply_mode {
    SESSION_REPLY_ON,
    SESSION_REPLY_OFF,
    SESSION_REPLY_SKIP_NEXT, /* CLIENT REPLY SKIP ran: the next command is mute */
    SESSION_REPLY_SKIP,      /* this command is mute */
};

/* What a session listens to; kept by the service that sends it, for all to see. */
struct session_subscriptions {
    uint32_t channels;
    uint32_t patterns;
    uint32_t shard_channels;
};

/* How CLIENT TRACKING stands; kept by the service, for all to see. */
enum session_tracking {
    SESSION_TRACKING_ON = 1 << 0,
    SESSION_TRACKING_BROADCAST = 1 << 1,
    SESSION_TRACKING_OPT_IN = 1 << 2,
    SESSION_TRACKING_OPT_OUT = 1 << 3,
    SESSION_TRACKING_NO_LOOP = 1 << 4,
    SESSION_TRACKING_CACHING = 1 << 5,         /* CLIENT CACHING ran: for the next command */
    SESSION_TRACKING_BROKEN_REDIRECT = 1 << 6, /* who was to be told instead is gone */
};

struct session {
    struct engine *engine;
    struct client *client; /* the connection behind it; NULL without one */
    struct output output;
    uint64_t id;
    enum resp_version version;
    enum session_reply_mode reply_mode;
    uint32_t db_number;
    bool is_authenticated;
    bool is_internal; /* no peer behind it: needs no authentication, is never paused */
    bool is_no_evict;
    bool is_no_touch;
    bool is_monitor; /* is shown every command */
    bool can_block;  /* a peer waits for its replies: commands may make it wait for keys */
    bool is_closing; /* no further command is run; closed once its replies are sent */
    char *name;      /* CLIENT SETNAME; NULL: none */
    char *lib_name;  /* CLIENT SETINFO */
    char *lib_version;
    const struct command *last_command;
    uint64_t held_until;    /* replies wait until the log of writes is durable to here; 0: not */
    uint64_t written_until; /* where its last write ends in the log; 0: there is none */
    struct transaction *transaction; /* since MULTI; NULL: none */
    struct blocked *blocked;         /* waits for keys; NULL: it does not */
    struct push_queue *pushes;       /* wait for the running command's reply to end; NULL: none */
    struct subscriber *subscriber;   /* services/pubsub's; NULL: subscribes to nothing */
    struct tracker *tracker;         /* services/tracking's; NULL: tracks nothing */
    struct session_subscriptions subscriptions;
    uint32_t tracking;          /* enum session_tracking */
    uint64_t tracking_redirect; /* id of the session that is told instead; 0: itself */
    struct watch_list watches;
    int64_t created_ms; /* unix time */
    int64_t last_active_ms;
    uint64_t command_count;
    uint64_t input_bytes;
    uint64_t output_bytes;
};

/* Prepares a zeroed session as a new caller has it; the id is the next free one. */
void session_init(struct session *session, struct engine *engine);
void session_destroy(struct session *session);
/* The session with that id; NULL when there is none (any more). */
struct session *session_find(const struct engine *engine, uint64_t id);
/* The engine's: an empty table for them. */
void session_table_init(struct table *table);
/* True when it subscribes to anything: in RESP2 little else is allowed to it then. */
static inline bool session_is_subscribing(const struct session *session) {
    const struct session_subscriptions *sum = &session->subscriptions;
    return (sum->channels | sum->patterns | sum->shard_channels) != 0;
}
/* Memory of what features keep for it. */
size_t session_used_bytes(const struct session *session);
/* Back to how it was after connecting (RESET, but the reply is the command's). Not from within its
 * own transaction. */
void session_reset(struct session *session);
/* Copies the text; NULL or empty takes it away. */
void session_set_text(char **field, struct bytes text);

#endif
