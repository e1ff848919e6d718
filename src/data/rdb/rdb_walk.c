#include "data/rdb/rdb_walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MAGIC_LEN = 5,
    VERSION_LEN = 4,
    FIRST_VERSION_WITH_SUM = 5,
};

static const struct rdb_key_facts no_facts = {.idle_seconds = -1, .frequency = -1};

void rdb_walk_init(struct rdb_walk *walk, const struct rdb_source *source, unsigned flags) {
    struct rdb_source own_source = *source;
    bool checks_sum = (flags & RDB_WALK_CHECKS_SUM) != 0;
    *walk = (struct rdb_walk){
        .checks_sum = checks_sum,
        .is_preamble = (flags & RDB_WALK_IS_PREAMBLE) != 0,
        .facts = no_facts,
    };
    own_source.is_unsummed = !checks_sum;
    rdb_reader_init_source(&walk->reader, &own_source);
}

void rdb_walk_destroy(struct rdb_walk *walk) {
    rdb_reader_destroy(&walk->reader);
}

/* --- head and end --- */

/* The number that the digits tell; 0 when they are none. */
static unsigned read_version(const char *digits) {
    unsigned version = 0;
    for (int i = 0; i < VERSION_LEN; i++) {
        if (digits[i] < '0' || digits[i] > '9') return 0;
        version = version * 10 + (unsigned)(digits[i] - '0');
    }
    return version;
}

static void read_head(struct rdb_walk *walk) {
    static const char what[] = "REDIS and a version of up to 12";
    struct rdb_reader *reader = &walk->reader;
    struct bytes head = rdb_read_raw(reader, MAGIC_LEN + VERSION_LEN, what);
    if (rdb_has_failed(reader)) return;
    unsigned version = read_version(head.data + MAGIC_LEN);
    if (memcmp(head.data, "REDIS", MAGIC_LEN) != 0 || version < 1 || version > RDB_VERSION_MAX)
        rdb_fail(reader, 0, what, "\"%.*s\"", MAGIC_LEN + VERSION_LEN, head.data);
    else
        walk->version = version;
}

static void read_sum(struct rdb_walk *walk) {
    struct rdb_reader *reader = &walk->reader;
    uint64_t offset = rdb_reader_offset(reader);
    if (walk->checks_sum) walk->sum = rdb_reader_crc(reader);
    walk->told_sum = (uint64_t)rdb_read_i64(reader, "the sum of the file");
    walk->has_sum = !rdb_has_failed(reader) && walk->told_sum != 0;
    if (!walk->has_sum || !walk->checks_sum || walk->told_sum == walk->sum) return;
    char expected[64];
    (void)snprintf(expected, sizeof(expected), "the sum %016" PRIx64, walk->sum);
    rdb_fail(reader, offset, expected, "%016" PRIx64, walk->told_sum);
}

static void read_end(struct rdb_walk *walk) {
    struct rdb_reader *reader = &walk->reader;
    if (walk->version >= FIRST_VERSION_WITH_SUM) read_sum(walk);
    if (rdb_has_failed(reader) || walk->is_preamble) return;
    if (!rdb_reader_is_at_end(reader))
        rdb_fail(reader, rdb_reader_offset(reader), "the end", "more");
}

/* --- what stands in front of a key --- */

static void read_due(struct rdb_walk *walk, bool is_seconds) {
    static const char what[] = "a time of expiry";
    struct rdb_reader *reader = &walk->reader;
    uint64_t offset = rdb_reader_offset(reader);
    int64_t due_ms;
    if (is_seconds) {
        int32_t seconds = 0;
        struct bytes raw = rdb_read_raw(reader, sizeof(seconds), what);
        memcpy(&seconds, raw.data, raw.len);
        due_ms = (int64_t)seconds * 1000;
    } else {
        due_ms = rdb_read_i64(reader, what);
    }
    if (due_ms < 0)
        rdb_fail(reader, offset, what, "%" PRId64, due_ms);
    else /* 0 is a time long past, not none */
        walk->facts.due_ms = due_ms == 0 ? 1 : due_ms;
}

static void read_idle_time(struct rdb_walk *walk) {
    uint64_t seconds = rdb_read_length(&walk->reader, "an idle time");
    walk->facts.idle_seconds = seconds > INT64_MAX ? INT64_MAX : (int64_t)seconds;
}

static void skip_slot_info(struct rdb_walk *walk) {
    for (int i = 0; i < 3; i++) (void)rdb_read_length(&walk->reader, "a slot's sizes");
}

/* False when `opcode` is that of an item. */
static bool read_fact(struct rdb_walk *walk, uint8_t opcode) {
    switch (opcode) {
    case RDB_OPCODE_EXPIRETIME: read_due(walk, true); return true;
    case RDB_OPCODE_EXPIRETIME_MS: read_due(walk, false); return true;
    case RDB_OPCODE_FREQ:
        walk->facts.frequency = rdb_read_byte(&walk->reader, "a frequency");
        return true;
    case RDB_OPCODE_IDLE: read_idle_time(walk); return true;
    case RDB_OPCODE_SLOT_INFO: skip_slot_info(walk); return true;
    default: return false;
    }
}

