/* Errors counted by their code, the first word of an error reply (INFO errorstats). A peer can make at
 * most ERROR_STATS_MAX codes; what comes after, and what has no code, is counted together as OTHER. */
#ifndef ENGINE_ERROR_STATS_H
#define ENGINE_ERROR_STATS_H

#include "foundation/bytes.h"

#include <stdint.h>

enum { ERROR_STATS_MAX = 128, ERROR_CODE_MAX = 32 };

struct error_count {
    char code[ERROR_CODE_MAX];
    uint64_t count;
};

struct error_stats {
    uint32_t code_count;
    uint64_t total;
    struct error_count counts[ERROR_STATS_MAX];
};

/* Counts an error reply by its text ("ERR no such key" counts as ERR). */
void error_stats_note(struct error_stats *stats, struct bytes text);
void error_stats_reset(struct error_stats *stats);

#endif
