/* The one list of what this server consists of. */
#ifndef SERVER_FEATURES_H
#define SERVER_FEATURES_H

#include "engine/feature.h"

/* Every feature, NULL-terminated, in the order in which they start and stand in INFO. */
const struct feature *const *features_all(void);

#endif
