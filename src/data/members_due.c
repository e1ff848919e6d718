/* Members with due times: by reading all of a few members, or by a calendar of many.
 *
 * The calendar settles a tick when it is over. So that a member goes at its very millisecond, ticks
 * are of one: the calendar is told times in quarters of a millisecond, and each moment a whole one
 * ahead. Due times from FAR_MS on (the year 3084) have no records.
 *
 * Invariants: 1. with a calendar every near due word has a live record in it; without one stamps
 * are 0; 2. without a calendar no member is due before `earliest_ms`, and there are at most
 * MEMBERS_SCAN_MAX members; 3. no record stands at a later time than its member's due time: a due
 * time before `open_ms`, set after the clock went back, has the calendar written anew. */
#include "data/due_word.h"
#include "data/members.h"
#include "data/members_private.h"
#include "foundation/mem.h"

enum { UNITS = CALENDAR_TICK_MS }; /* that the calendar counts to a millisecond */
#define FAR_MS (CALENDAR_MAX_MS / UNITS)

/* A run of members_expire. */
struct run {
    int64_t now_ms;
    void (*on_expired)(void *member, void *context);
    void *context;
    size_t removed;
};

struct table_dues {
    struct member_dues shared; /* what members->dues points to */
    int64_t earliest_ms;       /* without a calendar */
    /* The first millisecond whose slot of the calendar may still be to come; without a calendar the
     * last moment told. */
    int64_t open_ms;
    struct run *run; /* NULL: none */
};

static struct table_dues *dues_of(const struct members *members) {
    return (struct table_dues *)members->dues;
}

/* --- the calendar --- */

/* What the calendar is told so that it settles everything due up to this moment. */
static int64_t calendar_moment(int64_t now_ms) {
    return (now_ms + 1) * UNITS;
}

static void *find_by_hash_top(const struct members *members, uint32_t hash_top, uint16_t stamp,
                              struct table_place *place) {
    struct table_top_search search;
    void *member = table_find_top_start(&members->table, hash_top, &search);
    for (; member != NULL; member = table_find_top_next(&search)) {
        uint64_t word = member_due_word(member);
        if (!entry_due_word_is_near(word) || entry_due_word_stamp(word) != stamp) continue;
        uint64_t hash = members_hash(member_view(members, member).name);
        if (calendar_hash_top(hash) != hash_top) continue;
        *place = search.place;
        return member;
    }
    return NULL;
}

static void remove_expired(struct members *members, struct table_place place, struct run *run) {
    void *member = member_at(place);
    if (run->on_expired != NULL) run->on_expired(member, run->context);
    uint64_t hash = members_hash(member_view(members, member).name);
    members->dues->count--;
    run->removed++;
    table_remove(&members->table, hash, place);
    mem_free(member_start(member));
}

static enum calendar_answer answer_calendar(void *owner, uint32_t hash_top, uint16_t stamp,
                                            bool may_act, int64_t *due_time) {
    struct members *members = owner;
    struct table_place place;
    const void *member = find_by_hash_top(members, hash_top, stamp, &place);
    if (member == NULL) return CALENDAR_DEAD;
    *due_time = member_due_ms(member) * UNITS;
    struct run *run = dues_of(members)->run;
    if (!may_act || member_due_ms(member) > run->now_ms) return CALENDAR_LATER;
    remove_expired(members, place, run);
    return CALENDAR_DUE;
}

static uint64_t enter(struct members *members, uint64_t hash, uint64_t old_word, int64_t due_ms) {
    return due_word_move(members->dues->calendar, calendar_hash_top(hash), old_word, due_ms, UNITS);
}

static void enter_member(void *member, void *context) {
    struct members *members = context;
    if (!member_has_due(member)) return;
    int64_t due_ms = member_due_ms(member);
    member_set_due_word(member, 0);
    uint64_t hash = members_hash(member_view(members, member).name);
    member_set_due_word(member, enter(members, hash, 0, due_ms));
}

