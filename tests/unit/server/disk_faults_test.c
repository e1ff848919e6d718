/* Every call of the disk fails once, at every place: while saving, rewriting, switching the log on
 * and off, starting, loading, stopping and writing, for n = 1, 2, 3 … as many as there are. And at
 * every such place the process is killed.
 *
 * An attempt is a process of its own. It writes numbered steps, in transactions:
 *
 *      SET step n     RPUSH steps n        in database 1, all else in database 0
 *
 * and notes which it has sent and which were promised to be kept. What another process finds on
 * disk must be all of database 0 and the steps 1 … k, k at least what was promised. */
#include "foundation/check.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/file_faults.h"
#include "services/persistence/aof.h"
#include "services/persistence/child.h"
#include "services/persistence/loading.h"
#include "unit/support/folder.h"
#include "unit/support/world.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_US = 20 * 1000 * 1000, LINE_MAX_CHARS = 100 };

static char base[64]; /* the folder of it all: */
static char data[80], template[80], log_path[80];

/* Of an attempt, shared with its process. */
static struct ledger {
    int64_t sent;     /* the last step */
    int64_t promised; /* the last one that must be there */
    bool was_struck;  /* the fault came to pass */
} * ledger;

static uint64_t seen[FILE_CALL_COUNT]; /* calls of the last attempt */
static char *filled;                   /* database 0 as it must be */

/* --- data --- */

static void fill(struct world *world) {
    static const char *const lines[] = {
        "SET string 'a b\\x00c'",
        "SET due x PX 100000000",
        "SETRANGE long 3000 x",
        "RPUSH list a 1 70000 ''",
        "SADD ints 1 2 70000",
        "SADD set a b 1",
        "ZADD zset 1 a 1.5 b -inf c",
        "HSET hash f v n 1",
        "HPEXPIRE hash 100000000 FIELDS 1 f",
        "PFADD hll a b",
        "RL.TAKE limiter BUCKET 10 10 60000",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) world_run_ok(world, lines[i]);
}

/* The dump without database 1; mem_free frees it. */
static char *dump_filled(const struct world *world) {
    char *dump = world_dump(world);
    char *end = strncmp(dump, "1 ", 2) == 0 ? dump : strstr(dump, "\n1 ");
    if (end != NULL) end[end == dump ? 0 : 1] = '\0';
    return dump;
}

/* What is asked by the line; -1: nothing. */
static int64_t ask_number(struct world *world, const char *line) {
    struct bytes reply = world_run(world, line);
    const char *digits = reply.data + 1;
    if (reply.data[0] == '$') digits = memchr(reply.data, '\n', reply.len);
    return bytes_starts_with(reply, BYTES("$-1")) ? 0 : strtoll(digits, NULL, 10);
}

/* The last step that is there, each before it and all else being there too. */
static int64_t check_data(struct world *world) {
    char *dump = dump_filled(world);
    world_assert_same(dump, filled);
    mem_free(dump);
    world_run_ok(world, "SELECT 1");
    int64_t last = ask_number(world, "LLEN steps");
    assert_int_equal(ask_number(world, "GET step"), last);
    if (last != 0) assert_int_equal(ask_number(world, "LINDEX steps -1"), last);
    world_run_ok(world, "SELECT 0");
    return last;
}

/* --- what operations are made of --- */

/* The next step; false when it is refused. */
static bool send_step(struct world *world) {
    char set[LINE_MAX_CHARS], push[LINE_MAX_CHARS];
    long long number = ++ledger->sent;
    (void)snprintf(set, sizeof(set), "SET step %lld", number);
    (void)snprintf(push, sizeof(push), "RPUSH steps %lld", number);
    const char *const lines[] = {"MULTI", "SELECT 1", set, push, "SELECT 0", "EXEC"};
    bool is_done = true;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) is_done = world_try_run(world, lines[i]);
    engine_finish_round(world->engine);
    if (!is_done) ledger->sent--;
    return is_done;
}

static bool has_info(struct world *world, const char *text) {
    struct bytes reply = world_run(world, "INFO persistence");
    return memmem(reply.data, reply.len, text, strlen(text)) != NULL;
}

static void promise(int64_t step) {
    if (ledger->promised < step) ledger->promised = step;
}

/* A snapshot was saved: where there is a log that says nothing about what is found. */
static void promise_saved(struct world *world, int64_t step) {
    if (has_info(world, "aof_enabled:0")) promise(step);
}

