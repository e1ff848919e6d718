/* Digests of values and data sets for DEBUG DIGEST: 20 bytes that depend on what is stored and not
 * on its order, place or encoding, and are the same numbers that Redis computes. */
#ifndef DATA_VALUE_DIGEST_H
#define DATA_VALUE_DIGEST_H

#include "data/database.h"

enum { VALUE_DIGEST_BYTES = 20 };

/* For elements without an order: the SHA-1 of the bytes is XORed in. */
void value_digest_xor(unsigned char digest[VALUE_DIGEST_BYTES], struct bytes bytes);
/* For a sequence: XORed in, then the whole is hashed. */
void value_digest_mix(unsigned char digest[VALUE_DIGEST_BYTES], struct bytes bytes);
/* Adds an entry's value and whether it has a due time. */
void value_digest_add(unsigned char digest[VALUE_DIGEST_BYTES], const struct entry *entry);
/* The digest of all databases; zeros when they are empty. */
void value_digest_keyspace(const struct keyspace *keyspace,
                           unsigned char digest[VALUE_DIGEST_BYTES]);

#endif
