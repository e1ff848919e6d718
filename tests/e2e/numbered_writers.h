/* Connections that write numbered units 1, 2, 3 … to a server that may be killed at any moment, and
 * look afterwards whether what was acknowledged is there. Every fourth unit is a transaction:
 *
 *      SET key:<c>:<n mod 256> n     RPUSH list:<c> n     RL.TAKE limit:<c> FIXED …
 *
 * so the list tells how far a connection came, and the rest must agree with it. */
#ifndef E2E_NUMBERED_WRITERS_H
#define E2E_NUMBERED_WRITERS_H

#include "e2e/support.h"

/* For a server without data. */
void numbered_writers_reset(void);
/* Threads that go on from what the last check found, until their connections end. */
void numbered_writers_start(const struct e2e_server *server);
/* Waits until they have ended; the test fails when an error was replied. */
void numbered_writers_await(void);
/* The data must hold, in order, all that was acknowledged before the moment (INT64_MAX: all), and
 * no part of a transaction. Returns how many units were acknowledged since the last check. */
uint64_t numbered_writers_check(redisContext *context, int64_t before_ms);

#endif
