/* The writer thread: order, group commit, and what happens when the disk fails. Whoever waits here
 * waits for something bound to happen. */
#include "services/persistence/aof_writer.h"

#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "io/file.h"
#include "io/file_faults.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DRAIN_MS = 20 * 1000, PIECES = 2000 };

static char folder[] = "/tmp/skua-writer-XXXXXX";
static char path[64];

static struct aof_writer *writer;
static struct aof_writer_status status;
static struct buffer handed_over; /* all of it, to compare with */

static int set_up(void **state) {
    (void)state;
    file_faults_set("");
    (void)unlink(path);
    buffer_clear(&handed_over);
    status = (struct aof_writer_status){0};
    return 0;
}

static void start(enum aof_sync_policy policy) {
    int fd = file_open(path, FILE_APPEND);
    assert_true(fd >= 0);
    struct aof_writer_settings settings = {.target.fd = fd, .policy = policy};
    writer = aof_writer_start(&settings);
    assert_non_null(writer);
}

static void hand_over(const char *text) {
    struct buffer bytes = {0};
    buffer_append_str(&bytes, text);
    buffer_append_str(&handed_over, text);
    aof_writer_hand_over(writer, &bytes, handed_over.len);
    assert_int_equal(bytes.len, 0);
    buffer_destroy(&bytes);
}

static struct buffer read_file(void) {
    struct buffer text = {0};
    int fd = file_open(path, FILE_READ);
    assert_true(fd >= 0);
    for (ssize_t got; (got = read(fd, buffer_room(&text, 4096), 4096)) > 0;)
        buffer_commit(&text, (size_t)got);
    file_close(fd);
    return text;
}

static void assert_file_holds(const char *expected) {
    struct buffer text = read_file();
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
}

static void assert_file_holds_all(void) {
    struct buffer text = read_file();
    assert_int_equal(text.len, handed_over.len);
    if (text.len != 0) assert_memory_equal(text.data, handed_over.data, text.len);
    buffer_destroy(&text);
}

static void drain(void) {
    assert_true(aof_writer_drain(writer, DRAIN_MS));
    aof_writer_take_news(writer, &status);
    assert_int_equal(status.durable, handed_over.len);
    assert_int_equal(status.kept_bytes, 0);
}

static void stop(void) {
    aof_writer_stop(writer);
    writer = NULL;
}

/* Until the condition on the status holds. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        int64_t end_us_ = clock_monotonic_us() + DRAIN_MS * 1000;                                  \
        for (;;) {                                                                                 \
            aof_writer_take_news(writer, &status);                                                 \
            if (condition) break;                                                                  \
            if (clock_monotonic_us() > end_us_) fail_msg("still not: " #condition);                \
            (void)poll(NULL, 0, 1);                                                                \
        }                                                                                          \
    } while (0)

/* --- without faults --- */

static void all_is_written_in_order(void **state) {
    (void)state;
    for (int policy = AOF_SYNC_NO; policy <= AOF_SYNC_ALWAYS; policy++) {
        char text[64];
        (void)set_up(NULL);
        start((enum aof_sync_policy)policy);
        for (int i = 0; i < PIECES; i++) {
            (void)snprintf(text, sizeof(text), "%d:%.*s ", i, (int)random_below(40),
                           "........................................");
            hand_over(text);
        }
        drain();
        assert_file_holds_all();
        assert_int_equal(status.file_bytes, handed_over.len);
        stop();
        assert_file_holds_all();
    }
}

static void always_syncs_by_itself_and_the_others_do_not_wait_for_it(void **state) {
    (void)state;
    start(AOF_SYNC_ALWAYS);
    hand_over("a");
    AWAIT(status.durable == 1);
    stop();
    (void)set_up(NULL);
    file_faults_set("sync * DELAY60000");
    start(AOF_SYNC_NO);
    hand_over("b");
    AWAIT(status.written == 1);
    assert_int_equal(status.durable, 0);
    assert_file_holds("b");
    stop();
}