/* The writer has done all, or says why not. */
static bool flush(struct world *world) {
    char error[PERSISTENCE_ERROR_MAX];
    engine_finish_round(world->engine);
    if (!aof_flush(world->engine, error)) return false;
    if (has_info(world, "aof_enabled:1") && has_info(world, "aof_pending_rewrite:0"))
        promise(ledger->sent);
    return true;
}

/* Until the child is gone and what it has left is in the manifest, or given up. */
static void await_rewrite(struct world *world) {
    int64_t end_us = clock_monotonic_us() + LIMIT_US;
    child_wait(world->engine);
    while (has_info(world, "aof_rewrite_in_progress:1") &&
           has_info(world, "aof_last_write_status:ok")) {
        aof_feature.tick(world->engine);
        if (clock_monotonic_us() > end_us) fail_msg("the rewrite does not end");
    }
}

/* --- operations --- */

/* `run` gets a running world, or one that is NULL to start: then it starts it. It returns true
 * when it is told to have succeeded. */
struct operation {
    const char *name;
    const char *const *settings;
    const char *const *later_settings; /* of those who look at what is left; NULL: the same */
    void (*prepare)(void);             /* leaves files; NULL: there are none */
    bool (*run)(struct world **world);
    bool is_start;
};

static bool save(struct world **world) {
    if (!send_step(*world) || !world_try_run(*world, "SAVE")) return false;
    promise_saved(*world, ledger->sent);
    return true;
}

static bool save_in_background(struct world **world) {
    if (!send_step(*world)) return false;
    int64_t step = ledger->sent;
    if (!world_try_run(*world, "BGSAVE")) return false;
    (void)send_step(*world);
    child_wait((*world)->engine);
    if (!has_info(*world, "rdb_last_bgsave_status:ok")) return false;
    promise_saved(*world, step);
    return true;
}

static bool load_log(struct world **world) {
    return send_step(*world) && flush(*world) && world_try_run(*world, "DEBUG LOADAOF");
}

static bool reload(struct world **world) {
    if (!send_step(*world) || !world_try_run(*world, "DEBUG RELOAD")) return false;
    promise_saved(*world, ledger->sent);
    return true;
}

static bool stop_saving(struct world **world) {
    static const struct stop_wish wish = {.is_saving = true};
    if (!send_step(*world) || !engine_try_stop((*world)->engine, &wish)) return false;
    promise(ledger->sent);
    return true;
}

static bool write_steps(struct world **world) {
    bool is_done = true;
    for (int i = 0; i < 3; i++) is_done = send_step(*world) && flush(*world) && is_done;
    return is_done;
}

static bool rewrite(struct world **world) {
    bool is_sent = send_step(*world);
    bool is_begun = world_try_run(*world, "BGREWRITEAOF");
    is_sent = send_step(*world) && is_sent;
    await_rewrite(*world);
    is_sent = send_step(*world) && is_sent;
    return flush(*world) && is_sent && is_begun && has_info(*world, "aof_last_bgrewrite_status:ok");
}

static bool rewrite_without_log(struct world **world) {
    if (!send_step(*world) || !world_try_run(*world, "BGREWRITEAOF")) return false;
    int64_t step = ledger->sent;
    await_rewrite(*world);
    if (!has_info(*world, "aof_last_bgrewrite_status:ok")) return false;
    promise(step);
    return true;
}

/* On from off; one that has begun and failed is given up first, for it waits before it tries again. */
static bool switch_on(struct world **world) {
    if (has_info(*world, "aof_enabled:1")) world_set(*world, "appendonly", "no");
    bool is_sent = send_step(*world);
    if (!world_try_set(*world, "appendonly", "yes")) return false;
    is_sent = send_step(*world) && is_sent;
    await_rewrite(*world);
    if (!has_info(*world, "aof_pending_rewrite:0")) return false;
    return send_step(*world) && flush(*world) && is_sent;
}

static bool switch_off_and_on(struct world **world) {
    if (has_info(*world, "aof_enabled:1")) world_set(*world, "appendonly", "no");
    return switch_on(world);
}

static bool switch_off(struct world **world) {
    if (has_info(*world, "aof_enabled:0")) return switch_on(world);
    bool is_sent = send_step(*world);
    world_set(*world, "appendonly", "no");
    return is_sent;
}

static const char *const *started_with; /* the settings of the operation under way */

static bool start(struct world **world) {
    if (*world == NULL) *world = world_try_start(started_with);
    if (*world == NULL) return false;
    ledger->sent = check_data(*world);
    return send_step(*world) && (has_info(*world, "aof_enabled:0") || flush(*world));
}

