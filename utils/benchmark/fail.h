/* Ends the program with a message: a benchmark has nothing to save, so whatever goes wrong while it
 * runs (a refused connection, a full disk, bad bytes from the server) ends here. */
#ifndef BENCHMARK_FAIL_H
#define BENCHMARK_FAIL_H

#include <stddef.h>

/* Prints "skua-benchmark: " and the message to stderr and exits with status 1. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* As realloc and calloc, but never NULL. The caller frees what they return. */
void *need_memory(void *memory, size_t size);
void *need_array(size_t count, size_t size);

#endif
