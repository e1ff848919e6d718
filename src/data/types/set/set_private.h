/* What the files of the set type share: a set as a form of its own, apart from any entry. Not for
 * others. */
#ifndef DATA_TYPES_SET_SET_PRIVATE_H
#define DATA_TYPES_SET_SET_PRIVATE_H

#include "data/members.h"
#include "data/types/set/set.h"

enum { SET_COSTLY_MEMBERS = 64 };

struct set_form {
    enum set_encoding encoding;
    union {
        void *pointer;
        char *ints;   /* SET_INTS */
        char *packed; /* SET_PACKED */
        struct members *members;
    };
};

static inline struct set_form set_form_of(const struct entry *entry) {
    return (struct set_form){
        .encoding = (enum set_encoding)entry->encoding,
        .pointer = entry_pointer(entry),
    };
}

static inline void set_form_put(struct entry *entry, struct set_form form) {
    entry->encoding = (uint32_t)form.encoding & 0xf;
    entry_set_pointer(entry, form.pointer);
}

/* An empty set of that encoding; a table with room for `count` members. */
struct set_form set_form_new(enum set_encoding encoding, size_t count);
/* An empty set in the form for `count` members of which this is the first. */
struct set_form set_form_for(struct bytes first, size_t count);
void set_form_free(struct set_form form);
struct set_form set_form_copy(struct set_form form);
/* True of a table with so many members that it is better freed on the worker. */
static inline bool set_form_is_costly(struct set_form form) {
    return form.encoding == SET_TABLE && members_count(form.members) > SET_COSTLY_MEMBERS;
}

size_t set_form_len(struct set_form form);
bool set_form_has(struct set_form form, struct bytes member);
void set_form_prefetch(struct set_form form, const struct bytes *members, size_t count);
void set_form_for_each(struct set_form form, set_visit_function *visit, void *context);

/* True when the member is new. The form changes where a limit is passed. */
bool set_form_add(struct set_form *form, struct bytes member);
/* The same for a member known to be absent. */
void set_form_add_absent(struct set_form *form, struct bytes member);
/* True when it was there. */
bool set_form_remove(struct set_form *form, struct bytes member);
void set_form_to_table(struct set_form *form, size_t count);
/* Before many additions: makes a table at once of a form that so many members would not fit in. */
void set_form_expect(struct set_form *form, size_t count);
/* Gives the set the smallest form that its members allow. It has no due times. */
void set_form_minimise(struct set_form *form);

/* Shows `count` different members, drawn uniformly; at most the length. */
void set_form_pick(struct set_form form, size_t count, set_visit_function *visit, void *context);

/* Taking out: what the visitor returns is ignored. */

/* One member, after it was shown. */
void set_form_pop_one(struct set_form *form, set_visit_function *visit, void *context);
/* True when so few stay that they begin as a set of their own, in whatever form they fit. */
static inline bool set_form_begins_anew(size_t count, size_t rest_len) {
    return rest_len <= count / 5;
}
/* Shows `count` different members and returns a set of the others, which are at least one; the form
 * itself stays as it is. Due times are not carried over. */
struct set_form set_form_split(struct set_form form, size_t count, set_visit_function *visit,
                               void *context);

/* An entry with that value, for database_add or database_store. */
struct entry *set_new_entry(struct key key, struct set_form form);

#endif
