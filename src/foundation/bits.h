/* Bit strings as Redis's bitmaps see them: bit 0 is the highest bit of byte 0, and what lies
 * beyond the end reads as 0. Pure kernels over byte views; positions and lengths are in bits
 * unless named otherwise. */
#ifndef FOUNDATION_BITS_H
#define FOUNDATION_BITS_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool bits_get(struct bytes bytes, uint64_t offset);
/* Writes the bit and returns the one it replaces. `data` holds the offset. */
bool bits_set(char *data, uint64_t offset, bool bit);

/* Set bits of all the bytes; as fast as memory delivers them. */
uint64_t bits_count(struct bytes bytes);
/* Set bits from `first` to `last`, both included. The range lies within the bytes. */
uint64_t bits_count_range(struct bytes bytes, uint64_t first, uint64_t last);

/* The first bit equal to `bit` from `first` to `last`, both included; false when there is none.
 * The range lies within the bytes. */
NODISCARD bool bits_find(struct bytes bytes, bool bit, uint64_t first, uint64_t last,
                         uint64_t *position);

enum bits_operation {
    BITS_AND,   /* in all sources */
    BITS_OR,    /* in any */
    BITS_XOR,   /* in an odd number of them */
    BITS_NOT,   /* not in the source; takes one */
    BITS_DIFF,  /* in the first and in none of the others */
    BITS_DIFF1, /* in any of the others and not in the first */
    BITS_ANDOR, /* in the first and in any of the others */
    BITS_ONE,   /* in exactly one */
};

/* Combines `count` ≥ 1 sources, each as if padded with zeros to `out_len` bytes, the longest
 * source's length or more. `out` may be one of the sources only if it is the first. */
void bits_combine(enum bits_operation operation, const struct bytes *sources, size_t count,
                  char *out, size_t out_len);

/* A number of `width` bits at `offset`, its highest bit first: 1 … 64 bits, in two's complement
 * when signed. Reading beyond the end reads zeros. */
uint64_t bits_read_unsigned(struct bytes bytes, uint64_t offset, unsigned width);
int64_t bits_read_signed(struct bytes bytes, uint64_t offset, unsigned width);
/* Writes the low `width` bits of `value`. `data` holds the whole field. */
void bits_write(char *data, uint64_t offset, unsigned width, uint64_t value);

enum bits_overflow {
    BITS_WRAP, /* keep the low bits */
    BITS_SAT,  /* stop at the nearest limit */
    BITS_FAIL, /* say false */
};

/* value + increment in a field of `width` bits (signed 1 … 64, unsigned 1 … 63 or 64). A value
 * outside the field's range counts as overflow too, so that an increment of 0 is what SET wants.
 * False, with `*result` untouched, only for an overflow under BITS_FAIL. */
NODISCARD bool bits_add_signed(int64_t value, int64_t increment, unsigned width,
                               enum bits_overflow overflow, int64_t *result);
NODISCARD bool bits_add_unsigned(uint64_t value, int64_t increment, unsigned width,
                                 enum bits_overflow overflow, uint64_t *result);

#endif
