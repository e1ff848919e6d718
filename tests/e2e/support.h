/* Drives a real server for the end-to-end tests: starts it, talks to it and ends it.
 *
 * The program is the one that the environment names in SKUA_SERVER. Every server gets a free
 * port on 127.0.0.1 and an empty folder to run in. Whoever waits here waits for something to
 * happen and gives up, failing the test, after E2E_LIMIT_MS; nothing sleeps for luck.
 *
 * Replies are compared as the text that unit tests use too (unit/support/command_fixture.h):
 *
 *      OK   42   "bulk"   nil   nil-array   -ERR text   [1, "a", nil]
 *
 * hiredis speaks RESP2 only: RESP3, and whatever must not be parsed, goes over e2e_open. */
#ifndef E2E_SUPPORT_H
#define E2E_SUPPORT_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { E2E_LIMIT_MS = 20 * 1000, E2E_PATH_MAX = 256 };

struct e2e_server {
    pid_t pid;
    int port;
    char folder[E2E_PATH_MAX]; /* its working directory; holds server.log */
    pid_t ended;               /* 0, or its process that e2e_server_await_end has seen end */
    redisContext *control;     /* for e2e_server_run */
    char *text;                /* what the last e2e_server_run returned */
};

/* A server started with `arguments` (NULL-terminated, NULL: none) behind "--port N --bind
 * 127.0.0.1", once it answers PING (or asks for the password). The test fails when it does not
 * come up. */
struct e2e_server *e2e_server_start(const char *const *arguments);
/* The same with settings from a configuration, in skua.conf or on standard input, that holds port,
 * bind and `text`; `arguments` come behind it. */
struct e2e_server *e2e_server_start_from_file(const char *text, const char *const *arguments);
struct e2e_server *e2e_server_start_from_stdin(const char *text);
/* A real redis-server 7.0, started in the same way. */
struct e2e_server *e2e_redis_start(const char *const *arguments);
/* Starts a server that has ended once more, in its folder, on another port. It may still be loading. */
void e2e_server_start_again(struct e2e_server *server, const char *const *arguments);
/* The same of one that is to end by itself: returns its exit status, -1 when a signal ended it. */
int e2e_server_fail_again(struct e2e_server *server, const char *const *arguments);
/* Waits for a server that is ending and returns its wait status. */
int e2e_server_await_end(struct e2e_server *server);
/* Asks it to end, waits until it has, removes its folder. The test fails, its log printed, when
 * it did not end by itself with status 0. NULL (it never started) is ignored. */
void e2e_server_stop(struct e2e_server *server);
/* Runs the program to its end in an empty folder and returns its exit status; -1 when a signal
 * ended it. `output` takes what it wrote, cut to fit. The test fails when it leaves a file. */
int e2e_server_run_to_end(const char *const *arguments, char *output, size_t cap);
/* What the server has logged; the caller frees it. */
char *e2e_server_read_log(const struct e2e_server *server);

/* Its folder's file, as a path; valid until the next call. */
const char *e2e_server_path(const struct e2e_server *server, const char *name);
/* The content of a file, "" when there is none; the caller frees it. */
char *e2e_read_file(const char *path);
void e2e_write_file(const char *path, const char *text);
/* An empty folder, to be removed by e2e_remove_folder. `folder` has E2E_PATH_MAX. */
void e2e_make_folder(char *folder);
void e2e_remove_folder(const char *folder);
int64_t e2e_now_ms(void);
/* A moment between two looks at something that is bound to happen; the test fails when they go on
 * for E2E_LIMIT_MS from `since_ms`. */
void e2e_wait_a_little(int64_t since_ms, const char *for_what);
/* One that the system has just handed out and nobody listens on. */
int e2e_find_free_port(void);

/* --- commands over hiredis --- */

/* A new connection, closed by redisFree. */
redisContext *e2e_connect(const struct e2e_server *server);
/* Runs a command line, quoted as in redis-cli, and returns the reply as text, which the caller
 * frees. A connection that breaks gives "closed". */
char *e2e_run(redisContext *context, const char *line);
/* The two halves of e2e_run. */
void e2e_send(redisContext *context, const char *line);
char *e2e_receive(redisContext *context);
/* e2e_run over the server's own connection; valid until the next one. */
const char *e2e_server_run(struct e2e_server *server, const char *line);
/* A number from INFO; the test fails when there is no such field. */
int64_t e2e_server_info(struct e2e_server *server, const char *field);
/* Runs the line until the reply is as expected. */
void e2e_server_await(struct e2e_server *server, const char *line, const char *expected);

/* --- raw sockets --- */

/* A connected descriptor, closed by close(). Reads and writes on it give up after E2E_LIMIT_MS. */
int e2e_open(const struct e2e_server *server);
void e2e_write(int fd, const char *bytes, size_t len);
void e2e_write_str(int fd, const char *text);
/* Reads up to and with the line end; `line` holds it without. */
void e2e_read_line(int fd, char *line, size_t cap);
/* The next bytes must be these. */
void e2e_expect(int fd, const char *expected);
/* The server must end the connection, sending nothing more. */
void e2e_expect_closed(int fd);

/* What the macros below call. */
void e2e_check_reply(redisContext *context, const char *line, const char *expected,
                     const char *file, int at_line);
void e2e_check_received(redisContext *context, const char *expected, const char *file, int at_line);

/* Runs the line and compares the reply. */
#define assert_run(context, line, expected)                                                        \
    e2e_check_reply((context), (line), (expected), __FILE__, __LINE__)
/* Compares the reply to what e2e_send sent. */
#define assert_received(context, expected)                                                         \
    e2e_check_received((context), (expected), __FILE__, __LINE__)

#endif
