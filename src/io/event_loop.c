/* Ready sources stand in an array during a round, and each knows its place there, so that removing
 * one clears its place and it is not called. Timers stand in a heap of four children a node, and
 * each knows its place too:
 *
 *     entries:  0 | 1 2 3 4 | 5 … 8  9 … 12  …      children of i: 4i + 1 … 4i + 4
 *
 * Invariants: entries[t->heap_slot - 1].timer == t; no entry is due before its parent. */
#include "io/event_loop.h"

#include "foundation/mem.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(EVENT_READABLE == (int)EPOLLIN, "passed on as it is");
_Static_assert(EVENT_WRITABLE == (int)EPOLLOUT, "passed on as it is");
_Static_assert(EVENT_HANG_UP == (int)EPOLLRDHUP, "passed on as it is");

enum { EVENTS_PER_ROUND = 512, CHILDREN = 4 };

struct hook {
    int64_t (*function)(void *context);
    void *context;
};

struct task {
    void (*function)(void *context);
    void *context;
};

struct tasks {
    struct task *items;
    size_t count;
    size_t cap;
};

struct heap_entry {
    int64_t due_us;
    struct timer *timer;
};

struct event_loop {
    int epoll_fd;
    bool is_stopping;
    bool is_in_round;
    struct clock clock;
    struct hook *hooks;
    size_t hook_count;
    struct heap_entry *entries;
    size_t entry_count;
    size_t entry_cap;
    struct event_source wake;
    pthread_mutex_t tasks_lock;
    struct tasks posted; /* under tasks_lock */
    struct tasks running;
    struct epoll_event events[EVENTS_PER_ROUND];
};

/* --- Tasks from other threads --- */

static void add_task(struct tasks *tasks, struct task task) {
    if (tasks->count == tasks->cap) {
        tasks->cap = tasks->cap == 0 ? 16 : tasks->cap * 2;
        tasks->items = mem_realloc(tasks->items, tasks->cap * sizeof *tasks->items);
    }
    tasks->items[tasks->count++] = task;
}

void event_loop_post(struct event_loop *loop, void (*task)(void *context), void *context) {
    pthread_mutex_lock(&loop->tasks_lock);
    bool was_empty = loop->posted.count == 0;
    add_task(&loop->posted, (struct task){.function = task, .context = context});
    pthread_mutex_unlock(&loop->tasks_lock);
    if (!was_empty) return;
    uint64_t one = 1;
    ssize_t written = write(loop->wake.fd, &one, sizeof one);
    CHECK(written == (ssize_t)sizeof one);
}

static void run_posted_tasks(struct event_source *source, UNUSED uint32_t events) {
    struct event_loop *loop = EVENT_OWNER(source, struct event_loop, wake);
    uint64_t wakes;
    if (read(source->fd, &wakes, sizeof wakes) < 0) return;
    pthread_mutex_lock(&loop->tasks_lock);
    struct tasks tasks = loop->posted;
    loop->posted = loop->running;
    pthread_mutex_unlock(&loop->tasks_lock);
    loop->running = (struct tasks){0};
    for (size_t i = 0; i < tasks.count; i++) tasks.items[i].function(tasks.items[i].context);
    tasks.count = 0;
    loop->running = tasks;
}

/* --- The loop's life --- */

struct event_loop *event_loop_new(void) {
    struct event_loop *loop = mem_alloc_zeroed(sizeof *loop);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(loop->epoll_fd >= 0);
    pthread_mutex_init(&loop->tasks_lock, NULL);
    loop->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(loop->wake.fd >= 0);
    loop->wake.on_ready = run_posted_tasks;
    bool is_added = event_loop_add(loop, &loop->wake, EVENT_READABLE);
    CHECK(is_added);
    clock_update(&loop->clock);
    return loop;
}

void event_loop_free(struct event_loop *loop) {
    close(loop->wake.fd);
    close(loop->epoll_fd);
    pthread_mutex_destroy(&loop->tasks_lock);
    mem_free(loop->posted.items);
    mem_free(loop->running.items);
    mem_free(loop->hooks);
    mem_free(loop->entries);
    mem_free(loop);
}

const struct clock *event_loop_clock(const struct event_loop *loop) {
    return &loop->clock;
}

/* --- Sources --- */

