#include "data/types/set/set.h"

#include "data/member_expiry.h"
#include "data/types/set/set_private.h"
#include "foundation/worker.h"

/* --- reading --- */

size_t set_len(const struct entry *entry) {
    return set_form_len(set_form_of(entry));
}

bool set_has(const struct entry *entry, struct bytes member) {
    return set_form_has(set_form_of(entry), member);
}

void set_prefetch(const struct entry *entry, const struct bytes *members, size_t count) {
    set_form_prefetch(set_form_of(entry), members, count);
}

void set_for_each(const struct entry *entry, set_visit_function *visit, void *context) {
    set_form_for_each(set_form_of(entry), visit, context);
}

struct scan {
    const struct members *members;
    set_visit_function *visit;
    void *context;
};

static void scan_member(void *member, void *context) {
    const struct scan *scan = context;
    scan->visit(scan->context, member_name(scan->members, member));
}

/* For visitors that have no say in where the walk ends. */
static bool visit_regardless(void *context, struct bytes member) {
    const struct scan *scan = context;
    scan->visit(scan->context, member);
    return true;
}

uint64_t set_scan(const struct entry *entry, uint64_t cursor, set_visit_function *visit,
                  void *context) {
    struct set_form form = set_form_of(entry);
    struct scan scan = {.visit = visit, .context = context};
    if (form.encoding == SET_TABLE) {
        scan.members = form.members;
        return members_scan(form.members, cursor, scan_member, &scan);
    }
    set_form_for_each(form, visit_regardless, &scan);
    return 0;
}

/* --- adding and removing --- */

struct entry *set_new_entry(struct key key, struct set_form form) {
    struct entry *entry = entry_new(key.name, (struct entry_shape){.has_word = true});
    entry->type = VALUE_SET;
    set_form_put(entry, form);
    return entry;
}

static size_t add_members(struct set_form *form, const struct bytes *members, size_t count) {
    enum { CHUNK = 32 };
    size_t new_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % CHUNK == 0)
            set_form_prefetch(*form, members + i, count - i < CHUNK ? count - i : CHUNK);
        new_count += set_form_add(form, members[i]);
    }
    return new_count;
}

size_t set_add(struct database *db, struct key key, struct found *found,
               const struct bytes *members, size_t count) {
    bool is_made = found->entry == NULL;
    struct set_form form = is_made ? set_form_for(members[0], count) : set_form_of(found->entry);
    if (!is_made) set_form_expect(&form, count);
    size_t new_count = add_members(&form, members, count);
    if (is_made)
        *found = database_add(db, key, set_new_entry(key, form));
    else
        set_form_put(found->entry, form);
    return new_count;
}

/* After members were removed: keeps the wake record in step; an empty set goes. */
static void finish_removal(struct database *db, struct key key, struct found *found) {
    if (entry_has(found->entry, ENTRY_HAS_MEMBER_DUES)) member_expiry_update(db, key, found->entry);
    if (set_len(found->entry) != 0) return;
    database_delete(db, key, *found);
    found->entry = NULL;
}

size_t set_remove(struct database *db, struct key key, struct found *found,
                  const struct bytes *members, size_t count) {
    struct set_form form = set_form_of(found->entry);
    set_form_prefetch(form, members, count);
    size_t removed = 0;
    for (size_t i = 0; i < count; i++) removed += set_form_remove(&form, members[i]);
    set_form_put(found->entry, form);
    finish_removal(db, key, found);
    return removed;
}

/* --- popping --- */

static void free_members(void *members) {
    members_free(members);
}

static void discard_form(struct database *db, struct set_form form) {
    struct worker *worker = db->keyspace->worker;
    if (worker != NULL && set_form_is_costly(form))
        worker_submit(worker, free_members, form.members);
    else
        set_form_free(form);
}

/* Small forms are written anew, tables when no more of them stays than goes. */
static bool must_split(const struct entry *entry, size_t count) {
    if (count < 2) return false;
    if (entry->encoding != SET_TABLE) return true;
    bool has_dues = entry_has(entry, ENTRY_HAS_MEMBER_DUES);
    return !has_dues && set_len(entry) - count <= count;
}

static void pop_all(struct database *db, struct key key, struct found *found,
                    set_visit_function *visit, void *context) {
    struct scan all = {.visit = visit, .context = context};
    set_for_each(found->entry, visit_regardless, &all);
    database_delete(db, key, *found);
    found->entry = NULL;
}

void set_pop(struct database *db, struct key key, struct found *found, size_t count,
             set_visit_function *visit, void *context) {
    struct set_form form = set_form_of(found->entry);
    if (count >= set_form_len(form)) {
        pop_all(db, key, found, visit, context);
        return;
    }
    if (must_split(found->entry, count)) {
        set_form_put(found->entry, set_form_split(form, count, visit, context));
        discard_form(db, form);
        return;
    }
    for (size_t i = 0; i < count; i++) set_form_pop_one(&form, visit, context);
    set_form_put(found->entry, form);
    finish_removal(db, key, found);
}

/* --- due times --- */

int64_t set_due_ms(const struct entry *entry, struct bytes member) {
    struct set_form form = set_form_of(entry);
    if (form.encoding != SET_TABLE) return set_form_has(form, member) ? 0 : -1;
    struct table_place place;
    const void *found = members_find(form.members, member, members_hash(member), &place);
    return found == NULL ? -1 : member_due_ms(found);
}

void set_set_due(struct database *db, struct found *found, struct bytes member, int64_t due_ms) {
    struct set_form form = set_form_of(found->entry);
    if (due_ms == 0 && form.encoding != SET_TABLE) return;
    set_form_to_table(&form, set_form_len(form));
    set_form_put(found->entry, form);
    uint64_t hash = members_hash(member);
    struct table_place place;
    CHECK(members_find(form.members, member, hash, &place) != NULL);
    members_set_due(form.members, place, hash, due_ms, database_now_ms(db));
}
