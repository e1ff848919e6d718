#include "ratelimit-accuracy/arrivals.h"

#include "foundation/random.h"

#include <math.h>

/* Where every pattern begins: a multiple of all windows up to an hour that divide one, so that
 * FIXED has the same borders aligned or not. */
#define START_US ((int64_t)1700006400 * 1000 * 1000)

static int64_t window_us(const struct judge *judge) {
    return judge->policy.period_ms * 1000;
}

static int64_t end_of(const struct judge *judge, int64_t windows) {
    return START_US + windows * window_us(judge);
}

/* Us between two requests at `rate` limits a window. */
static double gap_at(const struct judge *judge, double rate) {
    return (double)window_us(judge) / ((double)judge->policy.limit * rate);
}

static double even_gap(double mean) {
    return mean;
}

/* A gap of a Poisson process. */
static double random_gap(double mean) {
    return -log(1 - random_unit()) * mean;
}

/* Requests until the windows are over, at gaps that are drawn from their mean. */
static void play_gaps(struct judge *judge, int64_t windows, double rate, double draw(double)) {
    double mean = gap_at(judge, rate), elapsed = 0;
    int64_t now_us = START_US;
    judge_renew(judge, now_us);
    while (now_us < end_of(judge, windows)) {
        judge_ask(judge, now_us);
        elapsed += draw(mean);
        now_us = START_US + (int64_t)elapsed;
    }
}

static void play_even(struct judge *judge, int64_t windows) {
    play_gaps(judge, windows, 1.2, even_gap);
}

static void play_random(struct judge *judge, int64_t windows) {
    play_gaps(judge, windows, 1.2, random_gap);
}

/* A burst within a sixtieth of a window, of half the limit on average; two and a half a window. */
static void play_bursty(struct judge *judge, int64_t windows) {
    int64_t now_us = START_US;
    judge_renew(judge, now_us);
    while (now_us < end_of(judge, windows)) {
        uint64_t size = 1 + random_below((uint64_t)judge->policy.limit);
        int64_t gap_us = window_us(judge) / 60 / (int64_t)size;
        for (uint64_t i = 0; i < size; i++, now_us += gap_us) judge_ask(judge, now_us);
        now_us += (int64_t)random_gap((double)window_us(judge) / 2.5);
    }
}

/* Many limiters, each asked for twenty windows at a rate of its own from 1/100 of the limit to
 * twice the limit, small rates as likely as large ones. */
static void play_mixed(struct judge *judge, int64_t windows) {
    enum { WINDOWS_EACH = 20 };
    for (int64_t i = 0; i < windows / WINDOWS_EACH; i++)
        play_gaps(judge, WINDOWS_EACH, 0.01 * pow(200, random_unit()), random_gap);
}

/* Twice the limit within 1/1000 of a window, beginning at this moment. */
static void ask_burst(struct judge *judge, int64_t us) {
    int64_t count = judge->policy.limit * 2;
    for (int64_t i = 0; i < count; i++) judge_ask(judge, us + window_us(judge) * i / count / 1000);
}

/* One request to open a window, then all of the limit just before its end. */
static void ask_before_border(struct judge *judge, int64_t opening_us) {
    judge_ask(judge, opening_us);
    ask_burst(judge, opening_us + window_us(judge) - window_us(judge) / 1000);
}

/* The border between two windows, from both sides; then silence until all is forgotten. */
static void play_border(struct judge *judge, int64_t windows) {
    enum { WINDOWS_EACH = 4 };
    int64_t now_us = START_US;
    judge_renew(judge, now_us);
    for (; now_us < end_of(judge, windows); now_us += WINDOWS_EACH * window_us(judge)) {
        ask_before_border(judge, now_us);
        ask_burst(judge, now_us + window_us(judge));
    }
}

/* The same before the border, then whatever can be had until a window has passed. */
static void play_siege(struct judge *judge, int64_t windows) {
    enum { WINDOWS_EACH = 5, ASKED_A_UNIT = 20 };
    int64_t now_us = START_US, asked = judge->policy.limit * ASKED_A_UNIT;
    judge_renew(judge, now_us);
    for (; now_us < end_of(judge, windows); now_us += WINDOWS_EACH * window_us(judge)) {
        ask_before_border(judge, now_us);
        int64_t border_us = now_us + window_us(judge);
        for (int64_t i = 0; i < asked; i++)
            judge_ask(judge, border_us + window_us(judge) * i / asked);
    }
}

const struct arrival_pattern arrival_patterns[ARRIVAL_PATTERNS] = {
    {"even", "one request after the other at equal distances, 1.2 × the limit", play_even},
    {"random", "each at a moment of its own (Poisson), 1.2 × the limit on average", play_random},
    {"bursty", "bursts of 1 to the limit within 1/60 of a window, 2.5 a window at random",
     play_bursty},
    {"mixed", "many limiters, Poisson at rates from 0.01 to 2 × the limit, 20 windows each",
     play_mixed},
    {"border", "2 × the limit just before a window's end and 2 × just after, then silence",
     play_border},
    {"siege", "2 × the limit just before a window's end, then 20 × the limit in the next one",
     play_siege},
};
