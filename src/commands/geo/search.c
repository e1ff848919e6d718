#include "commands/geo/search.h"

#include "commands/geo/pending_ranges.h"
#include "foundation/geo/cover.h"

#include <math.h>

enum { FEW = 64 }; /* members of a range that are checked one by one without a finer covering */

static const uint64_t every_hash = (uint64_t)1 << (GEOHASH_BITS + 2);

struct run {
    const struct search *search;
    struct hits *hits;
    struct geo_outline outline;
    struct pending_ranges pending;
    bool is_best_first; /* only the best are kept, and ranges come in their order */
    bool is_done;
};

/* --- one member --- */

static bool is_behind_mark(const struct run *run, const struct hit *hit) {
    const struct search_mark *mark = run->search->after;
    double distance = hits_rank_distance(hit);
    enum hits_order order = run->search->order;
    if (order != HITS_UNSORTED && distance != mark->distance_m)
        return (distance > mark->distance_m) == (order == HITS_NEAREST);
    if (hit->score != mark->score) return hit->score > mark->score;
    char scratch[PACKED_SCRATCH];
    struct bytes member = zset_place_member(run->search->entry, hit->place, scratch);
    return bytes_compare(member, mark->member) > 0;
}

static bool is_in_shape(const struct run *run, bool is_inside, struct hit *hit) {
    const struct search *search = run->search;
    uint64_t hash = geohash_of_score(hit->score);
    if (!is_inside)
        return geo_window_may_hold(&run->outline.window, hash) &&
               geo_shape_contains(search->shape, geohash_decode(hash), &hit->distance_m);
    if (search->has_distances || search->order != HITS_UNSORTED)
        hit->distance_m = geo_distance_m(search->shape->center, geohash_decode(hash));
    return true;
}

/* Keeps the member if it is wanted; false when it is not because others are better. */
static bool consider(struct run *run, double score, struct zset_place place, bool is_inside) {
    struct hit hit = {.score = score, .place = place};
    if (!is_in_shape(run, is_inside, &hit)) return true;
    if (run->search->after != NULL && !is_behind_mark(run, &hit)) return true;
    if (run->is_best_first)
        return hits_keep_best(run->hits, run->search->order, run->search->limit, &hit);
    hits_append(run->hits, &hit);
    bool may_stop = run->search->order == HITS_UNSORTED || run->search->is_any;
    run->is_done = may_stop && run->hits->count == run->search->limit;
    return true;
}

/* --- one range --- */

struct scan {
    struct run *run;
    bool is_inside;
    bool is_one_place; /* once one is not good enough, none behind it is */
};

static bool consider_scanned(void *context, double score, struct zset_place place) {
    struct scan *scan = context;
    bool is_kept = consider(scan->run, score, place, scan->is_inside);
    return !scan->run->is_done && (is_kept || !scan->is_one_place);
}

/* What of a range can lie behind the mark. */
static double find_start(const struct run *run, const struct geo_range *range) {
    const struct search *search = run->search;
    double start = (double)range->first;
    if (search->after == NULL || search->order != HITS_UNSORTED) return start;
    return fmax(start, search->after->score);
}

static void scan_range(struct run *run, const struct geo_range *range) {
    struct scan scan = {
        .run = run, .is_inside = range->is_inside, .is_one_place = range->end - range->first == 1};
    zset_visit_places(run->search->entry, find_start(run, range), (double)range->end,
                      consider_scanned, &scan);
}

/* The first members of a range; those that the window leaves out are counted but not kept. */
struct glance {
    const struct geo_window *window; /* NULL: all are kept */
    size_t seen, count;
    double scores[FEW];
    struct zset_place places[FEW];
};

static bool note_place(void *context, double score, struct zset_place place) {
    struct glance *glance = context;
    if (glance->seen++ == FEW) return false;
    if (glance->window != NULL && !geo_window_may_hold(glance->window, geohash_of_score(score)))
        return true;
    glance->scores[glance->count] = score;
    glance->places[glance->count++] = place;
    return true;
}

static void add_finer_ranges(struct run *run, const struct geo_range *range) {
    struct geo_cover cover;
    geo_cover_range(&run->outline, range, run->is_best_first, &cover);
    for (size_t i = 0; i < cover.count; i++) pending_ranges_add(&run->pending, &cover.ranges[i]);
}

static void glance_at_range(struct run *run, const struct geo_range *range) {
    struct glance glance;
    glance.window = range->is_inside ? NULL : &run->outline.window;
    glance.seen = glance.count = 0;
    zset_visit_places(run->search->entry, find_start(run, range), (double)range->end, note_place,
                      &glance);
    if (glance.seen > FEW) {
        add_finer_ranges(run, range);
        return;
    }
    for (size_t i = 0; i < glance.count && !run->is_done; i++)
        (void)consider(run, glance.scores[i], glance.places[i], range->is_inside);
}

/* True when nothing in the range is wanted. */
static bool is_hopeless(const struct run *run, const struct geo_range *range) {
    const struct search *search = run->search;
    const struct search_mark *mark = search->after;
    if (mark != NULL && search->order == HITS_UNSORTED && (double)range->end <= mark->score)
        return true;
    if (mark != NULL && search->order == HITS_NEAREST && range->farthest_m < mark->distance_m)
        return true;
    if (mark != NULL && search->order == HITS_FARTHEST && range->nearest_m > mark->distance_m)
        return true;
    if (!run->is_best_first || run->hits->count < search->limit) return false;
    double worst = hits_rank_distance(&run->hits->items[0]);
    return search->order == HITS_NEAREST ? range->nearest_m > worst : range->farthest_m < worst;
}

static void look_at_range(struct run *run, const struct geo_range *range) {
    if (is_hopeless(run, range)) return;
    bool is_all_wanted = range->is_inside && !run->is_best_first;
    if (is_all_wanted || range->end - range->first == 1)
        scan_range(run, range);
    else
        glance_at_range(run, range);
}

/* --- the whole --- */

static void look_at_pending(struct run *run) {
    struct geo_range range;
    while (!run->is_done && pending_ranges_take(&run->pending, &range)) look_at_range(run, &range);
}

static void look_at_ranges(struct run *run) {
    struct geo_cover cover;
    geo_cover_shape(&run->outline, &cover);
    for (size_t i = 0; i < cover.count && !run->is_done; i++) {
        look_at_range(run, &cover.ranges[i]);
        /* In the order of scores, what a range is divided into comes before the next one. */
        if (!run->is_best_first) look_at_pending(run);
    }
    look_at_pending(run);
}

static void choose_range_order(struct run *run) {
    enum hits_order order = run->search->order;
    run->is_best_first =
        order != HITS_UNSORTED && run->search->limit != SIZE_MAX && !run->search->is_any;
    run->pending.order = !run->is_best_first     ? PENDING_BY_SCORE
                         : order == HITS_NEAREST ? PENDING_NEAREST
                                                 : PENDING_FARTHEST;
}

void search_run(const struct search *search, struct hits *hits) {
    struct run run = {.search = search, .hits = hits};
    choose_range_order(&run);
    geo_outline_init(&run.outline, search->shape);
    if (search->entry->encoding == ZSET_PACKED)
        scan_range(&run, &(struct geo_range){.end = every_hash});
    else
        look_at_ranges(&run);
    pending_ranges_destroy(&run.pending);
    if (search->order != HITS_UNSORTED) hits_sort(hits, search->order);
}
