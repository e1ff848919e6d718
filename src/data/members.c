/* The table of members: finding, adding, changing, and the whole. Due times are in members_due.c.
 *
 * Allocations are of 16 bytes at least, because the allocator aligns those to 16 and the low four
 * bits of their addresses are needed. */
#include "data/members.h"

#include "data/members_private.h"
#include "foundation/mem.h"

enum { STEP_BYTES = 16 };

/* --- how a member is to lie in memory --- */

struct layout {
    unsigned tag;
    size_t fixed_at; /* behind the due word */
    size_t name_at, value_at;
    size_t size;
};

static size_t allocation_of(size_t size) {
    return size < STEP_BYTES ? STEP_BYTES : size;
}

static size_t bytes_of_len(size_t len) {
    return len < MEMBER_LONG_LEN ? 1 : 1 + sizeof(uint32_t);
}

static char *write_len(char *at, size_t len) {
    if (len < MEMBER_LONG_LEN) {
        *at = (char)(uint8_t)len;
        return at + 1;
    }
    *at = (char)(uint8_t)MEMBER_LONG_LEN;
    uint32_t long_len = (uint32_t)len;
    memcpy(at + 1, &long_len, sizeof(long_len));
    return at + 1 + sizeof(long_len);
}

/* The number of the shape; 0 when it is none of those learnt. */
static unsigned find_shape(const struct members *members, size_t name_len, size_t value_len) {
    for (unsigned i = 0; i < members->shape_count; i++) {
        if (members->shapes[i].name_len == name_len && members->shapes[i].value_len == value_len)
            return i + 1;
    }
    return 0;
}

static bool takes_larger_class(size_t size, size_t more) {
    if ((size - 1) / STEP_BYTES == (size + more - 1) / STEP_BYTES) return false;
    return mem_good_size(allocation_of(size)) < mem_good_size(allocation_of(size + more));
}

/* The shape to use: a known one, or one learnt because it spares a step of the allocator. `size` is
 * the member's without length bytes. */
static unsigned choose_shape(struct members *members, size_t name_len, size_t value_len,
                             size_t size) {
    if (name_len > UINT8_MAX || value_len > UINT8_MAX) return 0;
    unsigned shape = find_shape(members, name_len, value_len);
    if (shape != 0 || members->shape_count == MEMBERS_SHAPES) return shape;
    size_t len_bytes = bytes_of_len(name_len) + (members->has_values ? bytes_of_len(value_len) : 0);
    if (size == 0 || !takes_larger_class(size, len_bytes)) return 0;
    members->shapes[members->shape_count].name_len = (uint8_t)name_len;
    members->shapes[members->shape_count].value_len = (uint8_t)value_len;
    return ++members->shape_count;
}

static struct layout lay_out(struct members *members, bool has_due, size_t name_len,
                             size_t value_len) {
    CHECK(name_len <= UINT32_MAX && value_len <= UINT32_MAX);
    CHECK(members->has_values || value_len == 0);
    size_t fixed_at = has_due ? MEMBER_DUE_BYTES : 0;
    size_t name_at = fixed_at + members->fixed_len;
    unsigned shape = choose_shape(members, name_len, value_len, name_at + name_len + value_len);
    if (shape == 0) {
        name_at += bytes_of_len(name_len);
        if (members->has_values) name_at += bytes_of_len(value_len);
    }
    return (struct layout){
        .tag = (has_due ? MEMBER_HAS_DUE : 0) | shape << MEMBER_SHAPE_SHIFT,
        .fixed_at = fixed_at,
        .name_at = name_at,
        .value_at = name_at + name_len,
        .size = name_at + name_len + value_len,
    };
}

static bool has_shape(struct layout layout) {
    return layout.tag >> MEMBER_SHAPE_SHIFT != 0;
}

static void write_lens(const struct members *members, struct layout layout, char *start) {
    if (has_shape(layout)) return;
    char *at = start + layout.fixed_at + members->fixed_len;
    at = write_len(at, layout.value_at - layout.name_at);
    if (members->has_values) write_len(at, layout.size - layout.value_at);
}

static void *tag_member(const char *start, struct layout layout) {
    CHECK(((uintptr_t)start & MEMBER_TAG_MASK) == 0);
    return (void *)((uintptr_t)start | layout.tag);
}

static void copy_bytes(char *at, struct bytes bytes) {
    if (bytes.len != 0) memcpy(at, bytes.data, bytes.len);
}

/* A member as laid out, due word and fixed value zeroed. */
static void *new_member(const struct members *members, struct layout layout, struct bytes name,
                        struct bytes value) {
    char *start = mem_alloc(allocation_of(layout.size));
    memset(start, 0, layout.fixed_at + members->fixed_len);
    write_lens(members, layout, start);
    copy_bytes(start + layout.name_at, name);
    copy_bytes(start + layout.value_at, value);
    return tag_member(start, layout);
}

static void free_member(void *member) {
    mem_free(member_start(member));
}

/* --- life --- */

static uint64_t hash_of_member(const void *member, const void *context) {
    return members_hash(member_view(context, member).name);
}

struct members *members_new(bool has_values, uint8_t fixed_len) {
    struct members *members = mem_alloc_zeroed(sizeof(*members));
    table_init(&members->table, hash_of_member, members);
    members->has_values = has_values;
    members->fixed_len = fixed_len;
    return members;
}

void members_free(struct members *members) {
    table_destroy(&members->table, free_member);
    members_dues_free(members);
    mem_free(members);
}