/* Writes the calendar, for the first time or anew. */
static COLD void write_calendar(struct members *members, int64_t now_ms) {
    struct table_dues *dues = dues_of(members);
    if (dues->shared.calendar != NULL) calendar_free(dues->shared.calendar);
    dues->shared.calendar = calendar_new(answer_calendar, members, now_ms * UNITS);
    dues->open_ms = now_ms;
    table_for_each(&members->table, enter_member, members);
}

static bool wants_calendar(const struct members *members) {
    return members->dues->calendar == NULL && members->dues->count != 0 &&
           members->table.count > MEMBERS_SCAN_MAX;
}

/* --- the record of dues --- */

static struct table_dues *start_dues(struct members *members) {
    if (members->dues == NULL) {
        struct table_dues *dues = mem_alloc_zeroed(sizeof(*dues));
        dues->earliest_ms = INT64_MAX;
        members->dues = &dues->shared;
    }
    return dues_of(members);
}

/* Gives back what is not needed any more; the record itself stays while it holds a wake word. */
static void shrink_dues(struct members *members) {
    struct table_dues *dues = dues_of(members);
    if (dues->shared.count != 0) return;
    if (dues->shared.calendar != NULL) calendar_free(dues->shared.calendar);
    dues->shared.calendar = NULL;
    dues->earliest_ms = INT64_MAX;
    if (dues->shared.wake_word != 0) return;
    mem_free(dues);
    members->dues = NULL;
}

void members_dues_free(struct members *members) {
    if (members->dues == NULL) return;
    if (members->dues->calendar != NULL) calendar_free(members->dues->calendar);
    mem_free(dues_of(members));
    members->dues = NULL;
}

void members_dues_copy(struct members *members, const struct members *source) {
    if (source->dues == NULL || source->dues->count == 0) return;
    struct table_dues *dues = start_dues(members);
    dues->shared.count = source->dues->count;
    dues->earliest_ms = dues_of(source)->earliest_ms;
    /* Records cannot be copied: the members get new ones. */
    if (source->dues->calendar != NULL) write_calendar(members, dues_of(source)->open_ms);
}

void members_dues_note_growth(struct members *members) {
    if (UNLIKELY(wants_calendar(members))) write_calendar(members, dues_of(members)->open_ms);
}

/* For a member that goes or loses its due time. */
static void forget_due(struct members *members, uint64_t word) {
    struct member_dues *dues = members->dues;
    if (dues->calendar != NULL) due_word_forget(dues->calendar, word);
    dues->count--;
}

void members_dues_note_removal(struct members *members, const void *member) {
    forget_due(members, member_due_word(member));
    shrink_dues(members);
}

size_t members_dues_used_bytes(const struct members *members) {
    if (members->dues == NULL) return 0;
    const struct calendar *calendar = members->dues->calendar;
    return mem_usable_size(members->dues) + (calendar == NULL ? 0 : calendar_used_bytes(calendar));
}

/* --- setting --- */

static void *take_due_away(struct members *members, struct table_place place) {
    void *member = member_at(place);
    if (!member_has_due(member)) return member;
    forget_due(members, member_due_word(member));
    member = members_rebuild(members, place, false, member_view(members, member).value);
    shrink_dues(members);
    return member;
}

static uint64_t word_without_calendar(struct table_dues *dues, int64_t due_ms) {
    if (due_ms < dues->earliest_ms) dues->earliest_ms = due_ms;
    return due_ms >= FAR_MS ? (uint64_t)due_ms | ENTRY_DUE_IS_FAR : entry_due_word_near(due_ms, 0);
}

