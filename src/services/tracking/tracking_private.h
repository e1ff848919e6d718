/* What the files of this folder share: who tracks, and the tracking of an engine.
 *
 *      key read    tracked_keys.h     name → ids of sessions   told at once, a message each
 *      BCAST       broadcast.h        prefix → trackers        gathered, a message a round
 *
 * Invariants: 1. a session has a tracker while its SESSION_TRACKING_ON is set; all of them are
 * linked in the order in which they began. 2. engine->tracking is there while there is a tracker,
 * and only then listens to calls and key events. 3. engine->tracked has the counts. */
#ifndef SERVICES_TRACKING_TRACKING_PRIVATE_H
#define SERVICES_TRACKING_TRACKING_PRIVATE_H

#include "engine/call_listener.h"
#include "engine/engine.h"
#include "services/tracking/broadcast.h"
#include "services/tracking/invalidation.h"
#include "services/tracking/tracked_keys.h"

struct tracker {
    struct session *session;
    struct tracker *next;
    struct tracker *previous;
    struct membership **memberships; /* in broadcasts, in order of their prefixes */
    size_t membership_count;
    uint64_t written_round; /* of the last broadcast of which it has changed a key itself */
};

struct tracking {
    struct call_listener listener;
    struct engine *engine;
    struct tracker *first;
    struct tracker *last;
    size_t tracker_count;
    struct tracked_keys keys;
    struct broadcasts broadcasts;
    struct invalidation_writers writers;
    bool has_told_all; /* during this command, that no key is good any more */
    bool has_to_sweep; /* a tracker has ended since the sweep under way began */
    bool is_sweeping;
};

/* tracking-table-max-keys; 0: any number. */
int64_t tracking_max_keys(void);

/* --- trackers.c --- */

/* The session's tracker, made where there is none. */
struct tracker *tracker_make(struct session *session);
/* Ends the session's tracking, and with the last one all of it. */
void tracker_end(struct session *session);
/* Calls `visit` for each tracker whose session's id has these low 32 bits: one, before there have
 * been four billion sessions. */
typedef void tracker_visit(struct tracker *tracker, void *context);
void tracker_find(const struct tracking *tracking, uint32_t id, tracker_visit *visit,
                  void *context);
size_t tracker_used_bytes(const struct session *session);
/* Brings engine->tracked up to date. */
void tracking_count(const struct tracking *tracking);

/* --- changes.c --- */

/* The listeners of a tracking, added with the first tracker and removed with the last. */
void changes_listen(struct tracking *tracking);
void changes_stop_listening(struct tracking *tracking);
/* Drops at most so many keys that are over the limit: one that has been lowered holds although no
 * command comes. */
void changes_keep_to_limit(struct tracking *tracking, uint32_t max_drops);
/* Sends what the round has gathered. */
void changes_finish_round(struct engine *engine);

/* --- tracking_commands.c --- */

extern const struct command_list tracking_commands;

#endif
