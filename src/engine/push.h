/* Pushes: bytes sent to a session that did not just ask for them: messages, invalidations, lines of
 * MONITOR.
 *
 * What goes to many is encoded once, into a stretch of memory that all receivers share:
 *
 *      stretch  | message 1 | message 2 | message 3 |   room   |      counted references
 *                   ^________________________^
 *                   one piece of a receiver's output, which each message makes longer
 *
 * so that a message to ten thousand receivers costs its bytes once, and a receiver that does not read
 * costs a node of its output for a stretch, not for each message.
 *
 * A session that is running a command is sent its pushes behind the reply, never in the middle of it. */
#ifndef ENGINE_PUSH_H
#define ENGINE_PUSH_H

#include "foundation/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct session;
struct push_stretch;

/* Writes pieces one behind the other; zeroed at start. Whoever writes for one audience (the subscribers
 * of a channel in one protocol) keeps one. */
struct push_writer {
    struct push_stretch *stretch; /* NULL: none open */
};

/* A place for `max` bytes, valid until push_commit, which says how many were written and lends them as
 * a piece: good until the writer's next push_room or push_close. */
char *push_room(struct push_writer *writer, size_t max);
struct push_piece push_commit(struct push_writer *writer, size_t written);
/* Lets go of the stretch; what receivers have yet to be sent of it stays. */
void push_close(struct push_writer *writer);
/* The same if nothing of it is still to be sent; true when none is open now. */
bool push_close_sent(struct push_writer *writer);

struct push_piece {
    struct bytes bytes;
    struct push_stretch *stretch;
};

/* Sends the piece to the session, which is dropped when that puts it over its output limits; nothing
 * when it is closing. Cost: O(1), no copy of the bytes. */
void push_send(struct session *session, struct push_piece piece);

/* The engine's: behind the reply of a command, what was pushed meanwhile; and when a session ends. */
void push_send_queued(struct session *session);
void push_drop_queued(struct session *session);

#endif
