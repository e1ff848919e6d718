#include "foundation/containers/size_multiset.h"

#include "foundation/check.h"
#include "foundation/mem.h"

#include <string.h>

enum { FIRST_CAP = 4 };

/* The place of the first that is not smaller. */
static size_t find_place(const struct size_multiset *multiset, size_t size) {
    size_t low = 0, high = multiset->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (multiset->sizes[middle].size < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct size_multiset *multiset, size_t at, size_t size) {
    if (multiset->count == multiset->cap) {
        multiset->cap = multiset->cap == 0 ? FIRST_CAP : 2 * multiset->cap;
        multiset->sizes = mem_realloc(multiset->sizes, multiset->cap * sizeof(*multiset->sizes));
    }
    struct size_count *place = &multiset->sizes[at];
    memmove(place + 1, place, (multiset->count - at) * sizeof(*place));
    *place = (struct size_count){.size = size};
    multiset->count++;
}

void size_multiset_add(struct size_multiset *multiset, size_t size) {
    size_t at = find_place(multiset, size);
    if (at == multiset->count || multiset->sizes[at].size != size) insert(multiset, at, size);
    multiset->sizes[at].times++;
}

void size_multiset_remove(struct size_multiset *multiset, size_t size) {
    size_t at = find_place(multiset, size);
    CHECK(at < multiset->count && multiset->sizes[at].size == size);
    struct size_count *place = &multiset->sizes[at];
    if (--place->times != 0) return;
    multiset->count--;
    memmove(place, place + 1, (multiset->count - at) * sizeof(*place));
}

void size_multiset_destroy(struct size_multiset *multiset) {
    mem_free(multiset->sizes);
    *multiset = (struct size_multiset){0};
}
