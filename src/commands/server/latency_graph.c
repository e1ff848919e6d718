/* LATENCY GRAPH: the samples as bars of four lines, under each how long ago it was.
 *
 *      command - high 500 ms, low 100 ms (all time high 500 ms)
 *      --------------------------------------------------------
 *          #
 *         _|
 *       o_||       a bar is whole lines of "|" and on top "_", "o" or "#"
 *      _||||
 *
 *      43211       from the top down: 4s, 3s, 2s, 1s, 12m
 *      ssss2
 *          m
 *
 * After 80 bars the next ones stand below. */
#include "commands/server/latency_reports.h"

#include <stdio.h>
#include <string.h>

enum {
    COLUMNS = 80,
    ROWS = 4,
    STEPS_PER_ROW = 3,
    STEPS = ROWS * STEPS_PER_ROW,
    AGE_MAX = 24,
};

static const char tops[STEPS_PER_ROW] = {'_', 'o', '#'};

struct bar {
    int64_t ms;
    char age[AGE_MAX];
};

struct graph {
    struct bar bars[LATENCY_SAMPLES];
    size_t count;
    int64_t low_ms, high_ms;
};

static void write_age(int64_t age_s, char *text) {
    enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
    long long age = age_s;
    if (age < MINUTE)
        (void)snprintf(text, AGE_MAX, "%llds", age);
    else if (age < HOUR)
        (void)snprintf(text, AGE_MAX, "%lldm", age / MINUTE);
    else if (age < DAY)
        (void)snprintf(text, AGE_MAX, "%lldh", age / HOUR);
    else
        (void)snprintf(text, AGE_MAX, "%lldd", age / DAY);
}

static void add_bar(struct graph *graph, const struct latency_sample *sample, int64_t now_s) {
    struct bar *bar = &graph->bars[graph->count];
    bool is_first = graph->count++ == 0;
    bar->ms = sample->ms;
    write_age(now_s - sample->at_s, bar->age);
    if (is_first || sample->ms > graph->high_ms) graph->high_ms = sample->ms;
    if (is_first || sample->ms < graph->low_ms) graph->low_ms = sample->ms;
}

static void fill_graph(struct graph *graph, const struct latency_event *event, int64_t now_s) {
    graph->count = 0;
    graph->low_ms = graph->high_ms = 0;
    for (size_t i = 0; i < LATENCY_SAMPLES; i++) {
        struct latency_sample sample = latency_sample_at(event, i);
        if (sample.at_s != 0) add_bar(graph, &sample, now_s);
    }
}

/* How many thirds of a line, less one, a bar is high. */
static int height_of(const struct graph *graph, const struct bar *bar) {
    int64_t range_ms = graph->high_ms - graph->low_ms;
    if (range_ms == 0) range_ms = 1;
    int height = (int)((double)(bar->ms - graph->low_ms) * STEPS / (double)range_ms);
    return height < STEPS ? height : STEPS - 1;
}

/* `row` counts from the bottom. */
static char bar_char(int height, int row) {
    int above = height - row * STEPS_PER_ROW;
    if (above < 0) return ' ';
    return above < STEPS_PER_ROW ? tops[above] : '|';
}

static void write_bars(const struct graph *graph, size_t first, size_t end, struct buffer *out) {
    for (int row = ROWS - 1; row >= 0; row--) {
        for (size_t i = first; i < end; i++)
            buffer_append_char(out, bar_char(height_of(graph, &graph->bars[i]), row));
        buffer_append_char(out, '\n');
    }
}

static void write_ages(const struct graph *graph, size_t first, size_t end, struct buffer *out) {
    size_t longest = 0;
    for (size_t i = first; i < end; i++) {
        size_t len = strlen(graph->bars[i].age);
        if (len > longest) longest = len;
    }
    for (size_t row = 0; row < longest; row++) {
        for (size_t i = first; i < end; i++) {
            const char *age = graph->bars[i].age;
            buffer_append_char(out, row < strlen(age) ? age[row] : ' ');
        }
        buffer_append_char(out, '\n');
    }
}

static void write_blanks(size_t count, struct buffer *out) {
    for (size_t i = 0; i < count; i++) buffer_append_char(out, ' ');
    buffer_append_char(out, '\n');
}

void latency_write_graph(const struct latency_event *event, int64_t now_s, struct buffer *out) {
    struct graph graph;
    fill_graph(&graph, event, now_s);
    buffer_printf(out, "%s - high %lld ms, low %lld ms (all time high %lld ms)\n", event->name,
                  (long long)graph.high_ms, (long long)graph.low_ms, (long long)event->max_ms);
    for (int i = 0; i < COLUMNS; i++) buffer_append_char(out, '-');
    buffer_append_char(out, '\n');
    for (size_t first = 0; first < graph.count; first += COLUMNS) {
        size_t end = first + COLUMNS < graph.count ? first + COLUMNS : graph.count;
        if (first != 0) buffer_append_char(out, '\n');
        write_bars(&graph, first, end, out);
        write_blanks(end - first, out);
        write_ages(&graph, first, end, out);
    }
}
