/* Fencing tokens: numbers for the holders of locks, each larger than every one before it, so that
 * what a lock protects can turn away a holder whose time has run out.
 *
 * One counter serves all keys. It never falls behind the wall clock in microseconds, so that a
 * server that starts anew goes on above what it gave before, as long as its clock has not been set
 * back and no more than a million tokens a second were drawn. Whoever keeps the data over a restart
 * may keep the last token too, which takes both provisos away. */
#ifndef ENGINE_FENCE_H
#define ENGINE_FENCE_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* A number above this can be no token: the clock is far from it. */
#define FENCE_MAX (INT64_MAX / 2)

/* The next token. */
int64_t fence_next(struct engine *engine);
/* The token drawn last, 0 before the first. */
int64_t fence_last(const struct engine *engine);
/* Makes the next token larger than `last`, one drawn in an earlier life. False, with nothing
 * changed, when that can be no token. */
NODISCARD bool fence_raise(struct engine *engine, int64_t last);

#endif
