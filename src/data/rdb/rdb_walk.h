/* Walks through an RDB file (data/rdb/rdb_format.h) item by item: whoever loads or checks one asks
 * for the next item until that is the end or a failure.
 *
 *      rdb_walk_init -> rdb_walk_next -> RDB_ITEM_KEY -> rdb_walk_load -> rdb_walk_next -> …
 *                                     -> RDB_ITEM_END: the sum was right, if it was to be looked at
 *
 * What stands in front of a key (due time, idle time, frequency) comes with the key; what Skua has
 * no place for is read past and told. The fields of the struct tell what the item is; strings are
 * valid until the next call, a key also while its value is loaded. */
#ifndef DATA_RDB_RDB_WALK_H
#define DATA_RDB_RDB_WALK_H

#include "data/rdb/rdb_reader.h"
#include "data/rdb/rdb_value.h"

enum rdb_item {
    RDB_ITEM_FAILED,   /* rdb_reader_error(&walk->reader) says why; next is the same again */
    RDB_ITEM_AUX,      /* key is the field's name, aux its value */
    RDB_ITEM_DATABASE, /* keys from here on are of database_number */
    RDB_ITEM_SIZES,    /* key_count, due_count: a hint at how many will come, not to be believed */
    RDB_ITEM_KEY,      /* key, type, facts; rdb_walk_load comes next */
    RDB_ITEM_SKIPPED,  /* skipped; with facts and type and, of a value, the key */
    RDB_ITEM_END,      /* sum, told_sum; nothing follows, but of a preamble */
};

/* What Skua has no place for. */
enum rdb_skipped {
    RDB_SKIPPED_MODULE_VALUE,
    RDB_SKIPPED_MODULE_AUX,
    RDB_SKIPPED_FUNCTION,
    RDB_SKIPPED_COUNT,
};

/* What stands in front of a key. */
struct rdb_key_facts {
    int64_t due_ms;       /* unix time; 0: none */
    int64_t idle_seconds; /* -1: not told */
    int frequency;        /* -1: not told */
};

struct rdb_walk {
    struct rdb_reader reader; /* callers may fail it for reasons of their own */
    unsigned version;         /* 0 until the head was read */
    bool checks_sum;
    bool is_preamble;
    bool is_in_value; /* the value of `key` has begun and not ended */
    /* All before it was read and found right, and an end may stand here. */
    uint64_t good_offset;
    uint64_t item_offset; /* behind the byte that says what the item is */
    struct bytes key;
    uint8_t type; /* an enum rdb_type */
    struct rdb_key_facts facts;
    enum rdb_skipped skipped;
    struct bytes aux;
    uint64_t aux_offset;
    uint64_t database_number;
    uint64_t key_count, due_count;
    uint64_t sum;      /* of the bytes; with checks_sum only */
    uint64_t told_sum; /* that the file tells */
    bool has_sum;      /* it tells one; it was compared with checks_sum only */
};

enum rdb_walk_flag {
    RDB_WALK_CHECKS_SUM = 1 << 0,
    RDB_WALK_IS_PREAMBLE = 1 << 1, /* something else may follow the end */
};

/* The source's context is borrowed until rdb_walk_destroy. */
void rdb_walk_init(struct rdb_walk *walk, const struct rdb_source *source, unsigned flags);
void rdb_walk_destroy(struct rdb_walk *walk);

enum rdb_item rdb_walk_next(struct rdb_walk *walk);
/* After RDB_ITEM_KEY, before the next item: a new entry of the key, its due word 0, as for
 * database_add, and facts.due_ms is what its due time is to be. NULL when the reader has failed. */
NODISCARD struct entry *rdb_walk_load(struct rdb_walk *walk, int64_t now_ms);

#endif
