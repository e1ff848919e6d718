/* The seed is stretched to the 192-byte secret that XXH3 mixes its input with, so that short and
 * long keys alike depend on more hidden bits than a plain seed would give them. */
#include "foundation/hash.h"

#include "foundation/random.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t seed;
static uint64_t secret[XXH_SECRET_DEFAULT_SIZE / sizeof(uint64_t)];

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_secret_word(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void hash_start(void) {
    uint64_t drawn;
    random_secret(&drawn, sizeof(drawn));
    hash_set_seed(drawn);
}

void hash_set_seed(uint64_t new_seed) {
    seed = new_seed;
    uint64_t state = new_seed;
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        secret[i] = next_secret_word(&state);
    }
}

uint64_t hash_seed(void) {
    return seed;
}

uint64_t hash_bytes(struct bytes bytes) {
    return XXH3_64bits_withSecret(bytes.data, bytes.len, secret, sizeof(secret));
}

uint64_t hash_digest(struct bytes bytes) {
    return XXH3_64bits(bytes.data, bytes.len);
}
