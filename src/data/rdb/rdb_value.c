#include "data/rdb/rdb_value.h"

/* --- the types --- */

struct type_row {
    uint8_t kind;
    uint8_t version; /* that brought it */
    uint8_t value;
};

#define LOADED(rdb_version, value_type)                                                            \
    { .kind = RDB_TYPE_LOADED, .version = (rdb_version), .value = (value_type) }
#define SKIPPED(rdb_version)                                                                       \
    { .kind = RDB_TYPE_SKIPPED, .version = (rdb_version) }

static const struct type_row type_rows[UINT8_MAX + 1] = {
    [RDB_STRING] = LOADED(1, VALUE_STRING),
    [RDB_LIST] = LOADED(1, VALUE_LIST),
    [RDB_SET] = LOADED(1, VALUE_SET),
    [RDB_ZSET_TEXT] = LOADED(1, VALUE_ZSET),
    [RDB_HASH] = LOADED(1, VALUE_HASH),
    [RDB_ZSET] = LOADED(8, VALUE_ZSET),
    [RDB_MODULE_2] = SKIPPED(8),
    [RDB_HASH_ZIPMAP] = LOADED(2, VALUE_HASH),
    [RDB_LIST_ZIPLIST] = LOADED(2, VALUE_LIST),
    [RDB_SET_INTSET] = LOADED(2, VALUE_SET),
    [RDB_ZSET_ZIPLIST] = LOADED(2, VALUE_ZSET),
    [RDB_HASH_ZIPLIST] = LOADED(4, VALUE_HASH),
    [RDB_LIST_OF_ZIPLISTS] = LOADED(7, VALUE_LIST),
    [RDB_STREAM_1] = LOADED(9, VALUE_STREAM),
    [RDB_HASH_LISTPACK] = LOADED(10, VALUE_HASH),
    [RDB_ZSET_LISTPACK] = LOADED(10, VALUE_ZSET),
    [RDB_LIST_OF_LISTPACKS] = LOADED(10, VALUE_LIST),
    [RDB_STREAM_2] = LOADED(10, VALUE_STREAM),
    [RDB_SET_LISTPACK] = LOADED(11, VALUE_SET),
    [RDB_STREAM_3] = LOADED(11, VALUE_STREAM),
    [RDB_HASH_DUES] = LOADED(RDB_VERSION_FIELD_DUES, VALUE_HASH),
    [RDB_HASH_LISTPACK_DUES] = LOADED(RDB_VERSION_FIELD_DUES, VALUE_HASH),
    [RDB_SKUA_SET_DUES] = LOADED(RDB_VERSION_MAX, VALUE_SET),
    [RDB_SKUA_ZSET_DUES] = LOADED(RDB_VERSION_MAX, VALUE_ZSET),
    [RDB_SKUA_ZSET_EXACT] = LOADED(RDB_VERSION_MAX, VALUE_ZSET),
    [RDB_SKUA_ZSET_EXACT_DUES] = LOADED(RDB_VERSION_MAX, VALUE_ZSET),
    [RDB_SKUA_RATELIMIT] = LOADED(RDB_VERSION_MAX, VALUE_RATELIMIT),
};

enum rdb_type_kind rdb_type_kind(uint8_t rdb_type) {
    return (enum rdb_type_kind)type_rows[rdb_type].kind;
}

unsigned rdb_type_version(uint8_t rdb_type) {
    return type_rows[rdb_type].version;
}

enum value_type_id rdb_type_value(uint8_t rdb_type) {
    return (enum value_type_id)type_rows[rdb_type].value;
}

struct entry *rdb_load_value(struct rdb_reader *reader, uint8_t rdb_type,
                             struct rdb_target *target) {
    if (rdb_type_kind(rdb_type) != RDB_TYPE_LOADED) {
        rdb_fail(reader, rdb_reader_offset(reader), "a value", "one of type %d", rdb_type);
        return NULL;
    }
    target->own_due_ms = 0;
    return value_type_by_id(rdb_type_value(rdb_type))->load(reader, rdb_type, target);
}

/* --- reading past --- */

static void skip_string(struct rdb_reader *reader, const char *what) {
    (void)rdb_read_string(reader, what);
}

void rdb_skip_module_data(struct rdb_reader *reader) {
    enum { DATA_END, DATA_SIGNED, DATA_UNSIGNED, DATA_FLOAT, DATA_DOUBLE, DATA_STRING };
    static const char what[] = "a module's data";
    while (!rdb_has_failed(reader)) {
        uint64_t offset = rdb_reader_offset(reader), kind = rdb_read_length(reader, what);
        switch (kind) {
        case DATA_END: return;
        case DATA_SIGNED:
        case DATA_UNSIGNED: (void)rdb_read_length(reader, what); break;
        case DATA_FLOAT: (void)rdb_read_raw(reader, sizeof(float), what); break;
        case DATA_DOUBLE: (void)rdb_read_raw(reader, sizeof(double), what); break;
        case DATA_STRING: skip_string(reader, what); break;
        default: rdb_fail(reader, offset, what, "the kind %llu", (unsigned long long)kind);
        }
    }
}

void rdb_skip_value(struct rdb_reader *reader, uint8_t rdb_type) {
    CHECK(rdb_type_kind(rdb_type) == RDB_TYPE_SKIPPED);
    (void)rdb_read_length(reader, "a module's id");
    rdb_skip_module_data(reader);
}
