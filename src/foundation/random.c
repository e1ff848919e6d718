#include "foundation/random.h"

#include "foundation/check.h"

#include <errno.h>
#include <sys/random.h>

static uint64_t state[4] = {1, 2, 3, 4};

void random_start(void) {
    uint64_t seed;
    random_secret(&seed, sizeof(seed));
    random_set_seed(seed);
}

/* Fills the state by splitmix64, as the generator's authors advise. */
void random_set_seed(uint64_t seed) {
    for (size_t i = 0; i < ARRAY_LEN(state); i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        state[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate_left(uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
}

uint64_t random_u64(void) {
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

/* The high half of a product, refused where it would favour some results (Lemire 2019). */
uint64_t random_below(uint64_t bound) {
    CHECK(bound != 0);
    unsigned __int128 product = (unsigned __int128)random_u64() * bound;
    if ((uint64_t)product < bound) {
        uint64_t refused_below = -bound % bound;
        while ((uint64_t)product < refused_below) {
            product = (unsigned __int128)random_u64() * bound;
        }
    }
    return (uint64_t)(product >> 64);
}

double random_unit(void) {
    return (double)(random_u64() >> 11) * 0x1p-53;
}

void random_secret(void *out, size_t len) {
    char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        CHECK(got > 0 || errno == EINTR);
        if (got <= 0) continue;
        at += got;
        len -= (size_t)got;
    }
}

void random_hex(char *out, size_t len) {
    unsigned char secret[32];
    for (size_t i = 0; i < len; i++) {
        size_t at = i % (2 * sizeof(secret));
        if (at == 0) random_secret(secret, sizeof(secret));
        out[i] = "0123456789abcdef"[(secret[at / 2] >> (at % 2 * 4)) & 15];
    }
}
