#include "commands/zset/range_query.h"

#include "engine/arguments.h"
#include "engine/reply.h"

/* --- options --- */

/* A query being read: what the form and the options so far leave open. */
struct reading {
    const struct range_form *form;
    enum range_kind kind;
    enum range_direction direction;
    struct range_query *query;
};

static bool read_limit(struct call *call, uint32_t index, struct range_query *query) {
    return argument_i64(call, index + 1, &query->offset) &&
           argument_i64(call, index + 2, &query->limit);
}

/* Reads the option at `*index` and moves to its last argument. */
static bool read_option(struct call *call, uint32_t *index, struct reading *reading) {
    uint32_t at = *index;
    const struct range_form *form = reading->form;
    if (!form->is_stored && argument_is(call, at, "withscores")) {
        reading->query->has_scores = true;
    } else if (!form->is_stored && form->kind == RANGE_ANY && argument_is(call, at, "withranks")) {
        reading->query->has_ranks = true;
    } else if (argument_is(call, at, "limit") && at + 2 < call->argc) {
        *index += 2;
        return read_limit(call, at, reading->query);
    } else if (reading->direction == RANGE_EITHER && argument_is(call, at, "rev")) {
        reading->direction = RANGE_REVERSE;
    } else if (reading->kind == RANGE_ANY && argument_is(call, at, "bylex")) {
        reading->kind = RANGE_LEX;
    } else if (reading->kind == RANGE_ANY && argument_is(call, at, "byscore")) {
        reading->kind = RANGE_SCORES;
    } else {
        reply_error_syntax(call);
        return false;
    }
    return true;
}

static bool read_options(struct call *call, struct reading *reading) {
    for (uint32_t i = reading->form->key_index + 3; i < call->argc; i++) {
        if (!read_option(call, &i, reading)) return false;
    }
    reading->query->kind = reading->kind == RANGE_ANY ? RANGE_RANKS : reading->kind;
    reading->query->is_reverse = reading->direction == RANGE_REVERSE;
    return true;
}

static bool check_options(struct call *call, const struct range_query *query) {
    if (query->limit != -1 && query->kind == RANGE_RANKS) {
        reply_error(call, "ERR syntax error, LIMIT is only supported in combination with either "
                          "BYSCORE or BYLEX");
        return false;
    }
    if (query->has_scores && query->kind == RANGE_LEX) {
        reply_error(call, "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    return true;
}

/* --- bounds --- */

/* The upper bound stands first in a reverse range by score or bytes. */
static bool read_bounds(struct call *call, uint32_t index, struct range_query *query) {
    uint32_t min_index = query->is_reverse ? index + 1 : index;
    uint32_t max_index = query->is_reverse ? index : index + 1;
    if (query->kind == RANGE_SCORES)
        return bounds_read_scores(call, min_index, max_index, &query->scores);
    if (query->kind == RANGE_LEX) return bounds_read_lex(call, min_index, max_index, &query->lex);
    return argument_i64(call, index, &query->indexes.start) &&
           argument_i64(call, index + 1, &query->indexes.stop);
}

bool range_query_read(struct call *call, const struct range_form *form, struct range_query *query) {
    *query = (struct range_query){.limit = -1};
    struct reading reading = {
        .form = form, .kind = form->kind, .direction = form->direction, .query = query};
    return read_options(call, &reading) && check_options(call, query) &&
           read_bounds(call, form->key_index + 1, query);
}

/* --- finding --- */

/* A negative offset leaves nothing, as in Redis. */
static struct zset_ranks apply_limit(const struct range_query *query, struct zset_ranks ranks) {
    uint64_t count = ranks.end - ranks.start;
    if (query->offset < 0 || (uint64_t)query->offset >= count) return (struct zset_ranks){0};
    count -= (uint64_t)query->offset;
    if (query->limit >= 0 && (uint64_t)query->limit < count) count = (uint64_t)query->limit;
    if (query->is_reverse) {
        ranks.end -= (uint64_t)query->offset;
        ranks.start = ranks.end - count;
    } else {
        ranks.start += (uint64_t)query->offset;
        ranks.end = ranks.start + count;
    }
    return ranks;
}

static struct zset_ranks find_indexes(const struct range_query *query, size_t len) {
    struct zset_ranks ranks = bounds_find_ranks(query->indexes.start, query->indexes.stop, len);
    if (!query->is_reverse) return ranks;
    return (struct zset_ranks){.start = len - ranks.end, .end = len - ranks.start};
}

struct zset_ranks range_query_find(const struct range_query *query, const struct entry *entry) {
    if (query->kind == RANGE_RANKS) return find_indexes(query, zset_len(entry));
    if (query->kind == RANGE_LEX) return apply_limit(query, zset_ranks_by_lex(entry, &query->lex));
    return apply_limit(query, bounds_find_scores(&query->scores, entry));
}
