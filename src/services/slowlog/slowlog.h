/* SLOWLOG: the commands that took slowlog-log-slower-than or longer, with their arguments and who
 * sent them.
 *
 * Of EXEC its commands are logged, each for itself; one that has waited for keys, when it was
 * served. Secrets are not shown. */
#ifndef SERVICES_SLOWLOG_SLOWLOG_H
#define SERVICES_SLOWLOG_SLOWLOG_H

#include "engine/feature.h"

extern const struct feature slowlog_feature;

#endif
