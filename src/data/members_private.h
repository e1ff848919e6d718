/* What the files of the members share: how one lies in memory (data/members.h has the picture), and
 * what members.c asks of members_due.c. */
#ifndef DATA_MEMBERS_PRIVATE_H
#define DATA_MEMBERS_PRIVATE_H

#include "data/entry.h"
#include "data/members.h"
#include "foundation/containers/table_inline.h"

enum {
    MEMBER_HAS_DUE = 1, /* the pointer's lowest bit; the shape's three bits follow */
    MEMBER_SHAPE_SHIFT = 1,
    MEMBER_TAG_MASK = 15,
    MEMBER_DUE_BYTES = 8,
    MEMBER_LONG_LEN = 255, /* says that four bytes of length follow */
};

/* A member in pieces. */
struct member_view {
    char *start; /* of the allocation */
    char *fixed;
    struct bytes name, value;
};

static inline char *member_start(const void *member) {
    return (char *)((uintptr_t)member & ~(uintptr_t)MEMBER_TAG_MASK);
}

static inline unsigned member_tag(const void *member) {
    return (unsigned)((uintptr_t)member & MEMBER_TAG_MASK);
}

static inline bool member_has_due(const void *member) {
    return (member_tag(member) & MEMBER_HAS_DUE) != 0;
}

/* Reads a length and moves *at behind it. */
static inline size_t member_read_len(const char **at) {
    uint8_t len = (uint8_t) * *at;
    ++*at;
    if (LIKELY(len != MEMBER_LONG_LEN)) return len;
    uint32_t long_len;
    memcpy(&long_len, *at, sizeof(long_len));
    *at += sizeof(long_len);
    return long_len;
}

static ALWAYS_INLINE struct member_view member_view(const struct members *members,
                                                    const void *member) {
    struct member_view view = {.start = member_start(member)};
    view.fixed = view.start + (member_has_due(member) ? MEMBER_DUE_BYTES : 0);
    const char *at = view.fixed + members->fixed_len;
    unsigned shape = member_tag(member) >> MEMBER_SHAPE_SHIFT;
    if (shape != 0) {
        view.name.len = members->shapes[shape - 1].name_len;
        view.value.len = members->shapes[shape - 1].value_len;
    } else {
        view.name.len = member_read_len(&at);
        if (members->has_values) view.value.len = member_read_len(&at);
    }
    view.name.data = at;
    view.value.data = at + view.name.len;
    return view;
}

/* The due word; 0 without one. */
static inline uint64_t member_due_word(const void *member) {
    return member_has_due(member) ? entry_load_word(member_start(member)) : 0;
}

/* For members that have the place. */
static inline void member_set_due_word(void *member, uint64_t word) {
    memcpy(member_start(member), &word, sizeof(word));
}

static inline void *member_at(struct table_place place) {
    return table_slot_element(place.bucket->slots[place.slot]);
}

/* Makes the member in the place anew, with or without the room for a due word (which is kept, or 0)
 * and with a value that may lie in the old one. */
void *members_rebuild(struct members *members, struct table_place place, bool has_due,
                      struct bytes value);

/* The collection has grown, and some member has a due time. */
void members_dues_note_growth(struct members *members);
/* The member is about to be removed. */
void members_dues_note_removal(struct members *members, const void *member);
/* For a copy whose members are there, due words included. */
void members_dues_copy(struct members *members, const struct members *source);
void members_dues_free(struct members *members);
size_t members_dues_used_bytes(const struct members *members);

#endif
