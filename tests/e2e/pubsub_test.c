/* Publish and subscribe with a crowd: completeness and order, bounded memory, slow subscribers and those
 * who vanish. Subscribers are plain sockets; those with an odd number speak RESP3. */
#include "e2e/support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    CROWD = 10 * 1000,
    MESSAGES = 1000,
    TEXT_LEN = 50,
    BIG_MESSAGES = 100,
    BIG_TEXT_LEN = 100 * 1000,
    TEXT_MAX = BIG_TEXT_LEN + 128, /* with what goes around it */
    SPARE_DESCRIPTORS = 200,
    PUBLISHED_AT_ONCE = 50,
    LAGGARD_EVERY = 10,
};

struct subscriber {
    int fd;
    size_t received; /* bytes of the stream of messages */
};

struct crowd {
    struct e2e_server *server;
    struct subscriber *subscribers;
    size_t count;
    int epoll_fd;
    char *streams[2]; /* what each must receive: RESP2, RESP3 */
    size_t stream_len;
    int message_count;
    int text_len;
    char *line;         /* room for a command */
    size_t done;        /* have received all of it */
    int64_t most_bytes; /* that the server was seen to use */
};

/* --- the crowd --- */

/* As many as the system allows files to this process, the server having as many. */
static size_t raise_limit(size_t wanted) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit raised = {.rlim_cur = wanted + SPARE_DESCRIPTORS,
                            .rlim_max = wanted + SPARE_DESCRIPTORS};
    if (limit.rlim_max >= raised.rlim_max) raised.rlim_max = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
    raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &raised), 0);
    return (size_t)limit.rlim_max - SPARE_DESCRIPTORS;
}

static int start_crowd(void **state, size_t divisor) {
    static const char *const arguments[] = {"--maxclients", "10100", NULL};
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    if (crowd == NULL) return -1;
    crowd->count = raise_limit(CROWD);
    crowd->count /= divisor;
    crowd->line = malloc(TEXT_MAX);
    crowd->server = e2e_server_start(arguments);
    crowd->subscribers = calloc(crowd->count, sizeof(*crowd->subscribers));
    crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    *state = crowd;
    return crowd->subscribers != NULL && crowd->line != NULL && crowd->epoll_fd >= 0 ? 0 : -1;
}

static int start(void **state) {
    return start_crowd(state, 1);
}

static int start_small(void **state) {
    return start_crowd(state, 10);
}

static int start_few(void **state) {
    return start_crowd(state, 300);
}

static void leave(struct subscriber *subscriber) {
    if (subscriber->fd != 0) close(subscriber->fd);
    subscriber->fd = 0;
}

static int stop(void **state) {
    struct crowd *crowd = *state;
    for (size_t i = 0; i < crowd->count; i++) leave(&crowd->subscribers[i]);
    close(crowd->epoll_fd);
    e2e_server_stop(crowd->server);
    free(crowd->subscribers);
    free(crowd->line);
    for (int i = 0; i < 2; i++) free(crowd->streams[i]);
    free(crowd);
    return 0;
}

static void subscribe(int fd, bool is_resp3) {
    if (is_resp3) {
        char line[256];
        e2e_write_str(fd, "HELLO 3\r\n");
        do e2e_read_line(fd, line, sizeof(line));
        while (strcmp(line, "*0") != 0);
    }
    e2e_write_str(fd, "SUBSCRIBE news\r\n");
    e2e_expect(fd, is_resp3 ? ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
                            : "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
}

static void begin_to_read(struct crowd *crowd, struct subscriber *subscriber) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = subscriber};
    assert_int_equal(epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, subscriber->fd, &event), 0);
}

/* One in `laggard_every` does not read before wake_laggards. */
static void gather(struct crowd *crowd, size_t laggard_every) {
    for (size_t i = 0; i < crowd->count; i++) {
        struct subscriber *subscriber = &crowd->subscribers[i];
        *subscriber = (struct subscriber){.fd = e2e_open(crowd->server)};
        subscribe(subscriber->fd, i % 2 == 1);
        if (i % laggard_every != 0) begin_to_read(crowd, subscriber);
    }
}

static void wake_laggards(struct crowd *crowd, size_t laggard_every) {
    for (size_t i = 0; i < crowd->count; i += laggard_every) {
        if (crowd->subscribers[i].fd != 0) begin_to_read(crowd, &crowd->subscribers[i]);
    }
}

/* --- what is published --- */

static void write_stream(struct crowd *crowd, int protocol) {
    size_t room = (size_t)crowd->text_len + 128, len = 0;
    char *stream = malloc((size_t)crowd->message_count * room);
    assert_non_null(stream);
    for (int i = 0; i < crowd->message_count; i++)
        len += (size_t)snprintf(stream + len, room,
                                "%c3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$%d\r\n%0*d\r\n",
                                protocol == 1 ? '>' : '*', crowd->text_len, crowd->text_len, i);
    crowd->streams[protocol] = stream;
    crowd->stream_len = len;
}