bool event_loop_add(struct event_loop *loop, struct event_source *source, uint32_t interest) {
    CHECK(!source->is_added);
    struct epoll_event event = {.events = interest == 0 ? (uint32_t)EPOLLONESHOT : interest,
                                .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) != 0) return false;
    source->interest = interest;
    source->slot = 0;
    source->is_added = true;
    return true;
}

/* epoll reports hang-ups whatever the interest; with EPOLLONESHOT at most once, and
 * call_ready_sources drops that one. */
void event_loop_modify(struct event_loop *loop, struct event_source *source, uint32_t interest) {
    CHECK(source->is_added);
    if (source->interest == interest) return;
    struct epoll_event event = {.events = interest == 0 ? (uint32_t)EPOLLONESHOT : interest,
                                .data.ptr = source};
    int result = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
    CHECK(result == 0);
    source->interest = interest;
}

void event_loop_remove(struct event_loop *loop, struct event_source *source) {
    if (!source->is_added) return;
    int result = epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    CHECK(result == 0);
    if (source->slot != 0) loop->events[source->slot - 1].data.ptr = NULL;
    source->slot = 0;
    source->interest = 0;
    source->is_added = false;
}

void event_loop_add_before_wait(struct event_loop *loop, int64_t (*hook)(void *context),
                                void *context) {
    loop->hooks = mem_realloc(loop->hooks, (loop->hook_count + 1) * sizeof *loop->hooks);
    loop->hooks[loop->hook_count++] = (struct hook){.function = hook, .context = context};
}

/* --- Timers --- */

static void place_entry(struct event_loop *loop, size_t at, struct heap_entry entry) {
    loop->entries[at] = entry;
    entry.timer->heap_slot = (uint32_t)(at + 1);
}

static void sift_up(struct event_loop *loop, size_t at, struct heap_entry entry) {
    while (at > 0) {
        size_t parent = (at - 1) / CHILDREN;
        if (loop->entries[parent].due_us <= entry.due_us) break;
        place_entry(loop, at, loop->entries[parent]);
        at = parent;
    }
    place_entry(loop, at, entry);
}

static size_t find_earliest_child(const struct event_loop *loop, size_t parent) {
    size_t first = parent * CHILDREN + 1;
    size_t earliest = first;
    for (size_t i = first + 1; i < first + CHILDREN && i < loop->entry_count; i++) {
        if (loop->entries[i].due_us < loop->entries[earliest].due_us) earliest = i;
    }
    return earliest;
}

static void sift_down(struct event_loop *loop, size_t at, struct heap_entry entry) {
    while (at * CHILDREN + 1 < loop->entry_count) {
        size_t child = find_earliest_child(loop, at);
        if (loop->entries[child].due_us >= entry.due_us) break;
        place_entry(loop, at, loop->entries[child]);
        at = child;
    }
    place_entry(loop, at, entry);
}

/* Puts `entry` where the place `at` has become free. */
static void settle_entry(struct event_loop *loop, size_t at, struct heap_entry entry) {
    bool is_before_parent = at > 0 && entry.due_us < loop->entries[(at - 1) / CHILDREN].due_us;
    if (is_before_parent) {
        sift_up(loop, at, entry);
    } else {
        sift_down(loop, at, entry);
    }
}

static void push_entry(struct event_loop *loop, struct heap_entry entry) {
    if (loop->entry_count == loop->entry_cap) {
        loop->entry_cap = loop->entry_cap == 0 ? 16 : loop->entry_cap * 2;
        loop->entries = mem_realloc(loop->entries, loop->entry_cap * sizeof *loop->entries);
    }
    sift_up(loop, loop->entry_count++, entry);
}

static void set_due(struct event_loop *loop, struct timer *timer, int64_t due_us) {
    timer->due_us = due_us;
    struct heap_entry entry = {.due_us = due_us, .timer = timer};
    if (timer->heap_slot != 0) {
        settle_entry(loop, timer->heap_slot - 1, entry);
    } else {
        push_entry(loop, entry);
    }
}

/* A timer started with a past time must not come due again in the round that starts it, or a
 * callback that restarts its own would never let the loop go on. */
void timer_start(struct event_loop *loop, struct timer *timer, int64_t due_monotonic_us,
                 void (*on_due)(struct timer *timer)) {
    int64_t earliest = loop->clock.monotonic_us + 1;
    timer->on_due = on_due;
    timer->period_us = 0;
    set_due(loop, timer, due_monotonic_us < earliest ? earliest : due_monotonic_us);
}

