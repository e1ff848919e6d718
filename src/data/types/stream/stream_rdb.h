/* Streams in RDB form: the slots of the vtable, which says what they do. */
#ifndef DATA_TYPES_STREAM_STREAM_RDB_H
#define DATA_TYPES_STREAM_STREAM_RDB_H

#include "data/rdb/rdb_value.h"

uint8_t stream_rdb_type(const struct entry *entry);
void stream_save(const struct entry *entry, struct rdb_writer *writer);
struct entry *stream_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target);

#endif
