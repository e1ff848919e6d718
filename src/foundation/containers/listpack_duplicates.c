/* Whether a listpack holds an element twice. Equal elements have equal packed forms, so forms are
 * compared: each with all before it in a short listpack, else with those that an open-addressed
 * table of their places has under its hash. */
#include "foundation/containers/listpack.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

enum { SHORT_COUNT = 12, STACK_SLOTS = 1024 };

/* Of 0 where free: no element lies there. */
struct places {
    const char *listpack;
    uint32_t *slots;
    size_t mask;
};

static struct bytes form_of(const char *at) {
    return bytes_of(at, packed_size(at));
}

static const char *skip(const char *listpack, const char *at, size_t step) {
    for (size_t i = 0; i < step && at != NULL; i++) at = listpack_next(listpack, at);
    return at;
}

static bool has_equal(const struct bytes *forms, size_t count, struct bytes form) {
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(forms[i], form)) return true;
    return false;
}

static bool search_all(const char *listpack, size_t step) {
    struct bytes forms[SHORT_COUNT];
    size_t count = 0;
    for (const char *at = listpack_first(listpack); at != NULL; at = skip(listpack, at, step)) {
        struct bytes form = form_of(at);
        if (has_equal(forms, count, form)) return true;
        forms[count++] = form;
    }
    return false;
}

/* False when an equal element is there. */
static bool add_place(const struct places *places, const char *at) {
    struct bytes form = form_of(at);
    size_t slot = hash_bytes(form) & places->mask;
    for (; places->slots[slot] != 0; slot = (slot + 1) & places->mask)
        if (bytes_equal(form_of(places->listpack + places->slots[slot]), form)) return false;
    places->slots[slot] = (uint32_t)(at - places->listpack);
    return true;
}

static bool search_places(const struct places *places, size_t step) {
    const char *listpack = places->listpack;
    for (const char *at = listpack_first(listpack); at != NULL; at = skip(listpack, at, step))
        if (!add_place(places, at)) return true;
    return false;
}

bool listpack_has_duplicates(const char *listpack, size_t step) {
    size_t count = listpack_count(listpack) / step, slot_count = STACK_SLOTS;
    if (count <= SHORT_COUNT) return search_all(listpack, step);
    if (count <= STACK_SLOTS / 2) {
        uint32_t slots[STACK_SLOTS] = {0};
        return search_places(&(struct places){listpack, slots, slot_count - 1}, step);
    }
    while (slot_count < 2 * count) slot_count *= 2;
    uint32_t *slots = mem_alloc_zeroed(slot_count * sizeof(*slots));
    bool has_found = search_places(&(struct places){listpack, slots, slot_count - 1}, step);
    mem_free(slots);
    return has_found;
}