void timer_start_periodic(struct event_loop *loop, struct timer *timer, int64_t period_us,
                          void (*on_due)(struct timer *timer)) {
    CHECK(period_us >= 1);
    timer->on_due = on_due;
    timer->period_us = period_us;
    set_due(loop, timer, loop->clock.monotonic_us + period_us);
}

void timer_stop(struct event_loop *loop, struct timer *timer) {
    if (timer->heap_slot == 0) return;
    size_t at = timer->heap_slot - 1;
    timer->heap_slot = 0;
    struct heap_entry last = loop->entries[--loop->entry_count];
    if (at < loop->entry_count) settle_entry(loop, at, last);
}

/* Done before the callback, which may stop, restart or free the timer. */
static void reschedule(struct event_loop *loop, struct timer *timer, int64_t now_us) {
    if (timer->period_us == 0) {
        timer_stop(loop, timer);
        return;
    }
    int64_t due_us = timer->due_us + timer->period_us;
    if (due_us <= now_us) due_us = now_us + timer->period_us;
    set_due(loop, timer, due_us);
}

static void call_due_timers(struct event_loop *loop) {
    int64_t now_us = loop->clock.monotonic_us;
    while (loop->entry_count > 0 && loop->entries[0].due_us <= now_us) {
        struct timer *timer = loop->entries[0].timer;
        void (*on_due)(struct timer *) = timer->on_due;
        reschedule(loop, timer, now_us);
        on_due(timer);
    }
}

/* --- Rounds --- */

static int64_t call_before_wait_hooks(struct event_loop *loop, int64_t max_wait_ms) {
    for (size_t i = 0; i < loop->hook_count; i++) {
        int64_t wait_ms = loop->hooks[i].function(loop->hooks[i].context);
        if (wait_ms < max_wait_ms) max_wait_ms = wait_ms;
    }
    return max_wait_ms;
}

/* Hooks and timers reckon from the loop's clock, which the work of this round has left behind. */
static int decide_wait(const struct event_loop *loop, int64_t max_wait_ms) {
    int64_t wait_us = max_wait_ms > INT_MAX ? INT64_MAX : max_wait_ms * 1000;
    if (loop->entry_count > 0) {
        int64_t due_in_us = loop->entries[0].due_us - loop->clock.monotonic_us;
        if (due_in_us < wait_us) wait_us = due_in_us;
    }
    if (wait_us <= 0) return 0;
    if (wait_us == INT64_MAX) return -1;
    wait_us -= clock_monotonic_us() - loop->clock.monotonic_us;
    if (wait_us <= 0) return 0;
    int64_t wait_ms = wait_us / 1000 + (wait_us % 1000 != 0);
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

/* Also brings the sources, which lie apart in memory, into the cache one behind the other. */
static void note_slots(struct event_loop *loop, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct event_source *source = loop->events[i].data.ptr;
        source->slot = (uint32_t)(i + 1);
    }
}

static void call_ready_sources(struct event_loop *loop, size_t count) {
    note_slots(loop, count);
    for (size_t i = 0; i < count; i++) {
        struct event_source *source = loop->events[i].data.ptr;
        if (source == NULL) continue;
        source->slot = 0;
        uint32_t events = loop->events[i].events;
        if ((events & (EPOLLERR | EPOLLHUP)) != 0)
            events |= EVENT_READABLE | EVENT_WRITABLE | EVENT_HANG_UP;
        events &= source->interest;
        if (events != 0) source->on_ready(source, events);
    }
}

void event_loop_run_once(struct event_loop *loop, int64_t max_wait_ms) {
    CHECK(!loop->is_in_round);
    loop->is_in_round = true;
    max_wait_ms = call_before_wait_hooks(loop, max_wait_ms);
    int count =
        epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_ROUND, decide_wait(loop, max_wait_ms));
    CHECK(count >= 0 || errno == EINTR);
    clock_update(&loop->clock);
    call_ready_sources(loop, count < 0 ? 0 : (size_t)count);
    call_due_timers(loop);
    loop->is_in_round = false;
}

void event_loop_run(struct event_loop *loop) {
    loop->is_stopping = false;
    while (!loop->is_stopping) event_loop_run_once(loop, INT64_MAX);
}

void event_loop_stop(struct event_loop *loop) {
    loop->is_stopping = true;
}
