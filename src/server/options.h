/* The command line and the configuration file that it names. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "foundation/buffer.h"
#include "foundation/directive.h"

#include <stdbool.h>

enum options_wish {
    OPTIONS_RUN,     /* start the server */
    OPTIONS_HELP,    /* print options_print_help and end */
    OPTIONS_VERSION, /* print options_print_version and end */
};

struct options {
    enum options_wish wish;
    const char *config_path; /* as given; NULL: none, "-": standard input */
    int first_option;        /* index in argv of the first --directive */
};

/* Reads the command line. */
struct options options_read(int argc, char **argv);
/* Sets the directives from the file and then from the command line. False with the report in
 * `error`. */
NODISCARD bool options_apply(const struct options *options, int argc, char **argv,
                             struct directives *directives, struct buffer *error);
/* The configuration file by its absolute name, the caller's to free; NULL when there is none. */
char *options_absolute_path(const struct options *options);
void options_print_help(const char *program);
void options_print_version(void);

#endif
