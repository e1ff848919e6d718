#include "io/file_faults.h"

#ifdef SKUA_TEST

#include "foundation/check.h"
#include "foundation/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 2048, RULES_MAX = 16, WORD_MAX = 64, MS_PER_SECOND = 1000 };

struct fault {
    enum file_call call;
    bool is_lasting;
    bool is_deadly;
    int64_t countdown; /* to the call that fails; 0: it is spent */
    int error;         /* 0: it takes `delay_ms` and succeeds */
    long delay_ms;
    char word[WORD_MAX]; /* that the path holds */
};

/* What has happened since the text was put in force; shared with children. */
struct tally {
    _Atomic uint64_t seen[FILE_CALL_COUNT];
    _Atomic uint64_t struck;
    char path[PATH_MAX]; /* of the last one struck */
};

static struct {
    pthread_mutex_t lock;
    char text[TEXT_MAX]; /* in force */
    struct fault faults[RULES_MAX];
    size_t count;
    struct tally *tally; /* NULL: not yet */
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
    fault->is_deadly = strcmp(word, "KILL") == 0;
    if (fault->is_deadly) return;
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
    fault.is_lasting = when[strlen(when) - 1] == '*';
    fault.countdown = strcmp(when, "*") == 0 ? 1 : strtol(when, NULL, 10);
    if (strcmp(call, "alloc") == 0) {
        mem_fail_nth_alloc((uint64_t)fault.countdown);
        return;
    }
    fault.call = read_call(call);
    read_effect(&fault, effect);
    state.faults[state.count++] = fault;
}

static void clear_tally(void) {
    struct tally *tally = state.tally;
    if (tally == NULL)
        tally =
            mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(tally != MAP_FAILED);
    for (size_t i = 0; i < ARRAY_LEN(tally->seen); i++) atomic_store(&tally->seen[i], 0);
    atomic_store(&tally->struck, 0);
    tally->path[0] = '\0';
    state.tally = tally;
}

/* With the lock held. */
static void put_in_force(const char *text) {
    clear_tally();
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

uint64_t file_faults_struck(void) {
    return state.tally == NULL ? 0 : atomic_load(&state.tally->struck);
}

uint64_t file_faults_seen(enum file_call call) {
    return state.tally == NULL ? 0 : atomic_load(&state.tally->seen[call]);
}

const char *file_faults_struck_path(void) {
    return state.tally == NULL ? "" : state.tally->path;
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

static void note_struck(const struct fault *fault, const char *path) {
    if (fault->error == 0 && !fault->is_deadly) return;
    (void)snprintf(state.tally->path, sizeof(state.tally->path), "%s", path);
    atomic_fetch_add(&state.tally->struck, 1);
}

/* The fault that this call is to have; a copy. */
static struct fault draw_fault(enum file_call call, const char *path) {
    for (size_t i = 0; i < state.count; i++) {
        struct fault *fault = &state.faults[i];
        if (!concerns(fault, call, path)) continue;
        bool strikes = fault->countdown == 1;
        if (!strikes || !fault->is_lasting) fault->countdown--;
        if (!strikes) continue;
        note_struck(fault, path);
        return *fault;
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
    if (state.text[0] != '\0') atomic_fetch_add(&state.tally->seen[call], 1);
    struct fault fault = draw_fault_of(call, fd, path);
    pthread_mutex_unlock(&state.lock);
    if (fault.is_deadly) (void)kill(getpid(), SIGKILL);
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