/* The calendar may ask about the member on the way: it has the old time, or none. */
static void write_due(struct members *members, void *member, uint64_t hash, int64_t due_ms,
                      int64_t now_ms) {
    struct table_dues *dues = dues_of(members);
    if (dues->shared.calendar == NULL) {
        dues->open_ms = now_ms;
        member_set_due_word(member, word_without_calendar(dues, due_ms));
        if (wants_calendar(members)) write_calendar(members, now_ms);
        return;
    }
    uint64_t old_word = member_due_word(member);
    member_set_due_word(member, enter(members, hash, old_word, due_ms));
    if (UNLIKELY(due_ms > now_ms && due_ms < dues->open_ms)) write_calendar(members, now_ms);
}

void *members_set_due(struct members *members, struct table_place place, uint64_t hash,
                      int64_t due_ms, int64_t now_ms) {
    CHECK(due_ms >= 0);
    if (due_ms == 0) return take_due_away(members, place);
    struct table_dues *dues = start_dues(members);
    void *member = member_at(place);
    if (!member_has_due(member)) {
        dues->shared.count++;
        member = members_rebuild(members, place, true, member_view(members, member).value);
    }
    write_due(members, member, hash, due_ms, now_ms);
    return member;
}

/* --- expiring --- */

/* What a reading of all members finds. */
struct reading {
    struct run *run;
    size_t max, count;
    int64_t next_ms; /* the first due time of those that stay */
    void *expired[MEMBERS_SCAN_MAX];
};

static void read_due(void *member, void *context) {
    struct reading *reading = context;
    if (!member_has_due(member)) return;
    int64_t due_ms = member_due_ms(member);
    if (due_ms <= reading->run->now_ms && reading->count < reading->max)
        reading->expired[reading->count++] = member;
    else if (due_ms < reading->next_ms)
        reading->next_ms = due_ms;
}

static void expire_by_reading(struct members *members, struct run *run, size_t max) {
    struct table_dues *dues = dues_of(members);
    dues->open_ms = run->now_ms;
    if (run->now_ms < dues->earliest_ms) return;
    struct reading reading = {.run = run, .next_ms = INT64_MAX};
    reading.max = max < MEMBERS_SCAN_MAX ? max : MEMBERS_SCAN_MAX;
    table_for_each(&members->table, read_due, &reading);
    for (size_t i = 0; i < reading.count; i++) {
        struct bytes name = member_view(members, reading.expired[i]).name;
        struct table_place place;
        CHECK(members_find(members, name, members_hash(name), &place) == reading.expired[i]);
        remove_expired(members, place, run);
    }
    dues->earliest_ms = reading.next_ms;
}

static void expire_by_calendar(struct members *members, struct run *run, size_t max) {
    struct table_dues *dues = dues_of(members);
    dues->run = run;
    bool is_done = calendar_run(dues->shared.calendar, calendar_moment(run->now_ms), max);
    dues->run = NULL;
    if (is_done && dues->open_ms <= run->now_ms) dues->open_ms = run->now_ms + 1;
}

size_t members_expire(struct members *members, int64_t now_ms, size_t max,
                      void (*on_expired)(void *member, void *context), void *context) {
    if (members->dues == NULL) return 0;
    struct run run = {.now_ms = now_ms, .on_expired = on_expired, .context = context};
    if (members->dues->count != 0 && max != 0) {
        if (members->dues->calendar == NULL)
            expire_by_reading(members, &run, max);
        else
            expire_by_calendar(members, &run, max);
    }
    shrink_dues(members);
    return run.removed;
}

int64_t members_next_due_ms(const struct members *members, int64_t now_ms) {
    const struct member_dues *dues = members->dues;
    if (dues == NULL || dues->count == 0) return 0;
    if (dues->calendar == NULL) return dues_of(members)->earliest_ms;
    int64_t wait = calendar_next_ms(dues->calendar, calendar_moment(now_ms));
    if (wait != INT64_MAX) return now_ms + wait / UNITS > 0 ? now_ms + wait / UNITS : 1;
    return now_ms < FAR_MS ? FAR_MS : INT64_MAX;
}
