/* The clocks a measurement needs. */
#ifndef BENCHMARK_CLOCK_H
#define BENCHMARK_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_read_ns(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Nanoseconds since some fixed moment; never goes back. */
static inline uint64_t clock_now_ns(void) {
    return clock_read_ns(CLOCK_MONOTONIC);
}

static inline uint64_t clock_unix_us(void) {
    return clock_read_ns(CLOCK_REALTIME) / 1000;
}

/* Cheaper, and up to one timer tick behind. */
static inline uint64_t clock_unix_ms_coarse(void) {
    return clock_read_ns(CLOCK_REALTIME_COARSE) / 1000000;
}

static inline void clock_sleep_ms(uint64_t ms) {
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&pause, &pause) != 0) {}
}

#endif
