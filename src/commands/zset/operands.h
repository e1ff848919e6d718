/* The sets, sorted or plain, that a command of set algebra works on, each with its weight. */
#ifndef COMMANDS_ZSET_OPERANDS_H
#define COMMANDS_ZSET_OPERANDS_H

#include "data/types/zset/zset.h"
#include "engine/call.h"
#include "foundation/check.h"

struct operand {
    const struct entry *entry; /* a sorted set, a set, whose members have the score 1, or NULL */
    size_t len;
    double weight;
    uint32_t position; /* among the keys of the command */
};

enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_COUNT };

/* Which options a command takes behind its keys. */
enum operand_option {
    OPERANDS_WEIGHTED = 1 << 0, /* WEIGHTS and AGGREGATE */
    OPERANDS_SCORED = 1 << 1,   /* WITHSCORES */
    OPERANDS_LIMITED = 1 << 2,  /* LIMIT */
};

struct operands {
    struct operand *items; /* owned */
    uint32_t count;
    enum aggregate aggregate;
    bool has_scores;
    uint64_t limit; /* 0: none */
};

/* Reads "numkeys key… options" from an index on and looks the keys up. False, with nothing to
 * free, after the error reply. Entries are valid until a key is changed. */
NODISCARD bool operands_read(struct call *call, uint32_t index, unsigned options,
                             struct operands *operands);
void operands_free(struct operands *operands);
/* The smallest first; of one length in the command's order. */
void operands_sort(struct operands *operands);

/* The kind of the scores that follow from these: exact when there are exact sorted sets, no others,
 * and no weight with a fraction. */
enum score_kind operands_score_kind(const struct operands *operands);

/* The score a member has in a operand; false when it is not there. */
NODISCARD bool operand_score(const struct operand *operand, struct bytes member,
                             struct score *score);
void operand_for_each(const struct operand *operand, zset_visit_function *visit, void *context);

#endif
