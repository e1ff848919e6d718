#include "commands/hash/fields.h"

#include "engine/reply.h"

bool fields_parse_last(struct call *call, uint32_t index, struct member_list *fields) {
    static const struct member_list_texts texts = {
        .keyword = "fields",
        .missing = "ERR Mandatory argument FIELDS is missing or not at the right position",
        .bad_count = "ERR Number of fields must be a positive integer",
        .not_all = "ERR The `numfields` parameter must match the number of arguments",
    };
    return member_list_parse_last(call, index, &texts, fields);
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
