/* All that a keyspace holds as text to compare: a line a key with the digest of its value, its due
 * time and those of its members; in an order that depends on no hash. */
#ifndef UNIT_SUPPORT_DATA_DUMP_H
#define UNIT_SUPPORT_DATA_DUMP_H

#include "data/keyspace.h"
#include "foundation/buffer.h"

/* Appends the lines. */
void data_dump(const struct keyspace *keyspace, struct buffer *out);

#endif
