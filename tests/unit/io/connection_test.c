#include "io/connection.h"

#include "foundation/mem.h"
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_loop *loop;
static struct connection connection;
static int peer_fd;
static uint32_t reported;

static void note_events(struct event_source *source, uint32_t events) {
    assert_ptr_equal(connection_of_source(source), &connection);
    reported = events;
}

static int set_up(void **state) {
    (void)state;
    int fds[2];
    loop = event_loop_new();
    reported = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) return -1;
    peer_fd = fds[1];
    return connection_init(&connection, loop, fds[0], note_events) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    connection_close(&connection);
    if (peer_fd >= 0) close(peer_fd);
    event_loop_free(loop);
    return 0;
}

static void reading_ends_in_bytes_nothing_yet_or_closed(void **state) {
    (void)state;
    char data[8];
    size_t moved = 0;
    assert_int_equal(connection_read(&connection, data, sizeof data, &moved), IO_AGAIN);
    assert_int_equal(write(peer_fd, "abc", 3), 3);
    event_loop_run_once(loop, 0);
    assert_int_equal(reported, EVENT_READABLE);
    assert_int_equal(connection_read(&connection, data, sizeof data, &moved), IO_OK);
    assert_int_equal(moved, 3);
    assert_memory_equal(data, "abc", 3);
    close(peer_fd);
    peer_fd = -1;
    assert_int_equal(connection_read(&connection, data, sizeof data, &moved), IO_CLOSED);
    assert_int_equal(connection_write(&connection, "x", 1, &moved), IO_CLOSED);
}

static void writing_gathers_pieces(void **state) {
    (void)state;
    char first[] = "ab", second[] = "cde", data[8];
    struct iovec pieces[] = {{first, 2}, {second, 3}};
    size_t moved = 0;
    assert_int_equal(connection_writev(&connection, pieces, 2, &moved), IO_OK);
    assert_int_equal(moved, 5);
    assert_int_equal(read(peer_fd, data, sizeof data), 5);
    assert_memory_equal(data, "abcde", 5);
    connection_shutdown_write(&connection);
    assert_int_equal(read(peer_fd, data, sizeof data), 0);
}

static void only_what_is_wanted_is_reported(void **state) {
    (void)state;
    assert_int_equal(write(peer_fd, "abc", 3), 3);
    connection_want_read(&connection, false);
    connection_want_write(&connection, true);
    event_loop_run_once(loop, 0);
    assert_int_equal(reported, EVENT_WRITABLE);
    connection_want_write(&connection, false);
    reported = 0;
    event_loop_run_once(loop, 0);
    assert_int_equal(reported, 0);
}

static void a_hang_up_is_heard_without_reading(void **state) {
    (void)state;
    connection_want_only_hang_up(&connection);
    assert_int_equal(write(peer_fd, "abc", 3), 3);
    event_loop_run_once(loop, 0);
    assert_int_equal(reported, 0);
    assert_int_equal(shutdown(peer_fd, SHUT_WR), 0);
    event_loop_run_once(loop, 0);
    assert_int_equal(reported, EVENT_HANG_UP);
    connection_want_read(&connection, true);
    event_loop_run_once(loop, 0);
    assert_int_equal(reported, EVENT_READABLE);
    connection_want_only_hang_up(&connection);
    connection_want_read(&connection, false);
    assert_int_equal(connection.source.interest, 0);
}

static void closing_twice_is_closing_once(void **state) {
    (void)state;
    assert_true(connection_is_open(&connection));
    connection_close(&connection);
    assert_false(connection_is_open(&connection));
    connection_close(&connection);
    char data[1];
    assert_int_equal(read(peer_fd, data, 1), 0);
}

static int transport_calls;

static enum io_result read_through_transport(struct connection *from, void *data, size_t cap,
                                             size_t *moved) {
    (void)from;
    memset(data, 'T', cap);
    *moved = cap;
    transport_calls++;
    return IO_OK;
}

static enum io_result writev_through_transport(struct connection *to, const struct iovec *pieces,
                                               int count, size_t *moved) {
    (void)to;
    *moved = pieces[count - 1].iov_len;
    transport_calls++;
    return IO_OK;
}

static void close_transport(struct connection *closed) {
    assert_true(connection_is_open(closed));
    transport_calls++;
}

static void another_transport_takes_over_reading_writing_and_closing(void **state) {
    (void)state;
    static const struct transport_ops ops = {.name = "test",
                                             .read = read_through_transport,
                                             .writev = writev_through_transport,
                                             .close = close_transport};
    char data[2];
    size_t moved;
    transport_calls = 0;
    connection.ops = &ops;
    assert_int_equal(connection_read(&connection, data, sizeof data, &moved), IO_OK);
    assert_memory_equal(data, "TT", 2);
    assert_int_equal(connection_write(&connection, "abc", 3, &moved), IO_OK);
    assert_int_equal(moved, 3);
    connection_close(&connection);
    assert_int_equal(transport_calls, 3);
}

static int read_option(int level, int option) {
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(connection.source.fd, level, option, &value, &len), 0);
    return value;
}

static void tcp_options_reach_the_socket(void **state) {
    (void)state;
    connection_close(&connection);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(connection_init(&connection, loop, fd, note_events));
    connection_set_nodelay(&connection, true);
    connection_set_keepalive(&connection, 300);
    assert_true(read_option(IPPROTO_TCP, TCP_NODELAY) != 0);
    assert_true(read_option(SOL_SOCKET, SO_KEEPALIVE) != 0);
    assert_int_equal(read_option(IPPROTO_TCP, TCP_KEEPIDLE), 300);
    assert_int_equal(read_option(IPPROTO_TCP, TCP_KEEPINTVL), 100);
    assert_int_equal(read_option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    connection_set_keepalive(&connection, 0);
    assert_int_equal(read_option(SOL_SOCKET, SO_KEEPALIVE), 0);
}

static void addresses_have_one_form_a_family(void **state) {
    (void)state;
    char text[ADDRESS_TEXT_MAX];
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(80)};
    inet_pton(AF_INET, "203.0.113.7", &ipv4.sin_addr);
    assert_int_equal(address_format((struct sockaddr *)&ipv4, text), 14);
    assert_string_equal(text, "203.0.113.7:80");
    assert_false(address_is_local((struct sockaddr *)&ipv4));
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(6379)};
    inet_pton(AF_INET6, "2001:db8::1", &ipv6.sin6_addr);
    address_format((struct sockaddr *)&ipv6, text);
    assert_string_equal(text, "[2001:db8::1]:6379");
    assert_false(address_is_local((struct sockaddr *)&ipv6));
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &ipv6.sin6_addr);
    assert_true(address_is_local((struct sockaddr *)&ipv6));
    address_format_peer(-1, text);
    assert_string_equal(text, "?:0");
}

static void a_connection_is_small(void **state) {
    (void)state;
    assert_true(sizeof(struct connection) <= 64);
}

int main(void) {
    mem_start();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reading_ends_in_bytes_nothing_yet_or_closed),
        TEST(writing_gathers_pieces),
        TEST(only_what_is_wanted_is_reported),
        TEST(a_hang_up_is_heard_without_reading),
        TEST(closing_twice_is_closing_once),
        TEST(another_transport_takes_over_reading_writing_and_closing),
        TEST(tcp_options_reach_the_socket),
        TEST(addresses_have_one_form_a_family),
        TEST(a_connection_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