static void what_is_a_second_old_is_synced(void **state) {
    (void)state;
    start(AOF_SYNC_EVERY_SECOND);
    int64_t start_us = clock_monotonic_us();
    hand_over("a");
    AWAIT(status.durable == 1);
    assert_true(clock_monotonic_us() - start_us >= 900 * 1000);
    hand_over("b");
    AWAIT(status.written == 2);
    assert_int_equal(status.durable, 1);
    aof_writer_sync_soon(writer);
    AWAIT(status.durable == 2);
    assert_true(clock_monotonic_us() - start_us < 15 * 1000 * 1000);
    stop();
}

static void what_comes_during_a_sync_is_committed_by_the_next_one(void **state) {
    enum { LATE = 50 };
    (void)state;
    file_faults_set("sync 1 DELAY300");
    start(AOF_SYNC_ALWAYS);
    hand_over("first ");
    AWAIT(status.is_syncing);
    for (int i = 0; i < LATE; i++) hand_over("late ");
    aof_writer_read_status(writer, &status);
    assert_int_equal(status.durable, 0);
    drain();
    assert_in_range(status.syncs, 2, 4);
    assert_file_holds_all();
    stop();
}

/* --- faults --- */

static void the_longest_write_and_sync_are_told_once(void **state) {
    (void)state;
    enum { DELAY_US = 30 * 1000 };
    start(AOF_SYNC_ALWAYS);
    file_faults_set("sync 1 DELAY30");
    hand_over("one ");
    drain();
    assert_true(status.longest_sync_us >= DELAY_US);
    file_faults_set("write 1 DELAY30");
    hand_over("two ");
    drain();
    assert_true(status.longest_write_us >= DELAY_US);
    aof_writer_take_news(writer, &status);
    assert_int_equal(status.longest_write_us, 0);
    assert_int_equal(status.longest_sync_us, 0);
    stop();
}

static void a_write_that_fails_is_done_again(void **state) {
    (void)state;
    for (int nth = 1; nth <= 6; nth++) {
        char fault[64];
        (void)set_up(NULL);
        (void)snprintf(fault, sizeof(fault), "write %d ENOSPC", nth);
        file_faults_set(fault);
        start(AOF_SYNC_ALWAYS);
        for (int i = 0; i < 6; i++) {
            hand_over("0123456789");
            AWAIT(status.durable == handed_over.len);
        }
        assert_file_holds_all();
        assert_int_equal(status.error_number, 0);
        stop();
    }
}

static void while_the_disk_is_full_the_file_ends_behind_a_whole_piece(void **state) {
    (void)state;
    start(AOF_SYNC_ALWAYS);
    hand_over("whole ");
    AWAIT(status.durable == 6);
    file_faults_set("write * ENOSPC");
    hand_over("refused ");
    AWAIT(status.error_number == ENOSPC);
    assert_string_equal(status.error, "write: No space left on device");
    hand_over("too ");
    assert_false(aof_writer_drain(writer, DRAIN_MS));
    assert_file_holds("whole ");
    assert_int_equal(status.durable, 6);
    file_faults_set("");
    AWAIT(status.durable == handed_over.len);
    assert_int_equal(status.error_number, 0);
    assert_file_holds("whole refused too ");
    stop();
}

static void a_torn_end_that_cannot_be_cut_is_cut_later(void **state) {
    (void)state;
    start(AOF_SYNC_ALWAYS);
    hand_over("whole ");
    AWAIT(status.durable == 6);
    file_faults_set("write 1 ENOSPC\ntruncate * EIO");
    hand_over("0123456789 ");
    AWAIT(status.error_number == EIO);
    assert_file_holds("whole 01234");
    file_faults_set("");
    AWAIT(status.durable == handed_over.len);
    assert_file_holds("whole 0123456789 ");
    stop();
}

