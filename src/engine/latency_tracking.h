/* Latency tracking: for each command a histogram of how long its calls took, from which LATENCY
 * HISTOGRAM and the section latencystats of INFO tell.
 *
 * A command gets its histogram, 4 KiB, with its first call. dispatch adds to stats.times, without
 * asking anything, of commands that never wait; for the others, and until there is one, it asks
 * latency_tracking_count. */
#ifndef ENGINE_LATENCY_TRACKING_H
#define ENGINE_LATENCY_TRACKING_H

#include "engine/feature.h"

#include <stdint.h>

struct call;

/* Counts a call whose command has no stats.times, when it is to be counted: tracking is on, and the
 * call does not wait. */
void latency_tracking_count(const struct call *call, uint64_t ticks);

/* latency-tracking, latency-tracking-info-percentiles, INFO latencystats. */
extern const struct feature latency_tracking_feature;

#endif
