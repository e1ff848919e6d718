#include "unit/support/listeners.h"

#include "engine/dispatch.h"
#include "foundation/mem.h"
#include "foundation/words.h"
#include "io/event_loop.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void ignore_event(struct event_source *source, uint32_t events) {
    (void)source;
    (void)events;
}

void listeners_gather(struct listeners *listeners, struct command_fixture *fixture, size_t count) {
    assert_true(count <= LISTENERS_MAX);
    *listeners = (struct listeners){.fixture = fixture, .loop = event_loop_new(), .count = count};
    listeners->sessions = mem_alloc_array(count, sizeof(*listeners->sessions));
    for (size_t i = 0; i < count; i++) {
        struct listener_session *one = &listeners->sessions[i];
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        assert_true(connection_init(&one->connection, listeners->loop, fds[0], ignore_event));
        one->peer_fd = fds[1];
        session_init(&one->session, fixture->engine);
    }
}

void listeners_dismiss(struct listeners *listeners) {
    for (size_t i = 0; i < listeners->count; i++) {
        struct listener_session *one = &listeners->sessions[i];
        session_destroy(&one->session);
        connection_close(&one->connection);
        close(one->peer_fd);
        buffer_destroy(&one->received);
    }
    output_batch_destroy(&listeners->batch);
    event_loop_free(listeners->loop);
    mem_free(listeners->sessions);
}

struct session *listener_session(struct listeners *listeners, size_t who) {
    assert_true(who < listeners->count);
    return &listeners->sessions[who].session;
}

/* --- running --- */

void listener_run_args(struct listeners *listeners, size_t who, const struct bytes *args,
                       size_t count) {
    struct session *session = listener_session(listeners, who);
    output_lend(&session->output, &listeners->batch);
    (void)dispatch(session, args, (uint32_t)count);
    output_keep(&session->output);
}

void listener_run(struct listeners *listeners, size_t who, const char *line) {
    struct words words;
    assert_true(words_split(bytes_of_str(line), &words));
    listener_run_args(listeners, who, words.items, words.count);
    words_destroy(&words);
}

void listener_replace(struct listeners *listeners, size_t who) {
    struct session *session = listener_session(listeners, who);
    (void)listener_receive(listeners, who);
    buffer_clear(&listeners->sessions[who].received);
    session_destroy(session);
    *session = (struct session){0};
    session_init(session, listeners->fixture->engine);
}

/* --- reading --- */

static void receive_some(struct listener_session *one) {
    enum { SOME_BYTES = 64 * 1024 };
    ssize_t count = read(one->peer_fd, buffer_room(&one->received, SOME_BYTES), SOME_BYTES);
    if (count > 0) buffer_commit(&one->received, (size_t)count);
    if (count < 0) assert_int_equal(errno, EAGAIN);
}

struct buffer *listener_receive(struct listeners *listeners, size_t who) {
    enum { MAX_ROUNDS = 1000 * 1000 };
    struct listener_session *one = &listeners->sessions[who];
    struct output *output = &one->session.output;
    for (int i = 0; output_pending_bytes(output) != 0; i++) {
        assert_true(i < MAX_ROUNDS);
        enum io_result result = output_flush(output, &one->connection);
        assert_true(result == IO_OK || result == IO_AGAIN);
        receive_some(one);
    }
    receive_some(one);
    return &one->received;
}

const char *listener_read(struct listeners *listeners, size_t who) {
    struct buffer *received = listener_receive(listeners, who);
    const char *text = fixture_text_of(listeners->fixture, buffer_bytes(received));
    buffer_clear(received);
    return text;
}