static void plan(struct crowd *crowd, int message_count, int text_len) {
    crowd->message_count = message_count;
    crowd->text_len = text_len;
    for (int protocol = 0; protocol < 2; protocol++) write_stream(crowd, protocol);
}

static void publish_some(struct crowd *crowd, redisContext *publisher, int from,
                         const char *receivers) {
    for (int i = from; i < from + PUBLISHED_AT_ONCE; i++) {
        snprintf(crowd->line, TEXT_MAX, "PUBLISH news %0*d", crowd->text_len, i);
        e2e_send(publisher, crowd->line);
    }
    for (int i = 0; i < PUBLISHED_AT_ONCE; i++) assert_received(publisher, receivers);
}

/* --- receiving --- */

static void receive(struct crowd *crowd, struct subscriber *subscriber) {
    char bytes[64 * 1024];
    size_t number = (size_t)(subscriber - crowd->subscribers);
    const char *stream = crowd->streams[number % 2];
    ssize_t count = read(subscriber->fd, bytes, sizeof(bytes));
    assert_true(count > 0);
    assert_true(subscriber->received + (size_t)count <= crowd->stream_len);
    assert_memory_equal(bytes, stream + subscriber->received, (size_t)count);
    subscriber->received += (size_t)count;
    crowd->done += subscriber->received == crowd->stream_len;
}

/* Reads what has come, waiting at most `wait_ms` for something to come. */
static bool receive_some(struct crowd *crowd, int wait_ms) {
    enum { EVENTS = 512 };
    struct epoll_event events[EVENTS];
    int count = epoll_wait(crowd->epoll_fd, events, EVENTS, wait_ms);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) receive(crowd, events[i].data.ptr);
    return count != 0;
}

static void receive_until(struct crowd *crowd, size_t done) {
    while (crowd->done < done) assert_true(receive_some(crowd, E2E_LIMIT_MS));
}

static void publish_and_receive(struct crowd *crowd, redisContext *publisher, int from,
                                const char *receivers) {
    for (int i = from; i < crowd->message_count; i += PUBLISHED_AT_ONCE) {
        publish_some(crowd, publisher, i, receivers);
        int64_t used_bytes = e2e_server_info(crowd->server, "used_memory");
        if (used_bytes > crowd->most_bytes) crowd->most_bytes = used_bytes;
        while (receive_some(crowd, 0)) {}
    }
}

static void a_crowd_receives_every_message_in_order_in_little_memory(void **state) {
    struct crowd *crowd = *state;
    char receivers[32];
    plan(crowd, MESSAGES, TEXT_LEN);
    gather(crowd, LAGGARD_EVERY);
    redisContext *publisher = e2e_connect(crowd->server);
    int64_t before = e2e_server_info(crowd->server, "used_memory");
    assert_int_equal(e2e_server_info(crowd->server, "pubsub_clients"), crowd->count);
    snprintf(receivers, sizeof(receivers), "%zu", crowd->count);
    publish_and_receive(crowd, publisher, 0, receivers);
    wake_laggards(crowd, LAGGARD_EVERY);
    receive_until(crowd, crowd->count);
    redisFree(publisher);
    int64_t allowed = 4 * (int64_t)crowd->stream_len + (int64_t)crowd->count * 2000;
    assert_true(crowd->most_bytes - before < allowed);
}

/* What the system does not take stands in the server, once a protocol. */
static void what_is_not_read_stands_once_in_memory(void **state) {
    struct crowd *crowd = *state;
    char receivers[32];
    plan(crowd, BIG_MESSAGES, BIG_TEXT_LEN);
    gather(crowd, 1);
    redisContext *publisher = e2e_connect(crowd->server);
    int64_t before = e2e_server_info(crowd->server, "used_memory");
    snprintf(receivers, sizeof(receivers), "%zu", crowd->count);
    publish_and_receive(crowd, publisher, 0, receivers);
    int64_t more = crowd->most_bytes - before, stream_len = (int64_t)crowd->stream_len;
    print_message("%zu subscribers read none of %lld bytes: %lld bytes more\n", crowd->count,
                  (long long)stream_len, (long long)more);
    assert_true(more > stream_len);
    assert_true(more < 4 * stream_len);
    wake_laggards(crowd, 1);
    receive_until(crowd, crowd->count);
    assert_true(e2e_server_info(crowd->server, "used_memory") - before < stream_len);
    redisFree(publisher);
}

