/* Starting with what a redis.conf says: directives that have nothing to do here, those that cannot
 * be, and those of the process that scripts around a server rely on. */
#include "e2e/support.h"

#include "foundation/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const no_arguments[] = {NULL};

static void what_has_nothing_to_do_here_is_accepted_and_told(void **state) {
    static const char text[] = "always-show-logo no\nset-proc-title yes\n"
                               "proc-title-template \"{title} {listen-addr} {server-mode}\"\n"
                               "lazyfree-lazy-eviction yes\nlazyfree-lazy-user-del yes\n"
                               "slave-serve-stale-data yes\nslave-read-only yes\n"
                               "repl-diskless-sync no\nrepl-disable-tcp-nodelay no\n"
                               "replica-priority 90\nacllog-max-len 128\noom-score-adj no\n"
                               "oom-score-adj-values 0 200 800\ndisable-thp yes\n"
                               "lua-time-limit 4000\nlist-compress-depth 1\nactiverehashing yes\n"
                               "stream-node-max-bytes 4096\nstream-node-max-entries 100\n"
                               "hz 20\ndynamic-hz yes\njemalloc-bg-thread yes\nio-threads 4\n"
                               "cluster-enabled no\nactivedefrag no\nmin-slaves-to-write 0\n"
                               "tls-port 0\nsave\n"
                               "user default on nopass sanitize-payload ~* &* +@all\n"
                               "locale-collate \"\"\nenable-module-command no\n";
    (void)state;
    struct e2e_server *server = e2e_server_start_from_file(text, no_arguments);
    assert_run(server->control, "CONFIG GET replica-priority", "[\"replica-priority\", \"90\"]");
    assert_run(server->control, "CONFIG GET busy-reply-threshold",
               "[\"busy-reply-threshold\", \"4000\"]");
    assert_run(server->control, "CONFIG GET oom-score-adj-values",
               "[\"oom-score-adj-values\", \"0 200 800\"]");
    assert_run(server->control, "CONFIG GET save", "[\"save\", \"\"]");
    assert_run(server->control, "CONFIG SET hz 30 lazyfree-lazy-expire yes", "OK");
    assert_run(server->control, "CONFIG GET hz", "[\"hz\", \"30\"]");
    e2e_server_stop(server);
}

static void what_would_promise_too_much_is_refused(void **state) {
    static const char *const refused[][2] = {
        {"--cluster-enabled", "yes"},
        {"--activedefrag", "yes"},
        {"--tls-port", "6380"},
        {"--min-replicas-to-write", "1"},
        {"--replicaof", "127.0.0.1 6379"},
        {"--enable-module-command", "yes"},
        {"--user", "default on nopass ~* +@all -flushall"},
        {"--user", "alice on nopass ~* &* +@all"},
    };
    char output[1024];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const char *const arguments[] = {refused[i][0], refused[i][1], NULL};
        assert_int_equal(e2e_server_run_to_end(arguments, output, sizeof(output)), EXIT_FAILURE);
        if (strstr(output, refused[i][0] + 2) == NULL) fail_msg("not named: %s", output);
    }
}

/* --- rename-command --- */

static void renamed_commands_are_found_by_their_new_names_alone(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start_from_file(
        "rename-command FLUSHALL \"\"\nrename-command config Admin-Config\n"
        "rename-command set put\nrename-command get set\n",
        no_arguments);
    assert_run(server->control, "PUT k v", "OK");
    assert_run(server->control, "put k w", "OK");
    assert_run(server->control, "SET k", "\"w\"");
    assert_run(server->control, "GET k",
               "-ERR unknown command 'GET', with args beginning with: 'k' ");
    assert_run(server->control, "FLUSHALL",
               "-ERR unknown command 'FLUSHALL', with args beginning with: ");
    assert_run(server->control, "CONFIG GET hz",
               "-ERR unknown command 'CONFIG', with args beginning with: 'GET' 'hz' ");
    assert_run(server->control, "admin-config GET hz", "[\"hz\", \"10\"]");
    assert_run(server->control, "admin-config SET hz 20", "OK");
    assert_run(server->control, "MULTI", "OK");
    assert_run(server->control, "PUT k 3", "QUEUED");
    assert_run(server->control, "EXEC", "[OK]");
    assert_run(server->control, "SET k", "\"3\"");
    assert_run(server->control, "admin-config REWRITE", "OK");
    char *text = e2e_read_file(e2e_server_path(server, "skua.conf"));
    assert_non_null(strstr(text, "rename-command config Admin-Config\n"));
    free(text);
    e2e_server_stop(server);
}

