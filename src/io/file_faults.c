#include "io/file_faults.h"

#ifdef SKUA_TEST

#include "foundation/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 2048, RULES_MAX = 16, WORD_MAX = 64, MS_PER_SECOND = 1000 };

struct fault {
    enum file_call call;
    bool is_lasting;
    int64_t countdown; /* to the call that fails; 0: it is spent */
    int error;         /* 0: it takes `delay_ms` and succeeds */
    long delay_ms;
    char word[WORD_MAX]; /* that the path holds */
};

static struct {
    pthread_mutex_t lock;
    char text[TEXT_MAX]; /* in force */
    struct fault faults[RULES_MAX];
    size_t count;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- reading a text --- */

static const char *const call_names[] = {
    [FILE_CALL_OPEN] = "open",     [FILE_CALL_WRITE] = "write",       [FILE_CALL_READ] = "read",
    [FILE_CALL_SYNC] = "sync",     [FILE_CALL_TRUNCATE] = "truncate", [FILE_CALL_RENAME] = "rename",
    [FILE_CALL_REMOVE] = "remove", [FILE_CALL_FOLDER] = "folder",     [FILE_CALL_MAKE] = "make",
    [FILE_CALL_FORK] = "fork",
};

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EACCES", EACCES}, {"ENOMEM", ENOMEM},
    {"EAGAIN", EAGAIN}, {"EROFS", EROFS},   {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE},
    {"ENOENT", ENOENT}, {"EINVAL", EINVAL},
};

static enum file_call read_call(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(call_names); i++)
        if (strcmp(call_names[i], name) == 0) return (enum file_call)i;
    UNREACHABLE();
}

static void read_effect(struct fault *fault, const char *word) {
    if (strncmp(word, "DELAY", 5) == 0) {
        fault->delay_ms = strtol(word + 5, NULL, 10);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (strcmp(errors[i].name, word) == 0) fault->error = errors[i].number;
    CHECK(fault->error != 0);
}

static void read_line(const char *line) {
    char call[WORD_MAX], when[WORD_MAX], effect[WORD_MAX];
    struct fault fault = {0};
    int words = sscanf(line, "%63s %63s %63s %63s", call, when, effect, fault.word);
    if (words <= 0 || call[0] == '#') return;
    CHECK(words >= 3 && state.count < RULES_MAX);
    fault.call = read_call(call);
    fault.is_lasting = strcmp(when, "*") == 0;
    fault.countdown = fault.is_lasting ? 1 : strtol(when, NULL, 10);
    read_effect(&fault, effect);
    state.faults[state.count++] = fault;
}

/* With the lock held. */
static void put_in_force(const char *text) {
    (void)snprintf(state.text, sizeof(state.text), "%s", text);
    state.count = 0;
    char lines[TEXT_MAX], *rest = lines;
    memcpy(lines, state.text, sizeof(lines));
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) read_line(line);
}

void file_faults_set(const char *text) {
    pthread_mutex_lock(&state.lock);
    put_in_force(text);
    pthread_mutex_unlock(&state.lock);
}

/* The control file is written anew by a test while it is read: it should be renamed into place. */
static void follow_file(void) {
    const char *path = getenv("SKUA_FAULTS");
    if (path == NULL) return;
    char text[TEXT_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd == -1 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd != -1) (void)close(fd);
    text[len < 0 ? 0 : len] = '\0';
    if (strcmp(text, state.text) != 0) put_in_force(text);
}

/* --- striking --- */

static bool concerns(const struct fault *fault, enum file_call call, const char *path) {
    return fault->call == call && fault->countdown > 0 && strstr(path, fault->word) != NULL;
}

/* The fault that this call is to have; a copy. */
static struct fault draw_fault(enum file_call call, const char *path) {
    for (size_t i = 0; i < state.count; i++) {
        struct fault *fault = &state.faults[i];
        if (!concerns(fault, call, path)) continue;
        if (fault->is_lasting || --fault->countdown == 0) return *fault;
    }
    return (struct fault){0};
}

/* What /proc says that the descriptor is. */
static void find_path(int fd, char target[PATH_MAX]) {
    char name[WORD_MAX];
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, target, PATH_MAX - 1);
    target[len < 0 ? 0 : len] = '\0';
}

static struct fault draw_fault_of(enum file_call call, int fd, const char *path) {
    char found[PATH_MAX];
    if (state.count == 0) return (struct fault){0};
    if (fd == -1) return draw_fault(call, path);
    find_path(fd, found);
    return draw_fault(call, found);
}

static void delay(const struct fault *fault) {
    struct timespec left = {.tv_sec = fault->delay_ms / MS_PER_SECOND,
                            .tv_nsec = fault->delay_ms % MS_PER_SECOND * 1000000};
    if (fault->delay_ms != 0) (void)nanosleep(&left, NULL);
}

bool file_faults_strike(enum file_call call, int fd, const char *path) {
    int error = errno;
    pthread_mutex_lock(&state.lock);
    follow_file();
    struct fault fault = draw_fault_of(call, fd, path);
    pthread_mutex_unlock(&state.lock);
    delay(&fault);
    errno = fault.error != 0 ? fault.error : error;
    return fault.error != 0;
}

pid_t file_faults_fork(void) {
    pthread_mutex_lock(&state.lock);
    pid_t pid = fork();
    pthread_mutex_unlock(&state.lock);
    return pid;
}

#else
/* An empty unit is not C. */
typedef int file_faults_are_for_tests;
#endif
