/* Due words (data/entry.h) and the calendar records that stand for them: of keys, of collections to
 * be woken, of members. */
#ifndef DATA_DUE_WORD_H
#define DATA_DUE_WORD_H

#include "data/calendar.h"
#include "data/entry.h"

/* The owner of an old word is gone or has lost its due time. */
static inline void due_word_forget(struct calendar *calendar, uint64_t word) {
    if (entry_due_word_is_near(word)) calendar_note_dead(calendar);
}

/* The word for a new due time in unix ms (0: none) in place of an old word, with its record in the
 * calendar. The old one's is kept where it still serves. The calendar counts `units` to a
 * millisecond. It may ask about records on the way, the old one among them. */
uint64_t due_word_move(struct calendar *calendar, uint32_t hash_top, uint64_t old_word,
                       int64_t due_ms, int64_t units);

#endif