void members_reserve(struct members *members, uint64_t count) {
    table_reserve(&members->table, count);
}

static size_t size_of(const struct member_view *view) {
    return (size_t)(view->value.data - view->start) + view->value.len;
}

static void copy_member(void *member, void *context) {
    struct members *copy = context;
    struct member_view view = member_view(copy, member);
    size_t size = size_of(&view);
    char *start = mem_alloc(allocation_of(size));
    memcpy(start, view.start, size);
    table_insert(&copy->table, members_hash(view.name),
                 (void *)((uintptr_t)start | member_tag(member)));
}

struct members *members_copy(const struct members *members) {
    struct members *copy = members_new(members->has_values, members->fixed_len);
    copy->shape_count = members->shape_count;
    memcpy(copy->shapes, members->shapes, sizeof(copy->shapes));
    table_reserve(&copy->table, members->table.count);
    table_for_each(&members->table, copy_member, copy);
    members_dues_copy(copy, members);
    return copy;
}

struct measure {
    uint64_t count;
    size_t bytes;
};

static void measure_member(void *member, void *context) {
    struct measure *measure = context;
    measure->count++;
    measure->bytes += mem_usable_size(member_start(member));
}

size_t members_used_bytes(const struct members *members, size_t samples) {
    struct measure measure = {0};
    uint64_t count = members->table.count, cursor = 0;
    /* Hash order is as good as chance. */
    do cursor = table_scan(&members->table, cursor, measure_member, &measure);
    while (cursor != 0 && (samples == 0 || measure.count < samples));
    size_t bytes = measure.bytes;
    if (measure.count < count)
        bytes = (size_t)((double)bytes / (double)measure.count * (double)count);
    return mem_usable_size(members) + members->table.used_bytes + members_dues_used_bytes(members) +
           bytes;
}

/* --- reading --- */

void *members_find(const struct members *members, struct bytes name, uint64_t hash,
                   struct table_place *place) {
    struct table_search search;
    void *member = table_find_start(&members->table, hash, &search);
    while (member != NULL && UNLIKELY(!bytes_equal(member_view(members, member).name, name)))
        member = table_find_next(&search);
    if (member != NULL) *place = search.place;
    return member;
}

struct bytes member_name(const struct members *members, const void *member) {
    return member_view(members, member).name;
}

struct bytes member_value(const struct members *members, const void *member) {
    return member_view(members, member).value;
}

char *member_fixed(const struct members *members, const void *member) {
    return member_view(members, member).fixed;
}

int64_t member_due_ms(const void *member) {
    return entry_due_word_ms(member_due_word(member));
}

void members_prefetch_bucket(const struct members *members, uint64_t hash) {
    table_prefetch_bucket(&members->table, hash);
}

void members_prefetch_member(const struct members *members, uint64_t hash) {
    table_prefetch_elements(&members->table, hash);
}

uint64_t members_scan(const struct members *members, uint64_t cursor, table_visit_function *visit,
                      void *context) {
    return table_scan(&members->table, cursor, visit, context);
}

void members_for_each(const struct members *members, table_visit_function *visit, void *context) {
    table_for_each(&members->table, visit, context);
}

void *members_random(const struct members *members) {
    return table_random(&members->table);
}

/* --- changing --- */

void *members_add(struct members *members, struct bytes name, uint64_t hash, struct bytes value) {
    struct layout layout = lay_out(members, false, name.len, value.len);
    void *member = new_member(members, layout, name, value);
    table_insert(&members->table, hash, member);
    if (UNLIKELY(members->dues != NULL)) members_dues_note_growth(members);
    return member;
}

void *members_rebuild(struct members *members, struct table_place place, bool has_due,
                      struct bytes value) {
    const void *old = member_at(place);
    struct member_view view = member_view(members, old);
    struct layout layout = lay_out(members, has_due, view.name.len, value.len);
    void *member = new_member(members, layout, view.name, value);
    if (has_due) member_set_due_word(member, member_due_word(old));
    memcpy(member_start(member) + layout.fixed_at, view.fixed, members->fixed_len);
    table_replace(place, member);
    mem_free(view.start);
    return member;
}

/* True when the value can be written over the old one: the name stays where it is, and the
 * allocation would be of the same size. */
static bool fits_in_place(const struct member_view *view, struct layout layout) {
    if (view->name.data != view->start + layout.name_at) return false;
    size_t size = size_of(view);
    return size == layout.size ||
           mem_good_size(allocation_of(size)) == mem_good_size(allocation_of(layout.size));
}

void *members_set_value(struct members *members, struct table_place place, uint64_t hash,
                        struct bytes value) {
    (void)hash;
    void *member = member_at(place);
    struct member_view view = member_view(members, member);
    if (view.value.len == value.len) {
        if (value.len != 0)
            memmove(view.start + (view.value.data - view.start), value.data, value.len);
        return member;
    }
    bool has_due = member_has_due(member);
    struct layout layout = lay_out(members, has_due, view.name.len, value.len);
    if (!fits_in_place(&view, layout)) return members_rebuild(members, place, has_due, value);
    if (value.len != 0) memmove(view.start + layout.value_at, value.data, value.len);
    write_lens(members, layout, view.start);
    member = tag_member(view.start, layout);
    table_replace(place, member);
    return member;
}

void members_remove(struct members *members, struct table_place place, uint64_t hash) {
    void *member = table_remove(&members->table, hash, place);
    if (UNLIKELY(member_has_due(member))) members_dues_note_removal(members, member);
    free_member(member);
}
