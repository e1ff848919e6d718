/* What not everybody may do, even with every right: DEBUG, and changing protected directives. The
 * directives enable-debug-command and enable-protected-configs say who may: nobody, clients on this
 * machine, or all. */
#ifndef COMMANDS_SERVER_GUARD_H
#define COMMANDS_SERVER_GUARD_H

#include "foundation/directive.h"

#include <stdbool.h>

struct session;

enum { GUARD_DIRECTIVE_COUNT = 2 };
extern const struct directive guard_directives[GUARD_DIRECTIVE_COUNT];

/* A session without a client behind it always may. */
bool guard_allows_debug(const struct session *session);
bool guard_allows_protected_configs(const struct session *session);

#endif
