/* What stands behind the key of a take: a policy, and options in any order.
 *
 *      request = policy { option }
 *      policy  = BUCKET capacity refill period_ms | GCRA burst count period_ms
 *              | LEAKY capacity leak period_ms | FIXED limit window_ms | SLIDING limit window_ms
 *              | LOG limit window_ms | CONCURRENT limit lease_ms | USE name
 *      option  = ALIGNED | BUCKETS b | TOKEN id | COST n | MODE m | HEADERS
 *
 * The first three options belong to one algorithm each. Every error names the argument. */
#ifndef COMMANDS_RATELIMIT_REQUEST_H
#define COMMANDS_RATELIMIT_REQUEST_H

#include "data/types/ratelimit/algorithm.h"
#include "engine/call.h"
#include "engine/rate_policies.h"
#include "foundation/check.h"

enum take_option {
    TAKE_MAY_HAVE_TOKEN = 1 << 0,
    TAKE_MAY_HAVE_COST = 1 << 1,
    TAKE_MAY_HAVE_MODE = 1 << 2,
    TAKE_MAY_HAVE_HEADERS = 1 << 3,
    TAKE_MAY_HAVE_USE = 1 << 4,
};

struct take {
    struct rate_policy policy;
    struct stored_rate_policy *stored; /* with USE; else NULL */
    struct rate_request request;       /* of this moment; no peek */
    bool has_headers;
};

/* Reads a request from the argument at *index on, with these options of enum take_option (and those
 * of the algorithm), up to the first word that is none of them, and moves *index there. False after
 * the error reply. A CONCURRENT policy without a token is an error where TOKEN may stand. */
NODISCARD bool take_parse(struct call *call, uint32_t *index, unsigned options, struct take *take);
/* The same up to the last argument: what is left over is an error. */
NODISCARD bool take_parse_all(struct call *call, uint32_t index, unsigned options,
                              struct take *take);
/* Where the request that begins at `index` ends, by its words alone; 0 when it does not fit. */
uint32_t take_find_end(const struct bytes *args, uint32_t argc, uint32_t index);

/* An integer argument from min to max; "ERR <what> is not an integer from <min> to <max>". */
NODISCARD bool take_parse_number(struct call *call, uint32_t index, const char *what, int64_t min,
                                 int64_t max, int64_t *value);
/* A token of a lease, 1 to RATE_TOKEN_MAX bytes. */
NODISCARD bool take_parse_token(struct call *call, uint32_t index, struct bytes *token);

#endif
