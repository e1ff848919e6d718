/* Hashing of keys and members: XXH3 (xxHash 0.8), keyed with a random seed drawn at start so that
 * a peer cannot choose colliding keys. */
#ifndef FOUNDATION_HASH_H
#define FOUNDATION_HASH_H

#include "foundation/bytes.h"

#include <stdint.h>

/* Draws the seed from the system. Comes before the first hash_bytes; tests may set it by hand. */
void hash_start(void);
void hash_set_seed(uint64_t seed);
uint64_t hash_seed(void);

/* 64 well-mixed bits that depend on the seed. About 3 ns for a 16-byte key. */
uint64_t hash_bytes(struct bytes bytes);
/* XXH3-64 without a seed: the same number in every process (DIGEST, IFDEQ). */
uint64_t hash_digest(struct bytes bytes);

#endif
