/* The pipe carries messages of a fixed size, each written at once: how far the child is, and last
 * how it ended. A child that dies without a last message has failed. */
#include "services/persistence/child.h"

#include "data/keyspace.h"
#include "engine/engine.h"
#include "engine/latency.h"
#include "engine/oom_score.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/event_loop.h"
#include "io/file.h"
#include "services/persistence/persistence.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIPE_FD = 3, /* of the child, behind the standard ones */
    COW_REPORT_US = 1000000,
    LINE_CHARS = 256,
};

struct message {
    uint64_t keys;
    uint64_t cow_bytes;
    bool is_last;
    bool is_done;
    char error[PERSISTENCE_ERROR_MAX];
};

struct child {
    struct engine *engine;
    const struct child_job *job; /* NULL: none is running */
    pid_t pid;
    struct event_source pipe;
    struct child_progress progress;
    struct child_end end;
    bool has_last;
};

static struct child *find_child(const struct engine *engine) {
    return engine->persistence == NULL ? NULL : engine->persistence->child;
}

/* --- in the child --- */

static int64_t last_cow_report_us;

/* Pages of this process that are its own: copied since the fork, by it or by the server. */
static uint64_t read_cow_bytes(void) {
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    if (file == NULL) return 0;
    static const char name[] = "Private_Dirty:";
    char line[LINE_CHARS];
    unsigned long long kib = 0;
    while (kib == 0 && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, sizeof(name) - 1) == 0)
            kib = strtoull(line + sizeof(name) - 1, NULL, 10);
    (void)fclose(file);
    return kib * 1024;
}

static bool send_message(const struct message *message) {
    return write(PIPE_FD, message, sizeof(*message)) == (ssize_t)sizeof(*message);
}

bool child_tell_progress(void *engine, uint64_t keys) {
    (void)engine;
    int64_t now_us = clock_monotonic_us();
    struct message message = {.keys = keys};
    if (now_us - last_cow_report_us < COW_REPORT_US) return true;
    last_cow_report_us = now_us;
    message.cow_bytes = read_cow_bytes();
    return send_message(&message);
}

/* A descriptor of a client or a listener left open here would outlive its closing in the server. */
static bool keep_pipe_only(int pipe_end) {
    if (pipe_end != PIPE_FD && dup2(pipe_end, PIPE_FD) == -1) return false;
    return close_range(PIPE_FD + 1, ~0U, 0) == 0;
}

