/* An answer is complete when the reply counter says so; until then bytes are collected. */
#include "benchmark/control.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "benchmark/fail.h"
#include "benchmark/resp_skip.h"

enum { LINE_WORDS_MAX = 16, ANSWER_TIMEOUT_S = 60 };

static int connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) fail("socket path too long: %s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("cannot make a socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("cannot connect to %s: %s", path, strerror(errno));
    }
    return fd;
}

static int connect_tcp(const char *host, const char *port) {
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int problem = getaddrinfo(host, port, &wanted, &found);
    if (problem != 0) fail("cannot resolve %s port %s: %s", host, port, gai_strerror(problem));
    int fd = -1;
    for (struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            int saved = errno;
            close(fd);
            errno = saved;
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd < 0) fail("cannot connect to %s:%s: %s", host, port, strerror(errno));
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void send_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) fail("cannot send to the server: %s", strerror(errno));
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void receive_answer(struct control *control) {
    struct resp_skip skip;
    resp_skip_init(&skip);
    control->length = 0;
    while (skip.replies == 0) {
        if (control->length + 1 >= control->room) {
            control->room = control->room ? 2 * control->room : 1024;
            control->bytes = need_memory(control->bytes, control->room);
        }
        char *place = control->bytes + control->length;
        ssize_t got = recv(control->fd, place, control->room - 1 - control->length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) fail("the server closed the connection");
        if (got < 0) fail("no answer from the server: %s", strerror(errno));
        if (!resp_skip_feed(&skip, place, (size_t)got)) fail("the server's answer is not RESP");
        control->length += (size_t)got;
    }
    control->bytes[control->length] = '\0';
}

static struct answer read_answer(struct control *control) {
    struct answer answer = {.type = control->bytes[0], .text = control->bytes + 1};
    char *line_end = strchr(control->bytes, '\r');
    if (line_end == NULL) fail("the server's answer is not RESP");
    answer.length = (size_t)(line_end - answer.text);
    answer.number = strtoll(answer.text, NULL, 10);
    if (answer.type == '$' && answer.number >= 0) {
        char *body = line_end + 2;
        answer.text = body;
        answer.length = (size_t)answer.number;
        answer.number = strtoll(body, NULL, 10);
        line_end = body + answer.length;
    }
    *line_end = '\0';
    return answer;
}

struct answer control_ask_encoded(struct control *control, const char *bytes, size_t length) {
    send_all(control->fd, bytes, length);
    receive_answer(control);
    return read_answer(control);
}

struct answer control_ask(struct control *control, const char *const *words, size_t count) {
    char request[4096];
    size_t length = (size_t)snprintf(request, sizeof(request), "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        int added = snprintf(request + length, sizeof(request) - length, "$%zu\r\n%s\r\n",
                             strlen(words[i]), words[i]);
        if ((size_t)added >= sizeof(request) - length) fail("argument too long: %.40s…", words[i]);
        length += (size_t)added;
    }
    return control_ask_encoded(control, request, length);
}

struct answer control_ask_line(struct control *control, const char *line) {
    char copy[512];
    const char *words[LINE_WORDS_MAX];
    size_t count = 0;
    snprintf(copy, sizeof(copy), "%s", line);
    char *rest = copy;
    for (char *word; count < LINE_WORDS_MAX && (word = strsep(&rest, " ")) != NULL;) {
        words[count++] = word;
    }
    return control_ask(control, words, count);
}

static void must_succeed(struct control *control, const char *const *words, size_t count) {
    struct answer answer = control_ask(control, words, count);
    if (answer.type == '-') fail("%s was refused: %s", words[0], answer.text);
}

void control_open(struct control *control, const struct target *target) {
    *control = (struct control){.fd = -1};
    control->fd = target->socket_path ? connect_unix(target->socket_path)
                                      : connect_tcp(target->host, target->port);
    struct timeval patience = {.tv_sec = ANSWER_TIMEOUT_S};
    setsockopt(control->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (target->password && target->user) {
        must_succeed(control, (const char *[]){"AUTH", target->user, target->password}, 3);
    } else if (target->password) {
        must_succeed(control, (const char *[]){"AUTH", target->password}, 2);
    }
    if (target->is_resp3) must_succeed(control, (const char *[]){"HELLO", "3"}, 2);
    if (target->database) must_succeed(control, (const char *[]){"SELECT", target->database}, 2);
}

int control_detach(struct control *control) {
    int fd = control->fd;
    free(control->bytes);
    *control = (struct control){.fd = -1};
    return fd;
}

void control_close(struct control *control) {
    close(control_detach(control));
}
