/* A range of a sorted set as ZRANGE and its kin name it: "key start stop [BYSCORE | BYLEX] [REV]
 * [LIMIT offset count] [WITHSCORES] [WITHRANKS]". */
#ifndef COMMANDS_ZSET_RANGE_QUERY_H
#define COMMANDS_ZSET_RANGE_QUERY_H

#include "commands/zset/bounds.h"

enum range_kind { RANGE_ANY, RANGE_RANKS, RANGE_SCORES, RANGE_LEX };
enum range_direction { RANGE_EITHER, RANGE_FORWARD, RANGE_REVERSE };

/* What a command's name says; the rest is left to options. */
struct range_form {
    uint32_t key_index; /* the bounds follow */
    enum range_kind kind;
    enum range_direction direction;
    bool is_stored; /* takes neither WITHSCORES nor WITHRANKS */
};

struct range_query {
    enum range_kind kind;
    bool is_reverse;
    bool has_scores;
    bool has_ranks;        /* WITHRANKS, of ZRANGE alone */
    int64_t offset, limit; /* LIMIT; negative limit: no limit */
    union {
        struct {
            int64_t start, stop;
        } indexes;
        struct score_bounds scores;
        struct zset_lex_range lex;
    };
};

/* False after the error reply. */
NODISCARD bool range_query_read(struct call *call, const struct range_form *form,
                                struct range_query *query);
struct zset_ranks range_query_find(const struct range_query *query, const struct entry *entry);

#endif
