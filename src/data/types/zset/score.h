/* Scores of sorted sets: doubles (never NaN), or in sets of exact scores signed 64-bit integers. */
#ifndef DATA_TYPES_ZSET_SCORE_H
#define DATA_TYPES_ZSET_SCORE_H

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/containers/skiplist.h"
#include "foundation/number.h"

#include <stdbool.h>
#include <stdint.h>

enum score_kind { SCORE_DOUBLE, SCORE_INT64 };

/* A score where its kind is known. */
union score_cell {
    double number;
    int64_t integer;
};

struct score {
    enum score_kind kind;
    union {
        double number;
        int64_t integer;
        union score_cell cell;
    };
};

enum { SCORE_TEXT_MAX = NUMBER_DOUBLE_MAX_CHARS };

static inline struct score score_of_double(double number) {
    return (struct score){.kind = SCORE_DOUBLE, .number = number};
}

static inline struct score score_of_i64(int64_t integer) {
    return (struct score){.kind = SCORE_INT64, .integer = integer};
}

/* A number that orders as scores of one kind do; both zeros have the same. */
static inline uint64_t score_key(struct score score) {
    return score.kind == SCORE_DOUBLE ? skiplist_key_of_double(score.number)
                                      : skiplist_key_of_i64(score.integer);
}

/* Below, equal to or above 0. Scores of one kind. */
int score_compare(struct score a, struct score b);
/* Reads a score as users write it; false when it is none of that kind ("inf", hex and exponents for
 * doubles, as Redis; canonical integers for INT64). */
NODISCARD bool score_parse(struct bytes text, enum score_kind kind, struct score *score);
/* The shortest decimal that reads back equal ("inf", "-inf", "-0"), or the integer; returns the
 * length. */
size_t score_format(struct score score, char out[SCORE_TEXT_MAX]);
/* False when the sum is NaN or overflows the integers. Scores of one kind. */
NODISCARD bool score_add(struct score a, struct score b, struct score *sum);
/* As a double, for aggregates; exact up to 2^53. */
double score_to_double(struct score score);

#endif
