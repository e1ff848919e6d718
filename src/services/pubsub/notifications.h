/* Keyspace notifications: key events as messages, for those that notify-keyspace-events names.
 *
 *      K   __keyspace@<db>__:<key>     message: the event
 *      E   __keyevent@<db>__:<event>   message: the key
 *
 * While the directive names no class or neither of the two channels (it is empty by default)
 * nothing listens to key events and they cost nothing; while nobody subscribes to anything no
 * message is put together. */
#ifndef SERVICES_PUBSUB_NOTIFICATIONS_H
#define SERVICES_PUBSUB_NOTIFICATIONS_H

#include "engine/feature.h"

extern const struct feature notifications_feature; /* the directive */

#endif
