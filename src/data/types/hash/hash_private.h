/* What the files of this folder share: the listpack forms (hash_packed.c) and how a member of the
 * table is read (hash.c).
 *
 *      HASH_PACKED      | field | value | field | value | …
 *      HASH_PACKED_DUE  | field | value | due | field | value | due | …     due: unix ms, 0 is none
 *
 * Without due times fields stand in the order in which they came. With them those that have one
 * stand first, ordered by it and among equals by when it was set; the others follow, and a field
 * whose due time is taken away goes to the end. So what has expired is a run at the front. */
#ifndef DATA_TYPES_HASH_HASH_PRIVATE_H
#define DATA_TYPES_HASH_HASH_PRIVATE_H

#include "data/members.h"
#include "data/types/hash/hash.h"
#include "foundation/containers/listpack.h"

struct hash_packed_due {
    struct member_dues dues; /* never with a calendar: the front of the listpack is one */
    char *listpack;
};

static inline struct hash_packed_due *hash_packed_due_of(const struct entry *entry) {
    return entry_pointer(entry);
}

static inline char *hash_packed_listpack(const struct entry *entry) {
    return entry->encoding == HASH_PACKED ? entry_pointer(entry)
                                          : hash_packed_due_of(entry)->listpack;
}

/* Elements that a field takes in its listpack. */
static inline size_t hash_packed_step(const struct entry *entry) {
    return entry->encoding == HASH_PACKED ? 2 : 3;
}

/* --- listpack forms; the entries are such --- */

size_t hash_packed_len(const struct entry *entry);
/* Fills `field` from the place of a field and returns that of the next one, NULL after the last. */
const char *hash_packed_read(const struct entry *entry, const char *at, struct hash_field *field);
NODISCARD bool hash_packed_get(const struct entry *entry, struct bytes name,
                               struct hash_field *field);
/* False when the pairs cannot all be set in a listpack, whichever of them are new: they are more
 * than it may hold, or one of them is too long, or they are too much together. */
NODISCARD bool hash_packed_takes(const struct entry *entry, const struct bytes *pairs,
                                 size_t pair_count);
/* True when there are more fields than a listpack may hold. */
bool hash_packed_is_over(const struct entry *entry);
/* True when a listpack may hold so many fields, of which no name or value is longer. */
bool hash_packed_allows(uint64_t count, size_t longest);
/* Sets pairs that hash_packed_takes. Returns how many it has dealt with: it stops before a new
 * field that would be one too many. Adds to *added for each new field. */
size_t hash_packed_set(struct entry *entry, const struct bytes *pairs, size_t pair_count,
                       unsigned flags, size_t *added);
size_t hash_packed_delete(struct entry *entry, const struct bytes *names, size_t count);
/* True when there is room in the listpack for due times for every field. */
NODISCARD bool hash_packed_takes_dues(const struct entry *entry);
/* As hash_set_due, for hashes that hash_packed_takes_dues. */
void hash_packed_set_due(struct entry *entry, struct bytes name, int64_t due_ms);
/* Removes up to `max` fields that are due at now_ms; returns how many. */
size_t hash_packed_expire(struct entry *entry, int64_t now_ms, size_t max);
/* The first due time; 0: none. */
int64_t hash_packed_next_due_ms(const struct entry *entry);
void hash_packed_free(struct entry *entry);
void hash_packed_copy(const struct entry *source, struct entry *target);
size_t hash_packed_used_bytes(const struct entry *entry);
void hash_packed_verify(const struct entry *entry);

/* --- the table --- */

/* Makes a packed hash that is in no database a table. */
void hash_make_table(struct entry *entry, size_t more, int64_t now_ms);
/* Fills `field` from a member of the table. */
void hash_read_member(const struct members *members, const void *member, struct hash_field *field);

#endif
