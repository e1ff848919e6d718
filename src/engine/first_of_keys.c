#include "engine/first_of_keys.h"

#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/collection_access.h"

static bool read_keys(struct call *call, uint32_t index, struct first_of_keys *wanted) {
    int64_t key_count;
    if (!argument_i64_in(call, index, 1, INT64_MAX, &key_count,
                         "ERR numkeys should be greater than 0"))
        return false;
    if (key_count >= call->argc - index - 1) {
        reply_error_syntax(call);
        return false;
    }
    wanted->first_key = index + 1;
    wanted->key_count = (uint32_t)key_count;
    return true;
}

static bool read_end(struct call *call, uint32_t index, const char *const words[2], uint32_t *end) {
    for (*end = 0; *end < 2; ++*end) {
        if (argument_is(call, index, words[*end])) return true;
    }
    reply_error_syntax(call);
    return false;
}

static bool read_max(struct call *call, uint32_t index, uint64_t *max) {
    int64_t count;
    bool is_count = argument_is(call, index, "count") && argument_has_next(call, index);
    if (is_count && !argument_i64_in(call, index + 1, 1, INT64_MAX, &count,
                                     "ERR count should be greater than 0"))
        return false;
    if (!is_count || index + 2 != call->argc) {
        reply_error_syntax(call);
        return false;
    }
    *max = (uint64_t)count;
    return true;
}

bool first_of_keys_read(struct call *call, uint32_t index, const char *const end_words[2],
                        struct first_of_keys *wanted) {
    wanted->max = 1;
    if (!read_keys(call, index, wanted)) return false;
    uint32_t where = wanted->first_key + wanted->key_count;
    if (!read_end(call, where, end_words, &wanted->end)) return false;
    return where + 1 == call->argc || read_max(call, where + 1, &wanted->max);
}

bool first_of_keys_take(struct call *call, const struct first_of_keys *wanted,
                        first_of_keys_function *take) {
    for (uint32_t i = 0; i < wanted->key_count; i++) {
        struct key key = call_key(call, wanted->first_key + i);
        struct found found;
        if (!collection_find(call, key, wanted->type, &found)) return true;
        if (found.entry == NULL) continue;
        take(call, key, &found, wanted);
        return true;
    }
    return false;
}

void first_of_keys_take_or_wait(struct call *call, const struct first_of_keys *wanted,
                                int64_t timeout_ms, first_of_keys_function *take) {
    struct blocking_request request = {
        .first_key = wanted->first_key,
        .key_count = wanted->key_count,
        .type = wanted->type,
        .timeout_ms = timeout_ms,
    };
    if (!first_of_keys_take(call, wanted, take)) blocking_wait(call, &request);
}

void first_of_keys_take_one_or_wait(struct call *call, enum value_type_id type, uint32_t end,
                                    first_of_keys_function *take) {
    struct first_of_keys wanted = {
        .type = type,
        .first_key = 1,
        .key_count = call->argc - 2,
        .end = end,
        .max = 1,
    };
    int64_t timeout_ms;
    if (!blocking_timeout(call, call->argc - 1, &timeout_ms)) return;
    first_of_keys_take_or_wait(call, &wanted, timeout_ms, take);
}
