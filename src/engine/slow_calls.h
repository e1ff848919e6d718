/* Slow calls: who keeps a record of commands that took long is told of them, each from a time of
 * its own on. While nothing is slow a command pays one comparison. */
#ifndef ENGINE_SLOW_CALLS_H
#define ENGINE_SLOW_CALLS_H

#include <stdint.h>

struct call;
struct engine;

struct slow_listener {
    /* Behind the handler, once the call counts in the statistics. A call that has begun to wait for
     * keys is told as well (its session is blocked), and once more when it was served
     * (call->has_waited), with what that took. What is loaded is not told. */
    void (*slow)(struct slow_listener *listener, const struct call *call, uint64_t ticks);
    uint64_t min_ticks;         /* the engine's, as is: */
    struct slow_listener *next; /* those added last are told last */
};

/* Tells it of calls of at least `min_us`; 0: of all. For one that listens already this changes the
 * time. Borrows the listener until it is ignored. */
void slow_calls_listen(struct engine *engine, struct slow_listener *listener, int64_t min_us);
/* One that does not listen is ignored. */
void slow_calls_ignore(struct engine *engine, struct slow_listener *listener);

/* For dispatch, of a call of at least engine->slow_ticks. Returns the ticks as a histogram takes
 * them. */
uint64_t slow_calls_tell(const struct engine *engine, const struct call *call, uint64_t ticks);

#endif
