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
    [RDB_STREAM_1] = SKIPPED(9),
    [RDB_HASH_LISTPACK] = LOADED(10, VALUE_HASH),
    [RDB_ZSET_LISTPACK] = LOADED(10, VALUE_ZSET),
    [RDB_LIST_OF_LISTPACKS] = LOADED(10, VALUE_LIST),
    [RDB_STREAM_2] = SKIPPED(10),
    [RDB_SET_LISTPACK] = LOADED(11, VALUE_SET),
    [RDB_STREAM_3] = SKIPPED(11),
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

enum { STREAM_ID_BYTES = 16 };

static void skip_string(struct rdb_reader *reader, const char *what) {
    (void)rdb_read_string(reader, what);
}

static void skip_lengths(struct rdb_reader *reader, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) (void)rdb_read_length(reader, what);
}

/* How many of something follow; none is allowed. */
static uint64_t read_amount(struct rdb_reader *reader, const char *what) {
    uint64_t offset = rdb_reader_offset(reader), amount = rdb_read_length(reader, what);
    if (amount > rdb_reader_left(reader))
        rdb_fail(reader, offset, what, "%llu with too few bytes left", (unsigned long long)amount);
    return amount;
}

/* Entries that were delivered and not acknowledged. `has_deliveries`: with when and how often. */
static void skip_pending(struct rdb_reader *reader, bool has_deliveries) {
    uint64_t count = read_amount(reader, "a number of pending entries");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        (void)rdb_read_raw(reader, STREAM_ID_BYTES, "an entry's id");
        if (!has_deliveries) continue;
        (void)rdb_read_i64(reader, "a delivery time");
        (void)rdb_read_length(reader, "a number of deliveries");
    }
}

static void skip_consumers(struct rdb_reader *reader, uint8_t rdb_type) {
    uint64_t count = read_amount(reader, "a number of consumers");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        skip_string(reader, "a consumer's name");
        (void)rdb_read_i64(reader, "a consumer's time");
        if (rdb_type == RDB_STREAM_3) (void)rdb_read_i64(reader, "a consumer's time");
        skip_pending(reader, false);
    }
}

static void skip_groups(struct rdb_reader *reader, uint8_t rdb_type) {
    uint64_t count = read_amount(reader, "a number of consumer groups");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        skip_string(reader, "a consumer group's name");
        skip_lengths(reader, rdb_type == RDB_STREAM_1 ? 2 : 3, "a consumer group's place");
        skip_pending(reader, true);
        skip_consumers(reader, rdb_type);
    }
}

static void skip_stream(struct rdb_reader *reader, uint8_t rdb_type) {
    uint64_t count = read_amount(reader, "a number of stream nodes");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        skip_string(reader, "a stream node's id");
        skip_string(reader, "a stream node");
    }
    /* The length and the last id; later also the first, the highest deleted and a counter. */
    skip_lengths(reader, rdb_type == RDB_STREAM_1 ? 3 : 8, "a stream's numbers");
    skip_groups(reader, rdb_type);
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
    if (rdb_type == RDB_MODULE_2) {
        (void)rdb_read_length(reader, "a module's id");
        rdb_skip_module_data(reader);
    } else {
        skip_stream(reader, rdb_type);
    }
}
