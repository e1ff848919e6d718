/* Expiry of members: fields of hashes, members of sets and of sorted sets have due times of their
 * own, kept on time like those of keys.
 *
 * Two levels. A collection knows its members' due times (struct member_dues in data/members.h). For
 * the key as a whole one record stands in the database's member calendar, no later than the moment
 * when the collection wants to be looked at next: its `wake_word` has the form of an entry's due
 * word. The entry says ENTRY_HAS_MEMBER_DUES while any member has a due time.
 *
 * Every look-up of such a key first removes the members that are due (database_find sees to it), so
 * nobody above ever meets one and counts are exact; the calendar does the same within 10 ms for
 * keys that nobody asks for, in slices where they are many. A key whose last member goes is
 * deleted. Events: the type's own ("hexpired", …) once for the members removed together, then "del"
 * when the key went with them. */
#ifndef DATA_MEMBER_EXPIRY_H
#define DATA_MEMBER_EXPIRY_H

#include "data/database.h"

/* After a command has set or taken away due times of members, or removed members that may have had
 * some: keeps the entry's flag and the wake record in step with the type's dues. Call it once, at
 * the end of the change. */
void member_expiry_update(struct database *db, struct key key, struct entry *entry);

/* Removes the members that are due at a moment, whatever the clock says, from a key that is there;
 * returns how many. The key goes with the last of them: found->entry becomes NULL. Fires nothing. */
size_t member_expiry_remove_until(struct database *db, struct key key, struct found *found,
                                  int64_t until_ms);

/* For database.c. Of entries with ENTRY_HAS_MEMBER_DUES: true when a look-up is to settle first. */
bool member_expiry_is_wanted(const struct database *db, const struct entry *entry);
/* Removes all members that are due; found->entry becomes NULL when the key went. */
void member_expiry_settle(struct database *db, struct key key, struct found *found);
/* An entry that has the flag has come to the database, or is about to leave it (the flag stays). */
void member_expiry_enter(struct database *db, struct key key, struct entry *entry);
void member_expiry_leave(struct database *db, struct entry *entry);
/* The member calendar's question, its owner the database (data/calendar.h). */
enum calendar_answer member_expiry_answer(void *owner, uint32_t hash_top, uint16_t stamp,
                                          bool may_act, int64_t *due_ms);

#endif
