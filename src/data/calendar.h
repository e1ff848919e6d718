/* Calendar of due times: which keys come due when, at 8 bytes a key.
 *
 * A hierarchical timing wheel (Varghese and Lauck 1987). Of its five wheels the finest has slots of
 * CALENDAR_TICK_MS; a slot of each further wheel lasts 256 slots of the one below (4 ms, 1 s, 4.4
 * min, 18.6 h, 199 days). A wheel has 512 slots, so that the slot above can be carried down a whole
 * turn ahead of its time. A slot holds its records in a chain of blocks.
 *
 *      record, 64 bits:   | hash, top 32 bits | stamp, 16 bits | time in ticks, low 16 bits |
 *
 * The hash finds the key, the low time bits carry a record down two wheels without looking at its
 * key, and the stamp says whether the record still speaks for the key: each key with a due time has
 * exactly one live record, the one whose stamp it holds. A due time moved later keeps the record
 * (when that comes due, the owner answers with the true time and the record is entered anew); moved
 * earlier, deleted or made anew, the key gets another stamp and the old record is dead. Dead records
 * are dropped when they come due, or sooner by a sweep that looks at a few records with each addition
 * and each run once the dead are many. So there are about twice as many records as live keys at most,
 * whatever clients do.
 *
 * The calendar knows no keys: it asks its owner. */
#ifndef DATA_CALENDAR_H
#define DATA_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALENDAR_TICK_MS = 4 };
/* Due times lie below this one (the year 6429). */
#define CALENDAR_MAX_MS ((int64_t)1 << 47)

/* What the owner knows of the key behind a record. */
enum calendar_answer {
    CALENDAR_DEAD,  /* no such key, no due time, or another stamp: drop the record */
    CALENDAR_LATER, /* live, but due at *due_ms, which lies after now: enter it anew */
    CALENDAR_DUE,   /* live and due: the owner has dealt with it; drop the record */
    CALENDAR_AGAIN, /* live and due, not done with: the run ends here, the next one asks first */
};
/* Asked for each record that comes due (`may_act`: a due key is to be expired now, without
 * calendar_note_dead), and when records are swept or carried down (`may_act` false: answer DEAD, or
 * LATER with the true time, even a past one, and change nothing). Records are found again by
 * table_find_top_start. */
typedef enum calendar_answer calendar_ask_function(void *owner, uint32_t hash_top, uint16_t stamp,
                                                   bool may_act, int64_t *due_ms);

static inline uint32_t calendar_hash_top(uint64_t hash) {
    return (uint32_t)(hash >> 32);
}

struct calendar;

/* `now_ms` is the wall clock, here and below. An empty calendar takes under 200 bytes (wheels are
 * allocated for the first record). */
struct calendar *calendar_new(calendar_ask_function *ask, void *owner, int64_t now_ms);
void calendar_free(struct calendar *calendar);
/* Drops every record. */
void calendar_clear(struct calendar *calendar);

/* A stamp for a key's new record, different from the last ones given. */
uint16_t calendar_next_stamp(struct calendar *calendar);
/* Enters a record. A past time counts as due at once. Amortised O(1), no allocation but for a block;
 * may ask about a few other records. */
void calendar_add(struct calendar *calendar, uint32_t hash_top, uint16_t stamp, int64_t due_ms);
/* The owner says that a live record has died (its key was deleted, rewritten without a due time, or
 * took a new stamp). */
void calendar_note_dead(struct calendar *calendar);

/* Deals with what is due at `now_ms`, in order of slots, until done or until about `max_records` have
 * been looked at; returns true when everything due is done, false when more is left (call again
 * soon). Upper slots are carried down ahead of their time in small portions, so that no call must
 * move a whole upper slot at once. A clock set back by less than a second is waited for; set back
 * further, all records are entered anew, in portions. A clock set far forward is walked in steps of
 * used slots. */
bool calendar_run(struct calendar *calendar, int64_t now_ms, size_t max_records);
/* Milliseconds until the next call of calendar_run is wanted: 0 when something is due, INT64_MAX when
 * the calendar is empty. Never later than the first due slot's end; O(1). */
int64_t calendar_next_ms(const struct calendar *calendar, int64_t now_ms);

size_t calendar_record_count(const struct calendar *calendar);
/* Another owner is asked from now on. */
void calendar_set_owner(struct calendar *calendar, void *owner);
size_t calendar_used_bytes(const struct calendar *calendar);

#endif
