/* Members and scores as arguments and replies. A score is a bulk string in RESP2; in RESP3 a
 * double, or an integer from a set of exact scores. Members listed with their scores follow each
 * other in RESP2 and are pairs in RESP3. */
#ifndef COMMANDS_ZSET_LISTING_H
#define COMMANDS_ZSET_LISTING_H

#include "data/types/zset/zset.h"
#include "engine/call.h"
#include "engine/reply.h"
#include "foundation/check.h"

/* Reads a score of a kind: "value is not a valid float", "value is not an integer or out of
 * range". */
NODISCARD bool listing_read_score(struct call *call, uint32_t index, enum score_kind kind,
                                  struct score *score);

COLD void listing_reply_exact_score(struct call *call, int64_t score);

static inline void listing_reply_score(struct call *call, struct score score) {
    if (LIKELY(score.kind == SCORE_DOUBLE))
        reply_double(call, score.number);
    else
        listing_reply_exact_score(call, score.integer);
}

/* Visitors, their context the call: the member alone; the member and its score; both as a pair in
 * either protocol. */
bool listing_reply_member(void *context, struct bytes member, struct score score);
bool listing_reply_member_score(void *context, struct bytes member, struct score score);
bool listing_reply_pair(void *context, struct bytes member, struct score score);

/* Replies the head of a list of so many members and returns the visitor that replies each. */
zset_visit_function *listing_begin(struct call *call, uint64_t count, bool has_scores);

#endif
