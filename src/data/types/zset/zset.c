/* Sorted sets: the choice between the forms. */
#include "data/types/zset/zset.h"

#include "data/member_expiry.h"
#include "data/types/zset/zset_private.h"

#include <math.h>

static char *listpack_of(const struct entry *entry) {
    return entry_pointer(entry);
}

/* --- reading --- */

size_t zset_len(const struct entry *entry) {
    if (zset_is_packed(entry)) return zset_packed_len(listpack_of(entry));
    return zset_table_len(zset_table_of(entry));
}

enum score_kind zset_score_kind(const struct entry *entry) {
    return entry->encoding == ZSET_EXACT ? SCORE_INT64 : SCORE_DOUBLE;
}

bool zset_score(const struct entry *entry, struct bytes member, struct score *score) {
    if (zset_is_packed(entry)) {
        const char *at = zset_packed_find(listpack_of(entry), member);
        if (at != NULL) *score = score_of_double(zset_packed_score(listpack_of(entry), at));
        return at != NULL;
    }
    const struct zset_table *table = zset_table_of(entry);
    const void *found = zset_table_find(table, member);
    if (found != NULL) *score = zset_table_score(table, found);
    return found != NULL;
}

void zset_prefetch(const struct entry *entry, const struct bytes *members, size_t count) {
    if (!zset_is_packed(entry)) zset_table_prefetch(zset_table_of(entry), members, count);
}

bool zset_rank(const struct entry *entry, struct bytes member, uint64_t *rank,
               struct score *score) {
    if (zset_is_packed(entry)) {
        const char *listpack = listpack_of(entry), *at = zset_packed_find(listpack, member);
        if (at == NULL) return false;
        *score = score_of_double(zset_packed_score(listpack, at));
        *rank = zset_packed_rank(listpack, at);
        return true;
    }
    const struct zset_table *table = zset_table_of(entry);
    const void *found = zset_table_find(table, member);
    if (found == NULL) return false;
    *score = zset_table_score(table, found);
    *rank = zset_table_rank(table, found);
    return true;
}

/* --- ranges of scores, which become ranges of keys --- */

/* The least key within a lower bound, or the greatest within an upper one; false when there is
 * none. */
static bool close_key(uint64_t key, bool is_open, bool is_max, uint64_t *closed) {
    if (!is_open) {
        *closed = key;
        return true;
    }
    if (key == (is_max ? 0 : UINT64_MAX)) return false;
    *closed = is_max ? key - 1 : key + 1;
    return true;
}

/* The nearest integer inside a double bound is a closed one. */
static bool find_integer_key(double bound, bool is_open, bool is_max, uint64_t *key) {
    const double end = 0x1p63; /* integers lie in [-end, end) */
    if (is_max ? bound < -end : bound >= end) return false;
    *key = is_max ? UINT64_MAX : 0;
    if (is_max ? bound >= end : bound < -end) return true;
    double nearest = is_max ? floor(bound) : ceil(bound);
    if (nearest == end) return false;
    uint64_t nearest_key = skiplist_key_of_i64((int64_t)nearest);
    return close_key(nearest_key, is_open && nearest == bound, is_max, key);
}

static bool find_key(enum score_kind kind, struct score bound, bool is_open, bool is_max,
                     uint64_t *key) {
    if (kind == SCORE_INT64 && bound.kind == SCORE_DOUBLE)
        return find_integer_key(bound.number, is_open, is_max, key);
    if (kind == SCORE_DOUBLE) bound = score_of_double(score_to_double(bound));
    return close_key(score_key(bound), is_open, is_max, key);
}

static uint64_t seek_key(const struct entry *entry, uint64_t key) {
    if (zset_is_packed(entry)) return zset_packed_seek(listpack_of(entry), key);
    return zset_table_seek(zset_table_of(entry), key);
}

struct zset_ranks zset_ranks_by_score(const struct entry *entry,
                                      const struct zset_score_range *range) {
    enum score_kind kind = zset_score_kind(entry);
    uint64_t min, max;
    if (!find_key(kind, range->min, range->is_min_open, false, &min) ||
        !find_key(kind, range->max, range->is_max_open, true, &max) || min > max)
        return (struct zset_ranks){0, 0};
    return (struct zset_ranks){
        .start = seek_key(entry, min),
        .end = max == UINT64_MAX ? zset_len(entry) : seek_key(entry, max + 1),
    };
}

