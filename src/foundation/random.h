/* Random numbers: a fast generator (xoshiro256**, Blackman and Vigna 2018) for sampling, and the
 * system's for seeds and secrets. Not safe to call from several threads. */
#ifndef FOUNDATION_RANDOM_H
#define FOUNDATION_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Seeds the fast generator from the system; random_set_seed makes it repeatable (tests). */
void random_start(void);
void random_set_seed(uint64_t seed);
uint64_t random_u64(void);
/* Uniform in [0, bound), without modulo bias; `bound` is at least 1. */
uint64_t random_below(uint64_t bound);
/* Uniform in [0, 1). */
double random_unit(void);
/* Bytes from the system's generator (getrandom). */
void random_secret(void *out, size_t len);
/* `len` random hexadecimal characters, no NUL: run ids. */
void random_hex(char *out, size_t len);

#endif
