/* Hashes: the choice between the forms, and the table. */
#include "data/types/hash/hash.h"

#include "data/member_expiry.h"
#include "data/types/hash/hash_private.h"

/* Fields of a command that are fetched into cache together. */
enum { GROUP = 32 };

static struct members *members_of(const struct entry *entry) {
    return entry_pointer(entry);
}

static bool is_table(const struct entry *entry) {
    return entry->encoding == HASH_TABLE;
}

/* --- reading --- */

size_t hash_len(const struct entry *entry) {
    if (is_table(entry)) return members_count(members_of(entry));
    return hash_packed_len(entry);
}

static void read_content(const struct members *members, const void *member,
                         struct hash_field *field) {
    field->value = member_value(members, member);
    field->due_ms = member_due_ms(member);
}

void hash_read_member(const struct members *members, const void *member, struct hash_field *field) {
    field->name = member_name(members, member);
    read_content(members, member, field);
}

bool hash_get(const struct entry *entry, struct bytes name, struct hash_field *field) {
    if (!is_table(entry)) return hash_packed_get(entry, name, field);
    struct table_place place;
    const struct members *members = members_of(entry);
    const void *member = members_find(members, name, members_hash(name), &place);
    if (member == NULL) return false;
    read_content(members, member, field);
    return true;
}

static void hash_group(const struct bytes *names, size_t count, size_t step,
                       uint64_t hashes[GROUP]) {
    for (size_t i = 0; i < count; i++) hashes[i] = members_hash(names[i * step]);
}

static void prefetch_group(const struct members *members, const uint64_t *hashes, size_t count) {
    for (size_t i = 0; i < count; i++) members_prefetch_bucket(members, hashes[i]);
    for (size_t i = 0; i < count; i++) members_prefetch_member(members, hashes[i]);
}

static size_t group_len(size_t left) {
    return left < GROUP ? left : GROUP;
}

void hash_prefetch(const struct entry *entry, const struct bytes *names, size_t count,
                   size_t step) {
    if (!is_table(entry)) return;
    uint64_t hashes[GROUP];
    for (size_t done = 0, len; done < count; done += len) {
        len = group_len(count - done);
        hash_group(names + done * step, len, step, hashes);
        prefetch_group(members_of(entry), hashes, len);
    }
}

/* --- walking --- */

struct member_walk {
    const struct members *members;
    hash_visit_function *visit;
    void *context;
};

static void visit_member(void *member, void *context) {
    const struct member_walk *walk = context;
    struct hash_field field;
    hash_read_member(walk->members, member, &field);
    walk->visit(walk->context, &field);
}

static void walk_packed(const struct entry *entry, hash_visit_function *visit, void *context) {
    struct hash_field field;
    const char *at = listpack_first(hash_packed_listpack(entry));
    while (at != NULL) {
        at = hash_packed_read(entry, at, &field);
        visit(context, &field);
    }
}

void hash_for_each(const struct entry *entry, hash_visit_function *visit, void *context) {
    if (!is_table(entry)) {
        walk_packed(entry, visit, context);
        return;
    }
    struct member_walk walk = {members_of(entry), visit, context};
    members_for_each(walk.members, visit_member, &walk);
}

uint64_t hash_scan(const struct entry *entry, uint64_t cursor, hash_visit_function *visit,
                   void *context) {
    if (!is_table(entry)) {
        walk_packed(entry, visit, context);
        return 0;
    }
    struct member_walk walk = {members_of(entry), visit, context};
    return members_scan(walk.members, cursor, visit_member, &walk);
}

/* --- from a listpack to the table --- */

static void add_field(struct members *members, const struct hash_field *field, int64_t now_ms) {
    uint64_t hash = members_hash(field->name);
    members_add(members, field->name, hash, field->value);
    if (field->due_ms == 0) return;
    struct table_place place;
    CHECK(members_find(members, field->name, hash, &place) != NULL);
    members_set_due(members, place, hash, field->due_ms, now_ms);
}

void hash_make_table(struct entry *entry, size_t more, int64_t now_ms) {
    struct members *members = members_new(true, 0);
    members_reserve(members, hash_packed_len(entry) + more);
    struct hash_field field;
    const char *at = listpack_first(hash_packed_listpack(entry));
    while (at != NULL) {
        at = hash_packed_read(entry, at, &field);
        add_field(members, &field, now_ms);
    }
    if (members->dues != NULL) members->dues->wake_word = hash_packed_due_of(entry)->dues.wake_word;
    hash_packed_free(entry);
    entry->encoding = HASH_TABLE;
    entry_set_pointer(entry, members);
}

/* Makes a packed hash a table with room for `more` fields. */
static COLD void make_table(struct database *db, struct key key, struct entry *entry, size_t more) {
    /* The record that wakes the key moves along; without due times it has to be given up before. */
    if (entry_has(entry, ENTRY_HAS_MEMBER_DUES)) member_expiry_update(db, key, entry);
    hash_make_table(entry, more, database_now_ms(db));
}

/* --- setting --- */

