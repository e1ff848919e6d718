/* Files are gone at once, and leave no descriptor behind. */
#include "services/persistence/disposal.h"

#include "foundation/mem.h"
#include "foundation/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/skua-disposal-XXXXXX";

static void make_file(void) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static size_t count_descriptors(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) count++;
    (void)closedir(folder);
    return count;
}

static void without_a_worker_it_is_done_at_once(void **state) {
    (void)state;
    size_t before = count_descriptors();
    make_file();
    assert_true(dispose_of_file(NULL, path));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(count_descriptors(), before);
}

static void the_worker_closes_what_has_lost_its_name(void **state) {
    (void)state;
    struct worker *worker = worker_start("test");
    assert_non_null(worker);
    size_t before = count_descriptors();
    make_file();
    assert_true(dispose_of_file(worker, path));
    assert_int_equal(access(path, F_OK), -1);
    worker_drain(worker);
    assert_int_equal(count_descriptors(), before);
    worker_stop(worker);
}

static void a_file_that_is_not_there_is_told(void **state) {
    (void)state;
    struct worker *worker = worker_start("test");
    assert_non_null(worker);
    errno = 0;
    assert_false(dispose_of_file(worker, path));
    assert_int_equal(errno, ENOENT);
    assert_false(dispose_of_file(NULL, path));
    assert_int_equal(errno, ENOENT);
    worker_stop(worker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_worker_it_is_done_at_once),
        cmocka_unit_test(the_worker_closes_what_has_lost_its_name),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
    };
    mem_start();
    int fd = mkstemp(path);
    if (fd == -1 || close(fd) != 0 || unlink(path) != 0) return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
