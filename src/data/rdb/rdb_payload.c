#include "data/rdb/rdb_payload.h"

#include "foundation/crc64.h"
enum { VERSION_BYTES = 2, CRC_BYTES = 8, FOOTER_BYTES = VERSION_BYTES + CRC_BYTES };

static uint16_t version_of(uint8_t rdb_type) {
    unsigned version = rdb_type_version(rdb_type);
    /* A stream that came from an older server can go back there. */
    if (rdb_type == RDB_STREAM_1 || version > RDB_VERSION_WRITTEN) return (uint16_t)version;
    return RDB_VERSION_WRITTEN;
}

void rdb_payload_write(struct rdb_writer *writer, const struct entry *entry) {
    CHECK(writer->settings.is_checksumming && writer->settings.flush == NULL);
    uint8_t type = rdb_type_of(entry);
    rdb_write_byte(writer, type);
    rdb_save_value(writer, entry);
    uint16_t version = version_of(type);
    rdb_write_raw(writer, bytes_of(&version, VERSION_BYTES));
    uint64_t crc = rdb_writer_crc(writer);
    rdb_write_raw(writer, bytes_of(&crc, CRC_BYTES));
}

bool rdb_payload_open(struct bytes payload, bool checks_sum, struct bytes *value) {
    if (payload.len < FOOTER_BYTES) return false;
    size_t len = payload.len - FOOTER_BYTES;
    uint16_t version;
    memcpy(&version, payload.data + len, VERSION_BYTES);
    uint64_t crc;
    memcpy(&crc, payload.data + len + VERSION_BYTES, CRC_BYTES);
    *value = bytes_of(payload.data, len);
    if (version > RDB_VERSION_MAX) return false;
    return !checks_sum || crc == crc64_add(0, bytes_of(payload.data, len + VERSION_BYTES));
}

static void free_entry(struct entry *entry) {
    if (entry_has(entry, ENTRY_HAS_WORD)) value_type_of(entry)->free_value(entry);
    entry_free(entry);
}

struct entry *rdb_payload_load(struct bytes value, struct rdb_target *target) {
    struct rdb_reader reader;
    rdb_reader_init(&reader, value);
    uint8_t type = rdb_read_byte(&reader, "a type");
    struct entry *entry = rdb_has_failed(&reader) ? NULL : rdb_load_value(&reader, type, target);
    if (entry != NULL && !rdb_reader_is_at_end(&reader)) {
        free_entry(entry);
        entry = NULL;
    }
    rdb_reader_destroy(&reader);
    return entry;
}
