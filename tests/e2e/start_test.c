/* How the server starts and ends: command line, configuration, files of the process, refusals,
 * signals, crash report. */
#include "e2e/support.h"

#include "foundation/buffer.h"
#include "foundation/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { OUTPUT_MAX = 4096 };

/* --- help --- */

static void assert_holds(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) fail_msg("'%s' is missing in:\n%s", wanted, text);
}

static void assert_log_holds(const struct e2e_server *server, const char *wanted) {
    char *log = e2e_server_read_log(server);
    assert_holds(log, wanted);
    free(log);
}

/* The program must end with status 1 after one line that holds the text. */
static void assert_refused(const char *const *arguments, const char *wanted) {
    char output[OUTPUT_MAX];
    assert_int_equal(e2e_server_run_to_end(arguments, output, sizeof(output)), EXIT_FAILURE);
    assert_holds(output, wanted);
    if (strchr(output, '\n') != strrchr(output, '\n')) fail_msg("not one line: %s", output);
}

#define REFUSED(wanted, ...) assert_refused((const char *const[]){__VA_ARGS__, NULL}, wanted)

static bool exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

static void assert_ends_cleanly(struct e2e_server *server) {
    int status = e2e_server_await_end(server);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

/* --- the command line --- */

static void version_and_help_are_printed(void **state) {
    static const char *const lines[][2] = {{"--version", "Skua server v="},
                                           {"-v", "Skua server v="},
                                           {"--help", "Usage: "},
                                           {"-h", "Usage: "}};
    (void)state;
    char output[OUTPUT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *const arguments[] = {lines[i][0], NULL};
        assert_int_equal(e2e_server_run_to_end(arguments, output, sizeof(output)), EXIT_SUCCESS);
        assert_holds(output, lines[i][1]);
    }
}

static void directives_come_from_the_command_line(void **state) {
    (void)state;
    static const char *const arguments[] = {"--maxclients",  "77",       "--timeout 5",
                                            "--requirepass", "--dashes", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    assert_run(server->control, "AUTH --dashes", "OK");
    assert_run(server->control, "CONFIG GET maxclients", "[\"maxclients\", \"77\"]");
    assert_run(server->control, "CONFIG GET timeout", "[\"timeout\", \"5\"]");
    e2e_server_stop(server);
}

static void directives_come_from_a_file_and_then_the_command_line(void **state) {
    (void)state;
    static const char *const arguments[] = {"--timeout", "6", NULL};
    struct e2e_server *server =
        e2e_server_start_from_file("# comment\nmaxclients 78\ntimeout 5\n", arguments);
    assert_run(server->control, "CONFIG GET maxclients", "[\"maxclients\", \"78\"]");
    assert_run(server->control, "CONFIG GET timeout", "[\"timeout\", \"6\"]");
    e2e_server_stop(server);
}

static void directives_come_from_standard_input(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start_from_stdin("maxclients 79");
    assert_run(server->control, "CONFIG GET maxclients", "[\"maxclients\", \"79\"]");
    assert_run(server->control, "CONFIG REWRITE",
               "-ERR The server is running without a config file");
    e2e_server_stop(server);
}

/* --- refusals --- */

static void what_is_wrong_with_a_setting_is_said_in_one_line(void **state) {
    (void)state;
    REFUSED("command line, 'nonsense \"3\"': unknown directive", "--nonsense", "3");
    REFUSED("'port \"abc\"': argument couldn't be parsed into an integer", "--port", "abc");
    REFUSED("'port \"99999\"': argument must be between 0 and 65535", "--port", "99999");
    REFUSED("'port': wrong number of arguments", "--port");
    REFUSED("'maxmemory \"12zz\"'", "--maxmemory", "12zz");
    REFUSED("'maxmemory-policy \"never\"'", "--maxmemory-policy", "never");
    REFUSED("'client-output-buffer-limit \"normal\" \"1\"'", "--client-output-buffer-limit",
            "normal", "1");
}

static void a_bad_line_of_a_file_is_named(void **state) {
    (void)state;
    char folder[E2E_PATH_MAX], path[E2E_PATH_MAX * 2], wanted[E2E_PATH_MAX * 3];
    e2e_make_folder(folder);
    snprintf(path, sizeof(path), "%s/bad.conf", folder);
    e2e_write_file(path, "port 1\n\nfoo bar\n");
    snprintf(wanted, sizeof(wanted), "config file '%s' line 3, 'foo bar': unknown directive", path);
    REFUSED(wanted, path);
    e2e_remove_folder(folder);
}

static void an_unreadable_configuration_is_named(void **state) {
    (void)state;
    REFUSED("can't open config file '/nonexistent.conf': No such file", "/nonexistent.conf");
    REFUSED("can't read config file '/tmp': Is a directory", "/tmp");
}

static void a_place_that_cannot_be_used_is_named(void **state) {
    (void)state;
    static const char long_path[] =
        "/tmp/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    REFUSED("dir '/nonexistent'", "--dir", "/nonexistent", "--pidfile", "p.pid");
    REFUSED("log file '/nonexistent/log'", "--logfile", "/nonexistent/log");
    REFUSED("/nonexistent/s.sock", "--port", "0", "--unixsocket", "/nonexistent/s.sock",
            "--pidfile", "p.pid");
    REFUSED("File name too long", "--port", "0", "--unixsocket", long_path);
    REFUSED("192.0.2.1:", "--port", "0", "--bind", "192.0.2.1", "--port", "29321");
}

/* A socket of a server that runs is in nobody's way by its name alone, a file is. */
static void a_file_in_the_place_of_the_socket_is_kept(void **state) {
    (void)state;
    char folder[E2E_PATH_MAX], path[E2E_PATH_MAX * 2];
    e2e_make_folder(folder);
    snprintf(path, sizeof(path), "%s/precious", folder);
    e2e_write_file(path, "content");
    REFUSED(path, "--port", "0", "--unixsocket", path);
    char *text = e2e_read_file(path);
    assert_string_equal(text, "content");
    free(text);
    e2e_remove_folder(folder);
}

static void a_busy_port_is_named_and_nothing_stays_behind(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(NULL);
    char port[16];
    snprintf(port, sizeof(port), "%d", server->port);
    REFUSED(port, "--port", port, "--bind", "127.0.0.1", "--pidfile", "p.pid", "--unixsocket",
            "s.sock");
    assert_run(server->control, "PING", "PONG");
    e2e_server_stop(server);
}

/* --- ending --- */

static void signals_end_it_cleanly(void **state) {
    static const int signals[] = {SIGTERM, SIGINT};
    static const char *const arguments[] = {"--pidfile", "p.pid", "--unixsocket", "s.sock", NULL};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct e2e_server *server = e2e_server_start(arguments);
        assert_true(exists(e2e_server_path(server, "p.pid")));
        kill(server->pid, signals[i]);
        assert_ends_cleanly(server);
        assert_log_holds(server, signals[i] == SIGINT ? "Received SIGINT" : "Received SIGTERM");
        assert_log_holds(server, "ready to exit");
        assert_false(exists(e2e_server_path(server, "p.pid")));
        assert_false(exists(e2e_server_path(server, "s.sock")));
        e2e_server_stop(server);
    }
}

static void it_ends_with_clients_that_wait_for_nothing(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(NULL);
    int half = e2e_open(server);
    e2e_write_str(half, "*2\r\n$3\r\nGE");
    e2e_send(server->control, "SHUTDOWN NOSAVE");
    assert_ends_cleanly(server);
    e2e_expect_closed(half);
    close(half);
    e2e_server_stop(server);
}

/* --- files of the process --- */

static void the_pid_file_and_the_socket_are_as_asked(void **state) {
    (void)state;
    static const char *const arguments[] = {
        "--pidfile", "p.pid", "--unixsocket", "s.sock", "--unixsocketperm", "700", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    char *text = e2e_read_file(e2e_server_path(server, "p.pid"));
    assert_int_equal(strtol(text, NULL, 10), server->pid);
    free(text);
    struct stat status;
    assert_int_equal(stat(e2e_server_path(server, "s.sock"), &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0700);
    redisContext *local = redisConnectUnix(e2e_server_path(server, "s.sock"));
    assert_non_null(local);
    assert_run(local, "ECHO local", "\"local\"");
    redisFree(local);
    e2e_server_stop(server);
}

static void a_left_over_socket_is_replaced(void **state) {
    (void)state;
    static const char *const arguments[] = {"--unixsocket", "s.sock", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    char folder[E2E_PATH_MAX], path[E2E_PATH_MAX * 2];
    e2e_make_folder(folder);
    snprintf(path, sizeof(path), "%s/s.sock", folder);
    assert_int_equal(rename(e2e_server_path(server, "s.sock"), path), 0);
    kill(server->pid, SIGKILL);
    (void)e2e_server_await_end(server);
    e2e_server_stop(server);

    const char *const again[] = {"--unixsocket", path, NULL};
    server = e2e_server_start(again);
    redisContext *local = redisConnectUnix(path);
    assert_non_null(local);
    assert_run(local, "PING", "PONG");
    redisFree(local);
    e2e_server_stop(server);
    e2e_remove_folder(folder);
}

static void an_unwritable_pid_file_is_only_a_warning(void **state) {
    (void)state;
    static const char *const arguments[] = {"--pidfile", "/nonexistent/p.pid", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    assert_log_holds(server, "/nonexistent/p.pid");
    e2e_server_stop(server);
}

static void the_log_goes_to_its_file_at_its_level(void **state) {
    (void)state;
    static const char *const arguments[] = {"--logfile", "a.log", "--loglevel", "warning", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    char *text = e2e_read_file(e2e_server_path(server, "a.log"));
    assert_string_equal(text, "");
    free(text);
    assert_run(server->control, "CONFIG SET loglevel notice", "OK");
    kill(server->pid, SIGTERM);
    assert_ends_cleanly(server);
    text = e2e_read_file(e2e_server_path(server, "a.log"));
    assert_holds(text, "Received SIGTERM");
    free(text);
    text = e2e_server_read_log(server);
    assert_string_equal(text, "");
    free(text);
    e2e_server_stop(server);
}

/* --- a daemon --- */

struct daemon_test {
    char folder[E2E_PATH_MAX];
    char socket[E2E_PATH_MAX * 2];
    char pid_file[E2E_PATH_MAX * 2];
};

static int prepare_daemon(void **state) {
    struct daemon_test *test = calloc(1, sizeof(*test));
    e2e_make_folder(test->folder);
    snprintf(test->socket, sizeof(test->socket), "%s/s.sock", test->folder);
    snprintf(test->pid_file, sizeof(test->pid_file), "%s/p.pid", test->folder);
    *state = test;
    return 0;
}

/* 0: there is no pid file. */
static pid_t read_pid(const struct daemon_test *test) {
    char *text = e2e_read_file(test->pid_file);
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    free(text);
    return pid;
}

static int remove_daemon(void **state) {
    struct daemon_test *test = *state;
    pid_t pid = read_pid(test);
    if (pid > 1) kill(pid, SIGKILL);
    e2e_remove_folder(test->folder);
    free(test);
    return 0;
}

static void a_daemon_serves_from_the_background(void **state) {
    const struct daemon_test *test = *state;
    const char *const arguments[] = {"--daemonize", "yes",          "--port",       "0",
                                     "--dir",       test->folder,   "--logfile",    "d.log",
                                     "--pidfile",   test->pid_file, "--unixsocket", test->socket,
                                     NULL};
    char output[OUTPUT_MAX];
    assert_int_equal(e2e_server_run_to_end(arguments, output, sizeof(output)), EXIT_SUCCESS);
    assert_string_equal(output, "");
    int64_t since_ms = e2e_now_ms();
    while (read_pid(test) == 0) e2e_wait_a_little(since_ms, "the pid file");
    pid_t pid = read_pid(test);
    redisContext *local = redisConnectUnix(test->socket);
    assert_non_null(local);
    char *line = e2e_run(local, "INFO server");
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "process_id:%d\\r", (int)pid);
    assert_holds(line, wanted);
    free(line);
    assert_int_not_equal(getsid(pid), getsid(0));
    e2e_send(local, "SHUTDOWN NOSAVE");
    while (kill(pid, 0) == 0) e2e_wait_a_little(since_ms, "the daemon's end");
    redisFree(local);
    assert_false(exists(test->pid_file));
    assert_false(exists(test->socket));
}

static void a_daemon_that_cannot_start_says_so_in_front(void **state) {
    const struct daemon_test *test = *state;
    REFUSED("/nonexistent/s.sock", "--daemonize", "yes", "--port", "0", "--dir", test->folder,
            "--logfile", "d.log", "--pidfile", test->pid_file, "--unixsocket",
            "/nonexistent/s.sock");
    assert_false(exists(test->pid_file));
}

/* --- limits --- */

static struct rlimit files_limit(const struct e2e_server *server) {
    struct rlimit limit;
    assert_int_equal(prlimit(server->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    return limit;
}

static void the_limit_on_open_files_is_raised_for_maxclients(void **state) {
    (void)state;
    static const char *const arguments[] = {"--maxclients", "500", NULL};
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){.rlim_cur = 100, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct e2e_server *server = e2e_server_start(arguments);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(e2e_server_info(server, "maxclients"), 500);
    assert_true(files_limit(server).rlim_cur > 500);
    e2e_server_stop(server);
}

static void maxclients_is_lowered_to_what_the_system_allows(void **state) {
    (void)state;
    /* More open files than any kernel lets a process have. */
    static const char *const arguments[] = {"--maxclients", "2000000000", NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    int64_t max_clients = e2e_server_info(server, "maxclients");
    assert_true(max_clients < 2000000000);
    assert_true((int64_t)files_limit(server).rlim_cur > max_clients);
    assert_log_holds(server, "maxclients is now");
    e2e_server_stop(server);
}

/* --- CONFIG --- */

static void rewrite_keeps_what_was_set_for_the_next_start(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    struct e2e_server *server =
        e2e_server_start_from_file("# my comment\ntimeout 5\nmaxmemory 10mb\n", none);
    assert_run(server->control, "CONFIG SET timeout 9 maxmemory-policy allkeys-lru", "OK");
    assert_run(server->control, "CONFIG SET requirepass \"a b\\\"c\"", "OK");
    assert_run(server->control, "CONFIG REWRITE", "OK");
    char *text = e2e_read_file(e2e_server_path(server, "skua.conf"));
    e2e_server_stop(server);
    assert_holds(text, "# my comment\n");
    assert_holds(text, "timeout 9\n");

    server = e2e_server_start_from_file(strstr(text, "# my comment"), none);
    free(text);
    assert_run(server->control, "PING", "-NOAUTH Authentication required.");
    assert_run(server->control, "AUTH \"a b\\\"c\"", "OK");
    assert_run(server->control, "CONFIG GET timeout", "[\"timeout\", \"9\"]");
    assert_run(server->control, "CONFIG GET maxmemory", "[\"maxmemory\", \"10485760\"]");
    assert_run(server->control, "CONFIG GET maxmemory-policy",
               "[\"maxmemory-policy\", \"allkeys-lru\"]");
    e2e_server_stop(server);
}

static void rewrite_works_from_another_dir(void **state) {
    (void)state;
    char folder[E2E_PATH_MAX];
    e2e_make_folder(folder);
    const char *const arguments[] = {"--dir", folder, NULL};
    struct e2e_server *server = e2e_server_start_from_file("timeout 5\n", arguments);
    assert_run(server->control, "CONFIG SET timeout 6", "OK");
    assert_run(server->control, "CONFIG REWRITE", "OK");
    char *text = e2e_read_file(e2e_server_path(server, "skua.conf"));
    assert_holds(text, "timeout 6\n");
    free(text);
    e2e_server_stop(server);
    e2e_remove_folder(folder);
}

static void set_config(struct e2e_server *server, const char *name, int value,
                       const char *expected) {
    char line[128];
    snprintf(line, sizeof(line), "CONFIG SET %s %d", name, value);
    assert_string_equal(e2e_server_run(server, line), expected);
}

static void can_connect(int port, bool is_wanted) {
    redisContext *context = redisConnect("127.0.0.1", port);
    assert_non_null(context);
    if ((context->err == 0) != is_wanted)
        fail_msg("port %d is %s", port, is_wanted ? "closed" : "open");
    if (is_wanted) assert_run(context, "PING", "PONG");
    redisFree(context);
}

static void the_port_changes_while_clients_stay(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(NULL);
    struct e2e_server *other = e2e_server_start(NULL);
    int first = server->port, second = e2e_find_free_port();
    set_config(server, "port", second, "OK");
    can_connect(first, false);
    can_connect(second, true);
    char *reply = e2e_run(server->control, "PING");
    assert_string_equal(reply, "PONG");
    free(reply);

    char line[64];
    snprintf(line, sizeof(line), "CONFIG SET port %d", other->port);
    assert_int_equal(strncmp(e2e_server_run(server, line), "-ERR ", 5), 0);
    can_connect(second, true);
    snprintf(line, sizeof(line), "[\"port\", \"%d\"]", second);
    assert_run(server->control, "CONFIG GET port", line);

    set_config(server, "port", 0, "OK");
    can_connect(second, false);
    set_config(server, "port", first, "OK");
    can_connect(first, true);
    e2e_server_stop(other);
    e2e_server_stop(server);
}

static void the_addresses_change_or_stay_whole(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(NULL);
    assert_run(server->control, "CONFIG SET bind \"127.0.0.1 127.0.0.2\"", "OK");
    can_connect(server->port, true);
    const char *reply = e2e_server_run(server, "CONFIG SET bind 192.0.2.1");
    assert_int_equal(strncmp(reply, "-ERR ", 5), 0);
    assert_run(server->control, "CONFIG GET bind", "[\"bind\", \"127.0.0.1 127.0.0.2\"]");
    can_connect(server->port, true);
    e2e_server_stop(server);
}

/* --- crash --- */

static void a_crash_is_reported_before_it_ends_the_process(void **state) {
    (void)state;
    static const char *const arguments[] = {"--enable-debug-command", "yes", "--logfile", "a.log",
                                            NULL};
    struct e2e_server *server = e2e_server_start(arguments);
    e2e_send(server->control, "DEBUG SEGFAULT");
    int status = e2e_server_await_end(server);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    char *log = e2e_read_file(e2e_server_path(server, "a.log"));
    assert_holds(log, "CRASH REPORT");
    assert_holds(log, "(SEGV)");
    assert_holds(log, "command being run: debug");
    assert_holds(log, "argument 1, 8 bytes: SEGFAULT");
#if defined(__x86_64__)
    assert_holds(log, "rip: ");
#endif
    assert_holds(log, "--- stack");
    assert_holds(log, "skua-server+0x");
    assert_holds(log, "END OF CRASH REPORT");
    free(log);
    e2e_server_stop(server);
}

#define TEST(name) cmocka_unit_test(name)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(version_and_help_are_printed),
        TEST(directives_come_from_the_command_line),
        TEST(directives_come_from_a_file_and_then_the_command_line),
        TEST(directives_come_from_standard_input),
        TEST(what_is_wrong_with_a_setting_is_said_in_one_line),
        TEST(a_bad_line_of_a_file_is_named),
        TEST(an_unreadable_configuration_is_named),
        TEST(a_place_that_cannot_be_used_is_named),
        TEST(a_file_in_the_place_of_the_socket_is_kept),
        TEST(a_busy_port_is_named_and_nothing_stays_behind),
        TEST(signals_end_it_cleanly),
        TEST(it_ends_with_clients_that_wait_for_nothing),
        TEST(the_pid_file_and_the_socket_are_as_asked),
        TEST(a_left_over_socket_is_replaced),
        TEST(an_unwritable_pid_file_is_only_a_warning),
        TEST(the_log_goes_to_its_file_at_its_level),
        cmocka_unit_test_setup_teardown(a_daemon_serves_from_the_background, prepare_daemon,
                                        remove_daemon),
        cmocka_unit_test_setup_teardown(a_daemon_that_cannot_start_says_so_in_front, prepare_daemon,
                                        remove_daemon),
        TEST(the_limit_on_open_files_is_raised_for_maxclients),
        TEST(maxclients_is_lowered_to_what_the_system_allows),
        TEST(rewrite_keeps_what_was_set_for_the_next_start),
        TEST(rewrite_works_from_another_dir),
        TEST(the_port_changes_while_clients_stay),
        TEST(the_addresses_change_or_stay_whole),
        TEST(a_crash_is_reported_before_it_ends_the_process),
    };
    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
