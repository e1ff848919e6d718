#include "commands/zset/operands.h"

#include "data/types/set/set.h"
#include "engine/arguments.h"
#include "engine/prefetch.h"
#include "engine/reply.h"
#include "foundation/mem.h"

#include <math.h>
#include <stdlib.h>

static const struct score score_of_set_members = {.kind = SCORE_DOUBLE, .number = 1};

/* --- keys --- */

static bool read_count(struct call *call, uint32_t index, uint32_t *count) {
    int64_t read;
    if (!argument_i64(call, index, &read)) return false;
    if (read < 1) {
        reply_error_printf(call, "ERR at least 1 input key is needed for '%s' command",
                           call->command->full_name);
        return false;
    }
    if (read > (int64_t)call->argc - index - 1) {
        reply_error_syntax(call);
        return false;
    }
    *count = (uint32_t)read;
    return true;
}

static size_t len_of(const struct entry *entry) {
    if (entry == NULL) return 0;
    return entry->type == VALUE_SET ? set_len(entry) : zset_len(entry);
}

static bool add_operand(struct call *call, struct key key, struct operands *operands) {
    const struct entry *entry = database_read(call->db, key);
    if (entry != NULL && entry->type != VALUE_ZSET && entry->type != VALUE_SET) {
        reply_error_wrong_type(call);
        return false;
    }
    operands->items[operands->count] = (struct operand){
        .entry = entry, .len = len_of(entry), .weight = 1, .position = operands->count};
    operands->count++;
    return true;
}

static bool look_up(struct call *call, uint32_t first, uint32_t end, struct operands *operands) {
    struct key keys[PREFETCH_MAX_KEYS];
    while (first < end) {
        size_t count = prefetch_keys(call, first, end, 1, keys);
        for (size_t i = 0; i < count; i++) {
            if (!add_operand(call, keys[i], operands)) return false;
        }
        first += (uint32_t)count;
    }
    return true;
}

/* --- options --- */

static bool read_weights(struct call *call, uint32_t first, struct operands *operands) {
    for (uint32_t i = 0; i < operands->count; i++) {
        if (number_parse_double(call->args[first + i], &operands->items[i].weight)) continue;
        reply_error(call, "ERR weight value is not a float");
        return false;
    }
    return true;
}

static bool read_aggregate(struct call *call, uint32_t index, struct operands *operands) {
    static const char *const words[] = {
        [AGGREGATE_SUM] = "sum",
        [AGGREGATE_MIN] = "min",
        [AGGREGATE_MAX] = "max",
        [AGGREGATE_COUNT] = "count",
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!argument_is(call, index, words[i])) continue;
        operands->aggregate = (enum aggregate)i;
        return true;
    }
    reply_error_syntax(call);
    return false;
}

static bool read_limit(struct call *call, uint32_t index, struct operands *operands) {
    int64_t limit;
    if (!argument_i64_in(call, index, 0, INT64_MAX, &limit, "ERR LIMIT can't be negative"))
        return false;
    operands->limit = (uint64_t)limit;
    return true;
}

/* Reads the option at `*index` and moves to its last argument. */
static bool read_option(struct call *call, uint32_t *index, unsigned options,
                        struct operands *operands) {
    uint32_t at = *index;
    uint32_t behind = call->argc - at - 1;
    bool is_weighted = (options & OPERANDS_WEIGHTED) != 0;
    if (is_weighted && behind >= operands->count && argument_is(call, at, "weights")) {
        *index += operands->count;
        return read_weights(call, at + 1, operands);
    }
    if (is_weighted && behind >= 1 && argument_is(call, at, "aggregate")) {
        ++*index;
        return read_aggregate(call, at + 1, operands);
    }
    if ((options & OPERANDS_LIMITED) != 0 && behind >= 1 && argument_is(call, at, "limit")) {
        ++*index;
        return read_limit(call, at + 1, operands);
    }
    if ((options & OPERANDS_SCORED) != 0 && argument_is(call, at, "withscores")) {
        operands->has_scores = true;
        return true;
    }
    reply_error_syntax(call);
    return false;
}

static bool read_options(struct call *call, uint32_t first, unsigned options,
                         struct operands *operands) {
    for (uint32_t i = first; i < call->argc; i++) {
        if (!read_option(call, &i, options, operands)) return false;
    }
    return true;
}

bool operands_read(struct call *call, uint32_t index, unsigned options, struct operands *operands) {
    uint32_t count;
    if (!read_count(call, index, &count)) return false;
    uint32_t end = index + 1 + count;
    *operands = (struct operands){.items = mem_alloc_array(count, sizeof(*operands->items))};
    bool is_read =
        look_up(call, index + 1, end, operands) && read_options(call, end, options, operands);
    if (!is_read) operands_free(operands);
    return is_read;
}

void operands_free(struct operands *operands) {
    mem_free(operands->items);
}

/* --- asking --- */

static int compare_operands(const void *a, const void *b) {
    const struct operand *left = a, *right = b;
    if (left->len != right->len) return left->len < right->len ? -1 : 1;
    return left->position < right->position ? -1 : left->position > right->position;
}

void operands_sort(struct operands *operands) {
    qsort(operands->items, operands->count, sizeof(*operands->items), compare_operands);
}

static bool is_whole(double weight) {
    static const double max_exact = 9007199254740992; /* 2^53 */
    return fabs(weight) <= max_exact && trunc(weight) == weight;
}

enum score_kind operands_score_kind(const struct operands *operands) {
    enum score_kind kind = SCORE_DOUBLE;
    for (uint32_t i = 0; i < operands->count; i++) {
        const struct entry *entry = operands->items[i].entry;
        if (!is_whole(operands->items[i].weight)) return SCORE_DOUBLE;
        if (entry == NULL || entry->type != VALUE_ZSET) continue;
        kind = zset_score_kind(entry);
        if (kind == SCORE_DOUBLE) return SCORE_DOUBLE;
    }
    return kind;
}

bool operand_score(const struct operand *operand, struct bytes member, struct score *score) {
    if (operand->entry == NULL) return false;
    if (operand->entry->type == VALUE_ZSET) return zset_score(operand->entry, member, score);
    *score = score_of_set_members;
    return set_has(operand->entry, member);
}

/* A visitor of sorted sets shown the members of a set. */
struct adapter {
    zset_visit_function *visit;
    void *context;
};

static bool visit_set_member(void *context, struct bytes member) {
    const struct adapter *adapter = context;
    return adapter->visit(adapter->context, member, score_of_set_members);
}

void operand_for_each(const struct operand *operand, zset_visit_function *visit, void *context) {
    if (operand->entry == NULL) return;
    if (operand->entry->type == VALUE_ZSET)
        zset_for_each(operand->entry, visit, context);
    else
        set_for_each(operand->entry, visit_set_member, &(struct adapter){visit, context});
}
