#include "e2e/support.h"

#include "foundation/buffer.h"
#include "foundation/words.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum {
    MAX_ARGUMENTS = 64,
    START_ATTEMPTS = 5, /* another program may take the port first */
    POLL_MS = 2,
};

/* --- time --- */

int64_t e2e_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_a_little(void) {
    (void)poll(NULL, 0, POLL_MS);
}

void e2e_wait_a_little(int64_t since_ms, const char *for_what) {
    if (e2e_now_ms() > since_ms + E2E_LIMIT_MS) fail_msg("still waiting for %s", for_what);
    wait_a_little();
}

static struct timeval limit(void) {
    return (struct timeval){.tv_sec = E2E_LIMIT_MS / 1000};
}

/* --- starting --- */

static const char *program(void) {
    static char path[PATH_MAX];
    const char *name = getenv("SKUA_SERVER");
    if (name == NULL) fail_msg("SKUA_SERVER does not name the server to test");
    if (realpath(name, path) == NULL) fail_msg("SKUA_SERVER=%s: %s", name, strerror(errno));
    return path;
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int e2e_find_free_port(void) {
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

void e2e_make_folder(char *folder) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, E2E_PATH_MAX, "%s/skua-e2e-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(folder) == NULL) fail_msg("%s: %s", folder, strerror(errno));
}

void e2e_remove_folder(const char *folder) {
    char path[E2E_PATH_MAX * 4];
    DIR *dir = opendir(folder);
    if (dir == NULL) return;
    for (const struct dirent *file = readdir(dir); file != NULL; file = readdir(dir)) {
        if (strcmp(file->d_name, ".") == 0 || strcmp(file->d_name, "..") == 0) continue;
        snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
        struct stat status;
        if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
            e2e_remove_folder(path);
        else
            unlink(path);
    }
    closedir(dir);
    rmdir(folder);
}

/* In the child: becomes the server, whose output goes to server.log. It dies with the test. What
 * it is to read from standard input is in skua.conf. */
static void become_server(const char *path, const char *folder, const char *const *arguments) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = -1;
    if (chdir(folder) == 0) log = open("server.log", O_WRONLY | O_CREAT | O_APPEND, 0644);
    bool reads_input = arguments[0] != NULL && strcmp(arguments[0], "-") == 0;
    int input = open(reads_input ? "skua.conf" : "/dev/null", O_RDONLY);
    if (log < 0 || input < 0) _exit(126);
    dup2(input, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    char *argv[MAX_ARGUMENTS + 2] = {NULL};
    argv[0] = strdup(path);
    for (size_t i = 0; i < MAX_ARGUMENTS && arguments[i] != NULL; i++)
        argv[i + 1] = strdup(arguments[i]);
    execv(path, argv);
    _exit(127);
}

static pid_t spawn(const char *path, const char *folder, const char *const *arguments) {
    pid_t pid = fork();
    if (pid == 0) become_server(path, folder, arguments);
    assert_true(pid > 0);
    return pid;
}

static bool try_connect(struct e2e_server *server) {
    server->control = redisConnectWithTimeout("127.0.0.1", server->port, limit());
    if (server->control != NULL && server->control->err == 0) {
        (void)redisSetTimeout(server->control, limit());
        return true;
    }
    redisFree(server->control);
    server->control = NULL;
    return false;
}

/* True once it answers; false when it ended instead. */
static bool await_start(struct e2e_server *server) {
    int64_t end_ms = e2e_now_ms() + E2E_LIMIT_MS;
    while (e2e_now_ms() < end_ms) {
        int status;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) return false;
        if (try_connect(server)) {
            const char *text = e2e_server_run(server, "PING");
            bool is_up = strcmp(text, "PONG") == 0 || strncmp(text, "-NOAUTH", 7) == 0 ||
                         strncmp(text, "-LOADING", 8) == 0;
            if (!is_up) fail_msg("the server answers PING with %s", text);
            return true;
        }
        wait_a_little();
    }
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    fail_msg("the server does not come up within %d ms", E2E_LIMIT_MS);
    return false;
}