static void what_a_sync_did_not_confirm_is_written_again(void **state) {
    (void)state;
    start(AOF_SYNC_ALWAYS);
    hand_over("safe ");
    AWAIT(status.durable == 5);
    file_faults_set("sync * EIO\ntruncate 3 EIO");
    hand_over("lost ");
    AWAIT(status.error_number == EIO);
    assert_int_equal(status.durable, 5);
    assert_int_equal(status.written, 5);
    hand_over("later ");
    AWAIT(status.error_number == EIO && strncmp(status.error, "truncate", 8) == 0);
    assert_int_equal(status.durable, 5);
    /* The pages of the file are what the system has forgotten to write. */
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "XXXX", 4, 5), 4);
    assert_int_equal(close(fd), 0);
    file_faults_set("");
    AWAIT(status.durable == handed_over.len);
    assert_file_holds("safe lost later ");
    assert_false(status.is_damaged);
    stop();
}

static void every_second_too_keeps_what_is_not_confirmed(void **state) {
    (void)state;
    start(AOF_SYNC_EVERY_SECOND);
    hand_over("a ");
    AWAIT(status.written == 2);
    file_faults_set("sync 1 EIO");
    hand_over("b ");
    aof_writer_sync_soon(writer);
    AWAIT(status.durable == 4);
    assert_file_holds("a b ");
    stop();
}

/* --- tasks --- */

struct test_task {
    struct aof_task task;
    int runs;
    int failures; /* before it succeeds */
    bool mends;
    uint64_t synced; /* when it was run */
    bool has_ended, was_run;
};

static struct test_task *own(struct aof_task *task) {
    return (struct test_task *)(void *)task;
}

static bool run_task(struct aof_task *task, struct aof_target *target, char *error) {
    struct test_task *test = own(task);
    test->runs++;
    test->synced = target->synced;
    if (test->mends) target->is_damaged = false;
    if (test->runs > test->failures) return true;
    errno = EDQUOT;
    (void)snprintf(error, PERSISTENCE_ERROR_MAX, "not yet");
    return false;
}

static void end_task(struct aof_task *task, bool was_run) {
    own(task)->has_ended = true;
    own(task)->was_run = was_run;
}

#define TASK(...)                                                                                  \
    { .task = {.run = run_task, .end = end_task}, __VA_ARGS__ }

static void a_task_is_run_when_all_before_it_is_safe(void **state) {
    (void)state;
    struct test_task task = TASK(.failures = 2);
    start(AOF_SYNC_NO);
    hand_over("before ");
    aof_writer_run(writer, &task.task);
    hand_over("behind ");
    AWAIT(status.error_number == EDQUOT);
    assert_string_equal(status.error, "not yet");
    assert_false(task.has_ended);
    AWAIT(task.has_ended);
    assert_true(task.was_run);
    assert_int_equal(task.runs, 3);
    assert_int_equal(task.synced, 7);
    drain();
    assert_file_holds_all();
    stop();
}

static void tasks_that_were_not_run_are_ended_at_the_stop(void **state) {
    (void)state;
    struct test_task first = TASK(.failures = INT32_MAX), second = TASK(.failures = 0);
    start(AOF_SYNC_ALWAYS);
    aof_writer_run(writer, &first.task);
    hand_over("dropped");
    aof_writer_run(writer, &second.task);
    AWAIT(status.error_number == EDQUOT);
    stop();
    assert_true(first.has_ended && !first.was_run);
    assert_true(second.has_ended && !second.was_run);
    assert_file_holds("");
}

