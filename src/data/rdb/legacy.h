/* Packed forms of old Redis versions, ziplist (up to 6.2) and zipmap (up to 2.4), which are read and
 * turned into listpacks.
 *
 *      ziplist  | bytes, 32 | offset of the last entry, 32 | count, 16 | entry | … | 0xff |
 *      entry    | previous entry's size: 1 byte, or 0xfe and 4 | encoding, perhaps length | data |
 *
 *      00xxxxxx                        string of up to 63 bytes
 *      01xxxxxx xxxxxxxx               of up to 16383, big-endian
 *      10000000 and 4 bytes            of more, big-endian
 *      0xc0 0xd0 0xe0 0xf0 0xfe        integer of 16, 32, 64, 24, 8 bits, little-endian
 *      0xf1 .. 0xfd                    0 .. 12
 *
 *      zipmap   | count, 8 | length field | length free, 8 value free… | … | 0xff |
 *      length   one byte below 254, or 254 and 4 bytes, little-endian
 *
 * A count of 65535 (ziplist) or of 254 and more (zipmap) means: go and count. */
#ifndef DATA_RDB_LEGACY_H
#define DATA_RDB_LEGACY_H

#include "foundation/bytes.h"
#include "foundation/check.h"

/* A listpack (foundation/containers/listpack.h), the caller's, of the same elements; NULL when the
 * bytes are malformed in any way or too many for one. */
NODISCARD char *legacy_ziplist_to_listpack(struct bytes ziplist);
/* Fields and values by turns. */
NODISCARD char *legacy_zipmap_to_listpack(struct bytes zipmap);

#endif
