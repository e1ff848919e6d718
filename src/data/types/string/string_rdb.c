#include "data/types/string/string_rdb.h"

#include "data/types/string/string.h"

uint8_t string_rdb_type(const struct entry *entry) {
    (void)entry;
    return RDB_STRING;
}

void string_save(const struct entry *entry, struct rdb_writer *writer) {
    if (entry->encoding == STRING_INTEGER) {
        rdb_write_integer_string(writer, (int64_t)entry_word(entry));
    } else {
        char scratch[STRING_SCRATCH];
        rdb_write_string(writer, string_view(entry, scratch));
    }
}

struct entry *string_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target) {
    static const char what[] = "a string";
    (void)rdb_type;
    struct bytes text;
    int64_t value;
    uint64_t offset = rdb_reader_offset(reader);
    bool is_integer = rdb_read_string_or_i64(reader, &text, &value, what);
    if (rdb_has_failed(reader)) return NULL;
    if (is_integer) return string_new_entry_i64(target->key, value, target->has_due);
    struct entry *entry = string_try_new_entry(target->key, text, target->has_due);
    if (entry == NULL) rdb_fail(reader, offset, what, "no memory for it");
    return entry;
}
