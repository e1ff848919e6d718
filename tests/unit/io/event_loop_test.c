#include "io/event_loop.h"

#include "foundation/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct watcher {
    struct event_source source;
    int peer_fd;
    int calls;
    uint32_t events;
    struct watcher *victim; /* freed when this one is called */
};

static struct event_loop *loop;

static int set_up(void **state) {
    (void)state;
    loop = event_loop_new();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    event_loop_free(loop);
    return 0;
}

static void free_watcher(struct watcher *watcher) {
    event_loop_remove(loop, &watcher->source);
    close(watcher->source.fd);
    if (watcher->peer_fd >= 0) close(watcher->peer_fd);
    free(watcher);
}

static void note_call(struct event_source *source, uint32_t events) {
    struct watcher *watcher = EVENT_OWNER(source, struct watcher, source);
    watcher->calls++;
    watcher->events = events;
    if (watcher->victim == NULL) return;
    watcher->victim->victim = NULL;
    free_watcher(watcher->victim);
    watcher->victim = NULL;
}

static struct watcher *watch_socket(uint32_t interest) {
    int fds[2];
    struct watcher *watcher = calloc(1, sizeof *watcher);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    watcher->source.fd = fds[0];
    watcher->source.on_ready = note_call;
    watcher->peer_fd = fds[1];
    assert_true(event_loop_add(loop, &watcher->source, interest));
    return watcher;
}

static void make_readable(struct watcher *watcher) {
    assert_int_equal(write(watcher->peer_fd, "x", 1), 1);
}

static void a_ready_source_is_called_as_long_as_it_is_ready(void **state) {
    (void)state;
    struct watcher *watcher = watch_socket(EVENT_READABLE);
    event_loop_run_once(loop, 0);
    assert_int_equal(watcher->calls, 0);
    make_readable(watcher);
    event_loop_run_once(loop, 0);
    event_loop_run_once(loop, 0);
    assert_int_equal(watcher->calls, 2);
    assert_int_equal(watcher->events, EVENT_READABLE);
    event_loop_modify(loop, &watcher->source, EVENT_READABLE | EVENT_WRITABLE);
    event_loop_run_once(loop, 0);
    assert_int_equal(watcher->events, EVENT_READABLE | EVENT_WRITABLE);
    free_watcher(watcher);
}

static void a_silenced_source_hears_nothing_not_even_a_hang_up(void **state) {
    (void)state;
    struct watcher *watcher = watch_socket(EVENT_READABLE);
    event_loop_modify(loop, &watcher->source, 0);
    close(watcher->peer_fd);
    watcher->peer_fd = -1;
    event_loop_run_once(loop, 0);
    event_loop_run_once(loop, 0);
    assert_int_equal(watcher->calls, 0);
    event_loop_modify(loop, &watcher->source, EVENT_WRITABLE);
    event_loop_run_once(loop, 0);
    assert_int_equal(watcher->calls, 1);
    assert_int_equal(watcher->events, EVENT_WRITABLE);
    free_watcher(watcher);
}

static struct watcher *survivor;

static void free_victim(struct event_source *source, uint32_t events) {
    note_call(source, events);
    survivor = EVENT_OWNER(source, struct watcher, source);
}

/* Whichever of the two is called first frees the other, whose event is in the same round; ASan
 * would see a call of the freed one, and its callback would make it the survivor. */
static void a_source_freed_in_a_round_is_not_called_in_it(void **state) {
    (void)state;
    struct watcher *a = watch_socket(EVENT_READABLE);
    struct watcher *b = watch_socket(EVENT_READABLE);
    a->victim = b;
    b->victim = a;
    a->source.on_ready = b->source.on_ready = free_victim;
    make_readable(b);
    make_readable(a);
    event_loop_run_once(loop, 0);
    assert_int_equal(survivor->calls, 1);
    event_loop_run_once(loop, 0);
    assert_int_equal(survivor->calls, 2);
    free_watcher(survivor);
}

static int64_t hook_wait_ms;
static int hook_calls;

static int64_t count_hook(void *context) {
    (void)context;
    hook_calls++;
    return hook_wait_ms;
}

static void hooks_are_called_each_round_and_shorten_the_wait(void **state) {
    (void)state;
    hook_calls = 0;
    hook_wait_ms = 0;
    event_loop_add_before_wait(loop, count_hook, NULL);
    event_loop_add_before_wait(loop, count_hook, NULL);
    event_loop_run_once(loop, INT64_MAX); /* would wait for ever without them */
    assert_int_equal(hook_calls, 2);
}

struct alarm {
    struct timer timer;
    int calls;
};

static struct alarm *order[4096];
static size_t order_len;

static void note_alarm(struct timer *timer) {
    struct alarm *alarm = EVENT_OWNER(timer, struct alarm, timer);
    alarm->calls++;
    if (order_len < ARRAY_LEN(order)) order[order_len++] = alarm;
}

static void run_until_order_is(size_t len) {
    for (int i = 0; i < 100000 && order_len < len; i++) event_loop_run_once(loop, INT64_MAX);
    assert_int_equal(order_len, len);
}

