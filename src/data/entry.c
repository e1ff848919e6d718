#include "data/entry.h"

#include "foundation/mem.h"

static size_t words_of(struct bytes key, struct entry_shape shape) {
    return (size_t)shape.has_due + (size_t)(key.len > UINT8_MAX) + (size_t)shape.has_word;
}

size_t entry_shape_size(struct bytes key, struct entry_shape shape) {
    return sizeof(struct entry) + 8 * words_of(key, shape) + key.len +
           (shape.has_word ? 0 : shape.tail_len);
}

size_t entry_size(const struct entry *entry) {
    return sizeof(struct entry) + entry_words_len(entry) + entry_key(entry).len + entry->tail_len;
}

static uint8_t flags_of(struct bytes key, struct entry_shape shape) {
    unsigned flags = 0;
    if (shape.has_due) flags |= ENTRY_HAS_DUE;
    if (key.len > UINT8_MAX) flags |= ENTRY_HAS_LONG_KEY;
    if (shape.has_word) flags |= ENTRY_HAS_WORD;
    return (uint8_t)flags;
}

struct entry *entry_new(struct bytes key, struct entry_shape shape) {
    CHECK(shape.tail_len <= ENTRY_TAIL_MAX);
    struct entry *entry = mem_alloc(entry_shape_size(key, shape));
    *entry = (struct entry){
        .flags = flags_of(key, shape),
        .key_len = (uint8_t)key.len,
        .tail_len = shape.has_word ? 0 : (uint16_t)shape.tail_len,
    };
    char *at = entry_words(entry);
    memset(at, 0, entry_words_len(entry));
    if (key.len > UINT8_MAX) {
        uint64_t len = key.len;
        memcpy(at + (shape.has_due ? 8 : 0), &len, sizeof(len));
    }
    if (key.len != 0) memcpy(at + entry_words_len(entry), key.data, key.len);
    return entry;
}

struct entry *entry_new_like(const struct entry *model, struct bytes key, bool has_due) {
    struct entry_shape shape = {
        .has_due = has_due,
        .has_word = entry_has(model, ENTRY_HAS_WORD),
        .tail_len = model->tail_len,
    };
    struct entry *entry = entry_new(key, shape);
    entry->type = model->type;
    entry->encoding = model->encoding;
    entry->flags |= model->flags & (ENTRY_IS_RAW | ENTRY_HAS_MEMBER_DUES);
    return entry;
}

struct entry *entry_reshape(struct entry *entry, struct bytes key, bool has_due) {
    struct entry *fresh = entry_new_like(entry, key, has_due);
    fresh->access = entry->access;
    if (has_due) entry_set_due_word(fresh, entry_due_word(entry));
    if (entry_has(entry, ENTRY_HAS_WORD))
        entry_set_word(fresh, entry_word(entry));
    else if (entry->tail_len != 0)
        memcpy(entry_tail(fresh), entry_tail(entry), entry->tail_len);
    entry_free(entry);
    return fresh;
}

void entry_free(struct entry *entry) {
    mem_free(entry);
}
