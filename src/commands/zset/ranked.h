/* Lists of members with their scores, their ranks, or both: what WITHSCORES and WITHRANKS ask for.
 * Behind a member come its score and then its rank, one after the other in RESP2, in an array of
 * its own in RESP3. Ranks are those of ZRANK, in a reversed list those of ZREVRANK. */
#ifndef COMMANDS_ZSET_RANKED_H
#define COMMANDS_ZSET_RANKED_H

#include "data/types/zset/zset.h"
#include "engine/call.h"

struct ranked_options {
    bool is_reverse;
    bool has_scores;
    bool has_ranks;
};

/* Replies the members of a run of ranks, which begins with the last where the list is reversed. */
void ranked_reply(struct call *call, const struct entry *entry, struct zset_ranks ranks,
                  const struct ranked_options *options);

#endif
