/* skua-check, the program beside the server's, on files of a real redis-server (tests/golden) and on
 * what is left of them. */
#include "e2e/support.h"

#include "foundation/buffer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 16 * 1024, FILE_MAX_BYTES = 64 * 1024, FINE = 0, BROKEN = 1, FAILED = 2 };

#define DUMP "tests/golden/dump.rdb"
#define SMALL "tests/golden/small.rdb"
#define INCREMENT "appendonly.aof.1.incr.aof"
#define FOLDER "tests/golden/appendonlydir"

/* --- help --- */

static const char *program(void) {
    static char path[E2E_PATH_MAX];
    const char *server = getenv("SKUA_SERVER");
    const char *slash = server == NULL ? NULL : strrchr(server, '/');
    if (slash == NULL) fail_msg("SKUA_SERVER does not name the server to test");
    int folder_len = slash == NULL ? 0 : (int)(slash - server + 1);
    (void)snprintf(path, sizeof(path), "%.*sskua-check", folder_len, server);
    return path;
}

struct run {
    int status; /* of its exit; -1 when a signal ended it */
    char output[OUTPUT_MAX];
};

static void read_output(int fd, char output[OUTPUT_MAX]) {
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, output + len, OUTPUT_MAX - 1 - len)) > 0) len += (size_t)got;
    output[len] = '\0';
}

/* Runs it with up to three arguments, both outputs as one, standard input as given. */
static const struct run *run_check(const char *input, const char *a, const char *b, const char *c) {
    static struct run run;
    char *const arguments[] = {(char *)(uintptr_t)program(), (char *)(uintptr_t)a,
                               (char *)(uintptr_t)b, (char *)(uintptr_t)c, NULL};
    int out[2] = {-1, -1}, in[2] = {-1, -1}, status;
    assert_true(pipe(out) == 0 && pipe(in) == 0);
    pid_t pid = fork();
    assert_true(pid != -1);
    if (pid == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)dup2(out[1], 2);
        (void)close(in[1]);
        execv(arguments[0], arguments);
        _exit(127);
    }
    assert_true(write(in[1], input, strlen(input)) == (ssize_t)strlen(input));
    (void)close(in[0]);
    (void)close(in[1]);
    (void)close(out[1]);
    read_output(out[0], run.output);
    (void)close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return &run;
}

static void assert_check(const char *path, int status, const char *text) {
    const struct run *run = run_check("", path, NULL, NULL);
    if (run->status != status || strstr(run->output, text) == NULL)
        fail_msg("%s: status %d, wanted %d and '%s':\n%s", path, run->status, status, text,
                 run->output);
}

struct file {
    char data[FILE_MAX_BYTES];
    size_t len;
};

static void read_file(const char *path, struct file *file) {
    FILE *stream = fopen(path, "r");
    if (stream == NULL) fail_msg("%s is missing", path);
    file->len = fread(file->data, 1, sizeof(file->data), stream);
    assert_true(file->len < sizeof(file->data));
    (void)fclose(stream);
}

static void write_bytes(const char *path, const char *data, size_t len) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fwrite(data, 1, len, stream) == len);
    assert_int_equal(fclose(stream), 0);
}

struct sandbox {
    char folder[E2E_PATH_MAX];
    char path[2 * E2E_PATH_MAX];
};

static const char *path_in(struct sandbox *sandbox, const char *name) {
    (void)snprintf(sandbox->path, sizeof(sandbox->path), "%s/%s", sandbox->folder, name);
    return sandbox->path;
}

static int set_up(void **state) {
    static struct sandbox sandbox;
    e2e_make_folder(sandbox.folder);
    *state = &sandbox;
    return 0;
}

static int tear_down(void **state) {
    struct sandbox *sandbox = *state;
    e2e_remove_folder(sandbox->folder);
    return 0;
}

/* --- what is fine --- */

