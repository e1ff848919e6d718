/* Value types: the vtable through which everything cold reaches a type without knowing it. Hot work
 * is done by direct calls into the type's own header. */
#ifndef DATA_VALUE_TYPE_H
#define DATA_VALUE_TYPE_H

#include "data/entry.h"
#include "data/key_event.h"
#include "foundation/buffer.h"

/* The numbers are those that DEBUG DIGEST hashes. */
enum value_type_id {
    VALUE_STRING = 0,
    VALUE_LIST = 1,
    VALUE_SET = 2,
    VALUE_ZSET = 3,
    VALUE_HASH = 4,
    VALUE_RATELIMIT = 5,
    VALUE_STREAM = 6,
    VALUE_TYPE_COUNT,
};

struct member_dues;
struct members;
struct rdb_reader;
struct rdb_target;
struct rdb_writer;

/* What a type whose members may have due times answers data/member_expiry.h. */
struct member_methods {
    /* NULL, or with a count of 0, when no member has a due time; the others are asked only when
     * some member has one, or has just lost it. */
    struct member_dues *(*dues)(const struct entry *entry);
    /* Unix ms at which `expire` is wanted next, never later than the first due time. */
    int64_t (*next_due_ms)(const struct entry *entry, int64_t now_ms);
    /* Removes up to `max` members due at now_ms; returns how many. With a `max` of 0 and no due
     * times left it only gives back what was kept for them. */
    size_t (*expire)(struct entry *entry, int64_t now_ms, size_t max);
    bool (*is_empty)(const struct entry *entry);
    /* The large form; NULL when the value has another. For any entry of the type. */
    const struct members *(*large_form)(const struct entry *entry);
    enum key_event_class event_class;
    const char *expired_event;
};

struct value_type {
    const char *name; /* what TYPE answers */
    /* Frees what the entry's word points to; the entry itself stays. */
    void (*free_value)(struct entry *entry);
    /* Gives `target`, a fresh entry of the same shape, an equal value of its own. */
    void (*copy_value)(const struct entry *source, struct entry *target);
    /* True when freeing takes so long that it belongs on the worker thread. */
    bool (*is_costly_to_free)(const struct entry *entry);
    /* Bytes outside the entry's own allocation, rounding included. `samples` elements of a
     * collection are looked at, 0 is all. */
    size_t (*outside_bytes)(const struct entry *entry, size_t samples);
    /* Feeds the logical value, whatever its encoding, to a digest: Redis's DEBUG DIGEST-VALUE
     * rules. */
    void (*digest)(const struct entry *entry, unsigned char digest[20]);
    /* What OBJECT ENCODING answers. */
    const char *(*encoding_name)(const struct entry *entry);
    /* Bytes that a serialised value would take, for DEBUG OBJECT. */
    size_t (*serialized_len)(const struct entry *entry);
    /* What data/rdb/ asks; in the type's X_rdb.c. The type byte (enum rdb_type) of the value as
     * `save` writes it: one that redis-server 7.0 reads wherever it can hold the value, else one of
     * 7.4, else one of Skua's own. */
    uint8_t (*rdb_type)(const struct entry *entry);
    /* Writes the value, without type byte and key. Must not change it: a forked child saves. */
    void (*save)(const struct entry *entry, struct rdb_writer *writer);
    /* Reads a value of a type byte that data/rdb/rdb_value.c has under this type: an entry for
     * database_add with the target's key. NULL, and the reader has failed, when it is malformed in
     * any way. */
    struct entry *(*load)(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target);
    /* Fetches into cache, ahead of a use, what a value whose entry has a word keeps outside: step 0
     * what the word points to, each further step what lies behind that which the one before has
     * fetched. False: there is no further one. NULL: it is not worth it. */
    bool (*prefetch)(const struct entry *entry, unsigned step);
    const struct member_methods *members; /* NULL: members have no due times */
    bool has_own_due; /* the due time follows from the value: nobody else sets it */
};

const struct value_type *value_type_of(const struct entry *entry);
/* The type of that number (an enum value_type_id). */
const struct value_type *value_type_by_id(unsigned id);
/* The type of that name; NULL when there is none. */
const struct value_type *value_type_by_name(struct bytes name);
/* An entry under another key with an equal value of its own, due word 0; the caller's until it is
 * put in a database. `has_due`: with the place for a due time. */
struct entry *value_type_copy_entry(const struct entry *source, struct bytes key, bool has_due);

#endif
