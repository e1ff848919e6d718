/* Sorted sets: members with scores, in the order of (score, bytes), perhaps with due times of their
 * own.
 *
 *      encoding     entry's word points to                              OBJECT ENCODING
 *      ZSET_PACKED  listpack: member, score, member, score … in order   listpack
 *      ZSET_TABLE   struct zset_table: members (data/members.h, the     skiplist
 *                   score their fixed value of 8 bytes) and a skip
 *                   list (foundation/containers/skiplist.h) of the
 *                   same members
 *      ZSET_EXACT   the same with scores that are signed 64-bit         skiplist-int64
 *                   integers
 *
 * Packed sets become tables beyond zset-max-listpack-entries or zset-max-listpack-value, or with
 * the first member that has a due time, and do not return. As in Redis, they do not tell minus zero
 * from zero. Sorted sets are never empty: removing the last member deletes the key (found->entry
 * becomes NULL). The caller fires the events, "del" included. A found set has no member past its
 * time (data/member_expiry.h). Names given to functions that change a set do not lie in it. */
#ifndef DATA_TYPES_ZSET_ZSET_H
#define DATA_TYPES_ZSET_ZSET_H

#include "data/database.h"
#include "data/types/zset/score.h"
#include "data/value_type.h"
#include "foundation/containers/packed.h"

enum zset_encoding { ZSET_PACKED, ZSET_TABLE, ZSET_EXACT };

extern const struct value_type zset_value_type;

/* zset-max-listpack-entries and zset-max-listpack-value. */
void zset_set_limits(int64_t max_entries, int64_t max_member_len);

size_t zset_len(const struct entry *entry);
enum score_kind zset_score_kind(const struct entry *entry);
/* False when there is no such member. */
NODISCARD bool zset_score(const struct entry *entry, struct bytes member, struct score *score);
/* Fetches what look-ups of these members will read. For up to some hundred at once. */
void zset_prefetch(const struct entry *entry, const struct bytes *members, size_t count);

/* Members are visited with views valid during the call; the visitor must not change the set and
 * returns false to stop. */
typedef bool zset_visit_function(void *context, struct bytes member, struct score score);

/* --- ranks and ranges; rank 0 is the lowest --- */

/* A run of ranks [start, end). */
struct zset_ranks {
    uint64_t start, end;
};
/* Bounds may be of either kind: those of an exact set are compared exactly, those of another are
 * taken as doubles. */
struct zset_score_range {
    struct score min, max;
    bool is_min_open, is_max_open;
};
struct zset_lex_bound {
    struct bytes text;
    bool is_open;
    int8_t infinity; /* -1 "-", 1 "+", 0: the text */
};
struct zset_lex_range {
    struct zset_lex_bound min, max;
};
/* False when there is no such member. O(log n). */
NODISCARD bool zset_rank(const struct entry *entry, struct bytes member, uint64_t *rank,
                         struct score *score);
/* The ranks of what lies in a range; start == end when nothing does. O(log n). */
struct zset_ranks zset_ranks_by_score(const struct entry *entry,
                                      const struct zset_score_range *range);
/* The same by bytes, for sets whose members all have one score. */
struct zset_ranks zset_ranks_by_lex(const struct entry *entry, const struct zset_lex_range *range);
/* How many different scores a run of ranks has. O(log n); O(n) the first time that a long run is
 * asked for, which costs 14 bytes a score from then on, and a little time for each change. */
uint64_t zset_count_scores(const struct entry *entry, struct zset_ranks ranks);
/* Visits the ranks, which exist, in order, or from the last to the first. O(log n + visited). */
void zset_visit(const struct entry *entry, struct zset_ranks ranks, bool is_reverse,
                zset_visit_function *visit, void *context);
/* All members in no promised order, at the least cost. */
void zset_for_each(const struct entry *entry, zset_visit_function *visit, void *context);
/* A step of ZSCAN, as table_scan; a packed set is visited whole and answers 0. What the visitor
 * returns is ignored. */
uint64_t zset_scan(const struct entry *entry, uint64_t cursor, zset_visit_function *visit,
                   void *context);
/* `count` different members (at most the length) in their order, or drawn with repetition;
 * uniformly. */
void zset_random_many(const struct entry *entry, size_t count, bool is_distinct,
                      zset_visit_function *visit, void *context);

/* --- changes --- */

/* Sets a member's score, adding it when absent; makes the key when found->entry is NULL, of the
 * score's kind. A score of the other kind than the set's is a bug. True when the member is new. An
 * old member's due time stays unless `clear_due`. */
bool zset_put(struct database *db, struct key key, struct found *found, struct bytes member,
              struct score score, bool clear_due);
/* True when it was there. */
bool zset_remove(struct database *db, struct key key, struct found *found, struct bytes member);
/* Removes a run of ranks, which exist, after each was shown to `visit` (NULL: none), in order or
 * from the last to the first; what the visitor returns is ignored. */
void zset_remove_ranks(struct database *db, struct key key, struct found *found,
                       struct zset_ranks ranks, bool is_reverse, zset_visit_function *visit,
                       void *context);

/* Unix ms; 0: none; -1: no such member. */
int64_t zset_due_ms(const struct entry *entry, struct bytes member);
/* Sets the due time of a member that is there (0 takes it away). The caller calls
 * member_expiry_update once after the last one. */
void zset_set_due(struct database *db, struct found *found, struct bytes member, int64_t due_ms);

/* --- a sorted set made apart from any key, for the results of ZUNIONSTORE and its kin --- */

struct zset_builder;
/* A hint that about so many members will come. */
struct zset_builder *zset_builder_new(enum score_kind kind, size_t expected_count);
void zset_builder_free(struct zset_builder *builder);
/* The score of a member, for the caller to change (not to NaN) before the builder is used again; it
 * is added with 0 when absent (*is_new). */
union score_cell *zset_builder_member(struct zset_builder *builder, struct bytes member,
                                      bool *is_new);
size_t zset_builder_len(const struct zset_builder *builder);
/* In order of score and bytes. O(n log n). */
void zset_builder_visit(const struct zset_builder *builder, zset_visit_function *visit,
                        void *context);
/* Puts the set in place of what the key had (any type, freed; due time gone) and frees the builder.
 * An empty one deletes the key: found->entry becomes NULL. Its encoding is decided by the members
 * that it has then. O(n log n). */
void zset_builder_store(struct zset_builder *builder, struct database *db, struct key key,
                        struct found *found);

/* Checks every invariant, the entry's flag included; for tests. Reads the whole set. */
void zset_verify(const struct entry *entry);

#endif
