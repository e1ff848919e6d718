/* Drawing members uniformly.
 *
 * Many different ones are chosen on a walk over the set: with m members and r picks left, a member
 * is picked with probability r / m (selection sampling, Knuth, TAOCP 3.4.2, algorithm S). Few of
 * many are drawn one by one, those that came before again. */
#include "data/types/set/set_private.h"
#include "foundation/containers/intset.h"
#include "foundation/containers/listpack.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

enum { WALK_SHARE = 8 }; /* for more than this part of the members a walk is quicker than draws */

/* --- one --- */

static struct bytes int_at(const char *ints, size_t index, char scratch[PACKED_SCRATCH]) {
    return bytes_of(scratch, number_format_i64(scratch, intset_at(ints, index)));
}

static struct bytes packed_at(const char *at, char scratch[PACKED_SCRATCH]) {
    struct packed_value value = packed_read(at);
    return packed_text(&value, scratch);
}

static char *draw_packed(const char *packed) {
    return listpack_at(packed, (int64_t)random_below(listpack_count(packed)));
}

static struct bytes draw_one(struct set_form form, char scratch[PACKED_SCRATCH]) {
    switch (form.encoding) {
    case SET_INTS: return int_at(form.ints, random_below(intset_count(form.ints)), scratch);
    case SET_PACKED: return packed_at(draw_packed(form.packed), scratch);
    case SET_TABLE: break;
    }
    return member_name(form.members, members_random(form.members));
}

struct bytes set_random(const struct entry *entry, char scratch[PACKED_SCRATCH]) {
    return draw_one(set_form_of(entry), scratch);
}

/* --- with repetition --- */

/* Every draw would walk to its member: the places of all are looked up once. */
static void draw_packed_repeatedly(const char *packed, size_t count, set_visit_function *visit,
                                   void *context) {
    size_t len = 0;
    const char **places = mem_alloc(listpack_count(packed) * sizeof(*places));
    for (const char *at = listpack_first(packed); at != NULL; at = listpack_next(packed, at))
        places[len++] = at;
    char scratch[PACKED_SCRATCH];
    for (size_t i = 0; i < count; i++) {
        if (!visit(context, packed_at(places[random_below(len)], scratch))) break;
    }
    mem_free(places);
}

static void draw_repeatedly(struct set_form form, size_t count, set_visit_function *visit,
                            void *context) {
    if (form.encoding == SET_PACKED && count > 1) {
        draw_packed_repeatedly(form.packed, count, visit, context);
        return;
    }
    char scratch[PACKED_SCRATCH];
    for (size_t i = 0; i < count; i++) {
        if (!visit(context, draw_one(form, scratch))) return;
    }
}

/* --- different ones, on a walk --- */

struct selection {
    size_t members_left, picks_left;
    set_visit_function *visit_picked;
    set_visit_function *visit_other; /* NULL: nobody wants them; else the walk goes to the end */
    void *picked_context, *other_context;
};

static bool select_member(void *context, struct bytes member) {
    struct selection *selection = context;
    bool goes_on = true;
    if (random_below(selection->members_left--) < selection->picks_left) {
        selection->picks_left--;
        goes_on = selection->visit_picked(selection->picked_context, member);
    } else if (selection->visit_other != NULL) {
        selection->visit_other(selection->other_context, member);
    }
    return selection->visit_other != NULL || (goes_on && selection->picks_left != 0);
}

/* --- different ones, by draws --- */

/* Words seen, none 0, in a table with open addressing that is at most half full. */
struct seen_words {
    uint64_t *words;
    size_t mask;
};

static struct seen_words new_seen_words(size_t count) {
    size_t cap = 4;
    while (cap < 2 * count) cap *= 2;
    return (struct seen_words){.words = mem_alloc_array(cap, sizeof(uint64_t)), .mask = cap - 1};
}

/* True when the word was not seen before. */
static bool see_word(struct seen_words *seen, uint64_t word) {
    size_t index = (size_t)(word * 0x9e3779b97f4a7c15u >> 32) & seen->mask;
    while (seen->words[index] != 0) {
        if (seen->words[index] == word) return false;
        index = (index + 1) & seen->mask;
    }
    seen->words[index] = word;
    return true;
}

