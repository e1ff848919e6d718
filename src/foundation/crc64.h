/* CRC-64 with Jones's polynomial, reflected, starting at 0 and without a final inversion: the sum at
 * the end of RDB files and DUMP payloads. By ISA-L, some GB a second. */
#ifndef FOUNDATION_CRC64_H
#define FOUNDATION_CRC64_H

#include "foundation/bytes.h"

#include <stdint.h>

/* The sum of what `crc` is the sum of (0: nothing) followed by these bytes. */
uint64_t crc64_add(uint64_t crc, struct bytes bytes);

#endif
