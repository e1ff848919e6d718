/* Values in RDB form, whatever their type: which type byte belongs to which value type, and what to
 * do with those that Skua has no type for. */
#ifndef DATA_RDB_RDB_VALUE_H
#define DATA_RDB_RDB_VALUE_H

#include "data/entry.h"
#include "data/rdb/rdb_format.h"
#include "data/rdb/rdb_reader.h"
#include "data/rdb/rdb_writer.h"
#include "data/value_type.h"

/* The entry that a value is loaded for. The key stays valid: rdb_read_key's does. */
struct rdb_target {
    struct bytes key;
    bool has_due; /* a due time will be set: leave the place for it */
    int64_t now_ms;
    /* Written by values that tell when they end, which may have passed: it is to be the key's due
     * time, whatever that was. 0: the value does not. */
    int64_t own_due_ms;
};

enum rdb_type_kind {
    RDB_TYPE_UNKNOWN, /* nothing that is behind it can be read */
    RDB_TYPE_LOADED,  /* rdb_load_value */
    RDB_TYPE_SKIPPED, /* rdb_skip_value only: values of modules */
};
enum rdb_type_kind rdb_type_kind(uint8_t rdb_type);
/* The lowest RDB version whose servers read the type; Skua's own have RDB_VERSION_MAX. */
unsigned rdb_type_version(uint8_t rdb_type);
/* The value type that a type byte of kind RDB_TYPE_LOADED belongs to. */
enum value_type_id rdb_type_value(uint8_t rdb_type);

static inline uint8_t rdb_type_of(const struct entry *entry) {
    return value_type_of(entry)->rdb_type(entry);
}
static inline void rdb_save_value(struct rdb_writer *writer, const struct entry *entry) {
    value_type_of(entry)->save(entry, writer);
}
/* A new entry, for database_add; NULL when the reader has failed, on a type of another kind too. */
NODISCARD struct entry *rdb_load_value(struct rdb_reader *reader, uint8_t rdb_type,
                                       struct rdb_target *target);
/* Reads past a value of kind RDB_TYPE_SKIPPED. */
void rdb_skip_value(struct rdb_reader *reader, uint8_t rdb_type);
/* Reads past what a module wrote, behind its id: RDB_MODULE_2 and RDB_OPCODE_MODULE_AUX have it. */
void rdb_skip_module_data(struct rdb_reader *reader);

#endif
