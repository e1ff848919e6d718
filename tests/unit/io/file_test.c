/* The calls of the disk, and how tests make them fail. */
#include "io/file.h"

#include "io/file_faults.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/skua-file-XXXXXX";
static char path[64], other_path[64];

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof(path), "%s/file", folder);
    (void)snprintf(other_path, sizeof(other_path), "%s/other", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static int tear_down(void **state) {
    (void)state;
    unsetenv("SKUA_FAULTS");
    file_faults_set("");
    (void)unlink(path);
    (void)unlink(other_path);
    return 0;
}

static void write_text(enum file_mode mode, const char *text) {
    int fd = file_open(path, mode);
    assert_true(fd >= 0);
    assert_true(file_write(fd, bytes_of_str(text)));
    assert_true(file_sync(fd));
    file_close(fd);
}

static void assert_text(const char *expected) {
    char text[64];
    int fd = file_open(path, FILE_READ);
    assert_true(fd >= 0);
    ssize_t len = file_read(fd, text, sizeof(text) - 1);
    assert_in_range(len, 0, sizeof(text) - 1);
    text[len] = '\0';
    assert_string_equal(text, expected);
    assert_int_equal(file_read(fd, text, sizeof(text)), 0);
    file_close(fd);
}

/* --- without faults --- */

static void files_are_created_appended_to_and_updated(void **state) {
    (void)state;
    write_text(FILE_CREATE, "one two");
    write_text(FILE_CREATE, "three");
    assert_text("three");
    write_text(FILE_APPEND, " four");
    assert_text("three four");
    write_text(FILE_UPDATE, "THREE");
    assert_text("THREE four");
    int fd = file_open(path, FILE_UPDATE);
    uint64_t len;
    assert_true(file_truncate(fd, 3));
    assert_true(file_size(fd, &len));
    assert_int_equal(len, 3);
    file_start_sync(fd, 0, len);
    file_forget_cached(fd, 0, len);
    file_close(fd);
    file_close(-1);
    assert_text("THR");
}

static void files_that_are_not_there_are_told_by_errno(void **state) {
    (void)state;
    errno = 0;
    assert_int_equal(file_open(path, FILE_READ), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file_open(path, FILE_UPDATE), -1);
    assert_false(file_remove(path));
    assert_false(file_rename(path, other_path));
    assert_int_equal(errno, ENOENT);
}

static void names_are_changed_and_made_permanent(void **state) {
    (void)state;
    write_text(FILE_CREATE, "text");
    assert_true(file_rename(path, other_path));
    assert_true(file_sync_folder(other_path));
    assert_true(file_rename(other_path, path));
    assert_text("text");
    assert_true(file_remove(path));
    assert_true(file_sync_folder("no-such-file-here"));
    assert_true(file_sync_folder("/no-such-file-there"));
    assert_false(file_sync_folder("/no/such/folder"));
}

static void a_folder_that_is_there_will_do(void **state) {
    (void)state;
    assert_true(file_make_folder(other_path));
    assert_true(file_make_folder(other_path));
    assert_int_equal(rmdir(other_path), 0);
}

/* --- with faults --- */

static void the_nth_call_fails_once(void **state) {
    (void)state;
    file_faults_set("write 2 ENOSPC");
    int fd = file_open(path, FILE_CREATE);
    assert_true(file_write(fd, BYTES("12")));
    errno = 0;
    assert_false(file_write(fd, BYTES("3456")));
    assert_int_equal(errno, ENOSPC);
    assert_true(file_write(fd, BYTES("78")));
    file_close(fd);
    assert_text("123478"); /* half was written */
}

static void a_lasting_fault_ends_with_its_text(void **state) {
    (void)state;
    int fd = file_open(path, FILE_CREATE);
    file_faults_set("sync * EIO");
    for (int i = 0; i < 5; i++) assert_false(file_sync(fd));
    assert_int_equal(errno, EIO);
    file_faults_set("");
    assert_true(file_sync(fd));
    file_close(fd);
}

static void a_fault_may_concern_some_files_only(void **state) {
    (void)state;
    int fd = file_open(path, FILE_CREATE), other = file_open(other_path, FILE_CREATE);
    file_faults_set("# a remark\nwrite * EIO /other\nopen * EMFILE /other\n");
    assert_true(file_write(fd, BYTES("x")));
    assert_false(file_write(other, BYTES("x")));
    assert_int_equal(file_open(other_path, FILE_READ), -1);
    file_close(fd);
    file_close(other);
    assert_text("x");
}

static void every_call_can_be_made_to_fail(void **state) {
    (void)state;
    char byte;
    int fd = file_open(path, FILE_CREATE);
    file_faults_set("open 1 EIO\nread 1 EIO\ntruncate 1 EIO\nrename 1 EIO\nremove 1 EIO\n"
                    "folder 1 EIO\nmake 1 EIO\nfork 1 ENOMEM");
    assert_int_equal(file_open(path, FILE_READ), -1);
    assert_int_equal(file_read(fd, &byte, 1), -1);
    assert_false(file_truncate(fd, 0));
    assert_false(file_rename(path, other_path));
    assert_false(file_remove(path));
    assert_false(file_sync_folder(path));
    assert_false(file_make_folder(other_path));
    errno = 0;
    assert_int_equal(file_fork(), -1);
    assert_int_equal(errno, ENOMEM);
    assert_true(file_remove(path));
    file_close(fd);
}

static void a_call_may_be_slow(void **state) {
    (void)state;
    int fd = file_open(path, FILE_CREATE);
    struct timespec start, end;
    file_faults_set("sync 1 DELAY30");
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_true(file_sync(fd));
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
    assert_true(ms >= 30);
    file_close(fd);
}

static void a_file_tells_the_faults_and_may_change(void **state) {
    (void)state;
    FILE *control = fopen(other_path, "we");
    assert_non_null(control);
    (void)fputs("open * EIO", control);
    (void)fclose(control);
    setenv("SKUA_FAULTS", other_path, 1);
    assert_int_equal(file_open(path, FILE_CREATE), -1);
    assert_int_equal(file_open(path, FILE_CREATE), -1);
    (void)unlink(other_path);
    int fd = file_open(path, FILE_CREATE);
    assert_true(fd >= 0);
    file_close(fd);
}

static void a_forked_child_runs(void **state) {
    (void)state;
    pid_t pid = file_fork();
    if (pid == 0) _exit(7);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
}

#define FILE_TEST(name) cmocka_unit_test_teardown(name, tear_down)

static volatile bool is_busy;

static void *open_and_close(void *unused) {
    while (is_busy) file_close(file_open("/dev/null", FILE_READ));
    return unused;
}

/* Threads of the server work with files at the moment of a fork. */
static void a_child_may_use_files_whatever_other_threads_did(void **state) {
    (void)state;
    pthread_t thread;
    is_busy = true;
    assert_int_equal(pthread_create(&thread, NULL, open_and_close, NULL), 0);
    for (int i = 0; i < 300; i++) {
        pid_t pid = file_fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(10); /* ends it where it hangs */
            file_close(file_open("/dev/null", FILE_READ));
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    is_busy = false;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FILE_TEST(files_are_created_appended_to_and_updated),
        FILE_TEST(files_that_are_not_there_are_told_by_errno),
        FILE_TEST(names_are_changed_and_made_permanent),
        FILE_TEST(a_folder_that_is_there_will_do),
        FILE_TEST(the_nth_call_fails_once),
        FILE_TEST(a_lasting_fault_ends_with_its_text),
        FILE_TEST(a_fault_may_concern_some_files_only),
        FILE_TEST(every_call_can_be_made_to_fail),
        FILE_TEST(a_call_may_be_slow),
        FILE_TEST(a_file_tells_the_faults_and_may_change),
        FILE_TEST(a_forked_child_runs),
        FILE_TEST(a_child_may_use_files_whatever_other_threads_did),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
