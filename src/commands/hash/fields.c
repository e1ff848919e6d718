#include "commands/hash/fields.h"

#include "engine/reply.h"
#include "foundation/number.h"

enum { KEYWORD_WORDS = 2 }; /* FIELDS numfields */

static const int64_t max_due_ms = ((int64_t)1 << 46) - 1;

static bool reject(struct call *call, const char *error) {
    reply_error(call, error);
    return false;
}

bool fields_parse_last(struct call *call, uint32_t index, struct field_list *fields) {
    int64_t count;
    if (!argument_has_next(call, index) || !argument_is(call, index, "fields"))
        return reject(call,
                      "ERR Mandatory argument FIELDS is missing or not at the right position");
    if (!argument_i64_in(call, index + 1, 1, INT64_MAX, &count,
                         "ERR Number of fields must be a positive integer"))
        return false;
    if (count != call->argc - index - KEYWORD_WORDS)
        return reject(call, "ERR The `numfields` parameter must match the number of arguments");
    fields->items = call->args + index + KEYWORD_WORDS;
    fields->count = (uint32_t)count;
    return true;
}

bool fields_parse_option(struct call *call, uint32_t *index, uint32_t words,
                         const struct fields_errors *errors, struct field_list *fields) {
    uint32_t first = *index + KEYWORD_WORDS;
    int64_t count;
    if (fields->items != NULL) return reject(call, "ERR FIELDS keyword specified multiple times");
    if (first >= call->argc) return reject(call, errors->too_short);
    if (!argument_i64_in(call, first - 1, 1, INT32_MAX, &count, errors->bad_count)) return false;
    if (count > (call->argc - first) / words) return reject(call, "ERR wrong number of arguments");
    fields->items = call->args + first;
    fields->count = (uint32_t)count;
    *index = first + fields->count * words - 1;
    return true;
}

bool fields_reject_argument(struct call *call, uint32_t index) {
    reply_error_printf(call, "ERR unknown argument: %.*s", (int)call->args[index].len,
                       call->args[index].data);
    return false;
}

bool fields_parse_due(struct call *call, uint32_t index, enum due_unit unit, int64_t *due_ms) {
    int64_t value;
    if (!argument_i64(call, index, &value)) return false;
    if (value < 0) return reject(call, "ERR invalid expire time, must be >= 0");
    bool is_seconds = unit == DUE_SECONDS || unit == DUE_UNIX_SECONDS;
    bool is_relative = unit == DUE_SECONDS || unit == DUE_MS;
    bool is_possible = (!is_seconds || number_mul_i64(value, 1000, &value)) &&
                       (!is_relative || number_add_i64(value, call_now_ms(call), &value));
    if (!is_possible || value > max_due_ms) {
        reply_error_printf(call, "ERR invalid expire time in '%s' command",
                           call->command->full_name);
        return false;
    }
    *due_ms = value > 0 ? value : 1;
    return true;
}

void fields_reply_value(struct call *call, const struct entry *entry, struct bytes name) {
    struct hash_field field;
    if (entry != NULL && hash_get(entry, name, &field))
        reply_bulk(call, field.value);
    else
        reply_null(call);
}

/* So many look-ups are under way together. */
enum { PREFETCH_FIELDS = 32 };

void fields_reply_values(struct call *call, const struct entry *entry, const struct bytes *names,
                         uint32_t count) {
    reply_array(call, count);
    for (uint32_t i = 0; i < count; i++) {
        if (i % PREFETCH_FIELDS == 0 && entry != NULL && count > 1) {
            uint32_t left = count - i;
            hash_prefetch(entry, names + i, left < PREFETCH_FIELDS ? left : PREFETCH_FIELDS, 1);
        }
        fields_reply_value(call, entry, names[i]);
    }
}
