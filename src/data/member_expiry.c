/* What keeps a collection's members on time: its wake record, and the removal of what is due.
 *
 * Invariant: an entry in a database that has members with due times has ENTRY_HAS_MEMBER_DUES and a
 * wake word that is not later than the first of them; a near one has a live record in the member
 * calendar. */
#include "data/member_expiry.h"

#include "data/due_word.h"
#include "data/members.h"
#include "data/value_type.h"
#include "foundation/containers/table_inline.h"

static const struct member_methods *methods_of(const struct entry *entry) {
    return value_type_of(entry)->members;
}

static struct member_dues *dues_of(const struct entry *entry) {
    const struct member_methods *methods = methods_of(entry);
    return methods == NULL ? NULL : methods->dues(entry);
}

/* When the collection wants to be looked at, asked at a moment; 0: no member has a due time. */
static int64_t next_due_from(const struct entry *entry, int64_t moment_ms) {
    const struct member_dues *dues = dues_of(entry);
    if (dues == NULL || dues->count == 0) return 0;
    return methods_of(entry)->next_due_ms(entry, moment_ms);
}

static int64_t next_due_ms(const struct database *db, const struct entry *entry) {
    return next_due_from(entry, database_now_ms(db));
}

static bool is_due_at(const struct entry *entry, int64_t moment_ms) {
    int64_t next_ms = next_due_from(entry, moment_ms);
    return next_ms != 0 && next_ms <= moment_ms;
}

/* --- the wake record --- */

static void clear_flag(struct entry *entry) {
    entry->flags = (uint8_t)(entry->flags & ~ENTRY_HAS_MEMBER_DUES);
}

void member_expiry_leave(struct database *db, struct entry *entry) {
    struct member_dues *dues = dues_of(entry);
    if (dues == NULL) return;
    due_word_forget(db->member_calendar, dues->wake_word);
    dues->wake_word = 0;
}

static void forget_dues(struct database *db, struct entry *entry) {
    member_expiry_leave(db, entry);
    clear_flag(entry);
}

void member_expiry_update(struct database *db, struct key key, struct entry *entry) {
    int64_t next_ms = next_due_ms(db, entry);
    if (next_ms == 0) {
        forget_dues(db, entry);
        if (dues_of(entry) != NULL) methods_of(entry)->expire(entry, database_now_ms(db), 0);
        return;
    }
    entry->flags |= ENTRY_HAS_MEMBER_DUES;
    struct member_dues *dues = dues_of(entry);
    dues->wake_word = due_word_move(db->member_calendar, calendar_hash_top(key.hash),
                                    dues->wake_word, next_ms, 1);
}

void member_expiry_enter(struct database *db, struct key key, struct entry *entry) {
    const struct member_dues *dues = dues_of(entry);
    CHECK(dues == NULL || dues->wake_word == 0);
    member_expiry_update(db, key, entry);
}

bool member_expiry_is_wanted(const struct database *db, const struct entry *entry) {
    const struct member_dues *dues = dues_of(entry);
    return dues == NULL || entry_due_word_ms(dues->wake_word) <= database_now_ms(db);
}

/* --- removal --- */

static void delete_empty(struct database *db, struct key key, struct found *found) {
    const struct member_methods *methods = methods_of(found->entry);
    int64_t due_ms;
    struct entry *entry = database_take(db, key, *found, &due_ms);
    *found = (struct found){0};
    database_report(db, methods->event_class, key.name, methods->expired_event);
    database_report(db, KEY_EVENT_GENERIC, key.name, "del");
    database_discard(db, entry, true);
}

/* Counts and reports members that were removed, and deletes the key when they were the last. The
 * wake record is in order. */
static void finish_removal(struct database *db, struct key key, struct found *found,
                           size_t removed) {
    if (removed == 0) return;
    db->keyspace->stats.expired_members += removed;
    database_report(db, KEY_EVENT_MEMBERS_DUE, key.name, "membersdue");
    const struct member_methods *methods = methods_of(found->entry);
    if (methods->is_empty(found->entry))
        delete_empty(db, key, found);
    else
        database_report(db, methods->event_class, key.name, methods->expired_event);
}

