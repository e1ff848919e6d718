#include "engine/draw_count.h"

#include "engine/arguments.h"
#include "engine/reply.h"

static const int64_t max_repeated = 1 << 26;

static bool check_end(struct call *call, const char *word, bool *has_word) {
    *has_word = call->argc == 4 && word != NULL && argument_is(call, 3, word);
    if (call->argc == 3 || *has_word) return true;
    reply_error_syntax(call);
    return false;
}

static bool read_count(struct call *call, int64_t *count) {
    if (!argument_i64(call, 2, count)) return false;
    if (*count != INT64_MIN) return true;
    reply_error_printf(call, "ERR value is out of range, value must between %lld and %lld",
                       (long long)-INT64_MAX, (long long)INT64_MAX);
    return false;
}

bool draw_count_read(struct call *call, const char *word, struct draw_count *drawn) {
    int64_t count;
    if (word == NULL && !check_end(call, word, &drawn->has_values)) return false;
    if (!read_count(call, &count) || !check_end(call, word, &drawn->has_values)) return false;
    bool is_too_long = drawn->has_values && (count < -INT64_MAX / 2 || count > INT64_MAX / 2);
    if (is_too_long || count < -max_repeated) {
        reply_error(call, "ERR value is out of range");
        return false;
    }
    drawn->is_distinct = count >= 0;
    drawn->count = drawn->is_distinct ? (uint64_t)count : (uint64_t)-count;
    return true;
}

uint64_t draw_count_cut(const struct draw_count *drawn, uint64_t len) {
    if (len == 0) return 0;
    return drawn->is_distinct && drawn->count > len ? len : drawn->count;
}
