/* Rate limiters as values of keys: the state of one algorithm, the policy it was last used with and
 * how long it is blocked.
 *
 *      encoding            where
 *      LIMITER_INLINE      all of it in the entry's tail: one allocation with the key
 *      LIMITER_OUTSIDE     *word: LOG, CONCURRENT, SLIDING with more than one bucket
 *
 * OBJECT ENCODING answers the algorithm's word.
 *
 * The key's due time is the moment from which on the state equals a fresh one (and is no longer
 * blocked), so that "expired" and "never used" cannot be told apart: each function that changes a
 * limiter sets it, and removes the key when that moment has come. */
#ifndef DATA_TYPES_RATELIMIT_RATELIMIT_H
#define DATA_TYPES_RATELIMIT_RATELIMIT_H

#include "data/database.h"
#include "data/types/ratelimit/algorithm.h"
#include "data/value_type.h"
#include "foundation/check.h"

enum limiter_encoding { LIMITER_INLINE, LIMITER_OUTSIDE };

extern const struct value_type ratelimit_value_type;

enum rate_algorithm limiter_algorithm(const struct entry *entry);
/* The policy that the limiter was last used with. */
struct rate_policy limiter_policy(const struct entry *entry);
/* Unix ms until which everything is denied, perhaps past; 0: it is not blocked. */
int64_t limiter_blocked_until_ms(const struct entry *entry);

/* Takes from the key's limiter, a new one where found->entry is NULL; the key holds a limiter of
 * the policy's algorithm. `found` is updated. A peek, and a take that is denied, change nothing at
 * all (RATE_MODE_DRAIN aside), and make no key. No allocation when the key exists and the
 * algorithm's state does not grow.
 *
 * A blocked limiter denies and changes nothing, with RATE_MODE_DRAIN too: retry_after_ms is when
 * the same take would be allowed, by the limit as well, and remaining is 0. A cost that can never
 * fit is RATE_REASON_TOO_BIG there too. */
void limiter_take(struct database *db, struct key key, struct found *found,
                  const struct rate_policy *policy, const struct rate_request *request,
                  struct rate_answer *answer);
/* Gives back under the remembered policy. */
void limiter_give(struct database *db, struct key key, struct found *found, int64_t now_us,
                  int64_t units);
/* Denies everything until the unix time; 0, or one that is past, lifts it. Where the key does not
 * exist, a limiter without an algorithm (RATE_NONE) is made, which goes with the block. */
void limiter_block(struct database *db, struct key key, struct found *found, int64_t now_us,
                   int64_t until_ms);
NODISCARD bool limiter_release(struct database *db, struct key key, struct found *found,
                               int64_t now_us, struct bytes token);
NODISCARD bool limiter_renew(struct database *db, struct key key, struct found *found,
                             int64_t now_us, struct bytes token, int64_t lease_ms);

/* A limiter whole, as RL.SETSTATE, DUMP and RDB carry it: policy, block and state; read back with
 * every field checked. limiter_store replaces what the key held; where the state equals a fresh one
 * by now_us, with nothing (found->entry is NULL then). False, with nothing changed, when the bytes
 * are not what limiter_encode writes. */
void limiter_encode(const struct entry *entry, struct buffer *out);
/* The same as an entry for database_add with a place for its due time, which goes to *due_ms and
 * may have passed; the caller's. NULL when the bytes are not what limiter_encode writes. */
NODISCARD struct entry *limiter_decode(struct bytes key, struct bytes encoded, int64_t *due_ms);
NODISCARD bool limiter_store(struct database *db, struct key key, struct found *found,
                             struct bytes encoded, int64_t now_us);

#endif
