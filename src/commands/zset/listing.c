#include "commands/zset/listing.h"

#include "engine/arguments.h"

bool listing_read_score(struct call *call, uint32_t index, enum score_kind kind,
                        struct score *score) {
    if (score_parse(call->args[index], kind, score)) return true;
    if (kind == SCORE_DOUBLE)
        reply_error_not_float(call);
    else
        reply_error_not_integer(call);
    return false;
}

void listing_reply_exact_score(struct call *call, int64_t score) {
    if (call->session->version == RESP2)
        reply_bulk_integer(call, score);
    else
        reply_integer(call, score);
}

bool listing_reply_member(void *context, struct bytes member, struct score score UNUSED) {
    reply_bulk(context, member);
    return true;
}

bool listing_reply_member_score(void *context, struct bytes member, struct score score) {
    reply_bulk(context, member);
    listing_reply_score(context, score);
    return true;
}

bool listing_reply_pair(void *context, struct bytes member, struct score score) {
    reply_array(context, 2);
    return listing_reply_member_score(context, member, score);
}

zset_visit_function *listing_begin(struct call *call, uint64_t count, bool has_scores) {
    bool is_flat = has_scores && call->session->version == RESP2;
    reply_array(call, is_flat ? 2 * count : count);
    if (!has_scores) return listing_reply_member;
    return is_flat ? listing_reply_member_score : listing_reply_pair;
}
