#include "engine/scan_options.h"

#include "engine/arguments.h"
#include "engine/reply.h"
#include "foundation/glob.h"
#include "foundation/number.h"

static struct bytes cut_front(struct bytes text) {
    return bytes_of(text.data + 1, text.len - 1);
}

bool scan_parse_cursor(struct call *call, uint32_t index, uint64_t *cursor) {
    struct bytes text = call->args[index];
    *cursor = 0;
    if (text.len == 0) return true;
    bool is_negative = text.data[0] == '-';
    if (is_negative || text.data[0] == '+') text = cut_front(text);
    while (text.len > 1 && text.data[0] == '0') text = cut_front(text);
    if (number_parse_u64(text, cursor)) {
        if (is_negative) *cursor = -*cursor;
        return true;
    }
    reply_error(call, "ERR invalid cursor");
    return false;
}

static bool parse_count(struct call *call, uint32_t index, uint64_t *count) {
    int64_t value;
    if (!argument_i64(call, index, &value)) return false;
    if (value < 1) {
        reply_error_syntax(call);
        return false;
    }
    *count = (uint64_t)value;
    return true;
}

/* An option with its value, which stands behind it. */
static bool parse_pair(struct call *call, uint32_t index, unsigned words,
                       struct scan_options *options) {
    if (argument_is(call, index, "count")) return parse_count(call, index + 1, &options->count);
    if (argument_is(call, index, "match")) {
        options->pattern = call->args[index + 1];
    } else if ((words & SCAN_TAKES_TYPE) != 0 && argument_is(call, index, "type")) {
        options->has_type = true;
        options->type = call->args[index + 1];
    } else {
        reply_error_syntax(call);
        return false;
    }
    return true;
}

bool scan_parse_options(struct call *call, uint32_t first, unsigned words,
                        struct scan_options *options) {
    *options = (struct scan_options){.count = SCAN_DEFAULT_COUNT, .pattern = BYTES("*")};
    for (uint32_t i = first; i < call->argc; i++) {
        if ((words & SCAN_TAKES_NO_VALUES) != 0 && argument_is(call, i, "novalues")) {
            options->has_no_values = true;
        } else if (!argument_has_next(call, i)) {
            reply_error_syntax(call);
            return false;
        } else if (!parse_pair(call, i++, words, options)) {
            return false;
        }
    }
    options->matches_all = bytes_equal(options->pattern, BYTES("*"));
    return true;
}

bool scan_matches(const struct scan_options *options, struct bytes name) {
    return options->matches_all || glob_match(options->pattern, name);
}

uint64_t scan_max_buckets(const struct scan_options *options) {
    bool is_huge = options->count > UINT64_MAX / SCAN_BUCKETS_PER_ELEMENT;
    return is_huge ? UINT64_MAX : options->count * SCAN_BUCKETS_PER_ELEMENT;
}

enum { HEAD_MAX = 3 * RESP_HEADER_MAX + NUMBER_I64_MAX_CHARS };

static size_t write_head(char *out, uint64_t cursor, size_t count) {
    char digits[NUMBER_I64_MAX_CHARS];
    char *at = resp_put_array(out, 2);
    at = resp_put_bulk(at, bytes_of(digits, number_format_u64(digits, cursor)));
    return (size_t)(resp_put_array(at, count) - out);
}

void scan_reply_head(struct call *call, uint64_t cursor, size_t count) {
    output_commit(call->output, write_head(output_room(call->output, HEAD_MAX), cursor, count));
}

void scan_insert_head(struct call *call, size_t mark, uint64_t cursor, size_t count) {
    char head[HEAD_MAX];
    output_insert(call->output, mark, head, write_head(head, cursor, count));
}
