/* The three forms of a set and the ways between them. */
#include "data/types/set/set_private.h"
#include "foundation/containers/intset.h"
#include "foundation/containers/listpack.h"
#include "foundation/number.h"

enum { MAX_INTS_CEILING = 1 << 30, PREFETCH_CHUNK = 32 };

static struct set_limits {
    size_t max_ints, max_packed, max_packed_len;
} limits = {.max_ints = 512, .max_packed = 128, .max_packed_len = 64};

void set_set_limits(int64_t max_ints, int64_t max_packed, int64_t max_packed_len) {
    limits = (struct set_limits){
        .max_ints = (size_t)(max_ints < MAX_INTS_CEILING ? max_ints : MAX_INTS_CEILING),
        .max_packed = (size_t)max_packed,
        .max_packed_len = (size_t)max_packed_len,
    };
}

/* --- life --- */

static struct members *new_members(size_t count) {
    struct members *members = members_new(false, 0);
    members_reserve(members, count);
    return members;
}

struct set_form set_form_new(enum set_encoding encoding, size_t count) {
    struct set_form form = {.encoding = encoding};
    switch (encoding) {
    case SET_INTS: form.ints = intset_new(); break;
    case SET_PACKED: form.packed = listpack_new(0); break;
    case SET_TABLE: form.members = new_members(count); break;
    }
    return form;
}

struct set_form set_form_for(struct bytes first, size_t count) {
    int64_t value;
    if (count <= limits.max_ints && number_parse_i64(first, &value))
        return set_form_new(SET_INTS, count);
    return set_form_new(count <= limits.max_packed ? SET_PACKED : SET_TABLE, count);
}

void set_form_free(struct set_form form) {
    switch (form.encoding) {
    case SET_INTS: intset_free(form.ints); break;
    case SET_PACKED: listpack_free(form.packed); break;
    case SET_TABLE: members_free(form.members); break;
    }
}

struct set_form set_form_copy(struct set_form form) {
    switch (form.encoding) {
    case SET_INTS: form.ints = intset_copy(form.ints); break;
    case SET_PACKED: form.packed = listpack_copy(form.packed); break;
    case SET_TABLE: form.members = members_copy(form.members); break;
    }
    return form;
}

/* --- reading --- */

size_t set_form_len(struct set_form form) {
    switch (form.encoding) {
    case SET_INTS: return intset_count(form.ints);
    case SET_PACKED: return listpack_count(form.packed);
    case SET_TABLE: break;
    }
    return members_count(form.members);
}

static bool find_int(const char *ints, struct bytes member, size_t *index) {
    int64_t value;
    return number_parse_i64(member, &value) && intset_find(ints, value, index);
}

static char *find_packed(const char *packed, const struct packed_item *item) {
    return listpack_find(packed, listpack_first(packed), item, 1);
}

static bool has_packed(const char *packed, struct bytes member) {
    struct packed_item item = packed_item_of(member);
    return find_packed(packed, &item) != NULL;
}

bool set_form_has(struct set_form form, struct bytes member) {
    size_t index;
    struct table_place place;
    switch (form.encoding) {
    case SET_INTS: return find_int(form.ints, member, &index);
    case SET_PACKED: return has_packed(form.packed, member);
    case SET_TABLE: break;
    }
    return members_find(form.members, member, members_hash(member), &place) != NULL;
}

static void prefetch_chunk(const struct members *table, const struct bytes *members, size_t count) {
    uint64_t hashes[PREFETCH_CHUNK];
    for (size_t i = 0; i < count; i++) {
        hashes[i] = members_hash(members[i]);
        members_prefetch_bucket(table, hashes[i]);
    }
    for (size_t i = 0; i < count; i++) members_prefetch_member(table, hashes[i]);
}

