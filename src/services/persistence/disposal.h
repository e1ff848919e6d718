/* Removing files that may be big. Giving their blocks back takes the system long, and whoever waits
 * for that has better things to do: the name goes at once, the rest when the worker closes the
 * file's last descriptor. */
#ifndef SERVICES_PERSISTENCE_DISPOSAL_H
#define SERVICES_PERSISTENCE_DISPOSAL_H

#include <stdbool.h>

struct worker;

/* False with errno. From any thread; without a worker (NULL) all of it is done here. */
bool dispose_of_file(struct worker *worker, const char *path);

#endif
