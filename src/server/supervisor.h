/* Telling a supervisor (systemd, Type=notify) when the server serves and when it stops. */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "engine/feature.h"

extern const struct feature supervisor_feature;

#endif