void set_form_prefetch(struct set_form form, const struct bytes *members, size_t count) {
    if (form.encoding != SET_TABLE || count < 2) return;
    for (size_t i = 0; i < count; i += PREFETCH_CHUNK) {
        size_t left = count - i;
        prefetch_chunk(form.members, members + i, left < PREFETCH_CHUNK ? left : PREFETCH_CHUNK);
    }
}

/* --- visiting --- */

static void visit_ints(const char *ints, set_visit_function *visit, void *context) {
    size_t count = intset_count(ints);
    for (size_t i = 0; i < count; i++) {
        char scratch[PACKED_SCRATCH];
        size_t len = number_format_i64(scratch, intset_at(ints, i));
        if (!visit(context, bytes_of(scratch, len))) return;
    }
}

static void visit_packed(const char *packed, set_visit_function *visit, void *context) {
    for (const char *at = listpack_first(packed); at != NULL; at = listpack_next(packed, at)) {
        char scratch[PACKED_SCRATCH];
        struct packed_value value = packed_read(at);
        if (!visit(context, packed_text(&value, scratch))) return;
    }
}

/* A table is walked to its end: who has seen enough is not asked again. */
struct table_visit {
    const struct members *members;
    set_visit_function *visit;
    void *context;
    bool is_over;
};

static void visit_member(void *member, void *context) {
    struct table_visit *visit = context;
    if (visit->is_over) return;
    visit->is_over = !visit->visit(visit->context, member_name(visit->members, member));
}

void set_form_for_each(struct set_form form, set_visit_function *visit, void *context) {
    if (form.encoding == SET_INTS) {
        visit_ints(form.ints, visit, context);
    } else if (form.encoding == SET_PACKED) {
        visit_packed(form.packed, visit, context);
    } else {
        struct table_visit table_visit = {form.members, visit, context, false};
        members_for_each(form.members, visit_member, &table_visit);
    }
}

/* --- from one form to another --- */

static bool append_absent(void *form, struct bytes member) {
    struct set_form *target = form;
    bool is_new;
    int64_t value;
    if (target->encoding == SET_TABLE) {
        members_add(target->members, member, members_hash(member), BYTES(""));
    } else if (target->encoding == SET_PACKED) {
        struct packed_item item = packed_item_of(member);
        target->packed = listpack_append(target->packed, &item);
    } else {
        CHECK(number_parse_i64(member, &value));
        target->ints = intset_add(target->ints, value, &is_new);
    }
    return true;
}

static void convert(struct set_form *form, enum set_encoding encoding, size_t count) {
    struct set_form converted = set_form_new(encoding, count);
    set_form_for_each(*form, append_absent, &converted);
    set_form_free(*form);
    *form = converted;
}

void set_form_to_table(struct set_form *form, size_t count) {
    if (form->encoding != SET_TABLE) convert(form, SET_TABLE, count);
}

void set_form_expect(struct set_form *form, size_t count) {
    bool is_too_many = (form->encoding == SET_INTS && count > limits.max_ints) ||
                       (form->encoding == SET_PACKED && count > limits.max_packed);
    if (is_too_many) set_form_to_table(form, count);
}

static size_t longest_int_len(const char *ints) {
    size_t count = intset_count(ints);
    if (count == 0) return 0;
    size_t least_len = number_i64_len(intset_at(ints, 0));
    size_t most_len = number_i64_len(intset_at(ints, count - 1));
    return least_len > most_len ? least_len : most_len;
}

/* True when a listpack may hold `count` members, none longer than `longest`, of so many bytes in
 * all. */
static bool is_packable(size_t count, size_t longest, size_t total_len) {
    return count <= limits.max_packed && longest <= limits.max_packed_len &&
           total_len + count * PACKED_ENTRY_OVERHEAD_MAX < LISTPACK_BYTES_MAX - LISTPACK_HEADER;
}

/* A member that is no integer is about to come. */
static void leave_ints(struct set_form *form, struct bytes member) {
    size_t count = intset_count(form->ints), longest = longest_int_len(form->ints);
    if (member.len > longest) longest = member.len;
    bool fits = is_packable(count + 1, longest, count * PACKED_SCRATCH + member.len);
    convert(form, fits ? SET_PACKED : SET_TABLE, count + 1);
}