static _Noreturn void run_child(struct engine *engine, const struct child_job *job, int pipe_end,
                                pid_t server) {
    struct message message = {.is_last = true};
    bool is_alone = prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != server;
    if (is_alone || !keep_pipe_only(pipe_end)) _exit(EXIT_FAILURE);
    (void)prctl(PR_SET_NAME, job->kind == CHILD_SNAPSHOT ? "skua-save" : "skua-rewrite");
    oom_score_enter_child();
    last_cow_report_us = clock_monotonic_us();
    message.is_done = job->run(engine, message.error);
    message.cow_bytes = read_cow_bytes();
    _exit(send_message(&message) && message.is_done ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* --- in the server --- */

static void take_message(struct child *child, const struct message *message) {
    struct child_progress *progress = &child->progress;
    if (message->keys != 0) progress->keys = message->keys;
    progress->cow_bytes = message->cow_bytes;
    progress->told_at_us = child->engine->clock->monotonic_us;
    if (message->cow_bytes > progress->peak_cow_bytes)
        progress->peak_cow_bytes = message->cow_bytes;
    if (!message->is_last) return;
    child->has_last = true;
    child->end.is_done = message->is_done;
    memcpy(child->end.error, message->error, sizeof(child->end.error));
}

/* False at the pipe's end. */
static bool read_message(struct child *child, bool *has_one) {
    struct message message;
    ssize_t got = read(child->pipe.fd, &message, sizeof(message));
    *has_one = got == (ssize_t)sizeof(message);
    if (*has_one) take_message(child, &message);
    return *has_one || (got == -1 && (errno == EAGAIN || errno == EINTR));
}

static void tell_signal(struct child_end *end, int status) {
    end->is_done = false;
    if (WIFSIGNALED(status))
        (void)snprintf(end->error, sizeof(end->error), "terminated by signal %d", WTERMSIG(status));
    else
        (void)snprintf(end->error, sizeof(end->error), "exited with status %d",
                       WEXITSTATUS(status));
}

static void reap(struct child *child) {
    int status = 0;
    while (waitpid(child->pid, &status, 0) == -1 && errno == EINTR) continue;
    const struct child_job *job = child->job;
    struct engine *engine = child->engine;
    if (engine->loop != NULL) event_loop_remove(engine->loop, &child->pipe);
    (void)close(child->pipe.fd);
    child->job = NULL;
    child->end.pid = child->pid;
    child->end.cow_bytes = child->progress.cow_bytes;
    if (!child->has_last) tell_signal(&child->end, status);
    struct child_end end = child->end;
    job->end(engine, &end);
}

void child_poll(struct engine *engine) {
    struct child *child = find_child(engine);
    if (child == NULL || child->job == NULL) return;
    bool has_one = true;
    while (has_one) {
        if (read_message(child, &has_one)) continue;
        reap(child);
        return;
    }
}

static void on_pipe(struct event_source *source, uint32_t events) {
    (void)events;
    child_poll(EVENT_OWNER(source, struct child, pipe)->engine);
}

static bool watch_pipe(struct child *child, int fd) {
    child->pipe = (struct event_source){.fd = fd, .on_ready = on_pipe};
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    struct event_loop *loop = child->engine->loop;
    return loop == NULL || event_loop_add(loop, &child->pipe, EVENT_READABLE);
}

static pid_t fork_timed(struct engine *engine) {
    int64_t start_us = clock_monotonic_us();
    pid_t pid = file_fork();
    if (pid > 0) {
        engine->stats.last_fork_us = clock_monotonic_us() - start_us;
        engine->stats.forks++;
        latency_note(engine, "fork", engine->stats.last_fork_us);
    }
    return pid;
}

static struct child *require_child(struct engine *engine) {
    struct persistence *persistence = persistence_of(engine);
    if (persistence->child == NULL) persistence->child = mem_alloc_zeroed(sizeof(struct child));
    return persistence->child;
}

bool child_start(struct engine *engine, const struct child_job *job) {
    struct child *child = require_child(engine);
    CHECK(child->job == NULL);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    pid_t server = getpid(), pid = fork_timed(engine);
    if (pid == 0) run_child(engine, job, ends[1], server);
    int error = errno;
    (void)close(ends[1]);
    if (pid == -1) {
        (void)close(ends[0]);
        errno = error;
        return false;
    }
    *child = (struct child){.engine = engine, .job = job, .pid = pid};
    child->progress.total_keys = keyspace_key_count(engine->keyspace);
    child->progress.started_us = engine->clock->monotonic_us;
    if (!watch_pipe(child, ends[0])) LOG_WARNING("Can't watch the child's pipe: it is polled");
    return true;
}

enum child_kind child_running(const struct engine *engine) {
    const struct child *child = find_child(engine);
    return child == NULL || child->job == NULL ? CHILD_NONE : child->job->kind;
}

const struct child_progress *child_progress(const struct engine *engine) {
    return child_running(engine) == CHILD_NONE ? NULL : &find_child(engine)->progress;
}

pid_t child_pid(const struct engine *engine) {
    return child_running(engine) == CHILD_NONE ? 0 : find_child(engine)->pid;
}

uint64_t child_peak_cow_bytes(const struct engine *engine) {
    const struct child *child = find_child(engine);
    return child == NULL ? 0 : child->progress.peak_cow_bytes;
}

/* The messages that are still in the pipe belong to one that is to be forgotten. */
void child_kill(struct engine *engine) {
    struct child *child = find_child(engine);
    if (child == NULL || child->job == NULL) return;
    (void)kill(child->pid, SIGKILL);
    child->end.was_killed = true;
    child->has_last = false;
    reap(child);
}

void child_wait(struct engine *engine) {
    struct child *child = find_child(engine);
    if (child == NULL || child->job == NULL) return;
    (void)fcntl(child->pipe.fd, F_SETFL, 0);
    bool has_one = true;
    while (has_one && read_message(child, &has_one)) continue;
    reap(child);
}

void child_free(struct engine *engine) {
    child_kill(engine);
    mem_free(engine->persistence->child);
    engine->persistence->child = NULL;
}
