#include "commands/zset/ranked.h"

#include "commands/zset/listing.h"

struct ranked_walk {
    struct call *call;
    const struct ranked_options *options;
    uint32_t words; /* of a member */
    uint64_t rank;  /* of the next one */
};

static bool reply_ranked(void *context, struct bytes member, struct score score) {
    struct ranked_walk *walk = context;
    if (walk->words > 1 && walk->call->session->version != RESP2)
        reply_array(walk->call, walk->words);
    reply_bulk(walk->call, member);
    if (walk->options->has_scores) listing_reply_score(walk->call, score);
    if (walk->options->has_ranks) reply_integer(walk->call, (int64_t)walk->rank);
    walk->rank++;
    return true;
}

void ranked_reply(struct call *call, const struct entry *entry, struct zset_ranks ranks,
                  const struct ranked_options *options) {
    size_t count = ranks.end - ranks.start;
    struct ranked_walk walk = {
        .call = call,
        .options = options,
        .words = 1u + options->has_scores + options->has_ranks,
        .rank = options->is_reverse ? zset_len(entry) - ranks.end : ranks.start,
    };
    reply_array(call, call->session->version == RESP2 ? count * walk.words : count);
    if (count != 0) zset_visit(entry, ranks, options->is_reverse, reply_ranked, &walk);
}