/* --- changing --- */

static bool add_int(struct set_form *form, int64_t value) {
    bool is_new;
    form->ints = intset_add(form->ints, value, &is_new);
    size_t count = intset_count(form->ints);
    if (is_new && count > limits.max_ints) set_form_to_table(form, count);
    return is_new;
}

static void append_packed(struct set_form *form, const struct packed_item *item,
                          struct bytes member) {
    size_t count = listpack_count(form->packed);
    if (count < limits.max_packed && member.len <= limits.max_packed_len &&
        listpack_has_room(form->packed, item->size)) {
        form->packed = listpack_append(form->packed, item);
    } else {
        set_form_to_table(form, count + 1);
        append_absent(form, member);
    }
}

static bool add_packed(struct set_form *form, struct bytes member) {
    struct packed_item item = packed_item_of(member);
    if (find_packed(form->packed, &item) != NULL) return false;
    append_packed(form, &item, member);
    return true;
}

static bool add_to_table(struct members *members, struct bytes member) {
    uint64_t hash = members_hash(member);
    struct table_place place;
    if (members_find(members, member, hash, &place) != NULL) return false;
    members_add(members, member, hash, BYTES(""));
    return true;
}

bool set_form_add(struct set_form *form, struct bytes member) {
    if (form->encoding == SET_INTS) {
        int64_t value;
        if (number_parse_i64(member, &value)) return add_int(form, value);
        leave_ints(form, member);
        set_form_add_absent(form, member);
        return true;
    }
    if (form->encoding == SET_PACKED) return add_packed(form, member);
    return add_to_table(form->members, member);
}

void set_form_add_absent(struct set_form *form, struct bytes member) {
    if (form->encoding == SET_INTS) {
        set_form_add(form, member);
    } else if (form->encoding == SET_PACKED) {
        struct packed_item item = packed_item_of(member);
        append_packed(form, &item, member);
    } else {
        append_absent(form, member);
    }
}

static bool remove_int(struct set_form *form, struct bytes member) {
    size_t index;
    if (!find_int(form->ints, member, &index)) return false;
    form->ints = intset_remove_at(form->ints, index);
    return true;
}

static bool remove_packed(struct set_form *form, struct bytes member) {
    struct packed_item item = packed_item_of(member);
    char *at = find_packed(form->packed, &item);
    if (at == NULL) return false;
    form->packed = listpack_remove(form->packed, &at, 1);
    return true;
}

bool set_form_remove(struct set_form *form, struct bytes member) {
    if (form->encoding == SET_INTS) return remove_int(form, member);
    if (form->encoding == SET_PACKED) return remove_packed(form, member);
    uint64_t hash = members_hash(member);
    struct table_place place;
    if (members_find(form->members, member, hash, &place) == NULL) return false;
    members_remove(form->members, place, hash);
    return true;
}

/* --- the smallest form --- */

struct survey {
    bool has_text; /* a member that is no integer */
    size_t longest, total_len;
};

static bool survey_member(void *context, struct bytes member) {
    struct survey *survey = context;
    int64_t value;
    survey->has_text = survey->has_text || !number_parse_i64(member, &value);
    if (member.len > survey->longest) survey->longest = member.len;
    survey->total_len += member.len;
    return true;
}

void set_form_minimise(struct set_form *form) {
    size_t len = set_form_len(*form);
    if (form->encoding == SET_INTS || (len > limits.max_ints && len > limits.max_packed)) return;
    struct survey survey = {0};
    set_form_for_each(*form, survey_member, &survey);
    if (!survey.has_text && len <= limits.max_ints)
        convert(form, SET_INTS, len);
    else if (form->encoding == SET_TABLE && is_packable(len, survey.longest, survey.total_len))
        convert(form, SET_PACKED, len);
}