/* All that are due at the moment; the wake record is not in step then. */
static size_t remove_until(struct entry *entry, int64_t until_ms) {
    size_t removed = 0;
    while (is_due_at(entry, until_ms))
        removed += methods_of(entry)->expire(entry, until_ms, SIZE_MAX);
    return removed;
}

void member_expiry_settle(struct database *db, struct key key, struct found *found) {
    size_t removed = remove_until(found->entry, database_now_ms(db));
    member_expiry_update(db, key, found->entry);
    finish_removal(db, key, found, removed);
}

size_t member_expiry_remove_until(struct database *db, struct key key, struct found *found,
                                  int64_t until_ms) {
    size_t removed = remove_until(found->entry, until_ms);
    if (removed == 0) return 0;
    member_expiry_update(db, key, found->entry);
    if (!methods_of(found->entry)->is_empty(found->entry)) return removed;
    database_delete(db, key, *found);
    *found = (struct found){0};
    return removed;
}

/* --- the calendar's questions --- */

static struct member_dues *find_woken(struct database *db, uint32_t hash_top, uint16_t stamp,
                                      struct found *found) {
    struct table_top_search search;
    struct entry *entry = table_find_top_start(&db->keys, hash_top, &search);
    for (; entry != NULL; entry = table_find_top_next(&search)) {
        if (!entry_has(entry, ENTRY_HAS_MEMBER_DUES)) continue;
        struct member_dues *dues = dues_of(entry);
        if (dues == NULL || !entry_due_word_is_near(dues->wake_word)) continue;
        if (entry_due_word_stamp(dues->wake_word) != stamp) continue;
        if (calendar_hash_top(hash_bytes(entry_key(entry))) != hash_top) continue;
        *found = (struct found){.entry = entry, .place = search.place};
        return dues;
    }
    return NULL;
}

/* Says what is to become of the record that has woken the entry, and gives it the wake word for
 * that. */
static enum calendar_answer wake_again(struct database *db, struct entry *entry, uint16_t stamp,
                                       int64_t *next_ms) {
    *next_ms = next_due_ms(db, entry);
    struct member_dues *dues = dues_of(entry);
    if (*next_ms != 0 && *next_ms <= database_now_ms(db)) return CALENDAR_AGAIN;
    if (*next_ms != 0 && *next_ms < CALENDAR_MAX_MS) {
        dues->wake_word = entry_due_word_near(*next_ms, stamp);
        return CALENDAR_LATER;
    }
    if (dues != NULL) dues->wake_word = 0;
    member_expiry_update(db, key_of(entry_key(entry)), entry);
    return CALENDAR_DUE;
}

static size_t expire_slice(struct keyspace *keyspace, struct entry *entry) {
    size_t removed =
        methods_of(entry)->expire(entry, keyspace->clock->unix_ms, keyspace->member_slice);
    keyspace->member_slice -= removed < keyspace->member_slice ? removed : keyspace->member_slice;
    return removed;
}

enum calendar_answer member_expiry_answer(void *owner, uint32_t hash_top, uint16_t stamp,
                                          bool may_act, int64_t *due_ms) {
    struct database *db = owner;
    struct found found;
    const struct member_dues *dues = find_woken(db, hash_top, stamp, &found);
    if (dues == NULL) return CALENDAR_DEAD;
    *due_ms = entry_due_word_ms(dues->wake_word);
    if (!may_act || *due_ms > database_now_ms(db)) return CALENDAR_LATER;
    if (db->keyspace->member_slice == 0) return CALENDAR_AGAIN;
    size_t removed = expire_slice(db->keyspace, found.entry);
    enum calendar_answer answer = wake_again(db, found.entry, stamp, due_ms);
    finish_removal(db, key_of(entry_key(found.entry)), &found, removed);
    return answer;
}
