/* Counting different scores, for ranks that ties share.
 *
 * Short runs are counted by reading their keys. A table in which a long run is asked for gets a
 * second skip list, of its keys, each once: from then on counting is a difference of two ranks
 * there, and each change looks whether a key has come or gone for good. Who never asks pays nothing
 * for it.
 *
 * Invariant: table->scores is NULL, or has the keys of table->list once each. */
#include "data/types/zset/zset_private.h"

enum {
#ifdef SKUA_TEST
    SHORT_RUN = 16,
#else
    SHORT_RUN = 512,
#endif
};

/* What stands for a member in the list of keys; it is never read. */
static char marker;

static bool has_key(const struct skiplist *list, uint64_t key) {
    uint64_t rank;
    struct skiplist_position position = skiplist_seek(list, key, NULL, NULL, &rank);
    return skiplist_is_inside(position) && skiplist_key(position) == key;
}

static uint64_t rank_of_key(const struct skiplist *list, uint64_t key) {
    uint64_t rank;
    (void)skiplist_seek(list, key, NULL, NULL, &rank);
    return rank;
}

/* --- keeping the list --- */

/* Never asked: no two keys are the same. */
static int order_equals(const void *member UNUSED, const void *bound UNUSED,
                        const void *context UNUSED) {
    CHECK(false);
    return 0;
}

static void make_scores(struct zset_table *table) {
    struct skiplist_position at = skiplist_at(table->list, 0);
    table->scores = skiplist_new(order_equals, NULL);
    uint64_t last = skiplist_key(at);
    skiplist_append(table->scores, last, &marker);
    for (; skiplist_is_inside(at); skiplist_next(&at)) {
        if (skiplist_key(at) == last) continue;
        last = skiplist_key(at);
        skiplist_append(table->scores, last, &marker);
    }
}

void zset_scores_note_added(struct zset_table *table, uint64_t key) {
    if (!has_key(table->scores, key)) skiplist_insert(table->scores, key, &marker);
}

void zset_scores_note_removed(struct zset_table *table, uint64_t key) {
    if (!has_key(table->list, key)) skiplist_remove(table->scores, key, &marker);
}

void zset_scores_note_run_removed(struct zset_table *table, uint64_t first, uint64_t last) {
    uint64_t start = rank_of_key(table->scores, first);
    uint64_t end = rank_of_key(table->scores, last) + 1;
    if (has_key(table->list, first)) start++;
    if (last != first && has_key(table->list, last)) end--;
    if (start < end) skiplist_remove_range(table->scores, start, end - start, NULL, NULL);
}

void zset_scores_verify(const struct zset_table *table) {
    uint64_t count = 0;
    if (table->scores == NULL) return;
    skiplist_verify(table->scores);
    struct skiplist_position at = skiplist_at(table->scores, 0);
    for (; skiplist_is_inside(at); skiplist_next(&at), count++)
        CHECK(has_key(table->list, skiplist_key(at)));
    uint64_t last = 0;
    uint64_t kinds = 0;
    for (at = skiplist_at(table->list, 0); skiplist_is_inside(at); skiplist_next(&at)) {
        if (kinds == 0 || skiplist_key(at) != last) kinds++;
        last = skiplist_key(at);
    }
    CHECK(kinds == count);
}

/* --- counting --- */

struct walk {
    uint64_t count;
    struct score last;
};

static bool count_change(void *context, struct bytes member UNUSED, struct score score) {
    struct walk *walk = context;
    if (walk->count == 0 || score_compare(walk->last, score) != 0) walk->count++;
    walk->last = score;
    return true;
}

static uint64_t count_by_walking(const struct zset_table *table, struct zset_ranks ranks) {
    struct skiplist_position at = skiplist_at(table->list, ranks.start);
    uint64_t count = 1, last = skiplist_key(at);
    for (uint64_t rank = ranks.start; rank < ranks.end; rank++, skiplist_next(&at)) {
        if (skiplist_key(at) != last) count++;
        last = skiplist_key(at);
    }
    return count;
}

static uint64_t count_in_table(struct zset_table *table, struct zset_ranks ranks) {
    if (ranks.end - ranks.start <= SHORT_RUN) return count_by_walking(table, ranks);
    if (table->scores == NULL) make_scores(table);
    uint64_t first = skiplist_key(skiplist_at(table->list, ranks.start));
    uint64_t last = skiplist_key(skiplist_at(table->list, ranks.end - 1));
    return rank_of_key(table->scores, last) + 1 - rank_of_key(table->scores, first);
}

uint64_t zset_count_scores(const struct entry *entry, struct zset_ranks ranks) {
    struct walk walk = {0};
    if (ranks.start == ranks.end) return 0;
    if (!zset_is_packed(entry)) return count_in_table(zset_table_of(entry), ranks);
    zset_visit(entry, ranks, false, count_change, &walk);
    return walk.count;
}
