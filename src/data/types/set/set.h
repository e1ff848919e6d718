/* Sets of distinct members, perhaps with due times of their own.
 *
 *      encoding     entry's word points to     OBJECT ENCODING
 *      SET_INTS     intset                     intset
 *      SET_PACKED   listpack of members        listpack
 *      SET_TABLE    struct members             hashtable
 *
 * A set begins as the smallest form that holds its first members, leaves intset at the first member
 * that is no integer or beyond set-max-intset-entries, and listpack beyond set-max-listpack-entries
 * or set-max-listpack-value; a member with a due time needs the table. Sets are never empty:
 * removing the last member deletes the key (found->entry becomes NULL). The caller fires the
 * events, "del" included. A found set has no member past its time (data/member_expiry.h). */
#ifndef DATA_TYPES_SET_SET_H
#define DATA_TYPES_SET_SET_H

#include "data/database.h"
#include "data/value_type.h"
#include "foundation/containers/packed.h"

enum set_encoding { SET_INTS, SET_PACKED, SET_TABLE };

extern const struct value_type set_value_type;

/* set-max-intset-entries, set-max-listpack-entries and set-max-listpack-value. */
void set_set_limits(int64_t max_ints, int64_t max_packed, int64_t max_packed_len);

size_t set_len(const struct entry *entry);
bool set_has(const struct entry *entry, struct bytes member);
/* Fetches what look-ups of these members will read. For many at once; set_add and set_remove do it
 * themselves. */
void set_prefetch(const struct entry *entry, const struct bytes *members, size_t count);

/* `member` is a view valid during the call, and as long as the set does not change if it is longer
 * than PACKED_SCRATCH. The visitor must not change the set; it returns false to stop. */
typedef bool set_visit_function(void *context, struct bytes member);
/* In order of an intset, of insertion in a listpack, of hashes in a table. */
void set_for_each(const struct entry *entry, set_visit_function *visit, void *context);
/* A step of SSCAN, as table_scan; small forms are visited whole and answer 0. What the visitor
 * returns is ignored. */
uint64_t set_scan(const struct entry *entry, uint64_t cursor, set_visit_function *visit,
                  void *context);
/* A member drawn uniformly; integers' digits are written to `scratch`. */
struct bytes set_random(const struct entry *entry, char scratch[PACKED_SCRATCH]);
/* `count` different members (at most the length), or `count` drawn with repetition. */
void set_random_many(const struct entry *entry, size_t count, bool is_distinct,
                     set_visit_function *visit, void *context);

/* Adds members; makes the key when found->entry is NULL (count >= 1). Returns how many are new. */
size_t set_add(struct database *db, struct key key, struct found *found,
               const struct bytes *members, size_t count);
/* Removes members; returns how many there were. */
size_t set_remove(struct database *db, struct key key, struct found *found,
                  const struct bytes *members, size_t count);
/* Removes `count` members drawn uniformly (at most the length), each shown to `visit` first, whose
 * answer is ignored. */
void set_pop(struct database *db, struct key key, struct found *found, size_t count,
             set_visit_function *visit, void *context);

/* Unix ms; 0: none; -1: no such member. */
int64_t set_due_ms(const struct entry *entry, struct bytes member);
/* Sets the due time of a member that is there (0 takes it away). The caller calls
 * member_expiry_update once after the last one. */
void set_set_due(struct database *db, struct found *found, struct bytes member, int64_t due_ms);

/* A set being made apart from any key, for the results of set algebra. */
struct set_builder;
struct set_builder *set_builder_new(void);
/* A hint that about `count` members will be added to an empty one. */
void set_builder_reserve(struct set_builder *builder, size_t count);
void set_builder_free(struct set_builder *builder);
/* True when the member is new. */
bool set_builder_add(struct set_builder *builder, struct bytes member);
bool set_builder_has(const struct set_builder *builder, struct bytes member);
size_t set_builder_len(const struct set_builder *builder);
/* Puts the set in place of what the key had (any type, freed; due time gone) and frees the builder.
 * An empty one deletes the key: found->entry becomes NULL. */
void set_builder_store(struct set_builder *builder, struct database *db, struct key key,
                       struct found *found);

#endif