/* --- ranges of bytes --- */

static uint64_t seek_lex(const struct entry *entry, const struct zset_lex_bound *bound,
                         bool is_max) {
    if (bound->infinity != 0) return bound->infinity < 0 ? 0 : zset_len(entry);
    struct zset_lex_place place = {.text = bound->text, .is_behind = bound->is_open != is_max};
    if (zset_is_packed(entry)) return zset_packed_seek_lex(listpack_of(entry), &place);
    return zset_table_seek_lex(zset_table_of(entry), &place);
}

struct zset_ranks zset_ranks_by_lex(const struct entry *entry, const struct zset_lex_range *range) {
    struct zset_ranks ranks = {
        .start = seek_lex(entry, &range->min, false),
        .end = seek_lex(entry, &range->max, true),
    };
    if (ranks.end < ranks.start) ranks.end = ranks.start;
    return ranks;
}

/* --- walking --- */

void zset_visit(const struct entry *entry, struct zset_ranks ranks, bool is_reverse,
                zset_visit_function *visit, void *context) {
    CHECK(ranks.start <= ranks.end && ranks.end <= zset_len(entry));
    if (zset_is_packed(entry))
        zset_packed_visit(listpack_of(entry), ranks, is_reverse, visit, context);
    else
        zset_table_visit(zset_table_of(entry), ranks, is_reverse, visit, context);
}

static struct zset_ranks all_ranks(const struct entry *entry) {
    return (struct zset_ranks){0, zset_len(entry)};
}

void zset_for_each(const struct entry *entry, zset_visit_function *visit, void *context) {
    zset_visit(entry, all_ranks(entry), false, visit, context);
}

struct scan {
    const struct zset_table *table;
    zset_visit_function *visit;
    void *context;
};

static void scan_member(void *member, void *context) {
    const struct scan *scan = context;
    struct bytes name = member_name(scan->table->members, member);
    (void)scan->visit(scan->context, name, zset_table_score(scan->table, member));
}

static bool visit_regardless(void *context, struct bytes member, struct score score) {
    const struct scan *scan = context;
    (void)scan->visit(scan->context, member, score);
    return true;
}

uint64_t zset_scan(const struct entry *entry, uint64_t cursor, zset_visit_function *visit,
                   void *context) {
    struct scan scan = {.visit = visit, .context = context};
    if (zset_is_packed(entry)) {
        zset_for_each(entry, visit_regardless, &scan);
        return 0;
    }
    scan.table = zset_table_of(entry);
    return members_scan(scan.table->members, cursor, scan_member, &scan);
}

/* --- setting --- */

void zset_make_table(struct entry *entry, size_t more) {
    char *listpack = listpack_of(entry);
    struct zset_table *table = zset_table_new(SCORE_DOUBLE, zset_packed_len(listpack) + more);
    const char *at = listpack_first(listpack);
    for (; at != NULL; at = zset_packed_next(listpack, at)) {
        struct zset_pair pair;
        zset_packed_read(listpack, at, &pair);
        zset_table_append(table, pair.member, score_of_double(pair.score));
    }
    listpack_free(listpack);
    entry->encoding = ZSET_TABLE;
    entry_set_pointer(entry, table);
}

static bool takes_new(const char *listpack, struct bytes member) {
    return zset_packed_takes(zset_packed_len(listpack) + 1, member.len,
                             listpack_bytes(listpack) + member.len);
}

static bool put_in_packed(struct entry *entry, struct bytes member, double score) {
    char *listpack = listpack_of(entry), *at = zset_packed_find(listpack, member);
    if (at != NULL) {
        entry_set_pointer(entry, zset_packed_update(listpack, at, member, score));
        return false;
    }
    if (takes_new(listpack, member)) {
        entry_set_pointer(entry, zset_packed_add(listpack, member, score));
        return true;
    }
    zset_make_table(entry, 1);
    return zset_table_put(zset_table_of(entry), member, score_of_double(score));
}

