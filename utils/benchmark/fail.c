/* The one place from which the program ends with an error. */
#include "benchmark/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("skua-benchmark: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(1);
}

void *need_memory(void *memory, size_t size) {
    void *grown = realloc(memory, size > 0 ? size : 1);
    if (grown == NULL) fail("out of memory (%zu bytes wanted)", size);
    return grown;
}

void *need_array(size_t count, size_t size) {
    void *array = calloc(count > 0 ? count : 1, size);
    if (array == NULL) fail("out of memory (%zu times %zu bytes wanted)", count, size);
    return array;
}
