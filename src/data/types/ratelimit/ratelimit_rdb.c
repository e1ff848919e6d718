/* Limiters in RDB form: one string, of limiter_encode's bytes. The key's due time follows from
 * them. */
#include "data/types/ratelimit/ratelimit_rdb.h"

#include "data/types/ratelimit/ratelimit.h"

uint8_t ratelimit_rdb_type(const struct entry *entry) {
    (void)entry;
    return RDB_SKUA_RATELIMIT;
}

void ratelimit_save(const struct entry *entry, struct rdb_writer *writer) {
    struct buffer encoded = {0};
    limiter_encode(entry, &encoded);
    rdb_write_string(writer, buffer_bytes(&encoded));
    buffer_destroy(&encoded);
}

struct entry *ratelimit_load(struct rdb_reader *reader, uint8_t rdb_type,
                             struct rdb_target *target) {
    static const char what[] = "a limiter";
    (void)rdb_type;
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes encoded = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return NULL;
    struct entry *entry = limiter_decode(target->key, encoded, &target->own_due_ms);
    if (entry == NULL) rdb_fail(reader, offset, what, "%zu bytes that are none", encoded.len);
    return entry;
}