/* --- what they find --- */

static const char *const without_log[] = {"appendonly", "no", NULL};
static const char *const each_second[] = {"appendfsync", "everysec", NULL};
static const char *const unsynced[] = {"appendfsync", "no", NULL};
static const char *const without_preamble[] = {"aof-use-rdb-preamble", "no", NULL};

static struct world *make_steps(const char *const *settings) {
    struct world *world = world_start(settings);
    fill(world);
    for (int i = 0; i < 3; i++) assert_true(send_step(world));
    return world;
}

static void leave_dump(void) {
    struct world *world = make_steps(without_log);
    assert_true(save(&world));
    world_stop(world);
}

static void leave_log(void) {
    struct world *world = make_steps(NULL);
    assert_true(flush(world));
    world_stop(world);
}

/* With all that a start has to put in order: a torn end, history, a temporary file. */
static void leave_untidy_log(void) {
    struct world *world = make_steps(NULL);
    assert_true(rewrite(&world));
    world_stop(world);
    folder_write_file("appendonlydir/appendonly.aof.1.base.rdb", BYTES("old"));
    folder_write_file("appendonlydir/temp-rewriteaof-bg-1.aof", BYTES("half"));
    folder_write_file("appendonlydir/appendonly.aof.manifest",
                      BYTES("file appendonly.aof.2.base.rdb seq 2 type b\n"
                            "file appendonly.aof.1.base.rdb seq 1 type h\n"
                            "file appendonly.aof.2.incr.aof seq 2 type i\n"));
    folder_append_file("appendonlydir/appendonly.aof.2.incr.aof", BYTES("*2\r\n$3\r\nDE"));
}

static void leave_single_log(void) {
    leave_log();
    struct buffer text = folder_read_file("appendonlydir/appendonly.aof.1.base.rdb");
    struct buffer more = folder_read_file("appendonlydir/appendonly.aof.1.incr.aof");
    buffer_append_bytes(&text, buffer_bytes(&more));
    folder_empty(".");
    folder_write_file("appendonly.aof", buffer_bytes(&text));
    buffer_destroy(&text);
    buffer_destroy(&more);
}

static const struct operation operations[] = {
    {"SAVE", without_log, NULL, leave_dump, save, false},
    {"BGSAVE", without_log, NULL, leave_dump, save_in_background, false},
    {"DEBUG RELOAD", without_log, NULL, leave_dump, reload, false},
    {"DEBUG LOADAOF", NULL, NULL, leave_log, load_log, false},
    {"SHUTDOWN SAVE", without_log, NULL, leave_dump, stop_saving, false},
    {"SAVE beside a log", NULL, NULL, leave_log, save, false},
    {"writing, always", NULL, NULL, leave_log, write_steps, false},
    {"writing, everysec", each_second, NULL, leave_log, write_steps, false},
    {"writing, no", unsynced, NULL, leave_log, write_steps, false},
    {"BGREWRITEAOF", NULL, NULL, leave_log, rewrite, false},
    {"BGREWRITEAOF, everysec", each_second, NULL, leave_log, rewrite, false},
    {"BGREWRITEAOF, no", unsynced, NULL, leave_log, rewrite, false},
    {"BGREWRITEAOF to commands", without_preamble, NULL, leave_log, rewrite, false},
    {"starting a log of commands", without_preamble, NULL, leave_dump, start, true},
    {"BGREWRITEAOF without a log", without_log, (const char *const[]){NULL}, leave_dump,
     rewrite_without_log, false},
    {"appendonly yes", without_log, (const char *const[]){NULL}, leave_dump, switch_on, false},
    {"appendonly no, then yes", NULL, NULL, leave_log, switch_off_and_on, false},
    {"appendonly no", NULL, NULL, leave_log, switch_off, false},
    {"starting from a dump", without_log, NULL, leave_dump, start, true},
    {"starting a log from a dump", NULL, NULL, leave_dump, start, true},
    {"starting from a log", NULL, NULL, leave_log, start, true},
    {"starting from an untidy log", NULL, NULL, leave_untidy_log, start, true},
    {"starting from an old single log", NULL, NULL, leave_single_log, start, true},
};

/* --- attempts --- */

static void enter(const char *path) {
    assert_int_equal(chdir(path), 0);
}

