/* Streams in RDB form: the value is that form. */
#include "data/types/stream/stream_rdb.h"

#include "data/types/stream/stream.h"
#include "data/types/stream/stream_form.h"

uint8_t stream_rdb_type(const struct entry *entry) {
    return stream_form_type(entry);
}

void stream_save(const struct entry *entry, struct rdb_writer *writer) {
    rdb_write_raw(writer, stream_form(entry));
}

struct entry *stream_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target) {
    uint64_t offset = rdb_reader_offset(reader);
    rdb_reader_start_keeping(reader);
    uint64_t len = stream_form_read(reader, rdb_type);
    struct bytes form = rdb_reader_end_keeping(reader, "a stream");
    if (rdb_has_failed(reader)) return NULL;
    struct entry *entry = stream_try_new_entry(target->key, target->has_due, rdb_type, form, len);
    if (entry == NULL) rdb_fail(reader, offset, "a stream", "no memory for it");
    return entry;
}