static struct entry *new_zset(struct bytes name, enum score_kind kind) {
    struct entry *entry = entry_new(name, (struct entry_shape){.has_word = true});
    entry->type = VALUE_ZSET;
    entry->encoding = kind == SCORE_INT64 ? ZSET_EXACT : ZSET_PACKED;
    if (kind == SCORE_INT64)
        entry_set_pointer(entry, zset_table_new(kind, 1));
    else
        entry_set_pointer(entry, listpack_new(0));
    return entry;
}

static bool put(struct entry *entry, struct bytes member, struct score score) {
    if (zset_is_packed(entry)) return put_in_packed(entry, member, score.number);
    return zset_table_put(zset_table_of(entry), member, score);
}

bool zset_put(struct database *db, struct key key, struct found *found, struct bytes member,
              struct score score, bool clear_due) {
    if (found->entry == NULL) {
        struct entry *entry = new_zset(key.name, score.kind);
        put(entry, member, score);
        *found = database_add(db, key, entry);
        return true;
    }
    struct entry *entry = found->entry;
    CHECK(score.kind == zset_score_kind(entry));
    bool is_new = put(entry, member, score);
    if (UNLIKELY(entry_has(entry, ENTRY_HAS_MEMBER_DUES)) && clear_due && !is_new) {
        zset_set_due(db, found, member, 0);
        member_expiry_update(db, key, entry);
    }
    return is_new;
}

/* --- removing --- */

/* Keeps the wake record in step; an empty set goes. */
static void finish_removal(struct database *db, struct key key, struct found *found) {
    if (entry_has(found->entry, ENTRY_HAS_MEMBER_DUES)) member_expiry_update(db, key, found->entry);
    if (zset_len(found->entry) != 0) return;
    database_delete(db, key, *found);
    found->entry = NULL;
}

static void remove_from_packed(struct entry *entry, struct zset_ranks ranks) {
    entry_set_pointer(entry, zset_packed_remove(listpack_of(entry), ranks));
}

bool zset_remove(struct database *db, struct key key, struct found *found, struct bytes member) {
    struct entry *entry = found->entry;
    if (zset_is_packed(entry)) {
        const char *at = zset_packed_find(listpack_of(entry), member);
        if (at == NULL) return false;
        uint64_t rank = zset_packed_rank(listpack_of(entry), at);
        remove_from_packed(entry, (struct zset_ranks){rank, rank + 1});
    } else if (!zset_table_remove(zset_table_of(entry), member)) {
        return false;
    }
    finish_removal(db, key, found);
    return true;
}

void zset_remove_ranks(struct database *db, struct key key, struct found *found,
                       struct zset_ranks ranks, bool is_reverse, zset_visit_function *visit,
                       void *context) {
    struct entry *entry = found->entry;
    struct scan all = {.visit = visit, .context = context};
    if (visit != NULL) zset_visit(entry, ranks, is_reverse, visit_regardless, &all);
    if (ranks.start == ranks.end) return;
    if (ranks.end - ranks.start == zset_len(entry)) {
        database_delete(db, key, *found);
        found->entry = NULL;
        return;
    }
    if (zset_is_packed(entry))
        remove_from_packed(entry, ranks);
    else
        zset_table_remove_ranks(zset_table_of(entry), ranks);
    finish_removal(db, key, found);
}

/* --- due times --- */

int64_t zset_due_ms(const struct entry *entry, struct bytes member) {
    if (zset_is_packed(entry)) return zset_packed_find(listpack_of(entry), member) == NULL ? -1 : 0;
    const void *found = zset_table_find(zset_table_of(entry), member);
    return found == NULL ? -1 : member_due_ms(found);
}

void zset_set_due(struct database *db, struct found *found, struct bytes member, int64_t due_ms) {
    struct entry *entry = found->entry;
    if (zset_is_packed(entry)) {
        if (due_ms == 0) return;
        zset_make_table(entry, 0);
    }
    zset_table_set_due(zset_table_of(entry), member, due_ms, database_now_ms(db));
}