static void the_log_is_loaded_with_renamed_commands(void **state) {
    static const char *const arguments[] = {"--appendonly", "yes", "--rename-command",
                                            "SET",          "put", "--rename-command",
                                            "DEL",          "",    NULL};
    (void)state;
    struct e2e_server *server = e2e_server_start(arguments);
    assert_run(server->control, "PUT k v", "OK");
    assert_run(server->control, "PUT gone v PX 1", "OK");
    e2e_server_await(server, "EXISTS gone", "0");
    kill(server->pid, SIGTERM);
    (void)e2e_server_await_end(server);
    e2e_server_start_again(server, arguments);
    e2e_server_await(server, "GET k", "\"v\"");
    assert_run(server->control, "DBSIZE", "1");
    e2e_server_stop(server);
}

static const char *const no_renames[] = {"--appendonly", "yes", NULL};

static void the_log_holds_the_own_names_of_commands(void **state) {
    static const char *const arguments[] = {"--appendonly", "yes",  "--rename-command",
                                            "GET",          "look", "--rename-command",
                                            "SET",          "get",  NULL};
    (void)state;
    struct e2e_server *server = e2e_server_start(arguments);
    assert_run(server->control, "GET k v", "OK");
    assert_run(server->control, "GET due v EX 1000", "OK");
    assert_run(server->control, "MULTI", "OK");
    assert_run(server->control, "GET l w", "QUEUED");
    assert_run(server->control, "EXEC", "[OK]");
    for (int i = 0; i < 2; i++) {
        kill(server->pid, SIGTERM);
        (void)e2e_server_await_end(server);
        e2e_server_start_again(server, i == 0 ? arguments : no_renames);
    }
    e2e_server_await(server, "GET k", "\"v\"");
    assert_run(server->control, "GET due", "\"v\"");
    assert_run(server->control, "GET l", "\"w\"");
    e2e_server_stop(server);
}

static void command_tells_of_commands_under_their_new_names(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start_from_file(
        "rename-command SET put\nrename-command CONFIG admin\nrename-command FLUSHALL \"\"\n"
        "rename-command get GET\n",
        no_arguments);
    assert_run(server->control, "COMMAND GETKEYS put k v", "[\"k\"]");
    assert_run(server->control, "COMMAND GETKEYS get k", "[\"k\"]");
    assert_run(server->control, "COMMAND GETKEYS set k v", "-ERR Invalid command specified");
    assert_run(server->control, "COMMAND INFO set flushall config|get", "[nil, nil, nil]");
    assert_run(server->control, "COMMAND DOCS set", "[]");
    char *text = e2e_run(server->control, "COMMAND INFO admin|get");
    assert_non_null(strstr(text, "\"config|get\""));
    free(text);
    e2e_server_stop(server);
}

static void a_rename_that_cannot_be_is_named(void **state) {
    static const char *const refused[][3] = {
        {"NONSENSE", "x", "no such command: 'NONSENSE'"},
        {"GET", "SET", "there is a command 'set' already"},
    };
    char output[1024];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const char *const arguments[] = {"--rename-command", refused[i][0], refused[i][1], NULL};
        assert_int_equal(e2e_server_run_to_end(arguments, output, sizeof(output)), EXIT_FAILURE);
        if (strstr(output, refused[i][2]) == NULL) fail_msg("not said: %s", output);
    }
}

/* --- oom-score-adj --- */

static long read_oom_score(const struct e2e_server *server) {
    char path[E2E_PATH_MAX];
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)server->pid);
    char *text = e2e_read_file(path);
    long score = strtol(text, NULL, 10);
    free(text);
    return score;
}

