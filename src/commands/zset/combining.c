#include "commands/zset/combining.h"

#include "engine/reply.h"

#include <math.h>

struct combination {
    const struct operands *operands;
    const struct operand *visited; /* whose members are visited */
    struct zset_builder *builder;
    enum score_kind kind;
    bool has_overflowed;
    uint64_t count; /* combining_count_intersection's */
};

/* --- scores --- */

static int64_t to_integer(struct score score) {
    return score.kind == SCORE_INT64 ? score.integer : (int64_t)score.number;
}

static union score_cell weigh_exactly(struct combination *combination,
                                      const struct operand *operand, struct score score) {
    union score_cell value = {.integer = (int64_t)operand->weight};
    if (combination->operands->aggregate == AGGREGATE_COUNT) return value;
    if (!number_mul_i64(value.integer, to_integer(score), &value.integer))
        combination->has_overflowed = true;
    return value;
}

/* What a member's score in a operand contributes to the result; may be NaN. */
static union score_cell weigh(struct combination *combination, const struct operand *operand,
                              struct score score) {
    if (combination->kind == SCORE_INT64) return weigh_exactly(combination, operand, score);
    union score_cell value = {.number = operand->weight};
    if (combination->operands->aggregate != AGGREGATE_COUNT) value.number *= score_to_double(score);
    return value;
}

/* The first contribution to a member's score. */
static union score_cell weigh_first(struct combination *combination, struct score score) {
    union score_cell value = weigh(combination, combination->visited, score);
    if (combination->kind == SCORE_DOUBLE && isnan(value.number)) value.number = 0;
    return value;
}

static void join_exactly(struct combination *combination, int64_t *target, int64_t value) {
    enum aggregate aggregate = combination->operands->aggregate;
    if (aggregate == AGGREGATE_MIN) {
        if (value < *target) *target = value;
    } else if (aggregate == AGGREGATE_MAX) {
        if (value > *target) *target = value;
    } else if (!number_add_i64(*target, value, target)) {
        combination->has_overflowed = true;
    }
}

static void join_doubles(enum aggregate aggregate, double *target, double value) {
    if (aggregate == AGGREGATE_MIN) {
        if (value < *target) *target = value;
    } else if (aggregate == AGGREGATE_MAX) {
        if (value > *target) *target = value;
    } else {
        *target += value;
        if (isnan(*target)) *target = 0;
    }
}

static void join(struct combination *combination, union score_cell *target,
                 union score_cell value) {
    if (combination->kind == SCORE_INT64)
        join_exactly(combination, &target->integer, value.integer);
    else
        join_doubles(combination->operands->aggregate, &target->number, value.number);
}

static void add(struct combination *combination, struct bytes member, union score_cell score) {
    bool is_new;
    *zset_builder_member(combination->builder, member, &is_new) = score;
}

static struct combination begin(const struct operands *operands, enum score_kind kind,
                                size_t expected_count) {
    return (struct combination){.operands = operands,
                                .visited = &operands->items[0],
                                .builder = zset_builder_new(kind, expected_count),
                                .kind = kind};
}

static struct zset_builder *finish(struct combination *combination) {
    if (!combination->has_overflowed) return combination->builder;
    zset_builder_free(combination->builder);
    return NULL;
}

/* --- union --- */

static bool unite_member(void *context, struct bytes member, struct score score) {
    struct combination *combination = context;
    bool is_new;
    union score_cell value = weigh_first(combination, score);
    union score_cell *target = zset_builder_member(combination->builder, member, &is_new);
    if (is_new)
        *target = value;
    else
        join(combination, target, value);
    return !combination->has_overflowed;
}

struct zset_builder *combining_unite(struct operands *operands) {
    operands_sort(operands);
    size_t largest_len = operands->items[operands->count - 1].len;
    struct combination combination = begin(operands, operands_score_kind(operands), largest_len);
    for (uint32_t i = 0; i < operands->count && !combination.has_overflowed; i++) {
        combination.visited = &operands->items[i];
        operand_for_each(combination.visited, unite_member, &combination);
    }
    return finish(&combination);
}

/* --- intersection --- */

static bool intersect_member(void *context, struct bytes member, struct score score) {
    struct combination *combination = context;
    const struct operands *operands = combination->operands;
    union score_cell sum = weigh_first(combination, score);
    for (uint32_t i = 1; i < operands->count; i++) {
        const struct operand *operand = &operands->items[i];
        if (!operand_score(operand, member, &score)) return true;
        join(combination, &sum, weigh(combination, operand, score));
    }
    add(combination, member, sum);
    return !combination->has_overflowed;
}

struct zset_builder *combining_intersect(struct operands *operands) {
    operands_sort(operands);
    struct combination combination = begin(operands, operands_score_kind(operands), 0);
    operand_for_each(combination.visited, intersect_member, &combination);
    return finish(&combination);
}

static bool count_member(void *context, struct bytes member, struct score score) {
    struct combination *combination = context;
    const struct operands *operands = combination->operands;
    for (uint32_t i = 1; i < operands->count; i++) {
        if (!operand_score(&operands->items[i], member, &score)) return true;
    }
    combination->count++;
    return combination->count != operands->limit;
}

uint64_t combining_count_intersection(struct operands *operands) {
    operands_sort(operands);
    struct combination combination = {.operands = operands};
    operand_for_each(&operands->items[0], count_member, &combination);
    return combination.count;
}

/* --- difference --- */

static bool subtract_member(void *context, struct bytes member, struct score score) {
    struct combination *combination = context;
    const struct operands *operands = combination->operands;
    struct score other;
    for (uint32_t i = 1; i < operands->count; i++) {
        if (operand_score(&operands->items[i], member, &other)) return true;
    }
    add(combination, member, score.cell);
    return true;
}

struct zset_builder *combining_subtract(struct operands *operands) {
    const struct entry *first = operands->items[0].entry;
    bool has_scores = first != NULL && first->type == VALUE_ZSET;
    struct combination combination =
        begin(operands, has_scores ? zset_score_kind(first) : SCORE_DOUBLE, 0);
    operand_for_each(combination.visited, subtract_member, &combination);
    return finish(&combination);
}

/* --- errors --- */

void combining_reply_overflow(struct call *call) {
    reply_error(call, "ERR resulting score is out of range");
}
