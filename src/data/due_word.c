#include "data/due_word.h"

uint64_t due_word_move(struct calendar *calendar, uint32_t hash_top, uint64_t old_word,
                       int64_t due_ms, int64_t units) {
    if (due_ms >= CALENDAR_MAX_MS / units || due_ms == 0) {
        due_word_forget(calendar, old_word);
        return due_ms == 0 ? 0 : (uint64_t)due_ms | ENTRY_DUE_IS_FAR;
    }
    if (entry_due_word_is_near(old_word) && due_ms >= entry_due_word_ms(old_word))
        return entry_due_word_near(due_ms, entry_due_word_stamp(old_word));
    due_word_forget(calendar, old_word);
    uint16_t stamp = calendar_next_stamp(calendar);
    calendar_add(calendar, hash_top, stamp, due_ms * units);
    return entry_due_word_near(due_ms, stamp);
}