static void files_of_redis_server_are_fine(void **state) {
    (void)state;
    assert_check(DUMP, FINE, "fine, ");
    assert_check(SMALL, FINE, "RDB version 10");
    assert_check("tests/golden/old.rdb", FINE, "RDB version 3, 7 keys, without a sum");
    assert_check("tests/golden/mixed.aof", FINE, "16 commands, 2 transactions, sum right");
    assert_check(FOLDER, FINE, INCREMENT ": fine, ");
}

static void statistics_tell_what_is_in_a_dump(void **state) {
    (void)state;
    static const char *const wanted[] = {
        "redis-ver", "a year or more", "list-many-nodes",
        "skiplist",  "quicklist",      "Values that redis-server reads from version 7.0 on",
    };
    const struct run *run = run_check("", "--stats", "--top=3", DUMP);
    assert_int_equal(run->status, FINE);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (strstr(run->output, wanted[i]) == NULL)
            fail_msg("'%s' is missing in:\n%s", wanted[i], run->output);
    run = run_check("", "--json", "--stats", DUMP);
    assert_non_null(strstr(run->output, "\"type\":\"zset\",\"encoding\":\"skiplist\",\"keys\":2"));
}

static void wrong_usage_and_missing_files_have_a_status_of_their_own(void **state) {
    (void)state;
    assert_check("--no-such-option", FAILED, "no-such-option");
    assert_check("/no/such/file", FAILED, "No such file or directory");
    assert_int_equal(run_check("", NULL, NULL, NULL)->status, FAILED);
    assert_check("--help", FINE, "Usage: skua-check");
}

/* --- RDB files --- */

static void a_broken_dump_tells_where_and_in_which_key(void **state) {
    struct sandbox *sandbox = *state;
    static struct file file;
    read_file(SMALL, &file);
    const char *path = path_in(sandbox, "dump.rdb");
    write_bytes(path, file.data, file.len - 50);
    assert_check(path, BROKEN, ": expected ");
    assert_check(path, BROKEN, "good up to offset ");
    write_bytes(path, file.data, 4);
    assert_check(path, BROKEN, "offset 0: expected REDIS");
    write_bytes(path, "REDIS0010\0\1k\1v\0\1k\1w\xff\0\0\0\0\0\0\0\0", 28);
    assert_check(path, BROKEN, "offset 14: expected a new key, found one that was there before");
    assert_check(path, BROKEN, "good up to offset 14 of 28, RDB version 10, 1 keys");
    write_bytes(path, "REDIS0010\0\3key\5val", 18);
    assert_check(path, BROKEN, "while reading \"key\", string of RDB type 0, in database 0");
}

static void a_flipped_bit_in_any_byte_of_a_dump_is_found(void **state) {
    struct sandbox *sandbox = *state;
    static struct file file;
    read_file(SMALL, &file);
    const char *path = path_in(sandbox, "dump.rdb");
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] = (char)(file.data[i] ^ 1 << i % 8);
        write_bytes(path, file.data, file.len);
        assert_check(path, BROKEN, "expected ");
        file.data[i] = (char)(file.data[i] ^ 1 << i % 8);
    }
}

static void a_repaired_dump_is_loaded_and_what_it_was_is_kept(void **state) {
    struct sandbox *sandbox = *state;
    static struct file file, kept;
    read_file(SMALL, &file);
    const char *path = path_in(sandbox, "dump.rdb");
    write_bytes(path, file.data, 300);
    assert_int_equal(run_check("n\n", "--fix", path, NULL)->status, BROKEN);
    assert_int_equal(run_check("y\n", "--fix", path, NULL)->status, FINE);
    assert_check(path, FINE, "sum right");
    read_file(path_in(sandbox, "dump.rdb.broken"), &kept);
    assert_int_equal(kept.len, 300);
    assert_memory_equal(kept.data, file.data, 300);
}

/* --- logs --- */