static void without_what_was_not_kept_nothing_is_durable_until_it_is_replaced(void **state) {
    (void)state;
    start(AOF_SYNC_NO);
    hand_over("forgotten ");
    AWAIT(status.written == 10);
    file_faults_set("sync 1 EIO");
    aof_writer_set_policy(writer, AOF_SYNC_ALWAYS);
    hand_over("kept ");
    AWAIT(status.is_damaged);
    assert_false(aof_writer_drain(writer, DRAIN_MS));
    AWAIT(status.error_number == 0);
    assert_int_equal(status.durable, 0);
    struct test_task task = TASK(.mends = true);
    aof_writer_run(writer, &task.task);
    AWAIT(task.has_ended);
    drain();
    assert_false(status.is_damaged);
    assert_file_holds_all();
    stop();
}

/* --- by chance --- */

static void draw_faults(void) {
    static const char *const faults[] = {"",
                                         "write 2 ENOSPC",
                                         "write 1 EIO\ntruncate 1 EIO",
                                         "sync 1 EIO",
                                         "sync 1 EIO\nwrite 1 ENOSPC\ntruncate 2 EIO",
                                         "sync 2 DELAY3",
                                         "write 1 DELAY2\nsync 1 EIO"};
    file_faults_set(faults[random_below(ARRAY_LEN(faults))]);
}

/* With every piece the file holds, when all is over, all of them once and in order; and nothing was
 * ever durable that was not in the file by then. */
static void whatever_fails_now_and_then_nothing_is_lost_or_doubled(void **state) {
    (void)state;
    char text[32];
    start(AOF_SYNC_ALWAYS);
    for (int i = 0; i < PIECES / 4; i++) {
        if (random_below(20) == 0) draw_faults();
        if (random_below(50) == 0)
            aof_writer_set_policy(writer,
                                  random_below(2) == 0 ? AOF_SYNC_ALWAYS : AOF_SYNC_EVERY_SECOND);
        (void)snprintf(text, sizeof(text), "piece %d\n", i);
        hand_over(text);
        if (random_below(8) != 0) continue;
        uint64_t before = status.durable;
        aof_writer_take_news(writer, &status);
        assert_true(status.durable >= before && status.durable <= handed_over.len);
        struct buffer there = read_file();
        assert_true(there.len >= status.durable);
        if (status.durable != 0) assert_memory_equal(there.data, handed_over.data, status.durable);
        buffer_destroy(&there);
    }
    file_faults_set("");
    AWAIT(aof_writer_drain(writer, DRAIN_MS));
    drain();
    assert_file_holds_all();
    assert_false(status.is_damaged);
    stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_is_written_in_order, set_up),
        cmocka_unit_test_setup(always_syncs_by_itself_and_the_others_do_not_wait_for_it, set_up),
        cmocka_unit_test_setup(what_is_a_second_old_is_synced, set_up),
        cmocka_unit_test_setup(what_comes_during_a_sync_is_committed_by_the_next_one, set_up),
        cmocka_unit_test_setup(the_longest_write_and_sync_are_told_once, set_up),
        cmocka_unit_test_setup(a_write_that_fails_is_done_again, set_up),
        cmocka_unit_test_setup(while_the_disk_is_full_the_file_ends_behind_a_whole_piece, set_up),
        cmocka_unit_test_setup(a_torn_end_that_cannot_be_cut_is_cut_later, set_up),
        cmocka_unit_test_setup(what_a_sync_did_not_confirm_is_written_again, set_up),
        cmocka_unit_test_setup(every_second_too_keeps_what_is_not_confirmed, set_up),
        cmocka_unit_test_setup(a_task_is_run_when_all_before_it_is_safe, set_up),
        cmocka_unit_test_setup(tasks_that_were_not_run_are_ended_at_the_stop, set_up),
        cmocka_unit_test_setup(without_what_was_not_kept_nothing_is_durable_until_it_is_replaced,
                               set_up),
        cmocka_unit_test_setup(whatever_fails_now_and_then_nothing_is_lost_or_doubled, set_up),
    };
    mem_start();
    random_set_seed(7);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/log", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(folder);
    buffer_destroy(&handed_over);
    return failed;
}
