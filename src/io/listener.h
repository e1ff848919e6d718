/* Listening sockets: a listener is the set of sockets of one bind list, or one Unix socket.
 *
 * It accepts up to 1,000 connections a round and hands each, non-blocking and close-on-exec, to
 * its owner. When the process runs out of descriptors it logs that once and rests for 100 ms
 * instead of spinning. */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct event_loop;
struct listener;
struct sockaddr;

/* Room for any error text with its NUL. */
enum { LISTENER_ERROR_MAX = 512 };

/* Takes over `fd`. `peer` is borrowed for the call; sa_family is AF_INET, AF_INET6 or AF_UNIX. */
struct listener_owner {
    void (*on_accept)(void *context, int fd, const struct sockaddr *peer);
    void *context;
};

struct listener_tcp {
    /* IPv4 or IPv6 addresses or host names, "*" (all IPv4), "::*" (all IPv6). A leading '-' marks
     * one that is skipped when this machine does not have it. */
    const char *const *addresses;
    size_t address_count;
    int port; /* 0 lets the system choose one (see listener_port) */
    int backlog;
};

struct listener_unix {
    const char *path;
    mode_t mode; /* 0: as the umask leaves it */
    int backlog;
};

/* NULL, with a line in `error` (LISTENER_ERROR_MAX) that names address and reason, when one socket
 * cannot be opened or none is left; then nothing stays open. Borrows nothing after the call. */
NODISCARD struct listener *listener_open_tcp(struct event_loop *loop,
                                             const struct listener_tcp *settings,
                                             struct listener_owner owner, char *error);
/* A socket file that nobody listens on any more is replaced; any other file is left and refused. */
NODISCARD struct listener *listener_open_unix(struct event_loop *loop,
                                              const struct listener_unix *settings,
                                              struct listener_owner owner, char *error);
/* Closes the sockets and removes the Unix socket's file. NULL is ignored. Not from on_accept. */
void listener_close(struct listener *listener);
/* Stops and resumes accepting (CLIENT PAUSE does not need it; shutting down does). */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

size_t listener_socket_count(const struct listener *listener);
/* The port of the first socket; 0 for a Unix socket. */
int listener_port(const struct listener *listener);

#endif