static bool has_facts(const struct rdb_walk *walk) {
    const struct rdb_key_facts *facts = &walk->facts;
    return facts->due_ms != 0 || facts->idle_seconds >= 0 || facts->frequency >= 0;
}

/* --- items --- */

static enum rdb_item read_aux(struct rdb_walk *walk) {
    /* A key, because it stays valid while the value is read. */
    walk->key = rdb_read_key(&walk->reader);
    walk->aux_offset = rdb_reader_offset(&walk->reader);
    walk->aux = rdb_read_string(&walk->reader, "the value of an aux field");
    return RDB_ITEM_AUX;
}

static enum rdb_item read_database_number(struct rdb_walk *walk) {
    walk->database_number = rdb_read_length(&walk->reader, "the number of a database");
    return RDB_ITEM_DATABASE;
}

static enum rdb_item read_sizes(struct rdb_walk *walk) {
    walk->key_count = rdb_read_length(&walk->reader, "a number of keys");
    walk->due_count = rdb_read_length(&walk->reader, "a number of expiries");
    return RDB_ITEM_SIZES;
}

static enum rdb_item skip_module_aux(struct rdb_walk *walk) {
    (void)rdb_read_length(&walk->reader, "a module's id");
    rdb_skip_module_data(&walk->reader);
    walk->skipped = RDB_SKIPPED_MODULE_AUX;
    return RDB_ITEM_SKIPPED;
}

static enum rdb_item skip_function(struct rdb_walk *walk) {
    (void)rdb_read_string(&walk->reader, "a library of functions");
    walk->skipped = RDB_SKIPPED_FUNCTION;
    return RDB_ITEM_SKIPPED;
}

static void read_key(struct rdb_walk *walk, uint8_t type) {
    walk->type = type;
    walk->key = rdb_read_key(&walk->reader);
    walk->is_in_value = !rdb_has_failed(&walk->reader);
}

static enum rdb_item skip_value(struct rdb_walk *walk, uint8_t type) {
    read_key(walk, type);
    if (!walk->is_in_value) return RDB_ITEM_FAILED;
    rdb_skip_value(&walk->reader, type);
    walk->is_in_value = rdb_has_failed(&walk->reader);
    walk->skipped = RDB_SKIPPED_MODULE_VALUE;
    return RDB_ITEM_SKIPPED;
}

static enum rdb_item read_type(struct rdb_walk *walk, uint8_t type) {
    switch (rdb_type_kind(type)) {
    case RDB_TYPE_LOADED: read_key(walk, type); return RDB_ITEM_KEY;
    case RDB_TYPE_SKIPPED: return skip_value(walk, type);
    case RDB_TYPE_UNKNOWN: break;
    }
    rdb_fail(&walk->reader, walk->item_offset - 1, "a type of value", "%u", type);
    return RDB_ITEM_FAILED;
}

static enum rdb_item read_item(struct rdb_walk *walk, uint8_t opcode) {
    switch (opcode) {
    case RDB_OPCODE_AUX: return read_aux(walk);
    case RDB_OPCODE_SELECTDB: return read_database_number(walk);
    case RDB_OPCODE_RESIZEDB: return read_sizes(walk);
    case RDB_OPCODE_MODULE_AUX: return skip_module_aux(walk);
    case RDB_OPCODE_FUNCTION: return skip_function(walk);
    case RDB_OPCODE_EOF: read_end(walk); return RDB_ITEM_END;
    default: return read_type(walk, opcode);
    }
}

enum rdb_item rdb_walk_next(struct rdb_walk *walk) {
    struct rdb_reader *reader = &walk->reader;
    CHECK(!walk->is_in_value || rdb_has_failed(reader));
    if (UNLIKELY(walk->version == 0)) read_head(walk);
    if (rdb_has_failed(reader)) return RDB_ITEM_FAILED;
    walk->good_offset = rdb_reader_offset(reader);
    walk->facts = no_facts;
    walk->key = BYTES("");
    uint8_t opcode;
    do {
        opcode = rdb_read_byte(reader, "a type or opcode");
        walk->item_offset = rdb_reader_offset(reader);
        if (rdb_has_failed(reader)) return RDB_ITEM_FAILED;
    } while (read_fact(walk, opcode));
    if (opcode >= RDB_OPCODE_FUNCTION && has_facts(walk))
        rdb_fail(reader, walk->item_offset - 1, "a key", "the opcode %u", opcode);
    enum rdb_item item = read_item(walk, opcode);
    return rdb_has_failed(reader) ? RDB_ITEM_FAILED : item;
}

struct entry *rdb_walk_load(struct rdb_walk *walk, int64_t now_ms) {
    struct rdb_target target = {
        .key = walk->key,
        .has_due = walk->facts.due_ms != 0,
        .now_ms = now_ms,
    };
    CHECK(walk->is_in_value);
    struct entry *entry = rdb_load_value(&walk->reader, walk->type, &target);
    if (entry == NULL) return NULL;
    walk->is_in_value = false;
    if (target.own_due_ms != 0) walk->facts.due_ms = target.own_due_ms;
    return entry;
}
