#include "commands/geo/pending_ranges.h"

#include "foundation/mem.h"

enum { FIRST_CAPACITY = 64 };

static bool comes_first(enum pending_order order, const struct geo_range *a,
                        const struct geo_range *b) {
    if (order == PENDING_NEAREST && a->nearest_m != b->nearest_m)
        return a->nearest_m < b->nearest_m;
    if (order == PENDING_FARTHEST && a->farthest_m != b->farthest_m)
        return a->farthest_m > b->farthest_m;
    return a->first < b->first;
}

void pending_ranges_add(struct pending_ranges *pending, const struct geo_range *range) {
    if (pending->count == pending->capacity) {
        pending->capacity = pending->capacity == 0 ? FIRST_CAPACITY : 2 * pending->capacity;
        pending->items = mem_realloc(pending->items, pending->capacity * sizeof(*pending->items));
    }
    size_t place = pending->count++;
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!comes_first(pending->order, range, &pending->items[parent])) break;
        pending->items[place] = pending->items[parent];
        place = parent;
    }
    pending->items[place] = *range;
}

bool pending_ranges_take(struct pending_ranges *pending, struct geo_range *range) {
    if (pending->count == 0) return false;
    struct geo_range *items = pending->items;
    *range = items[0];
    struct geo_range last = items[--pending->count];
    size_t place = 0;
    for (size_t child; (child = 2 * place + 1) < pending->count; place = child) {
        if (child + 1 < pending->count &&
            comes_first(pending->order, &items[child + 1], &items[child]))
            child++;
        if (!comes_first(pending->order, &items[child], &last)) break;
        items[place] = items[child];
    }
    items[place] = last;
    return true;
}

void pending_ranges_destroy(struct pending_ranges *pending) {
    mem_free(pending->items);
}
