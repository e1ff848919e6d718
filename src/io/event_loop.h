/* The event loop: one thread waits for sockets, timers and tasks posted by other threads.
 *
 * One round: the before-wait hooks, epoll_wait (level-triggered), one reading of the clock, the
 * ready sources and posted tasks, the timers due. Everything in a round sees the same moment.
 *
 * Sources and timers are structs embedded in their owner, so the loop allocates nothing for them.
 * They may be added, changed and removed from any callback; a removed source or timer is never
 * called again, not even when its event stood already in the round under way, and its owner may be
 * freed at once.
 *
 * All functions but event_loop_post belong to the thread that runs the loop. */
#ifndef IO_EVENT_LOOP_H
#define IO_EVENT_LOOP_H

#include "foundation/check.h"
#include "foundation/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_loop;

/* The struct of `type` in which `pointer` is `member`: from a source or timer to its owner. */
#define EVENT_OWNER(pointer, type, member)                                                         \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* EVENT_HANG_UP: the peer has ended its side. Whoever reads learns that from reading; it is for
 * those who do not read for the time being. */
enum { EVENT_READABLE = 1, EVENT_WRITABLE = 4, EVENT_HANG_UP = 0x2000 };

struct event_source {
    /* `events`: those of interest that are ready; an error or a hang-up of both sides reports all
     * of them, and the read or write that follows says which it was. */
    void (*on_ready)(struct event_source *source, uint32_t events);
    int fd;
    uint32_t interest; /* read-only for owners */
    uint32_t slot;     /* the loop's: 1 + place in the round under way, 0 when in none */
    bool is_added;     /* the loop's */
};

struct timer {
    void (*on_due)(struct timer *timer);
    int64_t due_us;     /* on the monotonic clock */
    int64_t period_us;  /* 0: once */
    uint32_t heap_slot; /* the loop's: 1 + place in the heap, 0 when stopped */
};

struct event_loop *event_loop_new(void);
/* Sources and timers still registered are forgotten; their descriptors stay open. */
void event_loop_free(struct event_loop *loop);

/* Runs rounds until event_loop_stop; the round in which that is called is finished first. */
void event_loop_run(struct event_loop *loop);
void event_loop_stop(struct event_loop *loop);
/* One round that waits `max_wait_ms` at most (0: only what is ready). Not from within a
 * callback. */
void event_loop_run_once(struct event_loop *loop, int64_t max_wait_ms);

/* The moment of this round. The pointer stays valid and the same for the loop's life. */
const struct clock *event_loop_clock(const struct event_loop *loop);

/* `source` has its fd and on_ready set. False with errno when the system refuses the descriptor. */
NODISCARD bool event_loop_add(struct event_loop *loop, struct event_source *source,
                              uint32_t interest);
/* Interest 0 silences the source wholly, hang-ups included, until it is modified again. */
void event_loop_modify(struct event_loop *loop, struct event_source *source, uint32_t interest);
/* Before the descriptor is closed. A source that is not registered is ignored. */
void event_loop_remove(struct event_loop *loop, struct event_source *source);

/* `hook` is called each round before waiting and returns the longest wait it allows, in
 * milliseconds from the moment the loop's clock shows; INT64_MAX means any, 0 none. Hooks are
 * called in the order they were added. */
void event_loop_add_before_wait(struct event_loop *loop, int64_t (*hook)(void *context),
                                void *context);

/* From any thread: `task(context)` runs once in the loop's thread. Tasks of one thread keep their
 * order. Tasks not run when the loop is freed are dropped. */
void event_loop_post(struct event_loop *loop, void (*task)(void *context), void *context);

/* Starts or restarts a zeroed, stopped or running timer; a past time is due in the next round. */
void timer_start(struct event_loop *loop, struct timer *timer, int64_t due_monotonic_us,
                 void (*on_due)(struct timer *timer));
/* Due in `period_us` (at least 1) and from then on again and again; periods missed are skipped. */
void timer_start_periodic(struct event_loop *loop, struct timer *timer, int64_t period_us,
                          void (*on_due)(struct timer *timer));
/* A stopped timer is ignored. */
void timer_stop(struct event_loop *loop, struct timer *timer);

static inline bool timer_is_running(const struct timer *timer) {
    return timer->heap_slot != 0;
}

#endif
