/* Invalidations: the message that tells a tracker of keys whose copies are no longer good.
 *
 *      RESP3   >2 invalidate [key, …]                      to itself or to whom it redirects
 *      RESP2   *3 message __redis__:invalidate [key, …]    only to whom it redirects, if subscribed
 *
 * In place of the keys stands null when no copy is good any more. */
#ifndef SERVICES_TRACKING_INVALIDATION_H
#define SERVICES_TRACKING_INVALIDATION_H

#include "engine/push.h"
#include "foundation/bytes.h"

#include <stddef.h>

struct tracker;
struct tracking;

enum { INVALIDATION_PROTOCOLS = 2 };

struct invalidation_writers {
    struct push_writer writers[INVALIDATION_PROTOCOLS]; /* RESP2, RESP3 */
    struct push_writer redirects; /* of what is said about a redirection itself */
};

/* One message; zeroed but for the first fields. It is encoded for a protocol when someone wants it,
 * and is good until the next one is sent. */
struct invalidation {
    struct tracking *tracking;
    const struct bytes *names; /* NULL: every key there is */
    size_t count;
    struct push_piece pieces[INVALIDATION_PROTOCOLS];
};

void invalidation_send(struct invalidation *invalidation, struct tracker *tracker);
/* Lets go of what has been sent. */
void invalidation_writers_tidy(struct invalidation_writers *writers);
void invalidation_writers_close(struct invalidation_writers *writers);

#endif
