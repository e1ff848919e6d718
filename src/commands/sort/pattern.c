#include "commands/sort/pattern.h"

static size_t find_arrow(struct bytes text) {
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (text.data[i] == '-' && text.data[i + 1] == '>') return i;
    }
    return text.len;
}

struct pattern pattern_parse(struct bytes text) {
    struct pattern pattern = {.text = text};
    pattern.is_element = bytes_equal(text, BYTES("#"));
    size_t place = bytes_index(text, '*');
    pattern.has_place = place < text.len;
    if (!pattern.has_place) return pattern;
    pattern.before = bytes_of(text.data, place);
    struct bytes rest = bytes_of(text.data + place + 1, text.len - place - 1);
    size_t arrow = find_arrow(rest);
    pattern.after = bytes_of(rest.data, arrow);
    if (arrow < rest.len) pattern.field = bytes_of(rest.data + arrow + 2, rest.len - arrow - 2);
    return pattern;
}

static void take_string(struct pattern_value *value, const struct entry *entry) {
    if (entry->type != VALUE_STRING) return;
    value->is_found = true;
    value->string = entry;
    value->bytes = string_view(entry, value->string_scratch);
}

static void take_field(struct pattern_value *value, const struct entry *entry, struct bytes field) {
    if (entry->type != VALUE_HASH || !hash_get(entry, field, &value->field)) return;
    value->is_found = true;
    value->bytes = value->field.value;
}

void pattern_look_up(struct call *call, const struct pattern *pattern, struct bytes element,
                     struct buffer *name, struct pattern_value *value) {
    value->is_found = pattern->is_element;
    value->string = NULL;
    value->bytes = element;
    if (pattern->is_element || !pattern->has_place) return;
    buffer_clear(name);
    buffer_append_bytes(name, pattern->before);
    buffer_append_bytes(name, element);
    buffer_append_bytes(name, pattern->after);
    const struct entry *entry = database_read(call->db, key_of(buffer_bytes(name)));
    if (entry == NULL) return;
    if (pattern->field.len == 0)
        take_string(value, entry);
    else
        take_field(value, entry, pattern->field);
}
