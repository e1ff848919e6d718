/* HyperLogLog: how many distinct elements were seen, within 0.81 %, in at most 12 KiB.
 *
 * A sketch is 16384 registers of 6 bits, stored as a byte string that is Redis's own "HYLL"
 * format to the last byte, so that dumps and GET/SET of a sketch move between the servers. The
 * functions here are pure: they work on such a string and know no key.
 *
 *     0      4          5        8                           16
 *     "HYLL" encoding   0 0 0    cached count, little-endian  registers …
 *            0 dense             top bit set: the count is
 *            1 sparse            stale
 *
 * Every stored string may come from a peer (SET writes any bytes), so nothing in it is trusted:
 * what is malformed is reported as corrupt and never read or written past its end. */
#ifndef FOUNDATION_SKETCHES_HYPERLOGLOG_H
#define FOUNDATION_SKETCHES_HYPERLOGLOG_H

#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HYPERLOGLOG_REGISTERS = 16384,
    HYPERLOGLOG_REGISTER_MAX = 63,
    HYPERLOGLOG_HEADER_BYTES = 16,
    HYPERLOGLOG_DENSE_BYTES = HYPERLOGLOG_HEADER_BYTES + HYPERLOGLOG_REGISTERS * 6 / 8,
};

enum hyperloglog_change { HYPERLOGLOG_SAME, HYPERLOGLOG_CHANGED, HYPERLOGLOG_CORRUPT };

/* Appends an empty sparse sketch (18 bytes), its cached count stale. */
void hyperloglog_create(struct buffer *out);

/* True when the string has the header and, if dense, the length of a sketch. Everything else here
 * requires this; O(1). */
bool hyperloglog_is_sketch(struct bytes stored);
/* True when also every register can be read. O(length) for a sparse one. */
bool hyperloglog_is_valid(struct bytes stored);
bool hyperloglog_is_sparse(struct bytes stored);

/* Adds one element. A sparse sketch that would grow above `sparse_max_bytes` (header included), or
 * needs a register above 32, becomes dense. A dense one is changed in place, never reallocated.
 * A change makes the cached count stale; HYPERLOGLOG_CORRUPT and HYPERLOGLOG_SAME change nothing.
 * Costs one hash and, on a sparse sketch, a walk over it. */
enum hyperloglog_change hyperloglog_add(struct buffer *stored, struct bytes element,
                                        size_t sparse_max_bytes);
/* Makes a sparse sketch dense; false, with nothing changed, when it is corrupt. */
NODISCARD bool hyperloglog_to_dense(struct buffer *stored);

/* The count kept in the header; false when it is stale. */
NODISCARD bool hyperloglog_cached_count(struct bytes stored, uint64_t *count);
/* Estimates from the registers, whatever is cached; false when the sketch is corrupt.
 * Source: O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017. */
NODISCARD bool hyperloglog_count(struct bytes stored, uint64_t *count);
/* Keeps the count in the header of the sketch at `stored`. */
void hyperloglog_store_count(char *stored, uint64_t count);

/* Raises each of HYPERLOGLOG_REGISTERS one-byte registers to the sketch's where that is higher.
 * False when the sketch is corrupt; the registers are then of no use. */
NODISCARD bool hyperloglog_merge(uint8_t *registers, struct bytes stored);
uint64_t hyperloglog_count_registers(const uint8_t *registers);
/* Raises the sketch's registers to the given ones, as if elements with those registers had been
 * added in register order, and makes its count stale. `is_dense` converts it first. False, with
 * nothing changed, when the sketch is corrupt. */
NODISCARD bool hyperloglog_write(struct buffer *stored, const uint8_t *registers, bool is_dense,
                                 size_t sparse_max_bytes);

/* Appends a sparse sketch's run-length codes as text: "Z:16374 v:2,1 z:9" is 16374 zero registers
 * (two-byte code), one register of 2, 9 zeros (one-byte code). False when corrupt. */
NODISCARD bool hyperloglog_decode(struct bytes stored, struct buffer *out);

/* Exercises register access, both encodings and the estimate's error; some tens of milliseconds.
 * On failure appends what is wrong to `error` and returns false. */
NODISCARD bool hyperloglog_self_test(struct buffer *error);

#endif
