/* Drawing members uniformly.
 *
 * Many different ones are chosen on a walk over the set: with m members and r picks left, a member
 * is picked with probability r / m (selection sampling, Knuth, TAOCP 3.4.2, algorithm S). For few
 * of many, ranks are drawn, sorted, and those that came twice drawn again. */
#include "data/types/zset/zset_private.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <stdlib.h>

enum { WALK_SHARE = 4 }; /* for more than this part of the members a walk is quicker than draws */

/* --- different ones, on a walk --- */

struct selection {
    size_t members_left, picks_left;
    zset_visit_function *visit;
    void *context;
};

static bool select_member(void *context, struct bytes member, struct score score) {
    struct selection *selection = context;
    if (random_below(selection->members_left--) >= selection->picks_left) return true;
    selection->picks_left--;
    return selection->visit(selection->context, member, score) && selection->picks_left != 0;
}

static void pick_on_a_walk(const struct entry *entry, size_t count, zset_visit_function *visit,
                           void *context) {
    struct selection selection = {zset_len(entry), count, visit, context};
    zset_for_each(entry, select_member, &selection);
}

/* --- different ones, by ranks --- */

static int compare_ranks(const void *a, const void *b) {
    uint64_t rank, other;
    memcpy(&rank, a, sizeof(rank));
    memcpy(&other, b, sizeof(other));
    return (rank > other) - (rank < other);
}

/* How many are left when of equal neighbours one is kept. */
static size_t drop_repeated(uint64_t *ranks, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ranks[kept - 1] != ranks[i]) ranks[kept++] = ranks[i];
    return kept;
}

static void draw_ranks(uint64_t *ranks, size_t count, size_t len) {
    for (size_t drawn = 0; drawn < count;) {
        while (drawn < count) ranks[drawn++] = random_below(len);
        qsort(ranks, count, sizeof(*ranks), compare_ranks);
        drawn = drop_repeated(ranks, count);
    }
}

static void pick_by_ranks(const struct entry *entry, size_t count, zset_visit_function *visit,
                          void *context) {
    const struct zset_table *table = zset_table_of(entry);
    uint64_t *ranks = mem_alloc_array(count, sizeof(*ranks));
    draw_ranks(ranks, count, zset_len(entry));
    for (size_t i = 0; i < count; i++) {
        const void *member = skiplist_member(skiplist_at(table->list, ranks[i]));
        struct bytes name = member_name(table->members, member);
        if (!visit(context, name, zset_table_score(table, member))) break;
    }
    mem_free(ranks);
}

/* --- with repetition --- */

/* Every draw would walk to its member: the places of all are looked up once. */
static void draw_packed(const char *listpack, size_t count, zset_visit_function *visit,
                        void *context) {
    size_t len = 0;
    const char **places = mem_alloc(zset_packed_len(listpack) * sizeof(*places));
    const char *at = listpack_first(listpack);
    for (; at != NULL; at = zset_packed_next(listpack, at)) places[len++] = at;
    for (size_t i = 0; i < count; i++) {
        struct zset_pair pair;
        zset_packed_read(listpack, places[random_below(len)], &pair);
        if (!visit(context, pair.member, score_of_double(pair.score))) break;
    }
    mem_free(places);
}

static void draw_from_table(const struct zset_table *table, size_t count,
                            zset_visit_function *visit, void *context) {
    for (size_t i = 0; i < count; i++) {
        const void *member = members_random(table->members);
        struct bytes name = member_name(table->members, member);
        if (!visit(context, name, zset_table_score(table, member))) return;
    }
}

void zset_random_many(const struct entry *entry, size_t count, bool is_distinct,
                      zset_visit_function *visit, void *context) {
    if (count == 0) return;
    if (is_distinct) {
        bool must_walk = zset_is_packed(entry) || count > zset_len(entry) / WALK_SHARE;
        (must_walk ? pick_on_a_walk : pick_by_ranks)(entry, count, visit, context);
    } else if (zset_is_packed(entry)) {
        draw_packed(entry_pointer(entry), count, visit, context);
    } else {
        draw_from_table(zset_table_of(entry), count, visit, context);
    }
}
