#include "data/types/string/string.h"

#include "data/types/string/string_rdb.h"
#include "data/value_digest.h"
#include "foundation/mem.h"
#include "foundation/number.h"

enum {
    EMBSTR_MAX = 44, /* up to here OBJECT ENCODING answers embstr */
    EDIT_SLACK_MAX = 1024 * 1024,
};

/* --- blocks --- */

static struct string_block *block_of(const struct entry *entry) {
    return entry_pointer(entry);
}

static struct string_block *init_block(struct string_block *block, size_t cap) {
    block->references = 1;
    block->len = 0;
    block->cap = cap;
    return block;
}

static struct string_block *new_block(size_t cap) {
    return init_block(mem_alloc(sizeof(struct string_block) + cap), cap);
}

void string_block_release(void *block) {
    struct string_block *shared = block;
    if (--shared->references == 0) mem_free(shared);
}

struct string_block *string_share(const struct entry *entry) {
    if (entry->encoding != STRING_BLOCK) return NULL;
    struct string_block *block = block_of(entry);
    if (block->len < STRING_SHARE_MIN) return NULL;
    block->references++;
    return block;
}

/* --- reading --- */

struct bytes string_view(const struct entry *entry, char scratch[STRING_SCRATCH]) {
    switch ((enum string_encoding)entry->encoding) {
    case STRING_TAIL: return bytes_of(entry_tail(entry), entry->tail_len);
    case STRING_BLOCK: return bytes_of(block_of(entry)->data, block_of(entry)->len);
    case STRING_INTEGER: break;
    }
    return bytes_of(scratch, number_format_i64(scratch, (int64_t)entry_word(entry)));
}

size_t string_len(const struct entry *entry) {
    if (entry->encoding == STRING_TAIL) return entry->tail_len;
    if (entry->encoding == STRING_BLOCK) return block_of(entry)->len;
    return number_i64_len((int64_t)entry_word(entry));
}

bool string_get_i64(const struct entry *entry, int64_t *value) {
    if (LIKELY(entry->encoding == STRING_INTEGER)) {
        *value = (int64_t)entry_word(entry);
        return true;
    }
    char scratch[STRING_SCRATCH];
    return number_parse_i64(string_view(entry, scratch), value);
}

/* --- storing --- */

static void free_string(struct entry *entry) {
    if (entry->encoding == STRING_BLOCK) string_block_release(block_of(entry));
}

/* What the value of a string is to be made of. */
struct content {
    enum string_encoding encoding;
    union {
        int64_t integer;
        struct string_block *block; /* that holds the bytes already; NULL: one is made of them */
    };
    struct bytes bytes;
};

static struct content content_of(struct bytes value, unsigned flags) {
    struct content content = {.encoding = STRING_TAIL, .bytes = value};
    if ((flags & (STRING_STORE_RAW | STRING_AS_TEXT)) == 0 && value.len <= NUMBER_I64_MAX_CHARS &&
        number_parse_i64(value, &content.integer))
        content.encoding = STRING_INTEGER;
    else if (value.len > STRING_TAIL_MAX)
        content.encoding = STRING_BLOCK;
    return content;
}

static void fill_block(struct string_block *block, struct bytes value) {
    memcpy(block->data, value.data, value.len);
    block->len = value.len;
}

/* False without memory for it. */
static bool try_prepare(struct content *content) {
    if (content->encoding != STRING_BLOCK) return true;
    size_t len = content->bytes.len;
    content->block = mem_try_alloc(sizeof(*content->block) + len);
    if (content->block == NULL) return false;
    fill_block(init_block(content->block, len), content->bytes);
    return true;
}

static struct string_block *block_with(struct content content) {
    if (content.block != NULL) return content.block;
    struct string_block *block = new_block(content.bytes.len);
    fill_block(block, content.bytes);
    return block;
}

static void write_content(struct entry *entry, struct content content, unsigned flags) {
    entry->type = VALUE_STRING;
    entry->encoding = (uint32_t)content.encoding & 0xf;
    bool is_raw = (flags & STRING_STORE_RAW) != 0;
    entry->flags = (uint8_t)((entry->flags & ~ENTRY_IS_RAW) | (is_raw ? ENTRY_IS_RAW : 0));
    if (content.encoding == STRING_INTEGER) {
        entry_set_word(entry, (uint64_t)content.integer);
    } else if (content.encoding == STRING_TAIL) {
        entry->tail_len = (uint16_t)content.bytes.len;
        if (content.bytes.len != 0)
            memcpy(entry_tail(entry), content.bytes.data, content.bytes.len);
    } else {
        entry_set_pointer(entry, block_with(content));
    }
}

static struct entry_shape shape_of(struct content content, bool has_due) {
    return (struct entry_shape){
        .has_due = has_due,
        .has_word = content.encoding != STRING_TAIL,
        .tail_len = content.encoding == STRING_TAIL ? content.bytes.len : 0,
    };
}