/* What to start a server with; `config` is NULL, "skua.conf" or "-". */
struct launch {
    const char *program; /* NULL: the server to test */
    const char *config;
    const char *text;
    const char *const *arguments;
};

static void write_config(const struct e2e_server *server, const char *text) {
    struct buffer config = {0};
    buffer_printf(&config, "port %d\nbind 127.0.0.1\n%s", server->port, text);
    e2e_write_file(e2e_server_path(server, "skua.conf"), buffer_c_str(&config));
    buffer_destroy(&config);
}

static void start_on_free_port(struct e2e_server *server, const struct launch *launch) {
    char port[16];
    const char *all[MAX_ARGUMENTS + 1] = {"--port", port, "--bind", "127.0.0.1"};
    size_t count = 4;
    server->port = e2e_find_free_port();
    snprintf(port, sizeof(port), "%d", server->port);
    if (launch->config != NULL) {
        write_config(server, launch->text);
        all[0] = launch->config;
        all[1] = NULL;
        count = 1;
    }
    for (size_t i = 0; launch->arguments != NULL && launch->arguments[i] != NULL; i++) {
        assert_true(count < MAX_ARGUMENTS);
        all[count++] = launch->arguments[i];
    }
    all[count] = NULL;
    const char *path = launch->program != NULL ? launch->program : program();
    server->pid = spawn(path, server->folder, all);
}

static bool try_start(struct e2e_server *server, const struct launch *launch) {
    for (int attempt = 0; attempt < START_ATTEMPTS; attempt++) {
        start_on_free_port(server, launch);
        if (await_start(server)) return true;
    }
    return false;
}

static void print_log(const struct e2e_server *server) {
    char *log = e2e_server_read_log(server);
    print_error("%s\n", log);
    free(log);
}

static struct e2e_server *start(const struct launch *launch) {
    struct e2e_server *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    e2e_make_folder(server->folder);
    if (try_start(server, launch)) return server;
    print_log(server);
    e2e_remove_folder(server->folder);
    free(server);
    fail_msg("the server does not start");
    return NULL;
}

struct e2e_server *e2e_server_start(const char *const *arguments) {
    return start(&(struct launch){.arguments = arguments});
}

struct e2e_server *e2e_server_start_from_file(const char *text, const char *const *arguments) {
    return start(&(struct launch){.config = "skua.conf", .text = text, .arguments = arguments});
}

struct e2e_server *e2e_server_start_from_stdin(const char *text) {
    return start(&(struct launch){.config = "-", .text = text});
}

/* The program goes by the name it was called by. */
static const char *redis_program(void) {
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin"};
    static char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s/redis-server", folders[i]);
        if (access(path, X_OK) == 0) return path;
    }
    char folder[E2E_PATH_MAX];
    e2e_make_folder(folder);
    snprintf(path, sizeof(path), "%s/redis-server", folder);
    assert_int_equal(symlink("/usr/bin/redis-check-rdb", path), 0);
    return path;
}

struct e2e_server *e2e_redis_start(const char *const *arguments) {
    const char *path = redis_program();
    struct e2e_server *server = start(&(struct launch){.program = path, .arguments = arguments});
    if (strncmp(path, "/usr/", 5) == 0) return server;
    char folder[E2E_PATH_MAX];
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    e2e_remove_folder(folder);
    return server;
}

static void forget_process(struct e2e_server *server) {
    CHECK(server->ended == server->pid);
    redisFree(server->control);
    server->control = NULL;
    server->ended = 0;
}

void e2e_server_start_again(struct e2e_server *server, const char *const *arguments) {
    forget_process(server);
    if (try_start(server, &(struct launch){.arguments = arguments})) return;
    print_log(server);
    fail_msg("the server does not start again");
}

/* --- stopping --- */