static size_t draw_fresh_index(size_t len, struct seen_words *seen) {
    for (;;) {
        size_t index = random_below(len);
        if (see_word(seen, index + 1)) return index;
    }
}

static void *draw_fresh_member(const struct members *members, struct seen_words *seen) {
    for (;;) {
        void *member = members_random(members);
        if (see_word(seen, (uintptr_t)member)) return member;
    }
}

static void pick_by_draws(struct set_form form, size_t count, set_visit_function *visit,
                          void *context) {
    struct seen_words seen = new_seen_words(count);
    size_t len = set_form_len(form);
    char scratch[PACKED_SCRATCH];
    for (size_t i = 0; i < count; i++) {
        struct bytes member =
            form.encoding == SET_INTS
                ? int_at(form.ints, draw_fresh_index(len, &seen), scratch)
                : member_name(form.members, draw_fresh_member(form.members, &seen));
        if (!visit(context, member)) break;
    }
    mem_free(seen.words);
}

void set_form_pick(struct set_form form, size_t count, set_visit_function *visit, void *context) {
    size_t len = set_form_len(form);
    if (count == 0) return;
    if (count >= len) {
        set_form_for_each(form, visit, context);
    } else if (form.encoding != SET_PACKED && count <= len / WALK_SHARE) {
        pick_by_draws(form, count, visit, context);
    } else {
        struct selection selection = {
            .members_left = len,
            .picks_left = count,
            .visit_picked = visit,
            .picked_context = context,
        };
        set_form_for_each(form, select_member, &selection);
    }
}

void set_random_many(const struct entry *entry, size_t count, bool is_distinct,
                     set_visit_function *visit, void *context) {
    if (is_distinct)
        set_form_pick(set_form_of(entry), count, visit, context);
    else
        draw_repeatedly(set_form_of(entry), count, visit, context);
}

/* --- taking out --- */

static void pop_int(struct set_form *form, set_visit_function *visit, void *context) {
    size_t index = random_below(intset_count(form->ints));
    char scratch[PACKED_SCRATCH];
    visit(context, int_at(form->ints, index, scratch));
    form->ints = intset_remove_at(form->ints, index);
}

static void pop_packed(struct set_form *form, set_visit_function *visit, void *context) {
    char *at = draw_packed(form->packed);
    char scratch[PACKED_SCRATCH];
    visit(context, packed_at(at, scratch));
    form->packed = listpack_remove(form->packed, &at, 1);
}

static void pop_member(struct members *members, set_visit_function *visit, void *context) {
    struct bytes name = member_name(members, members_random(members));
    visit(context, name);
    uint64_t hash = members_hash(name);
    struct table_place place;
    CHECK(members_find(members, name, hash, &place) != NULL);
    members_remove(members, place, hash);
}

void set_form_pop_one(struct set_form *form, set_visit_function *visit, void *context) {
    switch (form->encoding) {
    case SET_INTS: pop_int(form, visit, context); break;
    case SET_PACKED: pop_packed(form, visit, context); break;
    case SET_TABLE: pop_member(form->members, visit, context); break;
    }
}

/* The members that stay, in the form that they began in. */
struct rest {
    struct set_form form;
    bool is_begun;
};

static bool keep_member(void *context, struct bytes member) {
    struct rest *rest = context;
    if (!rest->is_begun) rest->form = set_form_for(member, 1);
    rest->is_begun = true;
    set_form_add_absent(&rest->form, member);
    return true;
}

struct set_form set_form_split(struct set_form form, size_t count, set_visit_function *visit,
                               void *context) {
    size_t len = set_form_len(form), rest_len = len - count;
    struct rest rest = {.is_begun = !set_form_begins_anew(count, rest_len)};
    if (rest.is_begun) rest.form = set_form_new(form.encoding, rest_len);
    struct selection selection = {
        .members_left = len,
        .picks_left = count,
        .visit_picked = visit,
        .picked_context = context,
        .visit_other = keep_member,
        .other_context = &rest,
    };
    set_form_for_each(form, select_member, &selection);
    return rest.form;
}
