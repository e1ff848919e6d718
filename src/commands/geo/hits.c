#include "commands/geo/hits.h"

#include "foundation/mem.h"

#include <math.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

double hits_rank_distance(const struct hit *hit) {
    return isnan(hit->distance_m) ? (double)INFINITY : hit->distance_m;
}

void hits_destroy(struct hits *hits) {
    mem_free(hits->items);
    *hits = (struct hits){.items = NULL};
}

static int compare_in_set(const struct hit *a, const struct hit *b) {
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int compare_nearest(const void *left, const void *right) {
    const struct hit *a = left, *b = right;
    double distance_a = hits_rank_distance(a), distance_b = hits_rank_distance(b);
    if (distance_a != distance_b) return distance_a < distance_b ? -1 : 1;
    return compare_in_set(a, b);
}

static int compare_farthest(const void *left, const void *right) {
    const struct hit *a = left, *b = right;
    double distance_a = hits_rank_distance(a), distance_b = hits_rank_distance(b);
    if (distance_a != distance_b) return distance_a > distance_b ? -1 : 1;
    return compare_in_set(a, b);
}

static int compare_hits(enum hits_order order, const struct hit *a, const struct hit *b) {
    return order == HITS_NEAREST ? compare_nearest(a, b) : compare_farthest(a, b);
}

void hits_append(struct hits *hits, struct hit *hit) {
    if (hits->count == hits->capacity) {
        hits->capacity = hits->capacity == 0 ? FIRST_CAPACITY : 2 * hits->capacity;
        hits->items = mem_realloc(hits->items, hits->capacity * sizeof(*hits->items));
    }
    hit->number = hits->found++;
    hits->items[hits->count++] = *hit;
}

static void swap_hits(struct hit *a, struct hit *b) {
    struct hit other = *a;
    *a = *b;
    *b = other;
}

static void sift_up(struct hits *hits, enum hits_order order) {
    struct hit *items = hits->items;
    for (size_t i = hits->count - 1; i > 0;) {
        size_t parent = (i - 1) / 2;
        if (compare_hits(order, &items[i], &items[parent]) < 0) return;
        swap_hits(&items[i], &items[parent]);
        i = parent;
    }
}

static void sift_down(struct hits *hits, enum hits_order order) {
    struct hit *items = hits->items;
    for (size_t i = 0, child; (child = 2 * i + 1) < hits->count; i = child) {
        if (child + 1 < hits->count && compare_hits(order, &items[child + 1], &items[child]) > 0)
            child++;
        if (compare_hits(order, &items[child], &items[i]) < 0) return;
        swap_hits(&items[i], &items[child]);
    }
}

bool hits_keep_best(struct hits *hits, enum hits_order order, size_t limit, struct hit *hit) {
    if (hits->count < limit) {
        hits_append(hits, hit);
        sift_up(hits, order);
        return true;
    }
    hit->number = hits->found;
    if (compare_hits(order, hit, &hits->items[0]) >= 0) return false;
    hits->found++;
    hits->items[0] = *hit;
    sift_down(hits, order);
    return true;
}

void hits_sort(struct hits *hits, enum hits_order order) {
    if (hits->count > 1)
        qsort(hits->items, hits->count, sizeof(*hits->items),
              order == HITS_NEAREST ? compare_nearest : compare_farthest);
}
