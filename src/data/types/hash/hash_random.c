/* Drawing fields at random. A sample without repetition that is a good part of the hash is chosen
 * in one walk over it (selection sampling, Knuth 3.4.2, algorithm S) and shuffled; a small one of a
 * big table is drawn field by field, those met before drawn again. Either costs O(sample) memory,
 * and time O(sample) or O(hash), whichever suits. */
#include "data/types/hash/hash_private.h"
#include "foundation/mem.h"
#include "foundation/random.h"

/* A field is known by its place: a member of the table, or where it begins in the listpack. */
static void read_place(const struct entry *entry, const void *place, struct hash_field *field) {
    if (entry->encoding == HASH_TABLE)
        hash_read_member(entry_pointer(entry), place, field);
    else
        (void)hash_packed_read(entry, place, field);
}

static const void *draw_place(const struct entry *entry) {
    if (entry->encoding == HASH_TABLE) return members_random(entry_pointer(entry));
    size_t index = random_below(hash_packed_len(entry)) * hash_packed_step(entry);
    return listpack_at(hash_packed_listpack(entry), (int64_t)index);
}

void hash_random(const struct entry *entry, struct hash_field *field) {
    read_place(entry, draw_place(entry), field);
}

struct sample {
    const void **places;
    size_t count;  /* places so far */
    size_t wanted; /* places in the end */
};

static void show_sample(const struct entry *entry, const struct sample *sample,
                        hash_visit_function *visit, void *context) {
    struct hash_field field;
    for (size_t i = 0; i < sample->count; i++) {
        read_place(entry, sample->places[i], &field);
        visit(context, &field);
    }
}

static void shuffle_sample(struct sample *sample) {
    for (size_t i = sample->count; i > 1; i--) {
        size_t other = random_below(i);
        const void *place = sample->places[i - 1];
        sample->places[i - 1] = sample->places[other];
        sample->places[other] = place;
    }
}

/* --- by a walk --- */

struct selection {
    struct sample *sample;
    size_t left; /* fields still to come */
};

static void consider_place(struct selection *selection, const void *place) {
    struct sample *sample = selection->sample;
    if (random_below(selection->left) < sample->wanted - sample->count)
        sample->places[sample->count++] = place;
    selection->left--;
}

static void consider_member(void *member, void *context) {
    consider_place(context, member);
}

static void select_places(const struct entry *entry, struct sample *sample) {
    struct selection selection = {.sample = sample, .left = hash_len(entry)};
    if (entry->encoding == HASH_TABLE) {
        members_for_each(entry_pointer(entry), consider_member, &selection);
        return;
    }
    struct hash_field field;
    const char *at = listpack_first(hash_packed_listpack(entry));
    while (at != NULL) {
        consider_place(&selection, at);
        at = hash_packed_read(entry, at, &field);
    }
}

/* --- one by one --- */

/* Places met before, in a table of at least twice as many slots, a power of two. */
struct seen_places {
    const void **slots;
    size_t mask;
};

/* False when it has been met before. */
static bool note_place(struct seen_places *seen, const void *place) {
    const uint64_t golden_ratio = 0x9e3779b97f4a7c15u;
    size_t slot = (size_t)(((uintptr_t)place >> 4) * golden_ratio >> 32) & seen->mask;
    for (; seen->slots[slot] != NULL; slot = (slot + 1) & seen->mask)
        if (seen->slots[slot] == place) return false;
    seen->slots[slot] = place;
    return true;
}

static void draw_places(const struct entry *entry, struct sample *sample) {
    struct seen_places seen = {.mask = 1};
    while (seen.mask < 2 * sample->wanted) seen.mask *= 2;
    seen.slots = mem_alloc_array(seen.mask, sizeof(*seen.slots));
    seen.mask--;
    while (sample->count < sample->wanted) {
        const void *place = draw_place(entry);
        if (note_place(&seen, place)) sample->places[sample->count++] = place;
    }
    mem_free(seen.slots);
}

/* --- many --- */

static void visit_distinct(const struct entry *entry, size_t count, hash_visit_function *visit,
                           void *context) {
    enum { RARE = 4 }; /* drawing one in so many or fewer meets the same one rarely */
    struct sample sample = {.wanted = count};
    sample.places = mem_alloc_array(count, sizeof(*sample.places));
    if (entry->encoding == HASH_TABLE && count < hash_len(entry) / RARE) {
        draw_places(entry, &sample);
    } else {
        select_places(entry, &sample);
        shuffle_sample(&sample);
    }
    show_sample(entry, &sample, visit, context);
    mem_free(sample.places);
}

/* Notes the places of all fields first: a walk for each draw would be quadratic. */
static void visit_drawn_packed(const struct entry *entry, size_t count, hash_visit_function *visit,
                               void *context) {
    struct sample all = {.wanted = hash_len(entry)};
    all.places = mem_alloc_array(all.wanted, sizeof(*all.places));
    select_places(entry, &all);
    struct hash_field field;
    for (size_t i = 0; i < count; i++) {
        (void)hash_packed_read(entry, all.places[random_below(all.count)], &field);
        visit(context, &field);
    }
    mem_free(all.places);
}

void hash_random_many(const struct entry *entry, size_t count, bool is_distinct,
                      hash_visit_function *visit, void *context) {
    if (is_distinct) {
        visit_distinct(entry, count, visit, context);
        return;
    }
    if (entry->encoding != HASH_TABLE) {
        visit_drawn_packed(entry, count, visit, context);
        return;
    }
    struct hash_field field;
    for (size_t i = 0; i < count; i++) {
        hash_random(entry, &field);
        visit(context, &field);
    }
}
