/* What the files of the sorted set type share: the two forms. Not for others. */
#ifndef DATA_TYPES_ZSET_ZSET_PRIVATE_H
#define DATA_TYPES_ZSET_ZSET_PRIVATE_H

#include "data/members.h"
#include "data/types/zset/zset.h"
#include "foundation/containers/listpack.h"
#include "foundation/containers/skiplist.h"

enum { ZSET_GROUP = 32 }; /* members that are fetched into cache together */

static inline bool zset_is_packed(const struct entry *entry) {
    return entry->encoding == ZSET_PACKED;
}

/* Makes a packed set a table with room for `more` members. */
COLD void zset_make_table(struct entry *entry, size_t more);

/* Where a text stands among members of one score: before all that are not less than it, or behind
 * all that are not greater. */
struct zset_lex_place {
    struct bytes text;
    bool is_behind;
};

static inline bool zset_is_before(struct bytes member, const struct zset_lex_place *place) {
    int order = bytes_compare(member, place->text);
    return order < 0 || (order == 0 && place->is_behind);
}

/* --- the listpack; scores are doubles --- */

/* Positions are those of members; the scores follow. */
struct zset_pair {
    struct bytes member;
    double score;
    char scratch[PACKED_SCRATCH];
};

static inline size_t zset_packed_len(const char *listpack) {
    return listpack_count(listpack) / 2;
}
void zset_packed_read(const char *listpack, const char *at, struct zset_pair *pair);
/* The pair behind, or before; NULL at the ends. */
char *zset_packed_next(const char *listpack, const char *at);
char *zset_packed_previous(const char *listpack, const char *at);
/* The member's position; NULL when it is not there. */
char *zset_packed_find(const char *listpack, struct bytes member);
double zset_packed_score(const char *listpack, const char *at);
uint64_t zset_packed_rank(const char *listpack, const char *at);
/* How many pairs stand before a key, or a place. */
uint64_t zset_packed_seek(const char *listpack, uint64_t key);
uint64_t zset_packed_seek_lex(const char *listpack, const struct zset_lex_place *place);
void zset_packed_visit(const char *listpack, struct zset_ranks ranks, bool is_reverse,
                       zset_visit_function *visit, void *context);

/* True when a listpack may hold so many members, none longer than `longest`, of so many bytes in
 * all. */
bool zset_packed_takes(size_t count, size_t longest, size_t total_len);
/* Changes return the listpack, perhaps moved. A member that is not there, at the end or in its
 * place: */
char *zset_packed_append(char *listpack, struct bytes member, double score);
char *zset_packed_add(char *listpack, struct bytes member, double score);
/* Gives the one at `at` another score. */
char *zset_packed_update(char *listpack, char *at, struct bytes member, double score);
char *zset_packed_remove(char *listpack, struct zset_ranks ranks);

/* --- the table --- */

struct zset_table {
    struct members *members;
    struct skiplist *list;
    struct skiplist *scores; /* zset_scores.c's; NULL until many of them are to be counted */
    enum score_kind kind;
};

static inline struct zset_table *zset_table_of(const struct entry *entry) {
    return entry_pointer(entry);
}

/* An empty one with room for so many members. */
struct zset_table *zset_table_new(enum score_kind kind, size_t expected_count);
/* One of members that are there, which it owns from then on; the list is empty and the caller's to
 * fill. */
struct zset_table *zset_table_of_members(enum score_kind kind, struct members *members);
void zset_table_free(struct zset_table *table);
struct zset_table *zset_table_copy(const struct zset_table *table);
size_t zset_table_used_bytes(const struct zset_table *table, size_t samples);
static inline uint64_t zset_table_len(const struct zset_table *table) {
    return members_count(table->members);
}

struct score zset_table_score(const struct zset_table *table, const void *member);
/* The member of that name, or NULL. */
void *zset_table_find(const struct zset_table *table, struct bytes name);
void zset_table_prefetch(const struct zset_table *table, const struct bytes *names, size_t count);
static inline uint64_t zset_table_rank(const struct zset_table *table, const void *member) {
    return skiplist_rank(table->list, score_key(zset_table_score(table, member)), member);
}
/* How many members stand before a key; before a place, where all have one score. */
uint64_t zset_table_seek(const struct zset_table *table, uint64_t key);
uint64_t zset_table_seek_lex(const struct zset_table *table, const struct zset_lex_place *place);
void zset_table_visit(const struct zset_table *table, struct zset_ranks ranks, bool is_reverse,
                      zset_visit_function *visit, void *context);

/* Adds a member that is not there and stands behind all others. */
void zset_table_append(struct zset_table *table, struct bytes name, struct score score);
/* True when the member is new. */
bool zset_table_put(struct zset_table *table, struct bytes name, struct score score);
bool zset_table_remove(struct zset_table *table, struct bytes name);
void zset_table_remove_ranks(struct zset_table *table, struct zset_ranks ranks);
/* Only where there are `scores`: a member of the key has come; one has left the list; a run of
 * members from one key to another has left it. */
void zset_scores_note_added(struct zset_table *table, uint64_t key);
void zset_scores_note_removed(struct zset_table *table, uint64_t key);
void zset_scores_note_run_removed(struct zset_table *table, uint64_t first, uint64_t last);
void zset_scores_verify(const struct zset_table *table);
/* As members_set_due, of a member that is there. */
void zset_table_set_due(struct zset_table *table, struct bytes name, int64_t due_ms,
                        int64_t now_ms);
size_t zset_table_expire(struct zset_table *table, int64_t now_ms, size_t max);

#endif
