/* Client: a session with a connection behind it; and the network, all of them with the buffers they
 * share.
 *
 * Bytes are read into one buffer that all clients share; only what a batch could not use (the
 * beginning of a request, or what stands behind one that waits for keys or for a pause to end) is
 * kept in a client's own. So an idle client costs its struct and nothing else.
 *
 * A client that waits for keys is read once more, to hear of its end and to have its next requests
 * at hand; when bytes came, those behind them stay in the socket until it goes on, and only the end
 * is listened for. (An end that stands behind more bytes than a socket holds is not heard of.)
 *
 * A client lives until client_free; closing a connection from within a command is put off to the
 * end of the round (client_close_soon), so that nobody holds a freed client. */
#ifndef ENGINE_CLIENT_H
#define ENGINE_CLIENT_H

#include "engine/session.h"
#include "foundation/directive.h"
#include "io/connection.h"
#include "protocol/resp_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network;
struct listener;
struct sockaddr;

struct client {
    struct session session;
    struct connection connection;
    struct resp_reader reader;
    char *input; /* bytes read and not yet consumed; NULL: none */
    size_t input_len;
    size_t input_cap;
    size_t input_wanted; /* at least so many more make the request complete */
    struct client *next; /* all clients, in order of connecting */
    struct client *previous;
    struct client *next_waiting; /* in the network's list of clients with something left to do */
    struct client *previous_waiting;
    bool is_waiting;
    bool is_postponed; /* its next request waits for the end of a pause */
    bool is_woken;     /* has got what it waited for: its kept input is to be run */
    bool is_dropped;   /* closed without sending what waits */
    bool is_unix;
    size_t noted_bytes; /* unsent and in its transaction, when last looked at */
    bool is_held;       /* in the network's list of clients whose replies wait for the log */
    struct client *next_held;
    size_t front_bytes;   /* the unsent bytes that wait longest for the log, */
    uint64_t front_until; /* and its position until which; 0: none wait */
    /* Unix time from which on its replies are above the soft limit; 0: they are not. */
    int64_t soft_limit_since_ms;
};

/* Starts taking clients: opens the listeners that the directives ask for. NULL with a line in
 * `error` (FEATURE_ERROR_MAX) when a socket cannot be opened. */
NODISCARD struct network *network_start(struct engine *engine, char *error);
/* Closes every client and listener. */
void network_stop(struct network *network);
/* The port that TCP clients connect to; 0 when there is none. */
int network_port(const struct network *network);

/* The clients in order of connecting. */
struct client *network_first_client(const struct network *network);
size_t network_client_count(const struct network *network);
struct client *network_find_client(const struct network *network, uint64_t id);

enum { CLIENT_ADDRESS_MAX = 160 };
/* The two ends of a connection as CLIENT LIST shows them; `text` has CLIENT_ADDRESS_MAX. */
void client_address(const struct client *client, char *text);
void client_local_address(const struct client *client, char *text);
int client_fd(const struct client *client);
/* True when the peer is on this machine. */
bool client_is_local(const struct client *client);
/* What waits for a client and what is held for it, as CLIENT LIST shows it. */
struct client_usage {
    size_t input_bytes;      /* read, and not yet run */
    size_t input_free_bytes; /* unused room behind them */
    size_t reply_bytes;      /* of this round, in the buffer that all clients share */
    size_t queued_count;     /* pieces that the socket did not take, */
    size_t queued_bytes;     /* and their bytes */
    size_t used_bytes;       /* as client_used_bytes */
    bool is_reading;         /* what its socket is watched for */
    bool is_writing;
};
void client_measure(const struct client *client, struct client_usage *usage);
/* Memory of a client: its struct, buffers and names, and what it is to be sent. */
size_t client_used_bytes(const struct client *client);

/* Closes the connection at the end of this round; no further command of it runs. `is_at_once` drops
 * what is waiting to be sent, else that is sent first. */
void client_close_soon(struct client *client, bool is_at_once);
/* Something was pushed to it: it is sent at the end of this round. A client that has been over its
 * output limits for too long is dropped. */
void client_push_waits(struct client *client);
/* A client that was blocked goes on: at the end of this round it is sent its reply, and what it
 * asked for meanwhile is run. */
void client_resume(struct client *client);
/* The log of writes is durable up to engine->durable_until: sends the replies that waited for that. */
void network_release_held(struct network *network);
/* Runs what postponed clients are waiting to run. */
void network_resume_postponed(struct network *network);

/* port, bind, unixsocket, timeout, maxclients, tcp-keepalive, client-output-buffer-limit, … */
/* Drops clients as maxmemory-clients asks. True when their memory is yet to come back, as it does at
 * the end of this round: keys need not go meanwhile. */
NODISCARD bool network_gives_memory_back(struct network *network);

extern const struct feature network_feature;

#endif
