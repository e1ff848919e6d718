/* What the server's memory is spent on, for INFO memory and MEMORY STATS. */
#ifndef COMMANDS_SERVER_MEMORY_FIGURES_H
#define COMMANDS_SERVER_MEMORY_FIGURES_H

#include "foundation/mem.h"

struct engine;

struct memory_figures {
    size_t used_bytes;
    size_t peak_bytes;
    size_t startup_bytes;   /* used when the server had started */
    size_t clients_bytes;   /* structs and buffers of all clients */
    size_t tables_bytes;    /* of all databases: what keys cost beside their entries */
    size_t overhead_bytes;  /* the last three together */
    size_t dataset_bytes;   /* used without the overhead */
    double dataset_percent; /* of what is used since the start */
    double peak_percent;
    struct mem_stats mem;
};

/* Remembers what is used now as startup_bytes. */
void memory_note_startup(void);
/* Cost: some microseconds, and a look at every client. */
void memory_read_figures(struct engine *engine, struct memory_figures *figures);
/* a / b; 0 when there is no b. */
double memory_ratio(size_t a, size_t b);

#endif
