/* MONITOR: shows a connection every command that the server runs, a line each, as it is run.
 *
 *      +1700000000.123456 [0 127.0.0.1:5000] "SET" "key" "a value\n"
 *
 * A line stands behind the reply of its command; those of a transaction come before that of its
 * EXEC. Commands of administrators are not shown, and passwords never are. A line is encoded once
 * and shared by all who watch; one who does not read meets client-output-buffer-limit pubsub. While
 * nobody watches, commands pay nothing. */
#ifndef SERVICES_MONITOR_MONITOR_H
#define SERVICES_MONITOR_MONITOR_H

#include "engine/feature.h"

extern const struct feature monitor_feature;

#endif
