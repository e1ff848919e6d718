/* skua-ratelimit-accuracy: how exactly each algorithm holds its limit, as Markdown tables. It works
 * on the algorithms themselves, with time stepped by hand, so that it prints the same wherever it
 * runs.
 *
 * usage: skua-ratelimit-accuracy [LIMIT [WINDOW_MS [WINDOWS [SEED]]]]     100 60000 2000 1 */
#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"
#include "ratelimit-accuracy/arrivals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct settings {
    int64_t limit;
    int64_t window_ms;
    int64_t windows;
    int64_t seed;
};

struct contestant {
    const char *name;
    struct rate_policy policy; /* limit and times come from the settings */
};

static const struct contestant contestants[] = {
    {"BUCKET", {.algorithm = RATE_BUCKET}},
    {"GCRA", {.algorithm = RATE_GCRA}},
    {"LEAKY", {.algorithm = RATE_LEAKY}},
    {"FIXED", {.algorithm = RATE_FIXED}},
    {"FIXED ALIGNED", {.algorithm = RATE_FIXED, .is_aligned = true}},
    {"SLIDING", {.algorithm = RATE_SLIDING, .buckets = 1}},
    {"SLIDING BUCKETS 4", {.algorithm = RATE_SLIDING, .buckets = 4}},
    {"SLIDING BUCKETS 10", {.algorithm = RATE_SLIDING, .buckets = 10}},
    {"SLIDING BUCKETS 64", {.algorithm = RATE_SLIDING, .buckets = 64}},
    {"LOG", {.algorithm = RATE_LOG}},
};

enum { CONTESTANTS = ARRAY_LEN(contestants) };

static bool is_meter(enum rate_algorithm algorithm) {
    return algorithm == RATE_BUCKET || algorithm == RATE_GCRA || algorithm == RATE_LEAKY;
}

/* All of them let in `limit` in a window over time. */
static struct rate_policy make_policy(const struct settings *settings,
                                      const struct contestant *contestant) {
    struct rate_policy policy = contestant->policy;
    policy.limit = settings->limit;
    policy.refill = is_meter(policy.algorithm) ? settings->limit : 0;
    policy.period_ms = settings->window_ms;
    return policy;
}

static struct verdicts judge_pattern(const struct settings *settings,
                                     const struct contestant *contestant,
                                     const struct arrival_pattern *pattern) {
    struct rate_policy policy = make_policy(settings, contestant);
    struct judge judge;
    random_set_seed((uint64_t)settings->seed);
    judge_init(&judge, &policy);
    pattern->play(&judge, settings->windows);
    judge_destroy(&judge);
    return judge.verdicts;
}

/* --- tables --- */

typedef void cell_printer(const struct verdicts *verdicts, const struct settings *settings);

static void print_most(const struct verdicts *verdicts, const struct settings *settings) {
    printf(" %.2f |", (double)verdicts->most_in_window / (double)settings->limit);
}

static void print_percent(double part, double whole) {
    printf(part == 0 ? " 0 |" : " %.2f %% |", 100 * part / whole);
}

static void print_too_many(const struct verdicts *verdicts, const struct settings *settings) {
    (void)settings;
    print_percent((double)verdicts->too_many, (double)verdicts->requests);
}

static void print_too_few(const struct verdicts *verdicts, const struct settings *settings) {
    (void)settings;
    print_percent((double)verdicts->too_few, (double)verdicts->requests);
}

static void print_difference(const struct verdicts *verdicts, const struct settings *settings) {
    (void)settings;
    print_percent(verdicts->differences, (double)verdicts->difference_count);
}

static void print_table(const char *title, const struct settings *settings,
                        struct verdicts results[CONTESTANTS][ARRIVAL_PATTERNS],
                        cell_printer *print_cell) {
    printf("\n| %s |", title);
    for (size_t i = 0; i < ARRIVAL_PATTERNS; i++) printf(" %s |", arrival_patterns[i].name);
    printf("\n| --- |");
    for (size_t i = 0; i < ARRIVAL_PATTERNS; i++) printf(" ---: |");
    for (size_t row = 0; row < CONTESTANTS; row++) {
        bool is_of_windows = !is_meter(contestants[row].policy.algorithm);
        if (print_cell == print_difference && !is_of_windows) continue;
        printf("\n| %s |", contestants[row].name);
        for (size_t i = 0; i < ARRIVAL_PATTERNS; i++) print_cell(&results[row][i], settings);
    }
    printf("\n");
}

static void print_all(const struct settings *settings) {
    static struct verdicts results[CONTESTANTS][ARRIVAL_PATTERNS];
    for (size_t row = 0; row < CONTESTANTS; row++)
        for (size_t i = 0; i < ARRIVAL_PATTERNS; i++)
            results[row][i] = judge_pattern(settings, &contestants[row], &arrival_patterns[i]);
    printf("Limit %" PRId64 " in %" PRId64 " ms, %" PRId64 " windows, seed %" PRId64 ".\n\n",
           settings->limit, settings->window_ms, settings->windows, settings->seed);
    for (size_t i = 0; i < ARRIVAL_PATTERNS; i++)
        printf("- %s: %s\n", arrival_patterns[i].name, arrival_patterns[i].explanation);
    print_table("most in any window / limit", settings, results, print_most);
    print_table("let in, too many", settings, results, print_too_many);
    print_table("denied, too many", settings, results, print_too_few);
    print_table("count wrong by, on average", settings, results, print_difference);
}

/* --- arguments --- */

static void read_setting(const char *text, int64_t max, int64_t *setting) {
    if (number_parse_i64(bytes_of_str(text), setting) && *setting >= 1 && *setting <= max) return;
    (void)fprintf(stderr,
                  "usage: skua-ratelimit-accuracy [LIMIT [WINDOW_MS [WINDOWS [SEED]]]]\n"
                  "\"%s\" is not a number from 1 to %" PRId64 "\n",
                  text, max);
    exit(1);
}

int main(int argc, char **argv) {
    struct settings settings = {.limit = 100, .window_ms = 60000, .windows = 2000, .seed = 1};
    if (argc > 1) read_setting(argv[1], 1000000, &settings.limit);
    if (argc > 2) read_setting(argv[2], 3600000, &settings.window_ms);
    if (argc > 3) read_setting(argv[3], 1000000, &settings.windows);
    if (argc > 4) read_setting(argv[4], INT64_MAX, &settings.seed);
    mem_start();
    print_all(&settings);
    return 0;
}