/* For an absent key, or one that holds another type. */
static void store_entry(struct database *db, struct key key, struct found *found,
                        struct content content, unsigned flags) {
    bool is_kept = found->entry != NULL && (flags & STRING_KEEP_DUE) != 0;
    int64_t due_ms = is_kept ? entry_due_ms(found->entry) : 0;
    bool has_due = due_ms != 0 || (flags & STRING_WANT_DUE) != 0;
    struct entry *entry = entry_new(key.name, shape_of(content, has_due));
    write_content(entry, content, flags);
    database_store(db, key, found, entry);
    if (due_ms != 0) database_set_due(db, key, found, due_ms);
}

/* True when the content can be written over the entry's without another allocation, and without leaving
 * one that is a size class too large. */
static bool fits_in_place(const struct entry *entry, struct content content, bool wants_due) {
    bool has_word = content.encoding != STRING_TAIL;
    if (entry_has(entry, ENTRY_HAS_WORD) != has_word) return false;
    if (wants_due && !entry_has(entry, ENTRY_HAS_DUE)) return false;
    if (has_word || entry->tail_len == content.bytes.len) return true;
    size_t size = entry_size(entry) - entry->tail_len + content.bytes.len;
    return mem_good_size(size) == mem_good_size(entry_size(entry));
}

/* The entry's own old value has been freed: a word in it is garbage, a tail is overwritten. */
static void rebuild_entry(struct found *found, struct content content, unsigned flags) {
    struct entry *old = found->entry;
    uint64_t due_word = entry_due_word(old);
    bool has_due = due_word != 0 || (flags & STRING_WANT_DUE) != 0;
    struct entry *fresh = entry_new(entry_key(old), shape_of(content, has_due));
    fresh->access = old->access;
    if (has_due) entry_set_due_word(fresh, due_word);
    write_content(fresh, content, flags);
    database_replace(found, fresh);
    entry_free(old);
}

static void store_content(struct database *db, struct key key, struct found *found,
                          struct content content, unsigned flags) {
    if (found->entry == NULL || UNLIKELY(found->entry->type != VALUE_STRING)) {
        store_entry(db, key, found, content, flags);
        return;
    }
    if ((flags & (STRING_KEEP_DUE | STRING_WANT_DUE)) == 0) database_set_due(db, key, found, 0);
    free_string(found->entry);
    if (fits_in_place(found->entry, content, (flags & STRING_WANT_DUE) != 0))
        write_content(found->entry, content, flags);
    else
        rebuild_entry(found, content, flags);
}

static void store_reporting(struct database *db, struct key key, struct found *found,
                            struct content content, unsigned flags) {
    int old_type = database_found_type(found);
    store_content(db, key, found, content, flags);
    if ((flags & STRING_OVERWRITES) != 0)
        database_report_overwrite(db, key.name, old_type, VALUE_STRING);
}

void string_store(struct database *db, struct key key, struct found *found, struct bytes value,
                  unsigned flags) {
    store_reporting(db, key, found, content_of(value, flags), flags);
}

bool string_try_store(struct database *db, struct key key, struct found *found, struct bytes value,
                      unsigned flags) {
    struct content content = content_of(value, flags);
    if (!try_prepare(&content)) return false;
    store_reporting(db, key, found, content, flags);
    return true;
}

void string_store_i64(struct database *db, struct key key, struct found *found, int64_t value,
                      unsigned flags) {
    struct content content = {.encoding = STRING_INTEGER, .integer = value};
    store_content(db, key, found, content, flags);
}

static struct entry *new_entry(struct bytes key, struct content content, bool has_due) {
    struct entry *entry = entry_new(key, shape_of(content, has_due));
    write_content(entry, content, 0);
    return entry;
}

struct entry *string_new_entry_i64(struct bytes key, int64_t value, bool has_due) {
    struct content content = {.encoding = STRING_INTEGER, .integer = value};
    return new_entry(key, content, has_due);
}

struct entry *string_try_new_entry(struct bytes key, struct bytes value, bool has_due) {
    struct content content = content_of(value, 0);
    return try_prepare(&content) ? new_entry(key, content, has_due) : NULL;
}

/* --- editing in place --- */

/* Room for `len` bytes, and for more to come where a value has begun to grow. A length that no
 * allocation can have is left as it is: the allocator refuses it. */
static size_t cap_for(size_t len, bool is_growing) {
    size_t more = len < EDIT_SLACK_MAX ? len : EDIT_SLACK_MAX;
    size_t slack = is_growing ? more : 0;
    size_t size = mem_good_size(sizeof(struct string_block) + len + slack);
    return size < sizeof(struct string_block) + len ? len : size - sizeof(struct string_block);
}

