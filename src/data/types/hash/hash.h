/* Hashes: fields with values, fields perhaps with due times of their own.
 *
 *      encoding         entry's word points to                       OBJECT ENCODING
 *      HASH_PACKED      listpack: field, value, field, value …       listpack
 *      HASH_PACKED_DUE  struct hash_packed_due: dues and a listpack  listpackex
 *                       of field, value, due time in unix ms (0: none),
 *                       those with due times first and in their order
 *      HASH_TABLE       struct members                               hashtable
 *
 * Hashes are never empty: removing the last field deletes the key (found->entry becomes NULL). The
 * caller fires the events, "del" included. A found hash has no field past its time
 * (data/member_expiry.h). Names and values given to these functions do not lie in the hash itself.
 *
 * A hash leaves the packed forms when a field or value is longer than hash-max-listpack-value, when
 * fields are more than hash-max-listpack-entries or are given in one command with more pairs than
 * that, or when its listpack would grow too large; and it does not return. The first due time makes
 * HASH_PACKED_DUE of HASH_PACKED, which stays so when the last one has gone. */
#ifndef DATA_TYPES_HASH_HASH_H
#define DATA_TYPES_HASH_HASH_H

#include "data/database.h"
#include "data/value_type.h"
#include "foundation/containers/packed.h"

enum hash_encoding { HASH_PACKED, HASH_PACKED_DUE, HASH_TABLE };

extern const struct value_type hash_value_type;

/* hash-max-listpack-entries and hash-max-listpack-value. */
void hash_set_limits(int64_t max_entries, int64_t max_value_len);

size_t hash_len(const struct entry *entry);

/* What is known of a field. Views are valid until the hash changes; integers of packed forms are
 * written to `scratch`. */
struct hash_field {
    struct bytes name;
    struct bytes value;
    int64_t due_ms; /* 0: none */
    char name_scratch[PACKED_SCRATCH];
    char value_scratch[PACKED_SCRATCH];
};
/* False when there is no such field. `field` is filled but for the name. */
NODISCARD bool hash_get(const struct entry *entry, struct bytes name, struct hash_field *field);
/* Fetches what look-ups of these fields, names[0], names[step], …, will read. For up to some
 * hundred fields at once. */
void hash_prefetch(const struct entry *entry, const struct bytes *names, size_t count, size_t step);

/* Calls `visit` for each field; it must not change the hash. */
typedef void hash_visit_function(void *context, const struct hash_field *field);
void hash_for_each(const struct entry *entry, hash_visit_function *visit, void *context);
/* A step of HSCAN, as table_scan; a packed hash is visited whole and answers 0. */
uint64_t hash_scan(const struct entry *entry, uint64_t cursor, hash_visit_function *visit,
                   void *context);
/* A field drawn uniformly. */
void hash_random(const struct entry *entry, struct hash_field *field);
/* `count` different fields (at most the length) in random order, or `count` drawn with
 * repetition. */
void hash_random_many(const struct entry *entry, size_t count, bool is_distinct,
                      hash_visit_function *visit, void *context);

enum hash_set_flag {
    HASH_KEEP_DUE = 1 << 0, /* leave an old field's due time; otherwise it is taken away */
};
/* Sets fields from pairs name, value, name, value … (one at least); makes the key when found->entry
 * is NULL. Of a name given twice the last value stays. Keeps member expiry in step with due times
 * taken away. Returns how many fields are new. */
size_t hash_set(struct database *db, struct key key, struct found *found, const struct bytes *pairs,
                size_t pair_count, unsigned flags);
/* Deletes fields; returns how many there were. Keeps member expiry in step. */
size_t hash_delete(struct database *db, struct key key, struct found *found,
                   const struct bytes *names, size_t count);
/* Sets the due time of a field that is there (0 takes it away). The caller calls
 * member_expiry_update once after the last one. */
void hash_set_due(struct database *db, struct found *found, struct bytes name, int64_t due_ms);

/* Checks every invariant, the entry's flag included; for tests. Reads the whole hash. */
void hash_verify(const struct entry *entry);

#endif