static uint64_t count_warnings(void) {
    struct stat info;
    return stat(log_path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* What a test does at each call. */
struct manner {
    const char *mark; /* behind the number of the call */
    bool kills;
    bool is_mended;   /* then the same is done once more */
    unsigned first_n; /* where strides begin, so that tests strike at different calls */
};

struct attempt {
    const struct operation *operation;
    const struct manner *manner;
    char fault[LINE_MAX_CHARS];
};

/* The disk works again: the same is done, and with success. */
static void try_again(struct world **world, const struct operation *operation) {
    int64_t end_us = clock_monotonic_us() + LIMIT_US;
    file_faults_set("");
    while (*world != NULL && (!flush(*world) || (*world)->engine->write_refusal != NULL)) {
        engine_tick((*world)->engine);
        if (clock_monotonic_us() > end_us) fail_msg("%s", "the log does not recover");
    }
    if (*world != NULL) {
        (*world)->engine->is_stopping = false;
        child_wait((*world)->engine);
        await_rewrite(*world);
    }
    assert_true(operation->run(world));
    assert_int_equal(check_data(*world), ledger->sent);
}

/* Where nobody was told the log's writer has met the fault, and has tried again. */
static void assert_mended(void) {
    const char *path = file_faults_struck_path();
    bool is_log = strstr(path, "appendonlydir/") != NULL && strstr(path, "temp-rewrite") == NULL;
    if (!is_log) fail_msg("nobody was told that %s failed", path);
}

/* Runs in a process of its own: there a failing assertion ends it. */
static void run_attempt(const struct attempt *attempt) {
    const struct operation *operation = attempt->operation;
    struct world *world = operation->is_start ? NULL : world_start(operation->settings);
    started_with = operation->settings;
    uint64_t warnings = count_warnings();
    file_faults_set(attempt->fault);
    bool is_told = !operation->run(&world) || count_warnings() != warnings;
    ledger->was_struck = file_faults_struck() != 0;
    if (ledger->was_struck && !is_told) assert_mended();
    if (world == NULL) assert_true(world_error()[0] != '\0');
    if (world != NULL) assert_int_equal(check_data(world), ledger->sent);
    if (!attempt->manner->is_mended) _exit(EXIT_SUCCESS);
    try_again(&world, operation);
    world_stop(world);
    exit(EXIT_SUCCESS); /* leaks are told */
}

static void run_alone(const struct attempt *attempt) {
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        assert_int_equal(setenv("CMOCKA_TEST_ABORT", "1", 1), 0);
        run_attempt(attempt);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    bool is_right = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (attempt->manner->kills && is_killed) is_right = true;
    if (!is_right)
        fail_msg("%s, %s: wait status %#x", attempt->operation->name, attempt->fault,
                 (unsigned)status);
}

static void check_what_is_left(const struct attempt *attempt) {
    const struct operation *operation = attempt->operation;
    file_faults_set("");
    struct world *world = world_try_start(
        operation->later_settings != NULL ? operation->later_settings : operation->settings);
    if (world == NULL)
        fail_msg("%s, %s: does not start: %s", operation->name, attempt->fault, world_error());
    int64_t last = check_data(world);
    if (last < ledger->promised || last > ledger->sent)
        fail_msg("%s, %s: step %lld is there, %lld promised, %lld sent", operation->name,
                 attempt->fault, (long long)last, (long long)ledger->promised,
                 (long long)ledger->sent);
    world_stop(world);
}

/* False when the fault did not come to pass. */
static bool try_fault(const struct attempt *attempt, const struct ledger *prepared) {
    enter(base);
    folder_empty(data);
    folder_copy(template, data);
    enter(data);
    *ledger = *prepared;
    run_alone(attempt);
    if (file_faults_struck() != 0) ledger->was_struck = true;
    for (unsigned call = 0; call < FILE_CALL_COUNT; call++)
        seen[call] = file_faults_seen((enum file_call)call);
    check_what_is_left(attempt);
    return ledger->was_struck;
}

static struct ledger prepare(const struct operation *operation) {
    enter(template);
    folder_empty(".");
    *ledger = (struct ledger){0};
    operation->prepare();
    return (struct ledger){.sent = ledger->sent, .promised = ledger->sent};
}

static const struct {
    const char *name, *error;
} calls[FILE_CALL_COUNT] = {
    [FILE_CALL_OPEN] = {"open", "EACCES"},      [FILE_CALL_WRITE] = {"write", "ENOSPC"},
    [FILE_CALL_READ] = {"read", "EIO"},         [FILE_CALL_SYNC] = {"sync", "EIO"},
    [FILE_CALL_TRUNCATE] = {"truncate", "EIO"}, [FILE_CALL_RENAME] = {"rename", "EIO"},
    [FILE_CALL_REMOVE] = {"remove", "EIO"},     [FILE_CALL_FOLDER] = {"folder", "EIO"},
    [FILE_CALL_MAKE] = {"make", "ENOSPC"},      [FILE_CALL_FORK] = {"fork", "ENOMEM"},
};

/* How many calls of each kind there are when none fails. */
static const uint64_t *count_calls(const struct operation *operation,
                                   const struct ledger *prepared) {
    static const struct manner harmless = {.mark = ""};
    static uint64_t counts[ARRAY_LEN(operations)][FILE_CALL_COUNT];
    uint64_t *own = counts[operation - operations];
    if (own[FILE_CALL_OPEN] != 0) return own;
    struct attempt attempt = {.operation = operation, .manner = &harmless, .fault = "# none"};
    assert_false(try_fault(&attempt, prepared));
    memcpy(own, seen, sizeof(seen));
    return own;
}

/* Processes under a sanitizer take their time: there only every tenth call fails. */
static uint64_t choose_stride(void) {
#ifdef SKUA_LIBC_MALLOC
    return 10;
#else
    return 1;
#endif
}

/* Returns the number of attempts. */
static int run_through(const struct operation *operation, const struct manner *manner) {
    struct ledger prepared = prepare(operation);
    struct attempt attempt = {.operation = operation, .manner = manner};
    const uint64_t *counts = count_calls(operation, &prepared);
    const uint64_t stride = choose_stride();
    uint64_t n = stride == 1 ? 0 : manner->first_n;
    int attempts = 0;
    for (unsigned call = 0; call < FILE_CALL_COUNT; call++) {
        for (; n < counts[call]; n += stride, attempts++) {
            (void)snprintf(attempt.fault, sizeof(attempt.fault), "%s %d%s %s", calls[call].name,
                           (int)n + 1, manner->mark, manner->kills ? "KILL" : calls[call].error);
            if (!try_fault(&attempt, &prepared) && n + 1 < counts[call] / 2)
                fail_msg("%s, %s: it did not come to pass", operation->name, attempt.fault);
        }
        n -= counts[call]; /* the stride goes on */
    }
    return attempts;
}

static void run_all(const struct manner *manner) {
    int attempts = 0;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        attempts += run_through(&operations[i], manner);
    print_message("%d attempts\n", attempts);
}

/* --- tests --- */

static void each_call_fails_once_and_all_goes_on(void **state) {
    (void)state;
    run_all(&(struct manner){.mark = "", .is_mended = true});
}

static void each_call_fails_once_and_the_process_ends(void **state) {
    (void)state;
    run_all(&(struct manner){.mark = "", .first_n = 3});
}

static void from_each_call_on_all_fail_until_the_disk_is_well(void **state) {
    (void)state;
    run_all(&(struct manner){.mark = "*", .is_mended = true, .first_n = 5});
}

static void the_process_is_killed_at_each_call(void **state) {
    (void)state;
    run_all(&(struct manner){.mark = "", .kills = true, .first_n = 8});
}

/* --- the whole --- */

static void make_folders(void) {
    (void)snprintf(base, sizeof(base), "%s/skua-faults-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(base));
    (void)snprintf(data, sizeof(data), "%s/data", base);
    (void)snprintf(template, sizeof(template), "%s/template", base);
    (void)snprintf(log_path, sizeof(log_path), "%s/log", base);
    assert_int_equal(mkdir(data, 0755), 0);
    assert_int_equal(mkdir(template, 0755), 0);
}

static int set_up(void **state) {
    (void)state;
    make_folders();
    file_faults_set("");
    if (!log_configure(&(struct log_settings){.level = LOG_LEVEL_WARNING, .path = log_path}))
        return -1;
    ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ledger == MAP_FAILED) return -1;
    struct world *world = world_start(without_log);
    fill(world);
    filled = dump_filled(world);
    world_stop(world);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    mem_free(filled);
    enter("/");
    folder_empty(base);
    return rmdir(base);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_fails_once_and_all_goes_on),
        cmocka_unit_test(each_call_fails_once_and_the_process_ends),
        cmocka_unit_test(from_each_call_on_all_fail_until_the_disk_is_well),
        cmocka_unit_test(the_process_is_killed_at_each_call),
    };
    mem_start();
    clock_ticks_start();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
