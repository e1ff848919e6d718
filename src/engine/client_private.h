/* The network's own state, for client.c, network.c and network_limits.c only. */
#ifndef ENGINE_CLIENT_PRIVATE_H
#define ENGINE_CLIENT_PRIVATE_H

#include "engine/batch.h"
#include "engine/client.h"
#include "engine/engine.h"

enum {
    NETWORK_READ_BYTES = 64 * 1024,   /* the shared read buffer */
    NETWORK_REJOIN_BYTES = 16 * 1024, /* a smaller rest is copied back before the next read */
};

struct network {
    struct engine *engine;
    struct client *first_client;
    struct client *last_client;
    struct client *next_to_check; /* where the slow walk over all clients stands */
    struct client *first_waiting; /* to be flushed, run or closed before the loop waits */
    struct client *last_waiting;
    struct client *first_held; /* replies wait for the log of writes; in no order */
    uint64_t run_count;        /* times that requests were run which had been kept */
    size_t client_count;
    size_t input_bytes;  /* of clients' own input buffers */
    size_t grown_bytes;  /* so much more waits for or in clients since all were last summed up */
    bool is_giving_back; /* clients dropped for their memory go at the end of this round */
    struct listener *tcp;
    struct listener *local;
    struct timer tick;
    struct batch batch;
    struct output_batch output;
    size_t max_input_seen; /* largest input and output of a client since the last INFO reset */
    size_t max_output_seen;
    char read_buffer[NETWORK_READ_BYTES];
};

/* Takes over an accepted descriptor. */
void client_start(struct network *network, int fd, bool is_unix);
/* Closes the connection and frees the client. Not for the client whose command is running. */
void client_free(struct network *network, struct client *client);
/* Runs what lies in the client's own input. */
void client_run_input(struct network *network, struct client *client);
/* Sends what waits, or closes what is to be closed; a woken client's input is run. May free the
 * client. */
void client_finish_round(struct network *network, struct client *client);
/* Puts the client at the end of the list for client_finish_round, and takes it off. */
void client_wait(struct network *network, struct client *client);
void client_stop_waiting(struct network *network, struct client *client);

/* True when the client's unsent replies are over its limits and it has been dropped. */
bool network_enforce_output_limit(struct network *network, struct client *client);
/* True when the client's unread requests are over the limit and it has been dropped. */
bool network_enforce_input_limit(struct network *network, struct client *client);
/* Drops the clients that use most memory while all together use more than maxmemory-clients. */
void network_enforce_total_limit(struct network *network);
/* The same, but looks at all clients only when their memory has grown by some of the limit. */
void network_watch_total_limit(struct network *network);
/* The limits that requests of any client are read under. */
const struct resp_limits *network_request_limits(void);

#endif
