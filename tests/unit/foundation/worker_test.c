/* The worker does jobs in order, and draining and stopping wait for them. A gate holds it up where a
 * test must look at it before it goes on. */
#include "foundation/worker.h"

#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <pthread.h>
#include <semaphore.h>
#include <cmocka.h>

enum { JOBS = 20000 };

static size_t done_count;
static uint32_t done[JOBS];
static sem_t gate;
static sem_t is_at_gate;

static void note_number(void *argument) {
    done[done_count++] = *(const uint32_t *)argument;
}

static void wait_at_gate(void *argument) {
    (void)argument;
    sem_post(&is_at_gate);
    sem_wait(&gate);
}

static struct worker *start_worker(void) {
    done_count = 0;
    sem_init(&gate, 0, 0);
    sem_init(&is_at_gate, 0, 0);
    struct worker *worker = worker_start("test-worker");
    assert_non_null(worker);
    return worker;
}

static void submit_numbers(struct worker *worker, uint32_t *numbers) {
    for (uint32_t i = 0; i < JOBS; i++) {
        numbers[i] = i;
        worker_submit(worker, note_number, &numbers[i]);
    }
}

static void assert_all_done_in_order(void) {
    assert_int_equal(done_count, JOBS);
    for (uint32_t i = 0; i < JOBS; i++) assert_int_equal(done[i], i);
}

static void drain_returns_when_all_is_done_in_order(void **state) {
    (void)state;
    static uint32_t numbers[JOBS];
    struct worker *worker = start_worker();
    for (int round = 0; round < 3; round++) {
        done_count = 0;
        submit_numbers(worker, numbers);
        worker_drain(worker);
        assert_int_equal(worker_pending(worker), 0);
        assert_all_done_in_order();
    }
    worker_stop(worker);
}

static void stop_does_what_is_left_first(void **state) {
    (void)state;
    static uint32_t numbers[JOBS];
    struct worker *worker = start_worker();
    worker_submit(worker, wait_at_gate, NULL);
    submit_numbers(worker, numbers);
    sem_post(&gate);
    worker_stop(worker);
    assert_all_done_in_order();
}

static void pending_counts_the_job_being_done(void **state) {
    (void)state;
    uint32_t number = 7;
    struct worker *worker = start_worker();
    assert_int_equal(worker_pending(worker), 0);
    worker_submit(worker, wait_at_gate, NULL);
    worker_submit(worker, note_number, &number);
    sem_wait(&is_at_gate);
    assert_int_equal(worker_pending(worker), 2);
    assert_int_equal(done_count, 0);
    sem_post(&gate);
    worker_drain(worker);
    assert_int_equal(worker_pending(worker), 0);
    assert_int_equal(done_count, 1);
    worker_stop(worker);
}

static void an_idle_worker_drains_and_stops_at_once(void **state) {
    (void)state;
    struct worker *worker = start_worker();
    worker_drain(worker);
    worker_stop(worker);
    worker_stop(NULL);
}

static void work_goes_on_after_a_rest(void **state) {
    (void)state;
    struct worker *worker = start_worker();
    for (uint32_t i = 0; i < 100; i++) {
        worker_submit(worker, note_number, &i);
        worker_drain(worker);
        assert_int_equal(done_count, i + 1);
        assert_int_equal(done[i], i);
    }
    worker_stop(worker);
}

static void note_name(void *argument) {
    char *name = argument;
    pthread_getname_np(pthread_self(), name, 16);
}

static void the_thread_has_the_name_cut_to_what_fits(void **state) {
    (void)state;
    char name[16] = "";
    struct worker *worker = worker_start("a-name-that-is-too-long");
    worker_submit(worker, note_name, name);
    worker_stop(worker);
    assert_string_equal(name, "a-name-that-is-");
}

static void memory_freed_by_the_worker_counts_as_freed(void **state) {
    (void)state;
    enum { SIZE = 4 * 1024 * 1024 };
    struct worker *worker = start_worker();
    size_t before = mem_used_bytes();
    void *value = mem_alloc(SIZE);
    assert_true(mem_used_bytes() >= before + SIZE);
    worker_submit(worker, mem_free, value);
    worker_drain(worker);
    assert_true(mem_used_bytes() < before + SIZE / 2);
    worker_stop(worker);
    assert_true(mem_used_bytes() < before + SIZE / 2);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drain_returns_when_all_is_done_in_order),
        cmocka_unit_test(stop_does_what_is_left_first),
        cmocka_unit_test(pending_counts_the_job_being_done),
        cmocka_unit_test(an_idle_worker_drains_and_stops_at_once),
        cmocka_unit_test(work_goes_on_after_a_rest),
        cmocka_unit_test(the_thread_has_the_name_cut_to_what_fits),
        cmocka_unit_test(memory_freed_by_the_worker_counts_as_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