static void the_oom_score_is_raised_and_restored(void **state) {
    static const char *const arguments[] = {"--oom-score-adj", "relative", "--oom-score-adj-values",
                                            "10 20 30", NULL};
    (void)state;
    struct e2e_server *server = e2e_server_start(NULL);
    long base = read_oom_score(server);
    e2e_server_stop(server);
    server = e2e_server_start(arguments);
    assert_int_equal(read_oom_score(server), base + 10);
    assert_run(server->control, "CONFIG SET oom-score-adj-values \"15 20 30\"", "OK");
    assert_int_equal(read_oom_score(server), base + 15);
    assert_run(server->control,
               "CONFIG SET oom-score-adj absolute oom-score-adj-values \"500 0 0\"", "OK");
    assert_int_equal(read_oom_score(server), 500);
    assert_run(server->control, "CONFIG SET oom-score-adj-values \"2001 0 0\"",
               "-ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - "
               "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    assert_run(server->control, "CONFIG SET oom-score-adj no", "OK");
    assert_int_equal(read_oom_score(server), base);
    e2e_server_stop(server);
}

/* --- ending --- */

static void a_signal_saves_or_not_as_asked(void **state) {
    static const struct {
        const char *save, *manner;
        int signal;
        bool is_saved;
    } rows[] = {
        {"3600 1", "nosave now", SIGTERM, false},
        {"3600 1", "default", SIGTERM, true},
        {"", "save force", SIGINT, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const arguments[] = {"--save", rows[i].save,
                                         rows[i].signal == SIGTERM ? "--shutdown-on-sigterm"
                                                                   : "--shutdown-on-sigint",
                                         rows[i].manner, NULL};
        struct e2e_server *server = e2e_server_start(arguments);
        assert_run(server->control, "SET k v", "OK");
        kill(server->pid, rows[i].signal);
        assert_true(WIFEXITED(e2e_server_await_end(server)));
        assert_int_equal(access(e2e_server_path(server, "dump.rdb"), F_OK) == 0, rows[i].is_saved);
        e2e_server_stop(server);
    }
}

static void saving_and_not_saving_exclude_each_other(void **state) {
    (void)state;
    struct e2e_server *server = e2e_server_start(NULL);
    assert_run(server->control, "CONFIG SET shutdown-on-sigterm \"save nosave\"",
               "-ERR CONFIG SET failed (possibly related to argument 'shutdown-on-sigterm') - "
               "shutdown options SAVE and NOSAVE can't be used simultaneously");
    assert_run(server->control, "CONFIG SET shutdown-on-sigterm \"force now\"", "OK");
    assert_run(server->control, "CONFIG GET shutdown-on-sigterm",
               "[\"shutdown-on-sigterm\", \"now force\"]");
    e2e_server_stop(server);
}

/* --- systemd --- */

static int open_supervisor(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd != -1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    struct timeval limit = {.tv_sec = E2E_LIMIT_MS / 1000};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

static void assert_told(int fd, const char *wanted) {
    char news[256];
    ssize_t len = recv(fd, news, sizeof(news) - 1, 0);
    assert_true(len > 0);
    news[len] = '\0';
    if (strstr(news, wanted) == NULL) fail_msg("'%s' is missing in: %s", wanted, news);
}

static void systemd_is_told_of_start_and_stop(void **state) {
    static const char *const manners[] = {"systemd", "auto"};
    char folder[E2E_PATH_MAX], path[E2E_PATH_MAX * 2];
    (void)state;
    e2e_make_folder(folder);
    snprintf(path, sizeof(path), "%s/n", folder);
    int fd = open_supervisor(path);
    for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
        const char *const arguments[] = {"--supervised", manners[i], NULL};
        assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
        struct e2e_server *server = e2e_server_start(arguments);
        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
        assert_told(fd, "READY=1");
        kill(server->pid, SIGTERM);
        (void)e2e_server_await_end(server);
        assert_told(fd, "STOPPING=1");
        e2e_server_stop(server);
    }
    close(fd);
    e2e_remove_folder(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_nothing_to_do_here_is_accepted_and_told),
        cmocka_unit_test(what_would_promise_too_much_is_refused),
        cmocka_unit_test(renamed_commands_are_found_by_their_new_names_alone),
        cmocka_unit_test(the_log_is_loaded_with_renamed_commands),
        cmocka_unit_test(the_log_holds_the_own_names_of_commands),
        cmocka_unit_test(command_tells_of_commands_under_their_new_names),
        cmocka_unit_test(a_rename_that_cannot_be_is_named),
        cmocka_unit_test(the_oom_score_is_raised_and_restored),
        cmocka_unit_test(a_signal_saves_or_not_as_asked),
        cmocka_unit_test(saving_and_not_saving_exclude_each_other),
        cmocka_unit_test(systemd_is_told_of_start_and_stop),
    };
    return cmocka_run_group_tests_name("redis.conf", tests, NULL, NULL);
}
