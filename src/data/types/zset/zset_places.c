#include "data/types/zset/zset_places.h"

#include "data/types/zset/zset_private.h"
#include "foundation/mem.h"

static void visit_packed(const char *listpack, double min, double max, zset_place_function *visit,
                         void *context) {
    const char *at = listpack_first(listpack);
    for (; at != NULL; at = zset_packed_next(listpack, at)) {
        double score = zset_packed_score(listpack, at);
        if (score < min) continue;
        if (score >= max || !visit(context, score, (struct zset_place){.at = at})) return;
    }
}

static void visit_doubles(const struct skiplist *list, double min, double max,
                          zset_place_function *visit, void *context) {
    uint64_t rank, end = skiplist_key_of_double(max);
    struct skiplist_position position =
        skiplist_seek(list, skiplist_key_of_double(min), NULL, NULL, &rank);
    for (; skiplist_is_inside(position); skiplist_next(&position)) {
        uint64_t key = skiplist_key(position);
        struct zset_place place = {.at = skiplist_member(position)};
        if (key >= end || !visit(context, skiplist_double_of_key(key), place)) return;
    }
}

static int64_t truncate_bound(double bound) {
    if (bound >= 0x1p63) return INT64_MAX;
    return bound <= -0x1p63 ? INT64_MIN : (int64_t)bound;
}

static void visit_integers(const struct skiplist *list, double min, double max,
                           zset_place_function *visit, void *context) {
    uint64_t rank;
    struct skiplist_position position =
        skiplist_seek(list, skiplist_key_of_i64(truncate_bound(min)), NULL, NULL, &rank);
    for (; skiplist_is_inside(position); skiplist_next(&position)) {
        double score = (double)skiplist_i64_of_key(skiplist_key(position));
        if (score < min) continue;
        struct zset_place place = {.at = skiplist_member(position)};
        if (score >= max || !visit(context, score, place)) return;
    }
}

void zset_visit_places(const struct entry *entry, double min, double max,
                       zset_place_function *visit, void *context) {
    if (zset_is_packed(entry))
        visit_packed(entry_pointer(entry), min, max, visit, context);
    else if (zset_score_kind(entry) == SCORE_DOUBLE)
        visit_doubles(zset_table_of(entry)->list, min, max, visit, context);
    else
        visit_integers(zset_table_of(entry)->list, min, max, visit, context);
}

struct bytes zset_place_member(const struct entry *entry, struct zset_place place,
                               char scratch[PACKED_SCRATCH]) {
    if (!zset_is_packed(entry)) return member_name(zset_table_of(entry)->members, place.at);
    struct packed_value value = packed_read(place.at);
    return packed_text(&value, scratch);
}

void zset_prefetch_place(struct zset_place place) {
    mem_prefetch(place.at);
}
