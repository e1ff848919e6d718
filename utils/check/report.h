/* Tells what was found, on standard output: for people, or as JSON. */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include "check/findings.h"

#include <stdbool.h>

void report_findings(const struct findings *findings, const struct options *options);
/* A path of which nothing but that it is broken (or failed) can be said. */
void report_failure(const char *path, enum verdict verdict, const char *error,
                    const struct options *options);

/* In report_json.c: one object, one line. */
void report_write_json(const struct findings *findings, bool has_statistics);

#endif
