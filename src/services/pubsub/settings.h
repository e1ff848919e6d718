/* What the directives of this folder say. */
#ifndef SERVICES_PUBSUB_SETTINGS_H
#define SERVICES_PUBSUB_SETTINGS_H

#include <stddef.h>

/* pubsub-retained-max-memory; 0: no limit. */
size_t pubsub_retained_max_bytes(void);

#endif
