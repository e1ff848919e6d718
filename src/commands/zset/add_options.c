#include "commands/zset/add_options.h"

#include "engine/arguments.h"
#include "engine/reply.h"

/* Most calls have no options: a look at the first byte settles it. */
static bool may_be_word(struct bytes argument) {
    return argument.len != 0 && (argument.data[0] | 0x20) >= 'a';
}

/* A word at `*index`, moving past it. */
static bool read_flag(const struct call *call, uint32_t *index, struct add_options *options) {
    const struct {
        const char *word;
        bool *field;
    } words[] = {
        {"nx", &options->is_new_only},     {"xx", &options->is_old_only},
        {"gt", &options->is_greater_only}, {"lt", &options->is_less_only},
        {"ch", &options->counts_changes},  {"incr", &options->is_increment},
        {"int64", &options->is_exact},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!argument_is(call, *index, words[i].word)) continue;
        *words[i].field = true;
        ++*index;
        return true;
    }
    return false;
}

static bool reject(struct call *call, const char *error) {
    reply_error(call, error);
    return false;
}

/* MAXLEN count [KEEP HIGHEST | LOWEST] at `*index`, moving past it; false after the error reply. */
static bool read_max_len(struct call *call, uint32_t *index, struct add_options *options) {
    int64_t max_len;
    if (!argument_has_next(call, *index))
        return reject(call, "ERR MAXLEN needs a number of members");
    if (!argument_i64_in(call, *index + 1, 1, INT64_MAX, &max_len,
                         "ERR MAXLEN must be a number of members, 1 or more"))
        return false;
    options->max_len = (uint64_t)max_len;
    *index += 2;
    if (*index == call->argc || !argument_is(call, *index, "keep")) return true;
    options->keeps_lowest =
        argument_has_next(call, *index) && argument_is(call, *index + 1, "lowest");
    if (!options->keeps_lowest &&
        (!argument_has_next(call, *index) || !argument_is(call, *index + 1, "highest")))
        return reject(call, "ERR KEEP must be followed by HIGHEST or LOWEST");
    *index += 2;
    return true;
}

/* Reads what stands before the pairs; false after the error reply. */
static bool read_words(struct call *call, uint32_t *index, struct add_options *options) {
    while (*index < call->argc && UNLIKELY(may_be_word(call->args[*index]))) {
        if (argument_is(call, *index, "maxlen")) {
            if (!read_max_len(call, index, options)) return false;
        } else if (!read_flag(call, index, options)) {
            break;
        }
    }
    return true;
}

static const char *find_conflict(const struct add_options *options) {
    bool has_comparison = options->is_greater_only || options->is_less_only;
    if (options->is_new_only && options->is_old_only)
        return "ERR XX and NX options at the same time are not compatible";
    if ((has_comparison && options->is_new_only) ||
        (options->is_greater_only && options->is_less_only))
        return "ERR GT, LT, and/or NX options at the same time are not compatible";
    if (options->is_increment && options->pair_count > 1)
        return "ERR INCR option supports a single increment-element pair";
    return NULL;
}

bool add_options_read(struct call *call, struct add_options *options) {
    uint32_t index = 2;
    if (!read_words(call, &index, options)) return false;
    uint32_t left = call->argc - index;
    if (left == 0 || left % 2 != 0) {
        reply_error_syntax(call);
        return false;
    }
    options->first_pair = index;
    options->pair_count = left / 2;
    const char *conflict = find_conflict(options);
    if (conflict != NULL) reply_error(call, conflict);
    return conflict == NULL;
}