static void subscribers_may_vanish_in_the_middle(void **state) {
    struct crowd *crowd = *state;
    char receivers[32];
    plan(crowd, MESSAGES, TEXT_LEN);
    gather(crowd, LAGGARD_EVERY);
    redisContext *publisher = e2e_connect(crowd->server);
    snprintf(receivers, sizeof(receivers), "%zu", crowd->count);
    publish_some(crowd, publisher, 0, receivers);
    for (size_t i = 0; i < crowd->count; i += 3) leave(&crowd->subscribers[i]);
    size_t left = crowd->count - (crowd->count + 2) / 3;
    snprintf(receivers, sizeof(receivers), "[\"news\", %zu]", left);
    e2e_server_await(crowd->server, "PUBSUB NUMSUB news", receivers);
    snprintf(receivers, sizeof(receivers), "%zu", left);
    publish_and_receive(crowd, publisher, PUBLISHED_AT_ONCE, receivers);
    wake_laggards(crowd, LAGGARD_EVERY);
    receive_until(crowd, left);
    redisFree(publisher);
    for (size_t i = 0; i < crowd->count; i++) leave(&crowd->subscribers[i]);
    e2e_server_await(crowd->server, "PUBSUB NUMSUB news", "[\"news\", 0]");
    assert_int_equal(e2e_server_info(crowd->server, "pubsub_channels"), 0);
}

/* --- one that does not read --- */

static void await_drop(struct crowd *crowd, redisContext *publisher, redisContext *reader) {
    enum { BIG = 10 * 1000, MOST = 20 * 1000 };
    char *line = malloc(BIG + 64), *expected = malloc(BIG + 64);
    assert_non_null(line);
    assert_non_null(expected);
    int i = 0;
    for (; e2e_server_info(crowd->server, "client_output_buffer_limit_disconnections") == 0; i++) {
        assert_true(i < MOST);
        snprintf(line, BIG + 64, "PUBLISH news %0*d", BIG, i);
        snprintf(expected, BIG + 64, "[\"message\", \"news\", \"%0*d\"]", BIG, i);
        free(e2e_run(publisher, line));
        assert_received(reader, expected);
    }
    free(line);
    free(expected);
}

static void a_subscriber_that_does_not_read_is_dropped_and_others_are_served(void **state) {
    struct crowd *crowd = *state;
    int slow = e2e_open(crowd->server);
    redisContext *publisher = e2e_connect(crowd->server), *reader = e2e_connect(crowd->server);
    assert_run(publisher, "CONFIG SET client-output-buffer-limit 'pubsub 1mb 0 0'", "OK");
    subscribe(slow, true);
    assert_run(reader, "SUBSCRIBE news", "[\"subscribe\", \"news\", 1]");
    int64_t before = e2e_server_info(crowd->server, "used_memory");
    await_drop(crowd, publisher, reader);
    e2e_server_await(crowd->server, "PUBSUB NUMSUB news", "[\"news\", 1]");
    assert_run(publisher, "PUBLISH news end", "1");
    assert_received(reader, "[\"message\", \"news\", \"end\"]");
    assert_true(e2e_server_info(crowd->server, "used_memory") - before < 1024 * 1024);
    close(slow);
    redisFree(publisher);
    redisFree(reader);
}

static void idle_subscribers_stay_while_others_time_out(void **state) {
    struct crowd *crowd = *state;
    redisContext *idle = e2e_connect(crowd->server), *reader = e2e_connect(crowd->server);
    assert_run(reader, "SUBSCRIBE news", "[\"subscribe\", \"news\", 1]");
    assert_string_equal(e2e_server_run(crowd->server, "CONFIG SET timeout 1"), "OK");
    int64_t since_ms = e2e_now_ms();
    for (int64_t until_ms = since_ms + 2500; e2e_now_ms() < until_ms;) {
        assert_string_equal(e2e_server_run(crowd->server, "PING"), "PONG");
        e2e_wait_a_little(since_ms, "the time in which an idle client is closed");
    }
    assert_received(idle, "closed");
    assert_string_equal(e2e_server_run(crowd->server, "PUBLISH news hello"), "1");
    assert_received(reader, "[\"message\", \"news\", \"hello\"]");
    redisFree(idle);
    redisFree(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_crowd_receives_every_message_in_order_in_little_memory,
                                        start, stop),
        cmocka_unit_test_setup_teardown(what_is_not_read_stands_once_in_memory, start_few, stop),
        cmocka_unit_test_setup_teardown(subscribers_may_vanish_in_the_middle, start_small, stop),
        cmocka_unit_test_setup_teardown(
            a_subscriber_that_does_not_read_is_dropped_and_others_are_served, start_small, stop),
        cmocka_unit_test_setup_teardown(idle_subscribers_stay_while_others_time_out, start_small,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