/* The wait status of the process; -1 when it has to be killed. */
static int await_end(pid_t pid) {
    int64_t end_ms = e2e_now_ms() + E2E_LIMIT_MS;
    int status;
    while (e2e_now_ms() < end_ms) {
        if (waitpid(pid, &status, WNOHANG) == pid) return status;
        wait_a_little();
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

int e2e_server_await_end(struct e2e_server *server) {
    int status = await_end(server->pid);
    if (status == -1) fail_msg("the server still runs after %d ms", E2E_LIMIT_MS);
    server->ended = server->pid;
    return status;
}

int e2e_server_fail_again(struct e2e_server *server, const char *const *arguments) {
    forget_process(server);
    start_on_free_port(server, &(struct launch){.arguments = arguments});
    int status = e2e_server_await_end(server);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void e2e_server_stop(struct e2e_server *server) {
    if (server == NULL) return;
    redisFree(server->control);
    int status = 0;
    if (server->ended == 0) {
        kill(server->pid, SIGTERM);
        status = await_end(server->pid);
    }
    bool is_clean = status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!is_clean) print_log(server);
    e2e_remove_folder(server->folder);
    free(server->text);
    free(server);
    if (!is_clean) fail_msg("the server ended with wait status %d", status);
}

/* --- files --- */

const char *e2e_server_path(const struct e2e_server *server, const char *name) {
    static char path[E2E_PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s/%s", server->folder, name);
    return path;
}

void e2e_write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

char *e2e_read_file(const char *path) {
    struct buffer text = {0};
    char piece[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t got; fd >= 0 && (got = read(fd, piece, sizeof(piece))) > 0;)
        buffer_append(&text, piece, (size_t)got);
    if (fd >= 0) close(fd);
    char *copy = strdup(buffer_c_str(&text));
    buffer_destroy(&text);
    return copy;
}

char *e2e_server_read_log(const struct e2e_server *server) {
    return e2e_read_file(e2e_server_path(server, "server.log"));
}

/* True when the folder holds anything besides the log. */
static bool has_leftovers(const char *folder) {
    DIR *dir = opendir(folder);
    bool is_found = false;
    assert_non_null(dir);
    for (const struct dirent *file = readdir(dir); file != NULL; file = readdir(dir))
        is_found = is_found || (file->d_name[0] != '.' && strcmp(file->d_name, "server.log") != 0);
    closedir(dir);
    return is_found;
}

int e2e_server_run_to_end(const char *const *arguments, char *output, size_t cap) {
    static const char *const none[] = {NULL};
    struct e2e_server server = {0};
    e2e_make_folder(server.folder);
    server.pid = spawn(program(), server.folder, arguments == NULL ? none : arguments);
    int status = await_end(server.pid);
    char *log = e2e_server_read_log(&server);
    snprintf(output, cap, "%s", log);
    free(log);
    bool is_clean = !has_leftovers(server.folder);
    e2e_remove_folder(server.folder);
    if (status == -1) fail_msg("the server still runs after %d ms", E2E_LIMIT_MS);
    if (!is_clean) fail_msg("the server leaves files behind");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- commands over hiredis --- */

redisContext *e2e_connect(const struct e2e_server *server) {
    redisContext *context = redisConnectWithTimeout("127.0.0.1", server->port, limit());
    assert_non_null(context);
    if (context->err != 0) fail_msg("cannot connect: %s", context->errstr);
    assert_int_equal(redisSetTimeout(context, limit()), REDIS_OK);
    return context;
}

static void append_reply(struct buffer *out, const redisReply *reply) {
    switch (reply->type) {
    case REDIS_REPLY_STRING: buffer_append_quoted(out, bytes_of(reply->str, reply->len)); break;
    case REDIS_REPLY_ARRAY:
        buffer_append_char(out, '[');
        for (size_t i = 0; i < reply->elements; i++) {
            if (i != 0) buffer_append_str(out, ", ");
            append_reply(out, reply->element[i]);
        }
        buffer_append_char(out, ']');
        break;
    case REDIS_REPLY_INTEGER: buffer_append_i64(out, reply->integer); break;
    case REDIS_REPLY_NIL: buffer_append_str(out, "nil"); break;
    case REDIS_REPLY_ERROR: buffer_append_char(out, '-'); /* fall through */
    default: buffer_append(out, reply->str, reply->len);
    }
}

void e2e_send(redisContext *context, const char *line) {
    struct words words;
    assert_true(words_split(bytes_of_str(line), &words) && words.count != 0);
    const char *argv[MAX_ARGUMENTS];
    size_t lens[MAX_ARGUMENTS];
    assert_true(words.count <= MAX_ARGUMENTS);
    for (size_t i = 0; i < words.count; i++) {
        argv[i] = words.items[i].data;
        lens[i] = words.items[i].len;
    }
    (void)redisAppendCommandArgv(context, (int)words.count, argv, lens);
    words_destroy(&words);
    int is_done = 0;
    while (context->err == 0 && !is_done) (void)redisBufferWrite(context, &is_done);
}

char *e2e_receive(redisContext *context) {
    void *reply = NULL;
    errno = 0;
    if (redisGetReply(context, &reply) != REDIS_OK) {
        if (errno == EAGAIN) fail_msg("no reply within %d ms", E2E_LIMIT_MS);
        return strdup("closed");
    }
    struct buffer text = {0};
    append_reply(&text, reply);
    freeReplyObject(reply);
    char *copy = strdup(buffer_c_str(&text));
    buffer_destroy(&text);
    return copy;
}

char *e2e_run(redisContext *context, const char *line) {
    e2e_send(context, line);
    return e2e_receive(context);
}

const char *e2e_server_run(struct e2e_server *server, const char *line) {
    free(server->text);
    server->text = e2e_run(server->control, line);
    return server->text;
}

int64_t e2e_server_info(struct e2e_server *server, const char *field) {
    char wanted[80];
    snprintf(wanted, sizeof(wanted), "\\n%s:", field);
    const char *found = strstr(e2e_server_run(server, "INFO everything"), wanted);
    assert_non_null(found);
    return strtoll(found + strlen(wanted), NULL, 10);
}

void e2e_server_await(struct e2e_server *server, const char *line, const char *expected) {
    int64_t since_ms = e2e_now_ms();
    while (strcmp(e2e_server_run(server, line), expected) != 0) {
        if (e2e_now_ms() > since_ms + E2E_LIMIT_MS)
            fail_msg("%s still answers %s", line, server->text);
        wait_a_little();
    }
}

/* --- raw sockets --- */

int e2e_open(const struct e2e_server *server) {
    struct sockaddr_in address = loopback(server->port);
    struct timeval at_most = limit();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &at_most, sizeof(at_most)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &at_most, sizeof(at_most)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void e2e_write(int fd, const char *bytes, size_t len) {
    while (len != 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) fail_msg("cannot send: %s", strerror(errno));
        bytes += sent;
        len -= (size_t)sent;
    }
}

void e2e_write_str(int fd, const char *text) {
    e2e_write(fd, text, strlen(text));
}

/* One byte; false at the end of the stream. */
static bool read_byte(int fd, char *byte) {
    ssize_t got = recv(fd, byte, 1, 0);
    if (got < 0 && errno != ECONNRESET) fail_msg("nothing came: %s", strerror(errno));
    return got == 1;
}

void e2e_read_line(int fd, char *line, size_t cap) {
    size_t len = 0;
    char byte;
    while (read_byte(fd, &byte)) {
        assert_true(len < cap);
        if (byte == '\n') {
            line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
            return;
        }
        line[len++] = byte;
    }
    fail_msg("the stream ended within a line");
}

void e2e_expect(int fd, const char *expected) {
    struct buffer got = {0};
    size_t len = strlen(expected);
    char byte;
    while (got.len < len && read_byte(fd, &byte)) buffer_append_char(&got, byte);
    assert_string_equal(buffer_c_str(&got), expected);
    buffer_destroy(&got);
}

void e2e_expect_closed(int fd) {
    char byte;
    if (read_byte(fd, &byte)) fail_msg("byte 0x%02x instead of the end", (unsigned char)byte);
}

/* --- what the macros call --- */

static void check_text(char *text, const char *expected, const char *file, int at_line) {
    _assert_string_equal(text, expected, file, at_line);
    free(text);
}

void e2e_check_reply(redisContext *context, const char *line, const char *expected,
                     const char *file, int at_line) {
    check_text(e2e_run(context, line), expected, file, at_line);
}

void e2e_check_received(redisContext *context, const char *expected, const char *file,
                        int at_line) {
    check_text(e2e_receive(context), expected, file, at_line);
}