static void make_log(struct sandbox *sandbox, const struct file *increment, size_t len) {
    static struct file file;
    static const char *const names[] = {"appendonly.aof.manifest", "appendonly.aof.1.base.rdb"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char from[E2E_PATH_MAX];
        (void)snprintf(from, sizeof(from), FOLDER "/%s", names[i]);
        read_file(from, &file);
        write_bytes(path_in(sandbox, names[i]), file.data, file.len);
    }
    write_bytes(path_in(sandbox, INCREMENT), increment->data, len);
}

/* The offset that the report tells: behind it the repaired file ends. */
static size_t find_good_offset(const char *report) {
    const char *at = strstr(report, "good up to offset ");
    if (at == NULL) fail_msg("no offset is told in:\n%s", report);
    return at == NULL ? 0 : strtoul(at + strlen("good up to offset "), NULL, 10);
}

static void assert_repaired(struct sandbox *sandbox, const struct file *whole, size_t good) {
    static struct file file;
    read_file(path_in(sandbox, INCREMENT), &file);
    assert_int_equal(file.len, good);
    assert_memory_equal(file.data, whole->data, good);
    (void)unlink(path_in(sandbox, INCREMENT ".broken"));
}

static void a_log_torn_anywhere_is_cut_behind_the_last_whole_command(void **state) {
    struct sandbox *sandbox = *state;
    static struct file file;
    size_t longest = 0, repaired = 0;
    read_file(FOLDER "/" INCREMENT, &file);
    make_log(sandbox, &file, 0);
    for (size_t len = 0; len <= file.len; len++) {
        write_bytes(path_in(sandbox, INCREMENT), file.data, len);
        const struct run *run = run_check("", "--fix", "--yes", sandbox->folder);
        assert_int_equal(run->status, FINE);
        if (strstr(run->output, "broken") == NULL) {
            longest = len;
            continue;
        }
        assert_int_equal(find_good_offset(run->output), longest);
        assert_repaired(sandbox, &file, longest);
        repaired++;
    }
    assert_true(longest == file.len && repaired > file.len / 2);
}

static void only_the_last_file_of_a_log_is_cut(void **state) {
    struct sandbox *sandbox = *state;
    static struct file file, after;
    read_file(FOLDER "/" INCREMENT, &file);
    make_log(sandbox, &file, file.len);
    read_file(SMALL, &after);
    write_bytes(path_in(sandbox, "appendonly.aof.1.base.rdb"), after.data, after.len - 20);
    assert_int_equal(run_check("", "--fix", "--yes", sandbox->folder)->status, BROKEN);
    read_file(path_in(sandbox, "appendonly.aof.1.base.rdb"), &file);
    assert_int_equal(file.len, after.len - 20);
}

static void a_folder_needs_a_manifest_and_the_files_that_it_names(void **state) {
    struct sandbox *sandbox = *state;
    static struct file file;
    assert_check(sandbox->folder, BROKEN, "expected a manifest, found none");
    read_file(FOLDER "/" INCREMENT, &file);
    make_log(sandbox, &file, file.len);
    (void)unlink(path_in(sandbox, INCREMENT));
    assert_check(sandbox->folder, FAILED, "No such file or directory");
    write_bytes(path_in(sandbox, "appendonly.aof.manifest"), "file x\n", 7);
    assert_check(sandbox->folder, BROKEN, "line 1: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(files_of_redis_server_are_fine),
        TEST(statistics_tell_what_is_in_a_dump),
        TEST(wrong_usage_and_missing_files_have_a_status_of_their_own),
        TEST(a_broken_dump_tells_where_and_in_which_key),
        TEST(a_flipped_bit_in_any_byte_of_a_dump_is_found),
        TEST(a_repaired_dump_is_loaded_and_what_it_was_is_kept),
        TEST(a_log_torn_anywhere_is_cut_behind_the_last_whole_command),
        TEST(only_the_last_file_of_a_log_is_cut),
        TEST(a_folder_needs_a_manifest_and_the_files_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
