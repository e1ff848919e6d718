/* Watched keys: WATCH notes keys for a session, and any change of one of them until the session's next
 * EXEC, DISCARD or UNWATCH makes it dirty, so that EXEC does nothing.
 *
 * A key is a name in a numbered database. Each one watched stands once in the engine's table, with the
 * list of who watches it; the table listens to key events, and both last only while some key is
 * watched, so that a server without WATCH pays nothing:
 *
 *      engine -> table -> watched key "7:counter" -> watch of session 1 <-> watch of session 2
 *                                                         |
 *      session 1 -----------------------------------------+--> its next watch
 *
 * A key past its time is taken out before it is watched, so its expiry later is no change. */
#ifndef ENGINE_WATCH_H
#define ENGINE_WATCH_H

#include "foundation/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct engine;
struct key;
struct session;
struct watch;

/* A session's part; zeroed at start. */
struct watch_list {
    struct watch *first;
    size_t count;
    bool is_dirty; /* a watched key has changed */
};

/* Notes the key in the session's database; again is nothing new. Not during a key event, as the others that
 * change what is watched. Cost: O(1) for a key that nobody else watches. */
void watch_add(struct session *session, struct key key);
/* Forgets all keys of the session, and that they have changed. */
void watch_clear(struct session *session);
/* True when a watched key has changed or is past its time by now. */
bool watch_is_dirty(struct session *session);

size_t watch_used_bytes(const struct session *session);
/* Sessions that watch keys, and the keys they watch, each counted once. */
size_t watch_session_count(const struct engine *engine);
size_t watch_key_count(const struct engine *engine);

#endif
