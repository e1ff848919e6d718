/* Prints what was measured, as text for people, as CSV, or as one JSON object a line. A record is a
 * list of named figures; records of one kind have the same names in the same order. */
#ifndef BENCHMARK_REPORT_H
#define BENCHMARK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum report_format { REPORT_TEXT, REPORT_CSV, REPORT_JSON };

enum { REPORT_FIGURES_MAX = 32, REPORT_TEXT_MAX = 256 };

struct figure {
    const char *name;
    bool is_text;
    char text[REPORT_TEXT_MAX];
};

struct record {
    const char *kind;
    bool is_row; /* as text: a line of a table, else a list of its own */
    size_t count;
    struct figure figures[REPORT_FIGURES_MAX];
};

struct report {
    enum report_format format;
    const char *last_kind; /* of the record printed last: its headings still stand */
};

void record_init(struct record *record, const char *kind, bool is_row);

/* Adds a figure. `name` stays the caller's and must outlive the record; text is copied. */
void record_number(struct record *record, const char *name, int decimals, double value);
void record_text(struct record *record, const char *name, const char *text);

void report_print(struct report *report, const struct record *record);

#endif
