#include "foundation/crc64.h"

#include <isa-l/crc64.h>

/* ISA-L inverts before and after. */
uint64_t crc64_add(uint64_t crc, struct bytes bytes) {
    if (bytes.len == 0) return crc;
    return ~crc64_jones_refl(~crc, (const unsigned char *)bytes.data, bytes.len);
}
