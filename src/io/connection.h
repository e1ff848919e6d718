/* A connected stream socket, embedded in its owner (56 bytes, nothing allocated).
 *
 * Plain sockets are read and written by direct system calls. Another transport (TLS) puts its
 * `struct transport_ops` in place; the owner sees no difference. Addresses are not kept but asked
 * of the system when wanted (io/address.h). */
#ifndef IO_CONNECTION_H
#define IO_CONNECTION_H

#include "foundation/check.h"
#include "io/event_loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum io_result {
    IO_OK,     /* some bytes were moved */
    IO_AGAIN,  /* none now; the event loop tells when to try again */
    IO_CLOSED, /* the peer has closed its side (reading) or both (writing) */
    IO_ERROR,  /* the connection is broken; errno says how */
};

struct connection;

/* `*moved` is set on IO_OK only and is then at least 1. */
struct transport_ops {
    const char *name;
    enum io_result (*read)(struct connection *connection, void *data, size_t cap, size_t *moved);
    enum io_result (*writev)(struct connection *connection, const struct iovec *pieces, int count,
                             size_t *moved);
    /* Says goodbye and frees `transport`; the descriptor is closed by the caller afterwards. */
    void (*close)(struct connection *connection);
};

struct connection {
    struct event_source source;
    struct event_loop *loop;
    const struct transport_ops *ops; /* NULL: a plain socket */
    void *transport;                 /* what `ops` keeps; else NULL */
};

static inline struct connection *connection_of_source(struct event_source *source) {
    return EVENT_OWNER(source, struct connection, source);
}

/* Takes over the connected, non-blocking `fd` and listens for what can be read. False with errno,
 * the fd still the caller's, when the loop cannot take it. */
NODISCARD bool connection_init(struct connection *connection, struct event_loop *loop, int fd,
                               void (*on_ready)(struct event_source *source, uint32_t events));
/* Removes it from the loop and closes the descriptor; a second call does nothing. */
void connection_close(struct connection *connection);
bool connection_is_open(const struct connection *connection);
/* Ends sending: the peer reads what was sent and then the end of the stream. */
void connection_shutdown_write(struct connection *connection);

/* Reads up to `cap` bytes (at least 1). */
NODISCARD enum io_result connection_read(struct connection *connection, void *data, size_t cap,
                                         size_t *moved);
/* Writes as much of the pieces as the socket takes; `count` is at most IOV_MAX. */
NODISCARD enum io_result connection_writev(struct connection *connection,
                                           const struct iovec *pieces, int count, size_t *moved);
NODISCARD enum io_result connection_write(struct connection *connection, const void *data,
                                          size_t len, size_t *moved);

/* Cost: a system call when it changes something, else none. */
void connection_want_read(struct connection *connection, bool is_wanted);
/* Leaves what comes unread, but hears when the peer ends its side or breaks; connection_want_read
 * ends it. */
void connection_want_only_hang_up(struct connection *connection);
void connection_want_write(struct connection *connection, bool is_wanted);

/* TCP options; on a Unix socket they do nothing. `idle_s` 0 turns keep-alive off; the peer is
 * probed after idle_s seconds of silence, three times, a third of it apart. */
void connection_set_nodelay(struct connection *connection, bool is_on);
void connection_set_keepalive(struct connection *connection, int idle_s);

#endif
