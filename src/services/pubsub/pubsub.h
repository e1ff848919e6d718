/* Publish and subscribe: channels, patterns and shard channels with those who listen.
 *
 * Part of engine/feature.h's list as pubsub_feature; SUBSCRIBE and its kin, PUBLISH and PUBSUB stand in this
 * folder. */
#ifndef SERVICES_PUBSUB_PUBSUB_H
#define SERVICES_PUBSUB_PUBSUB_H

#include "engine/feature.h"
#include "foundation/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Sends the message to everyone who listens to the channel, by name or by pattern (not as a shard channel);
 * returns how many were sent it. Each message is encoded once a protocol and shared. Cost: O(receivers), and
 * a look-up for each distinct length of the literal beginnings of patterns. */
size_t pubsub_publish(struct engine *engine, struct bytes channel, struct bytes message);
/* False when nobody listens to anything, so that there is no need to put a message together. */
bool pubsub_has_audience(const struct engine *engine);

extern const struct feature pubsub_feature;

#endif
