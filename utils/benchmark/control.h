/* A plain blocking connection to the server, for set-up and for questions: one command, one answer.
 * Whatever fails on it ends the program with a message. */
#ifndef BENCHMARK_CONTROL_H
#define BENCHMARK_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How to reach a server and what to say first. */
struct target {
    const char *host;
    const char *port;
    const char *socket_path; /* NULL: TCP */
    const char *user;        /* NULL: the default user */
    const char *password;    /* NULL: no AUTH */
    const char *database;    /* NULL: no SELECT */
    bool is_resp3;
};

struct control {
    int fd;
    char *bytes; /* the last answer, as received; NUL-terminated */
    size_t length;
    size_t room;
};

/* The last answer. `text` is valid until the next question; it is NUL-terminated. For an array or
 * map only `type` is set. */
struct answer {
    char type; /* the answer's first byte: + - : $ * … */
    const char *text;
    size_t length;
    int64_t number;
};

/* Connects, and does HELLO 3, AUTH and SELECT as the target says. */
void control_open(struct control *control, const struct target *target);

void control_close(struct control *control);

/* Gives the connected socket away; the control connection is closed but for that. */
int control_detach(struct control *control);

/* Sends a command of words and waits for its answer, which may be an error. */
struct answer control_ask(struct control *control, const char *const *words, size_t count);

/* The same with the words of one line, split at single blanks. */
struct answer control_ask_line(struct control *control, const char *line);

/* Sends bytes that hold one command already encoded and waits for its answer. */
struct answer control_ask_encoded(struct control *control, const char *bytes, size_t length);

#endif
