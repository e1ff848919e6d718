/* Figures are kept as text already, so that the three forms show the same digits. */
#include "benchmark/report.h"

#include <stdio.h>
#include <string.h>

#include "benchmark/fail.h"

static struct figure *add_figure(struct record *record, const char *name, bool is_text) {
    if (record->count == REPORT_FIGURES_MAX) fail("too many figures in a %s", record->kind);
    struct figure *figure = &record->figures[record->count++];
    figure->name = name;
    figure->is_text = is_text;
    return figure;
}

void record_init(struct record *record, const char *kind, bool is_row) {
    record->kind = kind;
    record->is_row = is_row;
    record->count = 0;
}

void record_number(struct record *record, const char *name, int decimals, double value) {
    struct figure *figure = add_figure(record, name, false);
    snprintf(figure->text, sizeof(figure->text), "%.*f", decimals, value);
}

void record_text(struct record *record, const char *name, const char *text) {
    struct figure *figure = add_figure(record, name, true);
    snprintf(figure->text, sizeof(figure->text), "%s", text);
}

static int column_width(const struct figure *figure) {
    size_t width = strlen(figure->name);
    return (int)(width < 12 ? 12 : width);
}

static void print_text_row(const struct record *record, bool is_first) {
    for (size_t i = 0; is_first && i < record->count; i++) {
        printf("%*s  ", column_width(&record->figures[i]), record->figures[i].name);
    }
    if (is_first) printf("\n");
    for (size_t i = 0; i < record->count; i++) {
        printf("%*s  ", column_width(&record->figures[i]), record->figures[i].text);
    }
    printf("\n");
}

static void print_text_list(const struct record *record) {
    for (size_t i = 0; i < record->count; i++) {
        printf("%-30s %s\n", record->figures[i].name, record->figures[i].text);
    }
}

static void print_csv_text(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_csv(const struct record *record, bool is_first) {
    if (is_first) {
        printf("kind");
        for (size_t i = 0; i < record->count; i++) {
            printf(",%s", record->figures[i].name);
        }
        printf("\n");
    }
    printf("%s", record->kind);
    for (size_t i = 0; i < record->count; i++) {
        putchar(',');
        if (record->figures[i].is_text) {
            print_csv_text(record->figures[i].text);
        } else {
            printf("%s", record->figures[i].text);
        }
    }
    printf("\n");
}

static void print_json_text(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            printf("\\%c", byte);
        } else if (byte < 0x20) {
            printf("\\u%04x", byte);
        } else {
            putchar(byte);
        }
    }
    putchar('"');
}

static void print_json(const struct record *record) {
    printf("{\"kind\":\"%s\"", record->kind);
    for (size_t i = 0; i < record->count; i++) {
        printf(",\"%s\":", record->figures[i].name);
        if (record->figures[i].is_text) {
            print_json_text(record->figures[i].text);
        } else {
            printf("%s", record->figures[i].text);
        }
    }
    printf("}\n");
}

void report_print(struct report *report, const struct record *record) {
    bool is_first = report->last_kind == NULL || strcmp(report->last_kind, record->kind) != 0;
    switch (report->format) {
    case REPORT_CSV: print_csv(record, is_first); break;
    case REPORT_JSON: print_json(record); break;
    case REPORT_TEXT:
        if (is_first && report->last_kind) printf("\n");
        if (record->is_row) {
            print_text_row(record, is_first);
        } else {
            print_text_list(record);
        }
        break;
    }
    fflush(stdout);
    report->last_kind = record->kind;
}
