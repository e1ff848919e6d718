/* Time: a wall clock for expiry and what users see, a monotonic one for durations, and a cheap
 * tick counter for timing single commands.
 *
 * Nobody who runs commands asks the system for the time: a `struct clock` is read once per loop
 * round, so that everything in the round sees one moment, and a test sets it by hand. */
#ifndef FOUNDATION_CLOCK_H
#define FOUNDATION_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

struct clock {
    int64_t unix_us;      /* wall time, microseconds since 1970 */
    int64_t unix_ms;      /* the same moment in milliseconds */
    int64_t monotonic_us; /* never goes back; its zero is arbitrary */
};

/* Reads both clocks of the system. */
void clock_update(struct clock *clock);
/* Sets the moment by hand (tests); the monotonic clock moves with it. */
void clock_set_unix_us(struct clock *clock, int64_t unix_us);

int64_t clock_monotonic_us(void);
int64_t clock_unix_us(void);

/* Ticks of the processor's time stamp counter where it is steady, else nanoseconds of the
 * monotonic clock. Cost: about 8 ns. clock_ticks_start calibrates them and comes first. */
void clock_ticks_start(void);
static inline uint64_t clock_ticks(void) {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return (uint64_t)clock_monotonic_us() * 1000;
#endif
}
/* Nanoseconds in so many ticks, and ticks in so many nanoseconds. */
uint64_t clock_ticks_to_ns(uint64_t ticks);
uint64_t clock_ns_to_ticks(uint64_t ns);

#endif
