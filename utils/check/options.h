/* The command line. */
#ifndef CHECK_OPTIONS_H
#define CHECK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct options {
    const char *const *paths;
    size_t path_count; /* at least 1 */
    size_t top;        /* how many of the biggest keys */
    bool has_statistics;
    bool is_json;
    bool wants_repair;
    bool is_agreed; /* repairs without asking */
};

/* Reads the command line; ends the program with a message when it is wrong, and after --help. */
void options_read(struct options *options, int argc, char **argv);

#endif
