/* The registers behind a HyperLogLog, free of the stored format: 16384 of them, either packed (6
 * bits each, register i from bit 6·i on of one little-endian bit string) or loose (a byte each). */
#ifndef FOUNDATION_SKETCHES_REGISTERS_H
#define FOUNDATION_SKETCHES_REGISTERS_H

#include "foundation/sketches/hyperloglog.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    REGISTERS_INDEX_BITS = 14,
    REGISTERS_HASH_BITS = 64 - REGISTERS_INDEX_BITS, /* what is left of a hash for the rank */
    REGISTERS_VALUES = HYPERLOGLOG_REGISTER_MAX + 1,
    REGISTERS_PACKED_BYTES = HYPERLOGLOG_DENSE_BYTES - HYPERLOGLOG_HEADER_BYTES,
};

static inline uint64_t load_le64(const void *from) {
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return le64toh(value);
}

static inline void store_le64(void *to, uint64_t value) {
    value = htole64(value);
    memcpy(to, &value, sizeof(value));
}

uint8_t registers_get(const uint8_t *packed, uint32_t index);
void registers_set(uint8_t *packed, uint32_t index, uint8_t value);
/* Sets the register if that raises it, and says whether it did. */
bool registers_raise(uint8_t *packed, uint32_t index, uint8_t value);

/* Raises the loose registers to the packed ones, and to other loose ones. */
void registers_merge_packed(uint8_t *registers, const uint8_t *packed);
void registers_merge(uint8_t *registers, const uint8_t *others);
void registers_pack(uint8_t *packed, const uint8_t *registers);

/* How many of the loose registers hold each value; REGISTERS_VALUES counts. */
void registers_count_values(uint32_t *histogram, const uint8_t *registers);
/* The number of distinct elements that so filled registers stand for. */
uint64_t registers_estimate(const uint32_t *histogram);

#endif
