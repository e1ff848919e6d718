#include "engine/member_due_options.h"

#include "engine/reply.h"
#include "foundation/number.h"

enum { KEYWORD_WORDS = 2 /* FIELDS n */, MS_PER_SECOND = 1000 };

static const int64_t max_due_ms = ((int64_t)1 << 46) - 1;

static bool reject(struct call *call, const char *error) {
    reply_error(call, error);
    return false;
}

/* --- lists --- */

bool member_list_parse_last(struct call *call, uint32_t index,
                            const struct member_list_texts *texts, struct member_list *list) {
    int64_t count;
    if (!argument_has_next(call, index) || !argument_is(call, index, texts->keyword))
        return reject(call, texts->missing);
    if (!argument_i64_in(call, index + 1, 1, INT64_MAX, &count, texts->bad_count)) return false;
    if (count != call->argc - index - KEYWORD_WORDS) return reject(call, texts->not_all);
    list->items = call->args + index + KEYWORD_WORDS;
    list->count = (uint32_t)count;
    return true;
}

bool member_list_parse_option(struct call *call, uint32_t *index, uint32_t words,
                              const struct member_option_texts *texts, struct member_list *list) {
    uint32_t first = *index + KEYWORD_WORDS;
    int64_t count;
    if (list->items != NULL) return reject(call, texts->twice);
    if (first >= call->argc) return reject(call, texts->too_short);
    if (!argument_i64_in(call, first - 1, 1, INT32_MAX, &count, texts->bad_count)) return false;
    if (count > (call->argc - first) / words) return reject(call, "ERR wrong number of arguments");
    list->items = call->args + first;
    list->count = (uint32_t)count;
    *index = first + list->count * words - 1;
    return true;
}

bool member_list_reject_argument(struct call *call, uint32_t index) {
    reply_error_printf(call, "ERR unknown argument: %.*s", (int)call->args[index].len,
                       call->args[index].data);
    return false;
}

/* --- due times --- */

bool member_due_parse(struct call *call, uint32_t index, enum due_unit unit, int64_t *due_ms) {
    int64_t value;
    if (!argument_i64(call, index, &value)) return false;
    if (value < 0) return reject(call, "ERR invalid expire time, must be >= 0");
    bool is_seconds = unit == DUE_SECONDS || unit == DUE_UNIX_SECONDS;
    bool is_relative = unit == DUE_SECONDS || unit == DUE_MS;
    bool is_possible = (!is_seconds || number_mul_i64(value, MS_PER_SECOND, &value)) &&
                       (!is_relative || number_add_i64(value, call_now_ms(call), &value));
    if (!is_possible || value > max_due_ms) {
        reply_error_printf(call, "ERR invalid expire time in '%s' command",
                           call->command->full_name);
        return false;
    }
    *due_ms = value > 0 ? value : 1;
    return true;
}

static int64_t round_up_to_seconds(int64_t ms) {
    return (ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
}

int64_t member_due_tell(int64_t due_ms, enum due_unit unit, int64_t now_ms) {
    switch (unit) {
    case DUE_SECONDS: return round_up_to_seconds(due_ms - now_ms);
    case DUE_MS: return due_ms - now_ms;
    case DUE_UNIX_SECONDS: return round_up_to_seconds(due_ms);
    case DUE_UNIX_MS: return due_ms;
    }
    return MEMBER_HAS_NO_DUE;
}

/* --- conditions --- */

bool member_due_condition_holds(enum member_due_condition condition, int64_t old_ms,
                                int64_t due_ms) {
    switch (condition) {
    case MEMBER_DUE_ALWAYS: return true;
    case MEMBER_DUE_ONLY_WITHOUT: return old_ms == 0;
    case MEMBER_DUE_ONLY_WITH: return old_ms != 0;
    case MEMBER_DUE_ONLY_LATER: return old_ms != 0 && due_ms > old_ms;
    case MEMBER_DUE_ONLY_SOONER: return old_ms == 0 || due_ms < old_ms;
    }
    return false;
}

static bool parse_condition_word(const struct call *call, uint32_t index,
                                 enum member_due_condition *condition) {
    static const struct {
        const char *word;
        enum member_due_condition condition;
    } words[] = {
        {"nx", MEMBER_DUE_ONLY_WITHOUT},
        {"xx", MEMBER_DUE_ONLY_WITH},
        {"gt", MEMBER_DUE_ONLY_LATER},
        {"lt", MEMBER_DUE_ONLY_SOONER},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!argument_is(call, index, words[i].word)) continue;
        *condition = words[i].condition;
        return true;
    }
    return false;
}

bool member_due_parse_options(struct call *call, uint32_t first,
                              const struct member_option_texts *texts,
                              struct member_due_options *options) {
    *options = (struct member_due_options){.condition = MEMBER_DUE_ALWAYS};
    bool is_ambiguous = false;
    for (uint32_t i = first; i < call->argc; i++) {
        enum member_due_condition condition;
        if (argument_is(call, i, texts->keyword)) {
            if (!member_list_parse_option(call, &i, 1, texts, &options->list)) return false;
        } else if (parse_condition_word(call, i, &condition)) {
            is_ambiguous |=
                options->condition != MEMBER_DUE_ALWAYS && options->condition != condition;
            options->condition = condition;
        } else {
            return member_list_reject_argument(call, i);
        }
    }
    if (options->list.items == NULL) return reject(call, texts->missing);
    if (is_ambiguous) return reject(call, "ERR Multiple condition flags specified");
    return true;
}
