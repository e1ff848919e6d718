/* What DUMP answers and RESTORE takes: a value with its type, then the RDB version in 16 bits and the
 * CRC64 of all before it. */
#ifndef DATA_RDB_RDB_PAYLOAD_H
#define DATA_RDB_RDB_PAYLOAD_H

#include "data/rdb/rdb_value.h"

/* Writes an entry's payload to a writer that is empty, checksums and has no flush. */
void rdb_payload_write(struct rdb_writer *writer, const struct entry *entry);
/* True when the sum is right, if that is asked for, and the version one that is read; *value is what
 * rdb_payload_load takes. */
NODISCARD bool rdb_payload_open(struct bytes payload, bool checks_sum, struct bytes *value);
/* The entry of a whole value with its type; NULL when it is malformed or something follows it. */
NODISCARD struct entry *rdb_payload_load(struct bytes value, struct rdb_target *target);

#endif