static int64_t now_us(void) {
    return event_loop_clock(loop)->monotonic_us;
}

static void timers_come_due_in_order_whatever_the_order_of_starting(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    static struct alarm alarms[COUNT];
    memset(alarms, 0, sizeof alarms);
    order_len = 0;
    uint32_t random = 1;
    for (int i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223;
        timer_start(loop, &alarms[i].timer, now_us() + 1 + (random >> 16) % 3000, note_alarm);
    }
    for (int i = 0; i < COUNT; i += 3) timer_stop(loop, &alarms[i].timer);
    for (int i = 1; i < COUNT; i += 3) {
        timer_start(loop, &alarms[i].timer, now_us() + 1 + i % 2000, note_alarm);
    }
    run_until_order_is(COUNT - (COUNT + 2) / 3);
    for (size_t i = 1; i < order_len; i++) {
        assert_true(order[i - 1]->timer.due_us <= order[i]->timer.due_us);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(alarms[i].calls, i % 3 != 0);
        assert_false(timer_is_running(&alarms[i].timer));
    }
}

static void no_timer_comes_due_before_its_time(void **state) {
    (void)state;
    struct alarm alarm = {0};
    order_len = 0;
    int64_t due_us = clock_monotonic_us() + 2000;
    timer_start(loop, &alarm.timer, due_us, note_alarm);
    run_until_order_is(1);
    assert_true(clock_monotonic_us() >= due_us);
}

static void restart_at_once(struct timer *timer) {
    note_alarm(timer);
    timer_start(loop, timer, 0, restart_at_once);
}

static void a_timer_that_restarts_itself_with_a_past_time_lets_the_loop_go_on(void **state) {
    (void)state;
    struct alarm alarm = {0};
    order_len = 0;
    timer_start(loop, &alarm.timer, 0, restart_at_once);
    run_until_order_is(3);
    assert_int_equal(alarm.calls, 3);
    timer_stop(loop, &alarm.timer);
}

static void stop_at_third_call(struct timer *timer) {
    note_alarm(timer);
    if (EVENT_OWNER(timer, struct alarm, timer)->calls == 3) timer_stop(loop, timer);
}

static void a_periodic_timer_goes_on_until_it_is_stopped_even_from_its_callback(void **state) {
    (void)state;
    struct alarm alarm = {0};
    order_len = 0;
    timer_start_periodic(loop, &alarm.timer, 500, stop_at_third_call);
    run_until_order_is(3);
    assert_false(timer_is_running(&alarm.timer));
    event_loop_run_once(loop, 0);
    assert_int_equal(alarm.calls, 3);
    timer_stop(loop, &alarm.timer);
}

enum { POSTERS = 4, POSTS = 1000 };
static int posted_sum;

static void add_posted(void *context) {
    posted_sum += *(int *)context;
    if (posted_sum == POSTERS * POSTS) event_loop_stop(loop);
}

static void *post_many(void *context) {
    mem_thread_enter();
    for (int i = 0; i < POSTS; i++) event_loop_post(loop, add_posted, context);
    mem_thread_leave();
    return NULL;
}

static void tasks_of_other_threads_wake_the_loop_and_none_is_lost(void **state) {
    (void)state;
    pthread_t threads[POSTERS];
    int one = 1;
    posted_sum = 0;
    for (int i = 0; i < POSTERS; i++) pthread_create(&threads[i], NULL, post_many, &one);
    event_loop_run(loop);
    for (int i = 0; i < POSTERS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(posted_sum, POSTERS * POSTS);
}

static void post_again(void *context) {
    int *rest = context;
    if ((*rest)-- > 0) event_loop_post(loop, post_again, context);
}

static void a_task_may_post_another(void **state) {
    (void)state;
    int rest = 3;
    event_loop_post(loop, post_again, &rest);
    for (int i = 0; i < 4; i++) event_loop_run_once(loop, INT64_MAX);
    assert_int_equal(rest, -1);
}

static void a_descriptor_that_cannot_be_waited_for_is_refused(void **state) {
    (void)state;
    struct event_source source = {.fd = -1, .on_ready = note_call};
    assert_false(event_loop_add(loop, &source, EVENT_READABLE));
    event_loop_remove(loop, &source);
}

int main(void) {
    mem_start();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_ready_source_is_called_as_long_as_it_is_ready),
        TEST(a_silenced_source_hears_nothing_not_even_a_hang_up),
        TEST(a_source_freed_in_a_round_is_not_called_in_it),
        TEST(hooks_are_called_each_round_and_shorten_the_wait),
        TEST(timers_come_due_in_order_whatever_the_order_of_starting),
        TEST(no_timer_comes_due_before_its_time),
        TEST(a_timer_that_restarts_itself_with_a_past_time_lets_the_loop_go_on),
        TEST(a_periodic_timer_goes_on_until_it_is_stopped_even_from_its_callback),
        TEST(tasks_of_other_threads_wake_the_loop_and_none_is_lost),
        TEST(a_task_may_post_another),
        TEST(a_descriptor_that_cannot_be_waited_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
