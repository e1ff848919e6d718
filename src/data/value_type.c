#include "data/value_type.h"

#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/ratelimit/ratelimit.h"
#include "data/types/set/set.h"
#include "data/types/stream/stream.h"
#include "data/types/string/string.h"
#include "data/types/zset/zset.h"

static const struct value_type *const value_types[VALUE_TYPE_COUNT] = {
    [VALUE_STRING] = &string_value_type, [VALUE_LIST] = &list_value_type,
    [VALUE_SET] = &set_value_type,       [VALUE_ZSET] = &zset_value_type,
    [VALUE_HASH] = &hash_value_type,     [VALUE_RATELIMIT] = &ratelimit_value_type,
    [VALUE_STREAM] = &stream_value_type,
};

const struct value_type *value_type_of(const struct entry *entry) {
    return value_types[entry->type];
}

const struct value_type *value_type_by_id(unsigned id) {
    return value_types[id];
}

const struct value_type *value_type_by_name(struct bytes name) {
    for (int i = 0; i < VALUE_TYPE_COUNT; i++) {
        if (value_types[i] != NULL && bytes_is_word(name, value_types[i]->name))
            return value_types[i];
    }
    return NULL;
}

struct entry *value_type_copy_entry(const struct entry *source, struct bytes key, bool has_due) {
    struct entry *copy = entry_new_like(source, key, has_due);
    value_type_of(source)->copy_value(source, copy);
    return copy;
}
