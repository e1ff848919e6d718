#include "io/listener.h"

#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/address.h"
#include "io/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { ACCEPTED_MAX = 64 };

static struct event_loop *loop;
static int accepted[ACCEPTED_MAX];
static size_t accepted_count;
static bool is_last_peer_local;
static char error[LISTENER_ERROR_MAX];
static char folder[] = "/tmp/skua-listener-XXXXXX";
static char path[64];

static void note_accepted(void *context, int fd, const struct sockaddr *peer) {
    (void)context;
    assert_true(accepted_count < ACCEPTED_MAX);
    accepted[accepted_count++] = fd;
    is_last_peer_local = address_is_local(peer);
}

static const struct listener_owner owner = {.on_accept = note_accepted};

static int set_up(void **state) {
    (void)state;
    loop = event_loop_new();
    accepted_count = 0;
    error[0] = '\0';
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (size_t i = 0; i < accepted_count; i++) close(accepted[i]);
    unlink(path);
    event_loop_free(loop);
    return 0;
}

static struct listener *open_tcp(const char *const *addresses, size_t count, int port) {
    struct listener_tcp settings = {
        .addresses = addresses, .address_count = count, .port = port, .backlog = 64};
    return listener_open_tcp(loop, &settings, owner, error);
}

static struct listener *open_unix(mode_t mode) {
    struct listener_unix settings = {.path = path, .mode = mode, .backlog = 64};
    return listener_open_unix(loop, &settings, owner, error);
}

static int connect_tcp(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void run_until_accepted(size_t count) {
    for (int i = 0; i < 1000 && accepted_count < count; i++) event_loop_run_once(loop, 100);
    assert_int_equal(accepted_count, count);
}

static void connections_are_accepted_and_have_addresses(void **state) {
    (void)state;
    static const char *const addresses[] = {"127.0.0.1"};
    struct listener *listener = open_tcp(addresses, 1, 0);
    assert_non_null(listener);
    int port = listener_port(listener);
    int client = connect_tcp(port);
    int other = connect_tcp(port);
    run_until_accepted(2);
    assert_true(is_last_peer_local);
    char peer[ADDRESS_TEXT_MAX], local[ADDRESS_TEXT_MAX], wanted[ADDRESS_TEXT_MAX];
    address_format_peer(accepted[0], peer);
    address_format_local(client, local);
    assert_string_equal(peer, local);
    snprintf(wanted, sizeof wanted, "127.0.0.1:%d", port);
    assert_int_equal(address_format_local(accepted[0], local), strlen(wanted));
    assert_string_equal(local, wanted);
    close(client);
    close(other);
    listener_close(listener);
}

static void a_busy_port_is_refused_with_address_and_reason(void **state) {
    (void)state;
    static const char *const addresses[] = {"127.0.0.1"};
    struct listener *listener = open_tcp(addresses, 1, 0);
    int port = listener_port(listener);
    assert_null(open_tcp(addresses, 1, port));
    char wanted[LISTENER_ERROR_MAX];
    snprintf(wanted, sizeof wanted,
             "Could not create server TCP listening socket 127.0.0.1:%d: bind: Address already "
             "in use",
             port);
    assert_string_equal(error, wanted);
    listener_close(listener);
    listener = open_tcp(addresses, 1, port);
    assert_non_null(listener);
    listener_close(listener);
}

static void only_an_optional_address_may_be_missing(void **state) {
    (void)state;
    static const char *const optional[] = {"-203.0.113.7", "127.0.0.1", "-::1"};
    struct listener *listener = open_tcp(optional, 3, 0);
    assert_non_null(listener);
    assert_in_range(listener_socket_count(listener), 1, 2);
    listener_close(listener);
    assert_null(open_tcp(optional, 1, 0));
    static const char *const required[] = {"127.0.0.1", "203.0.113.7"};
    assert_null(open_tcp(required, 2, 0));
    assert_non_null(strstr(error, "203.0.113.7:"));
    assert_non_null(strstr(error, "bind: Cannot assign requested address"));
}

static void a_star_listens_on_every_ipv4_address(void **state) {
    (void)state;
    static const char *const addresses[] = {"*", "-::*"};
    struct listener *listener = open_tcp(addresses, 2, 0);
    assert_non_null(listener);
    int client = connect_tcp(listener_port(listener));
    run_until_accepted(1);
    close(client);
    listener_close(listener);
}

static void a_paused_listener_accepts_only_after_it_resumes(void **state) {
    (void)state;
    static const char *const addresses[] = {"127.0.0.1"};
    struct listener *listener = open_tcp(addresses, 1, 0);
    listener_pause(listener);
    int client = connect_tcp(listener_port(listener));
    event_loop_run_once(loop, 0);
    assert_int_equal(accepted_count, 0);
    listener_resume(listener);
    run_until_accepted(1);
    close(client);
    listener_close(listener);
}

/* Without the rest each of the rounds below would return at once and the loop would spin. */
static void a_shortage_of_descriptors_makes_it_rest_and_then_go_on(void **state) {
    (void)state;
    static const char *const addresses[] = {"127.0.0.1"};
    struct log_settings silence = {.level = LOG_LEVEL_NOTHING};
    assert_true(log_configure(&silence));
    struct listener *listener = open_tcp(addresses, 1, 0);
    int client = connect_tcp(listener_port(listener));
    struct rlimit old, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    event_loop_run_once(loop, 1000);
    int64_t before_us = event_loop_clock(loop)->monotonic_us;
    event_loop_run_once(loop, 1000);
    int64_t rested_us = event_loop_clock(loop)->monotonic_us - before_us;
    setrlimit(RLIMIT_NOFILE, &old);
    assert_int_equal(accepted_count, 0);
    assert_true(rested_us >= 90 * 1000);
    run_until_accepted(1);
    close(client);
    listener_close(listener);
}

static struct sockaddr_un unix_address(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, sizeof path);
    return address;
}

