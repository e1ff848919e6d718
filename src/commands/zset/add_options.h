/* The options of ZADD, and where its pairs of score and member stand. */
#ifndef COMMANDS_ZSET_ADD_OPTIONS_H
#define COMMANDS_ZSET_ADD_OPTIONS_H

#include "engine/call.h"
#include "foundation/check.h"

struct add_options {
    bool is_new_only;     /* NX */
    bool is_old_only;     /* XX */
    bool is_greater_only; /* GT: only to a greater score */
    bool is_less_only;    /* LT */
    bool counts_changes;  /* CH: changed scores count too */
    bool is_increment;    /* INCR: the score is added, and the sum replied */
    bool is_exact;        /* INT64: exact integer scores */
    bool keeps_lowest;    /* MAXLEN … KEEP LOWEST */
    uint64_t max_len;     /* MAXLEN: what the set is cut to afterwards; 0: not given */
    uint32_t first_pair;  /* index */
    uint32_t pair_count;
};

/* Reads "key [NX | XX] [GT | LT] [CH] [INCR] [MAXLEN max-len [KEEP HIGHEST | LOWEST]] [INT64] score
 * member…"; false after the error reply. `options` holds what the command itself brings. The
 * scores are not looked at. */
NODISCARD bool add_options_read(struct call *call, struct add_options *options);

#endif