/* The value, whatever it is stored as, in a new block with room for `cap` bytes. */
static struct string_block *try_copy_to_block(const struct entry *entry, size_t cap) {
    struct string_block *block = mem_try_alloc(sizeof(*block) + cap);
    if (block == NULL) return NULL;
    init_block(block, cap);
    if (entry == NULL) return block;
    char scratch[STRING_SCRATCH];
    struct bytes view = string_view(entry, scratch);
    if (view.len != 0) memcpy(block->data, view.data, view.len);
    block->len = view.len;
    return block;
}

/* Makes the block the key's value in place of what was there. */
static void adopt_block(struct database *db, struct key key, struct found *found,
                        struct string_block *block) {
    struct content word = {.encoding = STRING_INTEGER};
    if (found->entry == NULL) {
        store_entry(db, key, found, word, STRING_STORE_RAW);
    } else {
        free_string(found->entry);
        if (!entry_has(found->entry, ENTRY_HAS_WORD)) rebuild_entry(found, word, STRING_STORE_RAW);
    }
    found->entry->encoding = STRING_BLOCK;
    entry_set_pointer(found->entry, block);
}

static struct string_block *try_grow_block(struct found *found, size_t cap) {
    struct string_block *block = mem_try_realloc(block_of(found->entry), sizeof(*block) + cap);
    if (block == NULL) return NULL;
    block->cap = cap;
    entry_set_pointer(found->entry, block);
    return block;
}

/* The value in a block that nobody shares, with room for `min_len` bytes; NULL as string_edit. */
static struct string_block *try_own_block(struct database *db, struct key key, struct found *found,
                                          size_t min_len) {
    const struct entry *entry = found->entry;
    bool is_own =
        entry != NULL && entry->encoding == STRING_BLOCK && block_of(entry)->references == 1;
    if (is_own && block_of(entry)->cap >= min_len) return block_of(entry);
    size_t len = entry == NULL ? 0 : string_len(entry);
    size_t cap = cap_for(min_len > len ? min_len : len, entry != NULL && min_len > len);
    if (is_own) return try_grow_block(found, cap);
    struct string_block *block = try_copy_to_block(entry, cap);
    if (block != NULL) adopt_block(db, key, found, block);
    return block;
}

static char *edit_tail(struct entry *entry) {
    entry->flags |= ENTRY_IS_RAW;
    return entry_tail(entry);
}

char *string_edit(struct database *db, struct key key, struct found *found, size_t min_len,
                  size_t *len) {
    const struct entry *entry = found->entry;
    if (entry != NULL && entry->encoding == STRING_TAIL && entry->tail_len >= min_len) {
        *len = entry->tail_len;
        return edit_tail(found->entry);
    }
    struct string_block *block = try_own_block(db, key, found, min_len);
    if (block == NULL) return NULL;
    if (block->len < min_len) {
        memset(block->data + block->len, 0, min_len - block->len);
        block->len = min_len;
    }
    found->entry->flags |= ENTRY_IS_RAW;
    *len = block->len;
    return block->data;
}

/* --- the vtable --- */

static void copy_string(const struct entry *source, struct entry *target) {
    if (source->encoding == STRING_INTEGER) {
        entry_set_word(target, entry_word(source));
    } else if (source->encoding == STRING_TAIL) {
        if (source->tail_len != 0) memcpy(entry_tail(target), entry_tail(source), source->tail_len);
    } else {
        const struct string_block *block = block_of(source);
        struct string_block *copy = new_block(block->len);
        memcpy(copy->data, block->data, block->len);
        copy->len = block->len;
        entry_set_pointer(target, copy);
    }
}

static bool is_string_costly(const struct entry *entry) {
    enum { COSTLY_BYTES = 1024 * 1024 };
    return entry->encoding == STRING_BLOCK && block_of(entry)->cap >= COSTLY_BYTES;
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    (void)samples;
    return entry->encoding == STRING_BLOCK ? mem_usable_size(block_of(entry)) : 0;
}

static void digest_string(const struct entry *entry, unsigned char digest[20]) {
    char scratch[STRING_SCRATCH];
    value_digest_mix(digest, string_view(entry, scratch));
}

static const char *name_encoding(const struct entry *entry) {
    if (entry->encoding == STRING_INTEGER) return "int";
    bool is_short = string_len(entry) <= EMBSTR_MAX;
    return is_short && !entry_has(entry, ENTRY_IS_RAW) ? "embstr" : "raw";
}

static size_t measure_serialized(const struct entry *entry) {
    return string_len(entry) + 1;
}

const struct value_type string_value_type = {
    .name = "string",
    .free_value = free_string,
    .copy_value = copy_string,
    .is_costly_to_free = is_string_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_string,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = string_rdb_type,
    .save = string_save,
    .load = string_load,
};