static int connect_unix(void) {
    struct sockaddr_un address = unix_address();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void a_unix_socket_has_its_mode_and_its_path_as_address(void **state) {
    (void)state;
    struct stat status;
    struct listener *listener = open_unix(0700);
    assert_non_null(listener);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(listener_port(listener), 0);
    int client = connect_unix();
    run_until_accepted(1);
    assert_true(is_last_peer_local);
    char text[ADDRESS_TEXT_MAX], wanted[ADDRESS_TEXT_MAX];
    snprintf(wanted, sizeof wanted, "%s:0", path);
    address_format_peer(accepted[0], text);
    assert_string_equal(text, wanted);
    close(client);
    listener_close(listener);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_file_that_a_dead_server_left_is_replaced(void **state) {
    (void)state;
    struct sockaddr_un address = unix_address();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    struct listener *listener = open_unix(0);
    assert_non_null(listener);
    assert_null(open_unix(0));
    assert_non_null(strstr(error, "bind: Address already in use"));
    listener_close(listener);
}

static void any_other_file_is_left_alone(void **state) {
    (void)state;
    FILE *file = fopen(path, "w");
    fclose(file);
    assert_null(open_unix(0));
    assert_non_null(strstr(error, path));
    assert_int_equal(access(path, F_OK), 0);
}

static void a_path_too_long_is_refused(void **state) {
    (void)state;
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct listener_unix settings = {.path = name, .backlog = 1};
    assert_null(listener_open_unix(loop, &settings, owner, error));
    assert_non_null(strstr(error, "File name too long"));
}

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/socket", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

int main(void) {
    mem_start();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(connections_are_accepted_and_have_addresses),
        TEST(a_busy_port_is_refused_with_address_and_reason),
        TEST(only_an_optional_address_may_be_missing),
        TEST(a_star_listens_on_every_ipv4_address),
        TEST(a_paused_listener_accepts_only_after_it_resumes),
        TEST(a_shortage_of_descriptors_makes_it_rest_and_then_go_on),
        TEST(a_unix_socket_has_its_mode_and_its_path_as_address),
        TEST(a_file_that_a_dead_server_left_is_replaced),
        TEST(any_other_file_is_left_alone),
        TEST(a_path_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
