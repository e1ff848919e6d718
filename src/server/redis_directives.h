/* Directives of redis-server that are accepted and have no effect. */
#ifndef SERVER_REDIS_DIRECTIVES_H
#define SERVER_REDIS_DIRECTIVES_H

#include "engine/feature.h"

extern const struct feature redis_directives_feature;

#endif
