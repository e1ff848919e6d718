#include "data/value_digest.h"

#include "data/value_type.h"
#include "foundation/digest.h"

#include <arpa/inet.h>

_Static_assert((int)VALUE_DIGEST_BYTES == (int)DIGEST_SHA1_BYTES, "the digest is one SHA-1");

void value_digest_xor(unsigned char digest[VALUE_DIGEST_BYTES], struct bytes bytes) {
    unsigned char hash[VALUE_DIGEST_BYTES];
    digest_sha1(bytes, hash);
    for (int i = 0; i < VALUE_DIGEST_BYTES; i++) digest[i] ^= hash[i];
}

void value_digest_mix(unsigned char digest[VALUE_DIGEST_BYTES], struct bytes bytes) {
    value_digest_xor(digest, bytes);
    unsigned char hash[VALUE_DIGEST_BYTES];
    digest_sha1(bytes_of(digest, VALUE_DIGEST_BYTES), hash);
    memcpy(digest, hash, sizeof(hash));
}

void value_digest_add(unsigned char digest[VALUE_DIGEST_BYTES], const struct entry *entry) {
    uint32_t type = htonl(entry->type);
    value_digest_mix(digest, bytes_of(&type, sizeof(type)));
    value_type_of(entry)->digest(entry, digest);
    if (entry_due_word(entry) != 0) value_digest_xor(digest, BYTES("!!expire!!"));
}

static void add_key(void *element, void *context) {
    const struct entry *entry = element;
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    value_digest_mix(digest, entry_key(entry));
    value_digest_add(digest, entry);
    value_digest_xor(context, bytes_of(digest, sizeof(digest)));
}

void value_digest_keyspace(const struct keyspace *keyspace,
                           unsigned char digest[VALUE_DIGEST_BYTES]) {
    memset(digest, 0, VALUE_DIGEST_BYTES);
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        const struct database *db = keyspace->dbs[i];
        if (database_key_count(db) == 0) continue;
        uint32_t number = htonl(i);
        value_digest_mix(digest, bytes_of(&number, sizeof(number)));
        table_for_each(&db->keys, add_key, digest);
    }
}