/* True when the field is new. */
static ALWAYS_INLINE bool set_member(struct members *members, const struct bytes *pair,
                                     uint64_t hash, unsigned flags, int64_t now_ms) {
    struct table_place place;
    if (members_find(members, pair[0], hash, &place) == NULL) {
        members_add(members, pair[0], hash, pair[1]);
        return true;
    }
    const void *member = members_set_value(members, place, hash, pair[1]);
    if (UNLIKELY(members->dues != NULL) && (flags & HASH_KEEP_DUE) == 0 &&
        member_due_ms(member) != 0)
        members_set_due(members, place, hash, 0, now_ms);
    return false;
}

static size_t set_group(struct members *members, const struct bytes *pairs, size_t pair_count,
                        unsigned flags, int64_t now_ms) {
    uint64_t hashes[GROUP];
    hash_group(pairs, pair_count, 2, hashes);
    prefetch_group(members, hashes, pair_count);
    size_t added = 0;
    for (size_t i = 0; i < pair_count; i++)
        added += set_member(members, pairs + 2 * i, hashes[i], flags, now_ms);
    return added;
}

static size_t set_in_table(struct members *members, const struct bytes *pairs, size_t pair_count,
                           unsigned flags, int64_t now_ms) {
    if (pair_count == 1) return set_member(members, pairs, members_hash(pairs[0]), flags, now_ms);
    size_t added = 0;
    for (size_t done = 0, len; done < pair_count; done += len) {
        len = group_len(pair_count - done);
        added += set_group(members, pairs + 2 * done, len, flags, now_ms);
    }
    return added;
}

static size_t set_in_packed(struct database *db, struct key key, struct entry *entry,
                            const struct bytes *pairs, size_t pair_count, unsigned flags) {
    size_t done = 0, added = 0;
    if (hash_packed_takes(entry, pairs, pair_count))
        done = hash_packed_set(entry, pairs, pair_count, flags, &added);
    if (done == pair_count && !hash_packed_is_over(entry)) return added;
    size_t left = pair_count - done;
    make_table(db, key, entry, left);
    return added +
           set_in_table(members_of(entry), pairs + 2 * done, left, flags, database_now_ms(db));
}

static struct entry *new_hash(struct bytes name) {
    struct entry *entry = entry_new(name, (struct entry_shape){.has_word = true});
    entry->type = VALUE_HASH;
    entry->encoding = HASH_PACKED;
    entry_set_pointer(entry, listpack_new(0));
    return entry;
}

size_t hash_set(struct database *db, struct key key, struct found *found, const struct bytes *pairs,
                size_t pair_count, unsigned flags) {
    CHECK(pair_count != 0);
    struct entry *entry = found->entry != NULL ? found->entry : new_hash(key.name);
    size_t added;
    if (is_table(entry))
        added = set_in_table(members_of(entry), pairs, pair_count, flags, database_now_ms(db));
    else
        added = set_in_packed(db, key, entry, pairs, pair_count, flags);
    if (found->entry == NULL)
        *found = database_add(db, key, entry);
    else if (UNLIKELY(entry_has(entry, ENTRY_HAS_MEMBER_DUES)))
        member_expiry_update(db, key, entry);
    return added;
}

/* --- deleting --- */

static size_t delete_group(struct members *members, const struct bytes *names, size_t count) {
    uint64_t hashes[GROUP];
    hash_group(names, count, 1, hashes);
    if (count > 1) prefetch_group(members, hashes, count);
    size_t deleted = 0;
    for (size_t i = 0; i < count; i++) {
        struct table_place place;
        if (members_find(members, names[i], hashes[i], &place) == NULL) continue;
        members_remove(members, place, hashes[i]);
        deleted++;
    }
    return deleted;
}

static size_t delete_from_table(struct members *members, const struct bytes *names, size_t count) {
    size_t deleted = 0;
    for (size_t done = 0, len; done < count; done += len) {
        len = group_len(count - done);
        deleted += delete_group(members, names + done, len);
    }
    return deleted;
}

size_t hash_delete(struct database *db, struct key key, struct found *found,
                   const struct bytes *names, size_t count) {
    struct entry *entry = found->entry;
    size_t deleted = is_table(entry) ? delete_from_table(members_of(entry), names, count)
                                     : hash_packed_delete(entry, names, count);
    if (entry_has(entry, ENTRY_HAS_MEMBER_DUES)) member_expiry_update(db, key, entry);
    if (hash_len(entry) != 0) return deleted;
    database_delete(db, key, *found);
    found->entry = NULL;
    return deleted;
}

/* --- due times --- */

void hash_set_due(struct database *db, struct found *found, struct bytes name, int64_t due_ms) {
    struct entry *entry = found->entry;
    if (!is_table(entry) && hash_packed_takes_dues(entry)) {
        hash_packed_set_due(entry, name, due_ms);
        return;
    }
    if (!is_table(entry)) make_table(db, key_of(entry_key(entry)), entry, 0);
    struct table_place place;
    uint64_t hash = members_hash(name);
    CHECK(members_find(members_of(entry), name, hash, &place) != NULL);
    members_set_due(members_of(entry), place, hash, due_ms, database_now_ms(db));
}
