#include "foundation/directive_value.h"

#include "foundation/mem.h"
#include "foundation/number.h"

#include <inttypes.h>

static bool fail(struct buffer *error, const char *reason) {
    buffer_append_str(error, reason);
    return false;
}

/* Reading. */

static bool parse_bool(struct bytes text, int64_t *number, struct buffer *error) {
    *number = bytes_is_word(text, "yes");
    if (*number == 1 || bytes_is_word(text, "no")) return true;
    return fail(error, "argument must be 'yes' or 'no'");
}

/* An empty text is the size 0, as in Redis. */
static bool parse_size(struct bytes text, int64_t *number) {
    uint64_t bytes = 0;
    if (text.len != 0 && !number_parse_size(text, &bytes)) return false;
    *number = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    return bytes <= INT64_MAX;
}

static bool parse_octal(struct bytes text, int64_t *number) {
    int64_t sum = 0;
    if (text.len == 0 || text.len > 20) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '7') return false;
        sum = sum * 8 + (text.data[i] - '0');
    }
    *number = sum;
    return true;
}

static bool parse_size_or_percent(struct bytes text, int64_t *number, struct buffer *error) {
    if (text.len > 1 && text.data[text.len - 1] == '%') {
        int64_t percent;
        bool is_number = number_parse_i64(bytes_of(text.data, text.len - 1), &percent);
        if (is_number && percent > 100) {
            return fail(error, "percentage argument must be less or equal to 100");
        }
        if (is_number && percent >= 0) {
            *number = -percent;
            return true;
        }
    } else if (parse_size(text, number)) {
        return true;
    }
    return fail(error, "argument must be a memory or percent value");
}

static bool check_bounds(const struct directive *row, int64_t number, struct buffer *error) {
    int64_t max = row->min == 0 && row->max == 0 ? INT64_MAX : row->max;
    if (number >= row->min && number <= max) return true;
    if (row->kind == DIRECTIVE_SIZE_OR_PERCENT && number < 0) return true;
    if (row->kind == DIRECTIVE_OCTAL) {
        buffer_printf(error, "argument must be between %" PRIo64 " and %" PRIo64 " inclusive",
                      (uint64_t)row->min, (uint64_t)max);
    } else {
        buffer_printf(error, "argument must be between %" PRId64 " and %" PRId64 " inclusive",
                      row->min, max);
    }
    return false;
}

static bool parse_number(const struct directive *row, const struct directive_args *args,
                         int64_t *number, struct buffer *error) {
    struct bytes text = args->items[0];
    switch (row->kind) {
    case DIRECTIVE_SIZE:
        if (!parse_size(text, number)) return fail(error, "argument must be a memory value");
        break;
    case DIRECTIVE_SIZE_OR_PERCENT:
        if (!parse_size_or_percent(text, number, error)) return false;
        break;
    case DIRECTIVE_OCTAL:
        if (!parse_octal(text, number)) {
            return fail(error, "argument couldn't be parsed as an octal number");
        }
        break;
    default:
        if (!number_parse_i64(text, number)) {
            return fail(error, "argument couldn't be parsed into an integer");
        }
    }
    return args->source == DIRECTIVE_FROM_OLD_VALUE || check_bounds(row, *number, error);
}

static const struct directive_choice *find_choice(const struct directive *row, struct bytes name) {
    for (const struct directive_choice *choice = row->choices; choice->name != NULL; choice++) {
        if (bytes_is_word(name, choice->name)) return choice;
    }
    return NULL;
}

static bool parse_choices(const struct directive *row, const struct directive_args *args,
                          int64_t *number, struct buffer *error) {
    *number = 0;
    for (size_t i = 0; i < args->count; i++) {
        const struct directive_choice *choice = find_choice(row, args->items[i]);
        if (choice != NULL) {
            *number |= choice->value;
            continue;
        }
        buffer_append_str(error, "argument(s) must be one of the following: ");
        for (choice = row->choices; choice->name != NULL; choice++) {
            buffer_printf(error, "%s%s", choice == row->choices ? "" : ", ", choice->name);
        }
        return false;
    }
    return true;
}

static bool parse_texts(const struct directive_args *args, struct directive_value *value,
                        struct buffer *error) {
    for (size_t i = 0; i < args->count; i++) {
        struct bytes item = args->items[i];
        if (bytes_index(item, '\0') < item.len) return fail(error, "argument holds a zero byte");
    }
    value->items = args->items;
    value->count = args->count;
    return true;
}

static bool parse_kind(const struct directive *row, const struct directive_args *args,
                       struct directive_value *value, struct buffer *error) {
    switch (row->kind) {
    case DIRECTIVE_BOOL: return parse_bool(args->items[0], &value->number, error);
    case DIRECTIVE_ENUM: return parse_choices(row, args, &value->number, error);
    case DIRECTIVE_STRING:
    case DIRECTIVE_LIST: return parse_texts(args, value, error);
    default: return parse_number(row, args, &value->number, error);
    }
}

