/* Going into the background without losing sight of a failed start: the process that was started
 * stays until the one in the background serves, and ends with its verdict. */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

#include "foundation/check.h"

#include <stdbool.h>

/* Goes on in a process in the background, whose standard output and error are still the caller's.
 * Comes before any thread. False with errno set when that is not possible. */
NODISCARD bool daemon_detach(void);
/* The start has succeeded: lets the process in front end with status 0, and lets go of standard
 * input, output and error. Does nothing where daemon_detach was not called. A process that ends
 * without it ends the one in front with status 1. */
void daemon_confirm(void);

#endif
