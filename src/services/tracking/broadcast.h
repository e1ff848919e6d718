/* Broadcasts: prefixes whose trackers are told of every key that begins with them, read or not.
 *
 *      prefixes   | "" | "user:" | "user:7" | …         found by the key's beginnings, one look-up
 *                          |                           for each length in use
 *                          v
 *      broadcast  trackers  ⇄ membership ⇄ membership
 *                 changes   name, writer                of this round; a name once
 *
 * What changes is gathered while commands run and sent when the round ends, names in order,
 * prefixes in order: one message encoded for all trackers of a prefix, but for those that are not
 * to hear of their own changes. */
#ifndef SERVICES_TRACKING_BROADCAST_H
#define SERVICES_TRACKING_BROADCAST_H

#include "foundation/bytes.h"
#include "foundation/containers/size_multiset.h"
#include "foundation/containers/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tracker;
struct tracking;

struct broadcast {
    struct membership *first;
    struct table changes;
    struct broadcast *next_changed; /* in the list of those with changes */
    struct broadcast *previous_changed;
    size_t len;
    char prefix[];
};

/* A tracker that is told of a prefix. */
struct membership {
    struct tracker *tracker;
    struct broadcast *broadcast;
    struct membership *next; /* of the broadcast */
    struct membership *previous;
};

struct broadcasts {
    struct table prefixes;
    struct size_multiset lengths; /* those in use */
    struct broadcast *first_changed;
    uint64_t round; /* counts the broadcasts sent */
};

void broadcasts_init(struct broadcasts *broadcasts);
/* When no tracker is left in any. */
void broadcasts_destroy(struct broadcasts *broadcasts);

static inline struct bytes broadcast_prefix(const struct broadcast *broadcast) {
    return bytes_of(broadcast->prefix, broadcast->len);
}

/* Adds the tracker to the prefixes, in some of which it may be. */
void broadcasts_join(struct broadcasts *broadcasts, struct tracker *tracker,
                     const struct bytes *prefixes, size_t count);
void broadcasts_leave_all(struct broadcasts *broadcasts, struct tracker *tracker);
/* Notes that the key has changed; `writer` is the id of the session that did it, 0: none did. */
void broadcasts_note(struct broadcasts *broadcasts, struct bytes name, uint64_t writer);

/* A changed key of a round. */
struct change {
    uint64_t writer; /* 0: none, or several */
    size_t len;
    char name[];
};

static inline struct bytes change_name(const struct change *change) {
    return bytes_of(change->name, change->len);
}

/* Sends what was noted and forgets it. */
void broadcasts_send(struct tracking *tracking);

/* True when one of the two begins with the other. */
static inline bool prefixes_overlap(struct bytes a, struct bytes b) {
    return a.len < b.len ? bytes_starts_with(b, a) : bytes_starts_with(a, b);
}

#endif
