/* More sessions of a fixture's engine, whose every byte the tests see: replies and what others push to
 * them. Each has a pair of connected sockets, through which its output goes when the test reads it; until
 * then it stays in the server's hands, as with a peer that does not read. */
#ifndef UNIT_SUPPORT_LISTENERS_H
#define UNIT_SUPPORT_LISTENERS_H

#include "unit/support/command_fixture.h"

enum { LISTENERS_MAX = 32 };

struct listener_session {
    struct session session;
    struct connection connection;
    int peer_fd;
    struct buffer received; /* and not yet looked at */
};

struct listeners {
    struct command_fixture *fixture;
    struct event_loop *loop;
    struct output_batch batch;
    size_t count;
    struct listener_session *sessions;
};

/* `count` of them, at most LISTENERS_MAX. */
void listeners_gather(struct listeners *listeners, struct command_fixture *fixture, size_t count);
void listeners_dismiss(struct listeners *listeners);
struct session *listener_session(struct listeners *listeners, size_t who);

/* Runs a command as one of them; the reply joins what waits for it. */
void listener_run(struct listeners *listeners, size_t who, const char *line);
void listener_run_args(struct listeners *listeners, size_t who, const struct bytes *args,
                       size_t count);
/* It goes with all that waits for it, and another one comes in its place. */
void listener_replace(struct listeners *listeners, size_t who);
/* All that waits for it, as bytes in `received`: the test takes from it what it has looked at. */
struct buffer *listener_receive(struct listeners *listeners, size_t who);
/* The same as text, taken. */
const char *listener_read(struct listeners *listeners, size_t who);

/* Compares all that waits for it. */
#define assert_heard(listeners, who, expected)                                                     \
    assert_string_equal(listener_read((listeners), (who)), (expected))

#endif
