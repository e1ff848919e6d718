/* Hashes as a value type: the cold work that everything else reaches through the vtable. */
#include "data/types/hash/hash_private.h"
#include "data/types/hash/hash_rdb.h"
#include "data/value_digest.h"

static bool is_table(const struct entry *entry) {
    return entry->encoding == HASH_TABLE;
}

static void free_hash(struct entry *entry) {
    if (is_table(entry))
        members_free(entry_pointer(entry));
    else
        hash_packed_free(entry);
}

static void copy_hash(const struct entry *source, struct entry *target) {
    if (is_table(source))
        entry_set_pointer(target, members_copy(entry_pointer(source)));
    else
        hash_packed_copy(source, target);
}

static bool is_hash_costly(const struct entry *entry) {
    enum { COSTLY_FIELDS = 64 };
    return is_table(entry) && hash_len(entry) > COSTLY_FIELDS;
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    if (is_table(entry)) return members_used_bytes(entry_pointer(entry), samples);
    return hash_packed_used_bytes(entry);
}

static void digest_field(void *context, const struct hash_field *field) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    value_digest_mix(digest, field->name);
    value_digest_mix(digest, field->value);
    if (field->due_ms != 0) value_digest_xor(digest, BYTES("!!hexpire!!"));
    value_digest_xor(context, bytes_of(digest, sizeof(digest)));
}

static void digest_hash(const struct entry *entry, unsigned char digest[VALUE_DIGEST_BYTES]) {
    hash_for_each(entry, digest_field, digest);
}

static const char *name_encoding(const struct entry *entry) {
    switch ((enum hash_encoding)entry->encoding) {
    case HASH_PACKED: return "listpack";
    case HASH_PACKED_DUE: return "listpackex";
    case HASH_TABLE: break;
    }
    return "hashtable";
}

/* --- the length in a dump, without compression --- */

enum { DUE_LEN = 8 };

/* What a length takes, of bytes or of fields. */
static size_t serialized_prefix_len(size_t len) {
    enum { ONE_BYTE_END = 1 << 6, TWO_BYTES_END = 1 << 14 };
    if (len < ONE_BYTE_END) return 1;
    return len < TWO_BYTES_END ? 2 : 5;
}

static size_t serialized_bytes_len(size_t len) {
    return serialized_prefix_len(len) + len;
}

static void add_serialized_len(void *context, const struct hash_field *field) {
    size_t *total = context;
    *total += serialized_bytes_len(field->name.len) + serialized_bytes_len(field->value.len);
    if (field->due_ms != 0) *total += DUE_LEN;
}

static size_t measure_serialized(const struct entry *entry) {
    if (!is_table(entry)) {
        size_t len = serialized_bytes_len(listpack_bytes(hash_packed_listpack(entry)));
        return entry->encoding == HASH_PACKED ? len : len + DUE_LEN;
    }
    size_t total = serialized_prefix_len(hash_len(entry));
    hash_for_each(entry, add_serialized_len, &total);
    return total;
}

/* --- due times of fields --- */

static struct member_dues *find_dues(const struct entry *entry) {
    if (entry->encoding == HASH_PACKED) return NULL;
    if (entry->encoding == HASH_PACKED_DUE) return &hash_packed_due_of(entry)->dues;
    const struct members *members = entry_pointer(entry);
    return members->dues;
}

static int64_t find_next_due_ms(const struct entry *entry, int64_t now_ms) {
    if (is_table(entry)) return members_next_due_ms(entry_pointer(entry), now_ms);
    return hash_packed_next_due_ms(entry);
}

static size_t expire_fields(struct entry *entry, int64_t now_ms, size_t max) {
    if (is_table(entry)) return members_expire(entry_pointer(entry), now_ms, max, NULL, NULL);
    return hash_packed_expire(entry, now_ms, max);
}

static bool is_hash_empty(const struct entry *entry) {
    return hash_len(entry) == 0;
}

static const struct members *find_large_form(const struct entry *entry) {
    return is_table(entry) ? entry_pointer(entry) : NULL;
}

static const struct member_methods hash_member_methods = {
    .dues = find_dues,
    .next_due_ms = find_next_due_ms,
    .expire = expire_fields,
    .is_empty = is_hash_empty,
    .large_form = find_large_form,
    .event_class = KEY_EVENT_HASH,
    .expired_event = "hexpired",
};

const struct value_type hash_value_type = {
    .name = "hash",
    .free_value = free_hash,
    .copy_value = copy_hash,
    .is_costly_to_free = is_hash_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_hash,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = hash_rdb_type,
    .save = hash_save,
    .load = hash_load,
    .members = &hash_member_methods,
};

/* --- for tests --- */

void hash_verify(const struct entry *entry) {
    CHECK(entry->type == VALUE_HASH && entry_has(entry, ENTRY_HAS_WORD));
    const struct member_dues *dues = find_dues(entry);
    CHECK(entry_has(entry, ENTRY_HAS_MEMBER_DUES) == (dues != NULL && dues->count != 0));
    if (!is_table(entry)) {
        hash_packed_verify(entry);
        return;
    }
    const struct members *members = entry_pointer(entry);
    CHECK(members_count(members) != 0);
    table_verify(&members->table);
}
