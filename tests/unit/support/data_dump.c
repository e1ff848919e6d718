#include "unit/support/data_dump.h"

#include "data/database.h"
#include "data/types/hash/hash.h"
#include "data/types/set/set.h"
#include "data/types/zset/zset.h"
#include "data/value_digest.h"
#include "foundation/digest.h"

#include <stdlib.h>

/* --- due times of members --- */

struct dues {
    const struct entry *entry;
    unsigned char digest[VALUE_DIGEST_BYTES];
};

static void add_due(struct dues *dues, struct bytes member, int64_t due_ms) {
    if (due_ms == 0) return;
    struct buffer text = {0};
    buffer_append_i64(&text, due_ms);
    buffer_append_char(&text, ' ');
    buffer_append_bytes(&text, member);
    value_digest_xor(dues->digest, buffer_bytes(&text));
    buffer_destroy(&text);
}

static void add_field(void *context, const struct hash_field *field) {
    add_due(context, field->name, field->due_ms);
}

static bool add_member(void *context, struct bytes member) {
    struct dues *dues = context;
    add_due(dues, member, set_due_ms(dues->entry, member));
    return true;
}

static bool add_scored(void *context, struct bytes member, struct score score UNUSED) {
    struct dues *dues = context;
    add_due(dues, member, zset_due_ms(dues->entry, member));
    return true;
}

static struct dues dues_of(const struct entry *entry) {
    struct dues dues = {.entry = entry};
    switch (entry->type) {
    case VALUE_HASH: hash_for_each(entry, add_field, &dues); break;
    case VALUE_SET: set_for_each(entry, add_member, &dues); break;
    case VALUE_ZSET: zset_for_each(entry, add_scored, &dues); break;
    default: break;
    }
    return dues;
}

/* --- keys --- */

static void collect(void *element, void *context) {
    const struct entry *entry = element;
    buffer_append(context, &entry, sizeof(entry));
}

static int compare(const void *left, const void *right) {
    const struct entry *const *a = left, *const *b = right;
    return bytes_compare(entry_key(*a), entry_key(*b));
}

static void dump_entry(uint32_t db_number, const struct entry *entry, struct buffer *out) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    char hex[2 * VALUE_DIGEST_BYTES + 1] = {0};
    value_digest_add(digest, entry);
    digest_to_hex(digest, VALUE_DIGEST_BYTES, hex);
    buffer_printf(out, "%u ", db_number);
    buffer_append_quoted(out, entry_key(entry));
    buffer_printf(out, " type %u value %s due %lld members ", (unsigned)entry->type, hex,
                  (long long)entry_due_ms(entry));
    struct dues dues = dues_of(entry);
    digest_to_hex(dues.digest, VALUE_DIGEST_BYTES, hex);
    buffer_append_str(out, hex);
    buffer_append_char(out, '\n');
}

static void dump_database(const struct database *db, struct buffer *out) {
    struct buffer found = {0};
    table_for_each(&db->keys, collect, &found);
    const struct entry **entries = (void *)found.data;
    size_t count = found.len / sizeof(*entries);
    if (count != 0) qsort(entries, count, sizeof(*entries), compare);
    for (size_t i = 0; i < count; i++) dump_entry(db->number, entries[i], out);
    buffer_destroy(&found);
}

void data_dump(const struct keyspace *keyspace, struct buffer *out) {
    for (uint32_t i = 0; i < keyspace->db_count; i++) dump_database(keyspace->dbs[i], out);
}
