/* What the commands of this family have in common: finding the limiter under a key, and telling
 * what was done to it: to the counts, to those who listen to key events, and as an effect
 * (engine/effects.h).
 *
 * A limiter whose state is small is told as it is afterwards (RL.SETSTATE); LOG and CONCURRENT,
 * whose state is large, as what was done and when (RL.APPLY): the same on the same state gives the
 * same. */
#ifndef COMMANDS_RATELIMIT_LIMITERS_H
#define COMMANDS_RATELIMIT_LIMITERS_H

#include "commands/ratelimit/request.h"
#include "data/types/ratelimit/ratelimit.h"
#include "engine/call.h"

/* Looks a key up to change it. False, after the error reply, when another type is there. */
NODISCARD bool limiters_find(struct call *call, struct key key, struct found *found);
/* The same where the limiter must be of this algorithm, or have none yet. */
NODISCARD bool limiters_find_of(struct call *call, struct key key, enum rate_algorithm algorithm,
                                struct found *found);
/* The same for a reader; found->entry only. */
NODISCARD bool limiters_read_of(struct call *call, struct key key, enum rate_algorithm algorithm,
                                struct found *found);

/* What was done to a limiter: one of the five. */
enum limiter_deed { DEED_TAKE, DEED_GIVE, DEED_RELEASE, DEED_RENEW, DEED_BLOCK };

struct deed {
    enum limiter_deed kind;
    int64_t now_us;
    const struct take *take; /* DEED_TAKE */
    struct bytes token;      /* of a release or a renewal */
    int64_t number;          /* units given, lease_ms, unix ms of the block's end */
};

/* Does it to the key's limiter, with its events and its effect; the key holds one that allows it, or
 * none. A take is limiters_take's. False when there was nothing to do. */
bool limiters_do(struct call *call, struct key key, struct found *found, const struct deed *deed);
/* A take, which makes a limiter where the key holds none. False when it changed nothing. */
bool limiters_take(struct call *call, struct key key, struct found *found, const struct take *take,
                   struct rate_answer *answer);
/* Counts a decision. */
void limiters_count(struct call *call, const struct take *take, const struct rate_answer *answer);

/* The answer as things stand, with nothing granted: `remaining` is all that could be had. */
void limiters_look(struct call *call, struct key key, struct found *found, const struct take *take,
                   struct rate_answer *answer);

#endif
