#include "data/types/zset/score.h"

#include <math.h>

int score_compare(struct score a, struct score b) {
    CHECK(a.kind == b.kind);
    uint64_t key = score_key(a), other = score_key(b);
    return (key > other) - (key < other);
}

double score_to_double(struct score score) {
    return score.kind == SCORE_DOUBLE ? score.number : (double)score.integer;
}

bool score_add(struct score a, struct score b, struct score *sum) {
    CHECK(a.kind == b.kind);
    struct score result = {.kind = a.kind};
    if (a.kind == SCORE_INT64) {
        if (!number_add_i64(a.integer, b.integer, &result.integer)) return false;
    } else {
        result.number = a.number + b.number;
        if (isnan(result.number)) return false;
    }
    *sum = result;
    return true;
}

/* --- text --- */

size_t score_format(struct score score, char out[SCORE_TEXT_MAX]) {
    return score.kind == SCORE_DOUBLE ? number_format_double(out, score.number)
                                      : number_format_i64(out, score.integer);
}

bool score_parse(struct bytes text, enum score_kind kind, struct score *score) {
    struct score read = {.kind = kind};
    bool is_good = kind == SCORE_DOUBLE ? number_parse_double(text, &read.number)
                                        : number_parse_i64(text, &read.integer);
    if (is_good) *score = read;
    return is_good;
}
