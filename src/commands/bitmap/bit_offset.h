/* The offset argument of bitmap commands. */
#ifndef COMMANDS_BITMAP_BIT_OFFSET_H
#define COMMANDS_BITMAP_BIT_OFFSET_H

#include "engine/call.h"
#include "foundation/check.h"

#include <stdint.h>

/* A bit's place in a string of at most proto-max-bulk-len bytes. With a `width` other than 0, "#N"
 * is understood too: the place of the N-th field of that many bits. False after the error reply. */
NODISCARD bool bit_offset_argument(struct call *call, uint32_t index, unsigned width,
                                   uint64_t *offset);

#endif
