/* Opening follows one rule: the first socket that cannot be opened undoes the others and leaves a
 * line that names it, unless its address is marked optional and this machine does not have it. */
#include "io/listener.h"

#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/event_loop.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ACCEPTS_PER_ROUND = 1000, REST_US = 100 * 1000 };

struct listening_socket {
    struct event_source source;
    struct listener *listener;
};

struct listener {
    struct event_loop *loop;
    struct listener_owner owner;
    struct listening_socket *sockets;
    size_t count;
    struct timer rest; /* runs while the process is out of descriptors */
    bool is_paused;
    bool has_logged_shortage;
    char *path; /* of the Unix socket's file; NULL for TCP */
    dev_t path_device;
    ino_t path_inode;
};

/* What went wrong with one socket: the failed step and why. */
struct failure {
    const char *step;
    const char *reason;
    int error; /* errno; 0 when the name could not be resolved */
};

/* --- Accepting --- */

static void set_accepting(struct listener *listener, bool is_accepting) {
    for (size_t i = 0; i < listener->count; i++) {
        event_loop_modify(listener->loop, &listener->sockets[i].source,
                          is_accepting ? EVENT_READABLE : 0);
    }
}

static void end_rest(struct timer *timer) {
    struct listener *listener = EVENT_OWNER(timer, struct listener, rest);
    if (!listener->is_paused) set_accepting(listener, true);
}

static void begin_rest(struct listener *listener) {
    if (!listener->has_logged_shortage) {
        LOG_WARNING("Accepting client connection: accept: %s", strerror(errno));
        listener->has_logged_shortage = true;
    }
    set_accepting(listener, false);
    int64_t now_us = event_loop_clock(listener->loop)->monotonic_us;
    timer_start(listener->loop, &listener->rest, now_us + REST_US, end_rest);
}

static bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void accept_connections(struct event_source *source, UNUSED uint32_t events) {
    struct listener *listener = EVENT_OWNER(source, struct listening_socket, source)->listener;
    for (int i = 0; i < ACCEPTS_PER_ROUND && source->interest != 0; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof peer;
        int fd = accept4(source->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->has_logged_shortage = false;
            listener->owner.on_accept(listener->owner.context, fd, (struct sockaddr *)&peer);
        } else if (is_shortage(errno)) {
            begin_rest(listener);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

void listener_pause(struct listener *listener) {
    listener->is_paused = true;
    set_accepting(listener, false);
}

void listener_resume(struct listener *listener) {
    listener->is_paused = false;
    if (!timer_is_running(&listener->rest)) set_accepting(listener, true);
}

/* --- Opening and closing --- */

static struct listener *new_listener(struct event_loop *loop, struct listener_owner owner,
                                     size_t max_sockets) {
    struct listener *listener = mem_alloc_zeroed(sizeof *listener);
    listener->loop = loop;
    listener->owner = owner;
    listener->sockets = mem_alloc_array(max_sockets, sizeof *listener->sockets);
    return listener;
}

static bool fail_step(struct failure *failure, const char *step) {
    *failure = (struct failure){.step = step, .reason = strerror(errno), .error = errno};
    return false;
}

/* Takes over `fd`, which is bound. */
static bool start_listening(struct listener *listener, int fd, int backlog,
                            struct failure *failure) {
    struct listening_socket *listening = &listener->sockets[listener->count];
    *listening = (struct listening_socket){.source = {.fd = fd, .on_ready = accept_connections},
                                           .listener = listener};
    if (listen(fd, backlog) != 0) {
        fail_step(failure, "listen");
    } else if (!event_loop_add(listener->loop, &listening->source, EVENT_READABLE)) {
        fail_step(failure, "epoll_ctl");
    } else {
        listener->count++;
        return true;
    }
    close(fd);
    return false;
}

/* Another server's file may have taken the place of ours. */
static void remove_own_file(const struct listener *listener) {
    struct stat status;
    if (listener->path == NULL || lstat(listener->path, &status) != 0) return;
    bool is_ours = status.st_dev == listener->path_device && status.st_ino == listener->path_inode;
    if (is_ours) unlink(listener->path);
}

void listener_close(struct listener *listener) {
    if (listener == NULL) return;
    timer_stop(listener->loop, &listener->rest);
    for (size_t i = 0; i < listener->count; i++) {
        event_loop_remove(listener->loop, &listener->sockets[i].source);
        close(listener->sockets[i].source.fd);
    }
    remove_own_file(listener);
    mem_free(listener->path);
    mem_free(listener->sockets);
    mem_free(listener);
}

size_t listener_socket_count(const struct listener *listener) {
    return listener->count;
}

int listener_port(const struct listener *listener) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (listener->count == 0) return 0;
    if (getsockname(listener->sockets[0].source.fd, (struct sockaddr *)&address, &len) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

/* --- TCP --- */

static int bind_tcp_socket(const struct addrinfo *info, struct failure *failure) {
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    info->ai_protocol);
    if (fd < 0) {
        fail_step(failure, "socket");
        return -1;
    }
    int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (info->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    }
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0) return fd;
    fail_step(failure, "bind");
    close(fd);
    return -1;
}

static struct addrinfo *resolve(const char *host, int port, struct failure *failure) {
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    bool is_ipv6 = strchr(host, ':') != NULL;
    bool is_any = strcmp(host, "*") == 0 || strcmp(host, "::*") == 0;
    struct addrinfo hints = {.ai_family = is_ipv6  ? AF_INET6
                                          : is_any ? AF_INET
                                                   : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *infos = NULL;
    int error = getaddrinfo(is_any ? NULL : host, service, &hints, &infos);
    if (error == 0) return infos;
    *failure = (struct failure){.step = "resolve", .reason = gai_strerror(error)};
    return NULL;
}

/* The first of the host's addresses that can be bound. */
static int open_tcp_socket(const char *host, int port, struct failure *failure) {
    struct addrinfo *infos = resolve(host, port, failure);
    int fd = -1;
    for (struct addrinfo *info = infos; info != NULL && fd < 0; info = info->ai_next) {
        fd = bind_tcp_socket(info, failure);
    }
    if (infos != NULL) freeaddrinfo(infos);
    return fd;
}

static bool is_address_missing(int error) {
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EPFNOSUPPORT ||
           error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT || error == ENOPROTOOPT;
}

static bool open_tcp_address(struct listener *listener, const char *host, int port, int backlog,
                             struct failure *failure) {
    int fd = open_tcp_socket(host, port, failure);
    return fd >= 0 && start_listening(listener, fd, backlog, failure);
}

/* False when the address has failed for good. */
static bool add_tcp_address(struct listener *listener, const struct listener_tcp *settings,
                            const char *address, char *error) {
    bool is_optional = address[0] == '-';
    const char *host = is_optional ? address + 1 : address;
    int port = settings->port;
    if (port == 0 && listener->count > 0) port = listener_port(listener);
    struct failure failure = {0};
    if (open_tcp_address(listener, host, port, settings->backlog, &failure)) return true;
    if (is_optional && is_address_missing(failure.error)) return true;
    snprintf(error, LISTENER_ERROR_MAX,
             "Could not create server TCP listening socket %s:%d: %s: %s", host, port, failure.step,
             failure.reason);
    return false;
}

struct listener *listener_open_tcp(struct event_loop *loop, const struct listener_tcp *settings,
                                   struct listener_owner owner, char *error) {
    struct listener *listener = new_listener(loop, owner, settings->address_count + 1);
    for (size_t i = 0; i < settings->address_count; i++) {
        if (add_tcp_address(listener, settings, settings->addresses[i], error)) continue;
        listener_close(listener);
        return NULL;
    }
    if (listener->count > 0) return listener;
    snprintf(error, LISTENER_ERROR_MAX,
             "Could not create server TCP listening socket: none of the addresses to bind to is "
             "available");
    listener_close(listener);
    return NULL;
}

/* --- Unix sockets --- */

/* A file left by a server that is gone refuses connections. */
static void remove_stale_file(const struct sockaddr_un *address) {
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    int result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (result != 0 && errno == ECONNREFUSED) unlink(address->sun_path);
    close(fd);
}

static void remember_file(struct listener *listener, const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) return;
    listener->path = mem_dup_str(path);
    listener->path_device = status.st_dev;
    listener->path_inode = status.st_ino;
}

static bool open_unix_socket(struct listener *listener, const struct listener_unix *settings,
                             struct failure *failure) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(settings->path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return fail_step(failure, "bind");
    }
    memcpy(address.sun_path, settings->path, strlen(settings->path));
    remove_stale_file(&address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail_step(failure, "socket");
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail_step(failure, "bind");
    } else {
        remember_file(listener, settings->path);
        /* Before listening, so that nobody gets in with the wrong mode. */
        if (settings->mode == 0 || chmod(settings->path, settings->mode) == 0) {
            return start_listening(listener, fd, settings->backlog, failure);
        }
        fail_step(failure, "chmod");
    }
    close(fd);
    return false;
}

struct listener *listener_open_unix(struct event_loop *loop, const struct listener_unix *settings,
                                    struct listener_owner owner, char *error) {
    struct listener *listener = new_listener(loop, owner, 1);
    struct failure failure;
    if (open_unix_socket(listener, settings, &failure)) return listener;
    snprintf(error, LISTENER_ERROR_MAX, "Could not create server Unix listening socket %s: %s: %s",
             settings->path, failure.step, failure.reason);
    listener_close(listener);
    return NULL;
}
