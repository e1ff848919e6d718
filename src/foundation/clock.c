#include "foundation/clock.h"

#include <time.h>

enum { CALIBRATION_US = 1000 };

static double ns_per_tick = 1;

static int64_t read_us(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void) {
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_unix_us(void) {
    return read_us(CLOCK_REALTIME);
}

void clock_update(struct clock *clock) {
    clock->unix_us = clock_unix_us();
    clock->unix_ms = clock->unix_us / 1000;
    clock->monotonic_us = clock_monotonic_us();
}

void clock_set_unix_us(struct clock *clock, int64_t unix_us) {
    int64_t step_us = unix_us - clock->unix_us;
    clock->unix_us = unix_us;
    clock->unix_ms = unix_us / 1000;
    if (step_us > 0) clock->monotonic_us += step_us;
}

static int64_t read_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void clock_ticks_start(void) {
    int64_t start_ns = read_ns();
    uint64_t start_ticks = clock_ticks();
    int64_t now_ns = start_ns;
    while (now_ns - start_ns < CALIBRATION_US * 1000) {
        now_ns = read_ns();
    }
    uint64_t ticks = clock_ticks() - start_ticks;
    if (ticks != 0) ns_per_tick = (double)(now_ns - start_ns) / (double)ticks;
}

uint64_t clock_ticks_to_ns(uint64_t ticks) {
    return (uint64_t)((double)ticks * ns_per_tick);
}

uint64_t clock_ns_to_ticks(uint64_t ns) {
    return (uint64_t)((double)ns / ns_per_tick);
}
