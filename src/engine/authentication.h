/* Authentication: who may speak to the server. There is one user, "default", and its password is
 * requirepass; without one everybody is that user. */
#ifndef ENGINE_AUTHENTICATION_H
#define ENGINE_AUTHENTICATION_H

#include "engine/feature.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>

/* True when there is a password. A session keeps what it was given: one that has authenticated, or
 * began when there was no password, stays so when the password changes. */
bool authentication_is_required(void);
/* True when the user exists. */
bool authentication_has_user(struct bytes user);
/* True when the user exists and that is its password; without a password any will do. The time
 * it takes tells nothing about the password. */
NODISCARD bool authentication_check(struct bytes user, struct bytes password);

/* requirepass. */
extern const struct feature authentication_feature;

#endif
