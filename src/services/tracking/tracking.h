/* Client-side caching: whoever keeps copies of keys is told when they are no longer good.
 *
 * Part of engine/feature.h's list as tracking_feature: CLIENT TRACKING, CACHING, GETREDIR and
 * TRACKINGINFO, and tracking-table-max-keys. Nothing is listened to while no session tracks. */
#ifndef SERVICES_TRACKING_TRACKING_H
#define SERVICES_TRACKING_TRACKING_H

#include "engine/feature.h"

extern const struct feature tracking_feature;

#endif
