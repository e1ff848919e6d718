/* Plain sockets by direct system calls; everything else through the transport's own. */
#include "io/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEEPALIVE_PROBES = 3 };

bool connection_init(struct connection *connection, struct event_loop *loop, int fd,
                     void (*on_ready)(struct event_source *source, uint32_t events)) {
    *connection = (struct connection){.source = {.fd = fd, .on_ready = on_ready}, .loop = loop};
    if (event_loop_add(loop, &connection->source, EVENT_READABLE)) return true;
    connection->source.fd = -1;
    return false;
}

bool connection_is_open(const struct connection *connection) {
    return connection->loop != NULL && connection->source.fd >= 0;
}

void connection_close(struct connection *connection) {
    if (!connection_is_open(connection)) return;
    if (connection->ops != NULL) connection->ops->close(connection);
    event_loop_remove(connection->loop, &connection->source);
    close(connection->source.fd);
    connection->source.fd = -1;
    connection->ops = NULL;
    connection->transport = NULL;
}

void connection_shutdown_write(struct connection *connection) {
    shutdown(connection->source.fd, SHUT_WR);
}

static COLD enum io_result judge_failure(void) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return IO_AGAIN;
    if (errno == EPIPE || errno == ECONNRESET) return IO_CLOSED;
    return IO_ERROR;
}

enum io_result connection_read(struct connection *connection, void *data, size_t cap,
                               size_t *moved) {
    if (UNLIKELY(connection->ops != NULL)) {
        return connection->ops->read(connection, data, cap, moved);
    }
    ssize_t count = recv(connection->source.fd, data, cap, 0);
    if (UNLIKELY(count < 0)) return judge_failure();
    if (UNLIKELY(count == 0)) return IO_CLOSED;
    *moved = (size_t)count;
    return IO_OK;
}

static enum io_result judge_sent(ssize_t count, size_t *moved) {
    if (UNLIKELY(count < 0)) return judge_failure();
    if (UNLIKELY(count == 0)) return IO_AGAIN;
    *moved = (size_t)count;
    return IO_OK;
}

/* sendmsg and send instead of writev and write: they can be told to raise no SIGPIPE. */
enum io_result connection_writev(struct connection *connection, const struct iovec *pieces,
                                 int count, size_t *moved) {
    if (UNLIKELY(connection->ops != NULL)) {
        return connection->ops->writev(connection, pieces, count, moved);
    }
    struct msghdr message = {.msg_iovlen = (size_t)count};
    memcpy(&message.msg_iov, &pieces, sizeof pieces); /* the call only reads them */
    return judge_sent(sendmsg(connection->source.fd, &message, MSG_NOSIGNAL), moved);
}

enum io_result connection_write(struct connection *connection, const void *data, size_t len,
                                size_t *moved) {
    if (UNLIKELY(connection->ops != NULL)) {
        struct iovec piece = {.iov_len = len};
        memcpy(&piece.iov_base, &data, sizeof data);
        return connection->ops->writev(connection, &piece, 1, moved);
    }
    return judge_sent(send(connection->source.fd, data, len, MSG_NOSIGNAL), moved);
}

/* Of the events in `mask`, those in `wanted` are heard of; the others stay as they are. */
static void set_interest(struct connection *connection, uint32_t mask, uint32_t wanted) {
    uint32_t interest = connection->source.interest & ~mask;
    event_loop_modify(connection->loop, &connection->source, interest | wanted);
}

void connection_want_read(struct connection *connection, bool is_wanted) {
    set_interest(connection, EVENT_READABLE | EVENT_HANG_UP, is_wanted ? EVENT_READABLE : 0);
}

void connection_want_only_hang_up(struct connection *connection) {
    set_interest(connection, EVENT_READABLE | EVENT_HANG_UP, EVENT_HANG_UP);
}

void connection_want_write(struct connection *connection, bool is_wanted) {
    set_interest(connection, EVENT_WRITABLE, is_wanted ? EVENT_WRITABLE : 0);
}

/* Failure is of no account: the option does not exist for the socket or is a mere wish. */
static void set_option(const struct connection *connection, int level, int option, int value) {
    (void)setsockopt(connection->source.fd, level, option, &value, sizeof value);
}

void connection_set_nodelay(struct connection *connection, bool is_on) {
    set_option(connection, IPPROTO_TCP, TCP_NODELAY, is_on);
}

void connection_set_keepalive(struct connection *connection, int idle_s) {
    set_option(connection, SOL_SOCKET, SO_KEEPALIVE, idle_s > 0);
    if (idle_s <= 0) return;
    set_option(connection, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
    set_option(connection, IPPROTO_TCP, TCP_KEEPINTVL, idle_s < 3 ? 1 : idle_s / 3);
    set_option(connection, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}
