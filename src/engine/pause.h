/* CLIENT PAUSE: until a moment, commands of every client, or those that write, wait. Meanwhile no
 * key expires or is evicted: keys past their time are not seen, and stay until the pause ends.
 * (Members of a hash past theirs are removed when it is read.) */
#ifndef ENGINE_PAUSE_H
#define ENGINE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

enum pause_scope { PAUSE_NONE, PAUSE_WRITES, PAUSE_ALL };

struct pause {
    enum pause_scope scope;
    int64_t until_ms; /* unix time */
};

/* Widens and prolongs: never shortens a pause in force. */
void pause_start(struct pause *pause, enum pause_scope scope, int64_t until_ms, int64_t now_ms);
/* Lets everything go on. The clients that wait are taken up again when the round ends, so this
 * may be called from within a command. */
void pause_end(struct pause *pause);
/* What is paused at this moment. */
enum pause_scope pause_scope_at(const struct pause *pause, int64_t now_ms);

#endif