static bool takes_many(const struct directive *row) {
    return (row->flags & DIRECTIVE_MULTI_ARG) != 0 || row->kind == DIRECTIVE_SPECIAL;
}

bool directive_parse(const struct directive *row, const struct directive_args *args,
                     struct directive_value *value, struct buffer *error) {
    CHECK(row->kind != DIRECTIVE_SPECIAL);
    *value = (struct directive_value){0};
    if (args->count == 0 || (args->count > 1 && !takes_many(row))) {
        return fail(error, "wrong number of arguments");
    }
    if (!parse_kind(row, args, value, error)) return false;
    if (row->validate == NULL || args->source == DIRECTIVE_FROM_OLD_VALUE) return true;
    return row->validate(value, error);
}

/* Setting. */

static void set_string(char **field, const struct directive_value *value) {
    CHECK(value->items != NULL);
    char *copy = mem_dup(value->items[0].data, value->items[0].len);
    mem_free(*field);
    *field = copy;
}

static void clear_list(struct directive_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i]);
    }
    mem_free(list->items);
    *list = (struct directive_list){0};
}

/* One empty word is the empty list. */
static void set_list(struct directive_list *list, const struct directive_value *value) {
    struct directive_list fresh = {.items = mem_alloc_array(value->count, sizeof(char *))};
    for (size_t i = 0; i < value->count; i++) {
        struct bytes item = value->items[i];
        if (item.len == 0) continue;
        fresh.items[fresh.count++] = mem_dup(item.data, item.len);
    }
    clear_list(list);
    *list = fresh;
}

static void set_field(const struct directive *row, const struct directive_value *value) {
    switch (row->kind) {
    case DIRECTIVE_BOOL: *(bool *)row->field = value->number != 0; break;
    case DIRECTIVE_ENUM: *(int *)row->field = (int)value->number; break;
    case DIRECTIVE_STRING: set_string(row->field, value); break;
    case DIRECTIVE_LIST: set_list(row->field, value); break;
    default: *(int64_t *)row->field = value->number;
    }
}

bool directive_assign(const struct directive *row, const struct directive_args *args,
                      struct buffer *error) {
    if (row->kind == DIRECTIVE_SPECIAL) return row->parse(args, error);
    struct directive_value value;
    if (!directive_parse(row, args, &value, error)) return false;
    set_field(row, &value);
    return true;
}

void directive_release(const struct directive *row) {
    if (row->kind == DIRECTIVE_STRING) {
        mem_free(*(char **)row->field);
        *(char **)row->field = NULL;
    } else if (row->kind == DIRECTIVE_LIST) {
        clear_list(row->field);
    }
}

/* Writing. */

/* One name where one fits; else all names whose bits are in the value. */
static void format_choices(const struct directive *row, int64_t number, struct buffer *out) {
    const struct directive_choice *choice;
    for (choice = row->choices; choice->name != NULL; choice++) {
        if (choice->value != number) continue;
        buffer_append_str(out, choice->name);
        return;
    }
    size_t written = 0;
    for (choice = row->choices; choice->name != NULL; choice++) {
        if (choice->value == 0 || (choice->value & number) != choice->value) continue;
        buffer_printf(out, "%s%s", written++ == 0 ? "" : " ", choice->name);
    }
}

static void format_number(const struct directive *row, int64_t number, struct buffer *out) {
    if (row->kind == DIRECTIVE_OCTAL) {
        buffer_printf(out, "%" PRIo64, (uint64_t)number);
    } else if (row->kind == DIRECTIVE_SIZE_OR_PERCENT && number < 0) {
        buffer_printf(out, "%" PRId64 "%%", -number);
    } else {
        buffer_append_i64(out, number);
    }
}

void directive_format_value(const struct directive *row, const struct directive_value *value,
                            struct buffer *out) {
    switch (row->kind) {
    case DIRECTIVE_BOOL: buffer_append_str(out, value->number != 0 ? "yes" : "no"); break;
    case DIRECTIVE_ENUM: format_choices(row, value->number, out); break;
    case DIRECTIVE_STRING:
    case DIRECTIVE_LIST:
        for (size_t i = 0; i < value->count; i++) {
            if (i > 0) buffer_append_char(out, ' ');
            buffer_append_bytes(out, value->items[i]);
        }
        break;
    default: format_number(row, value->number, out);
    }
}

static void format_list(const struct directive_list *list, struct buffer *out) {
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) buffer_append_char(out, ' ');
        buffer_append_str(out, list->items[i]);
    }
}

void directive_format(const struct directive *row, struct buffer *out) {
    struct directive_value value = {0};
    switch (row->kind) {
    case DIRECTIVE_SPECIAL: row->format(out); return;
    case DIRECTIVE_STRING: buffer_append_str(out, *(char **)row->field); return;
    case DIRECTIVE_LIST: format_list(row->field, out); return;
    case DIRECTIVE_BOOL: value.number = *(bool *)row->field; break;
    case DIRECTIVE_ENUM: value.number = *(int *)row->field; break;
    default: value.number = *(int64_t *)row->field;
    }
    directive_format_value(row, &value, out);
}
