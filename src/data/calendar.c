/* The wheels, what moves records between them, and the sweep of dead records.
 *
 * Time is counted in ticks of CALENDAR_TICK_MS. `tick` is the first tick not yet dealt with; slot
 * number n of wheel k stands for the ticks [n << 8k, (n + 1) << 8k) and lies at index n mod 512.
 *
 * Invariants: 1. no record lies in a slot before the one of `tick`, on any wheel; 2. a record's slot
 * on wheel k lies in the turn (256 slots) of `tick` or the one after it, so an index stands for one
 * number; 3. a block in a chain is not empty, and all but the first are full; 4. a slot's bit is set
 * exactly when its chain has a block.
 *
 * Limbo is a chain that was taken off its slot, to be entered anew record by record as the owner
 * answers: the sweep empties the wheels this way slot by slot, and a clock set far back empties all
 * of them (`left_wheels`). */
#include "data/calendar.h"

#include "foundation/check.h"
#include "foundation/mem.h"

#include <string.h>

enum {
    WHEELS = 5,
    SLOTS = 512,
    TURN_BITS = 8, /* a slot of one wheel is 2^8 slots of the one below */
    SLOT_WORDS = SLOTS / 64,
    KINDS = 5, /* block sizes: 64, 128, ... 1024 bytes */
    SPARE_MAX = 32,
    PATIENCE_TICKS = 256,
    SWEEP_PER_ADDITION = 8,
    DEAD_SLACK = 64,
};

struct block {
    uint64_t next : 48;
    uint64_t kind : 4;
    uint64_t count : 12;
    uint64_t records[];
};

struct wheels {
    uint64_t bits[WHEELS][SLOT_WORDS];
    struct block *slots[WHEELS][SLOTS];
};

struct calendar {
    calendar_ask_function *ask;
    void *owner;
    uint64_t tick;
    uint64_t
        earliest_tick; /* where a record whose time has passed goes: `tick`, or the one after */
    size_t record_count;
    size_t dead_count;
    size_t used_bytes;
    struct wheels *wheels;
    struct wheels *left_wheels;
    struct block *limbo;
    uint64_t limbo_tick; /* nothing in limbo is due before */
    struct block *spares[KINDS];
    uint8_t spare_counts[KINDS];
    uint16_t last_stamp;
    uint16_t sweep_position; /* wheel * SLOTS + index of the next slot to sweep */
};

_Static_assert(sizeof(struct calendar) <= 200, "the header promises that much");

/* --- chains of blocks --- */

static size_t bytes_of_kind(unsigned kind) {
    return (size_t)64 << kind;
}

static unsigned capacity_of_kind(unsigned kind) {
    return (8u << kind) - 1;
}

static struct block *next_block(const struct block *block) {
    return (struct block *)(uintptr_t)block->next;
}

static struct block *take_block(struct calendar *calendar, unsigned kind) {
    struct block *block = calendar->spares[kind];
    if (block != NULL) {
        calendar->spares[kind] = next_block(block);
        calendar->spare_counts[kind]--;
        return block;
    }
    block = mem_alloc(bytes_of_kind(kind));
    block->kind = kind & 0xf;
    calendar->used_bytes += bytes_of_kind(kind);
    return block;
}

static void give_block(struct calendar *calendar, struct block *block) {
    unsigned kind = block->kind;
    if (calendar->spare_counts[kind] < SPARE_MAX) {
        block->next = (uintptr_t)calendar->spares[kind] & 0xffffffffffffu;
        calendar->spares[kind] = block;
        calendar->spare_counts[kind]++;
        return;
    }
    calendar->used_bytes -= bytes_of_kind(kind);
    mem_free(block);
}

/* Blocks grow along a chain: a slot of few records takes little, one of many has large blocks. */
static void push_record(struct calendar *calendar, struct block **chain, uint64_t record) {
    struct block *block = *chain;
    if (block == NULL || block->count == capacity_of_kind(block->kind)) {
        unsigned kind = block == NULL ? 0 : block->kind + (block->kind < KINDS - 1 ? 1u : 0u);
        struct block *added = take_block(calendar, kind);
        added->next = (uintptr_t)block & 0xffffffffffffu;
        added->count = 0;
        *chain = block = added;
    }
    block->records[block->count] = record;
    block->count = (block->count + 1u) & 0xfff;
}

static uint64_t pop_record(struct calendar *calendar, struct block **chain) {
    struct block *block = *chain;
    CHECK(block != NULL);
    block->count = (block->count - 1u) & 0xfff;
    uint64_t record = block->records[block->count];
    if (block->count == 0) {
        *chain = next_block(block);
        give_block(calendar, block);
    }
    return record;
}

static void free_chain(struct calendar *calendar, struct block *block) {
    while (block != NULL) {
        struct block *next = next_block(block);
        calendar->used_bytes -= bytes_of_kind(block->kind);
        mem_free(block);
        block = next;
    }
}

/* --- slots --- */

static uint64_t slot_number(uint64_t tick, unsigned wheel) {
    return tick >> (wheel * TURN_BITS);
}

static uint64_t slot_start(uint64_t number, unsigned wheel) {
    return number << (wheel * TURN_BITS);
}

static bool is_slot_used(const struct wheels *wheels, unsigned wheel, uint64_t number) {
    return (wheels->bits[wheel][number % SLOTS / 64] >> (number % 64) & 1) != 0;
}

static void update_slot_bit(struct wheels *wheels, unsigned wheel, uint64_t number) {
    uint64_t bit = (uint64_t)1 << (number % 64);
    if (wheels->slots[wheel][number % SLOTS] != NULL)
        wheels->bits[wheel][number % SLOTS / 64] |= bit;
    else
        wheels->bits[wheel][number % SLOTS / 64] &= ~bit;
}

static uint64_t pop_from_slot(struct calendar *calendar, unsigned wheel, uint64_t number) {
    uint64_t record = pop_record(calendar, &calendar->wheels->slots[wheel][number % SLOTS]);
    update_slot_bit(calendar->wheels, wheel, number);
    return record;
}

/* The first used slot from `number` on, around the wheel; false when there is none. */
static bool find_used_slot(const struct wheels *wheels, unsigned wheel, uint64_t number,
                           uint64_t *found) {
    uint64_t at = number;
    for (unsigned i = 0; i <= SLOT_WORDS; i++) {
        uint64_t bits = wheels->bits[wheel][at % SLOTS / 64] >> (at % 64);
        if (bits != 0) {
            *found = at + (uint64_t)__builtin_ctzll(bits);
            return *found < number + SLOTS;
        }
        at = (at | 63) + 1;
    }
    return false;
}

/* The first tick from `tick` on at which some slot begins, or the tick itself within one. */
static uint64_t find_next_tick(const struct wheels *wheels, uint64_t tick) {
    uint64_t next_tick = UINT64_MAX;
    for (unsigned wheel = 0; wheel < WHEELS; wheel++) {
        uint64_t number;
        if (!find_used_slot(wheels, wheel, slot_number(tick, wheel), &number)) continue;
        uint64_t start = slot_start(number, wheel);
        if (start < tick) start = tick;
        if (start < next_tick) next_tick = start;
    }
    return next_tick;
}

/* --- records --- */

static uint64_t tick_of_ms(int64_t ms) {
    return ms < 0 ? 0 : (uint64_t)ms / CALENDAR_TICK_MS;
}

static bool is_within_wheel(const struct calendar *calendar, unsigned wheel, uint64_t tick) {
    return slot_number(tick, wheel + 1) - slot_number(calendar->tick, wheel + 1) <= 1;
}

/* What lies beyond the last wheel goes to its far end and is asked about when that comes near. */
static void enter_record(struct calendar *calendar, uint64_t record, uint64_t tick) {
    if (tick < calendar->earliest_tick) tick = calendar->earliest_tick;
    unsigned wheel = 0;
    while (wheel < WHEELS - 1 && !is_within_wheel(calendar, wheel, tick)) wheel++;
    if (!is_within_wheel(calendar, wheel, tick))
        tick = ((slot_number(calendar->tick, wheel + 1) + 2) << (WHEELS * TURN_BITS)) - 1;
    uint64_t number = slot_number(tick, wheel);
    record = (record & ~(uint64_t)0xffff) | (tick & 0xffff);
    push_record(calendar, &calendar->wheels->slots[wheel][number % SLOTS], record);
    update_slot_bit(calendar->wheels, wheel, number);
}

static enum calendar_answer ask_owner(struct calendar *calendar, uint64_t record, bool may_act,
                                      int64_t *due_ms) {
    return calendar->ask(calendar->owner, (uint32_t)(record >> 32), (uint16_t)(record >> 16),
                         may_act, due_ms);
}

static void drop_record(struct calendar *calendar, bool is_dead) {
    calendar->record_count--;
    if (is_dead && calendar->dead_count > 0) calendar->dead_count--;
}

/* Deals with a record that lies in no slot and is not to be acted on as the owner answers. */
static void settle_record(struct calendar *calendar, uint64_t record) {
    int64_t due_ms = 0;
    if (ask_owner(calendar, record, false, &due_ms) == CALENDAR_LATER)
        enter_record(calendar, record, tick_of_ms(due_ms));
    else
        drop_record(calendar, true);
}

/* Carries one record of a slot down. The 16 time bits complete the slot's number on the two wheels
 * above the first; further up the owner must be asked. */
static void carry_record(struct calendar *calendar, unsigned wheel, uint64_t number) {
    uint64_t record = pop_from_slot(calendar, wheel, number);
    if (wheel > 2) {
        settle_record(calendar, record);
        return;
    }
    uint64_t low_bits = record & (((uint64_t)1 << (wheel * TURN_BITS)) - 1);
    enter_record(calendar, record, slot_start(number, wheel) | low_bits);
}

static bool spend_one(size_t *left) {
    if (*left == 0) return false;
    --*left;
    return true;
}

/* --- limbo and the sweep --- */

static bool wants_sweep(const struct calendar *calendar) {
    size_t live = calendar->record_count - calendar->dead_count;
    return calendar->dead_count > live / 4 * 3 + DEAD_SLACK;
}

/* The next used slot's chain becomes limbo; false when there is none behind `position`. */
static bool move_slot_to_limbo(struct calendar *calendar, struct wheels *wheels,
                               uint16_t *position) {
    for (; *position < WHEELS * SLOTS; ++*position) {
        unsigned wheel = *position / SLOTS, index = *position % SLOTS;
        if (index % 64 == 0 && wheels->bits[wheel][index / 64] == 0) {
            *position = (uint16_t)(*position + 63);
            continue;
        }
        if (wheels->slots[wheel][index] == NULL) continue;
        uint64_t base = slot_number(calendar->tick, wheel);
        calendar->limbo = wheels->slots[wheel][index];
        calendar->limbo_tick = slot_start(base + (index - base) % SLOTS, wheel);
        wheels->slots[wheel][index] = NULL;
        update_slot_bit(wheels, wheel, index);
        ++*position; /* what lives goes back to this slot: the others come first */
        return true;
    }
    return false;
}

static bool fill_limbo(struct calendar *calendar) {
    if (calendar->left_wheels != NULL) {
        uint16_t position = 0;
        if (move_slot_to_limbo(calendar, calendar->left_wheels, &position)) return true;
        mem_free(calendar->left_wheels);
        calendar->left_wheels = NULL;
        calendar->used_bytes -= sizeof(struct wheels);
    }
    if (!wants_sweep(calendar)) return false;
    if (move_slot_to_limbo(calendar, calendar->wheels, &calendar->sweep_position)) return true;
    calendar->sweep_position = 0;
    return move_slot_to_limbo(calendar, calendar->wheels, &calendar->sweep_position);
}

static void sweep(struct calendar *calendar, size_t *left) {
    while (*left > 0 && (calendar->limbo != NULL || fill_limbo(calendar))) {
        --*left;
        settle_record(calendar, pop_record(calendar, &calendar->limbo));
    }
}

/* What in limbo may be due goes back into the wheels first; false when not all of it could. */
static bool empty_due_limbo(struct calendar *calendar, uint64_t now_tick, size_t *left) {
    while (calendar->left_wheels != NULL ||
           (calendar->limbo != NULL && calendar->limbo_tick < now_tick)) {
        if (calendar->limbo == NULL && !fill_limbo(calendar)) break;
        if (!spend_one(left)) return false;
        settle_record(calendar, pop_record(calendar, &calendar->limbo));
    }
    return true;
}

/* --- running --- */

static void set_tick(struct calendar *calendar, uint64_t tick) {
    calendar->tick = tick;
    calendar->earliest_tick = tick;
}

/* The clock was set back: where records lie says nothing any more. */
static void leave_wheels(struct calendar *calendar, uint64_t now_tick) {
    calendar->left_wheels = calendar->wheels;
    calendar->wheels = mem_alloc_zeroed(sizeof(struct wheels));
    calendar->used_bytes += sizeof(struct wheels);
    set_tick(calendar, now_tick);
}

/* Deals with a record that has come due; false when it is to be asked about again. */
static bool settle_due_record(struct calendar *calendar, uint64_t record) {
    int64_t due_ms = 0;
    enum calendar_answer answer = ask_owner(calendar, record, true, &due_ms);
    if (answer == CALENDAR_LATER)
        enter_record(calendar, record, tick_of_ms(due_ms));
    else if (answer != CALENDAR_AGAIN)
        drop_record(calendar, answer == CALENDAR_DEAD);
    return answer != CALENDAR_AGAIN;
}

/* Settles the records of the tick's own slot, whose time is over; what they put in comes later. */
static bool settle_due_slot(struct calendar *calendar, size_t *left) {
    while (is_slot_used(calendar->wheels, 0, calendar->tick)) {
        if (!spend_one(left)) return false;
        uint64_t record = pop_from_slot(calendar, 0, calendar->tick);
        calendar->earliest_tick = calendar->tick + 1;
        bool is_done = settle_due_record(calendar, record);
        calendar->earliest_tick = calendar->tick;
        if (is_done) continue;
        enter_record(calendar, record, calendar->tick);
        return false;
    }
    return true;
}

/* Settles all records of the tick; false when not all could be. */
static bool settle_tick(struct calendar *calendar, size_t *left) {
    for (unsigned wheel = WHEELS - 1; wheel > 0; wheel--) {
        uint64_t number = slot_number(calendar->tick, wheel);
        while (is_slot_used(calendar->wheels, wheel, number)) {
            if (!spend_one(left)) return false;
            carry_record(calendar, wheel, number);
        }
    }
    return settle_due_slot(calendar, left);
}

static void carry_ahead(struct calendar *calendar, size_t *left) {
    for (unsigned wheel = 1; wheel < WHEELS; wheel++) {
        uint64_t number = slot_number(calendar->tick, wheel) + 1;
        while (is_slot_used(calendar->wheels, wheel, number) && spend_one(left))
            carry_record(calendar, wheel, number);
    }
}

bool calendar_run(struct calendar *calendar, int64_t now_ms, size_t max_records) {
    uint64_t now_tick = tick_of_ms(now_ms);
    size_t left = max_records == 0 ? 1 : max_records;
    if (calendar->record_count == 0) {
        set_tick(calendar, now_tick);
        return true;
    }
    if (now_tick + PATIENCE_TICKS < calendar->tick && calendar->left_wheels == NULL)
        leave_wheels(calendar, now_tick);
    if (!empty_due_limbo(calendar, now_tick, &left)) return false;
    while (calendar->tick < now_tick) {
        if (!settle_tick(calendar, &left)) return false;
        uint64_t next_tick = find_next_tick(calendar->wheels, calendar->tick + 1);
        set_tick(calendar, next_tick < now_tick ? next_tick : now_tick);
    }
    carry_ahead(calendar, &left);
    sweep(calendar, &left);
    return true;
}

/* The tick at whose start a run is wanted for the records of a wheel. */
static uint64_t find_wanted_tick(const struct calendar *calendar, unsigned wheel) {
    uint64_t number;
    if (!find_used_slot(calendar->wheels, wheel, slot_number(calendar->tick, wheel), &number))
        return UINT64_MAX;
    if (wheel == 0) return number + 1;
    uint64_t ahead = number == 0 ? 0 : slot_start(number - 1, wheel);
    return ahead > calendar->tick ? ahead : calendar->tick + 1;
}

int64_t calendar_next_ms(const struct calendar *calendar, int64_t now_ms) {
    if (calendar->record_count == 0) return INT64_MAX;
    uint64_t now_tick = tick_of_ms(now_ms);
    if (calendar->left_wheels != NULL || now_tick + PATIENCE_TICKS < calendar->tick) return 0;
    uint64_t wanted = UINT64_MAX;
    if (calendar->limbo != NULL || wants_sweep(calendar)) wanted = calendar->tick + 1;
    for (unsigned wheel = 0; wheel < WHEELS; wheel++) {
        uint64_t tick = find_wanted_tick(calendar, wheel);
        if (tick < wanted) wanted = tick;
    }
    int64_t wanted_ms = (int64_t)wanted * CALENDAR_TICK_MS;
    return wanted_ms > now_ms ? wanted_ms - now_ms : 0;
}

/* --- the rest of the contract --- */

struct calendar *calendar_new(calendar_ask_function *ask, void *owner, int64_t now_ms) {
    struct calendar *calendar = mem_alloc_zeroed(sizeof(*calendar));
    calendar->ask = ask;
    calendar->owner = owner;
    calendar->used_bytes = sizeof(*calendar);
    set_tick(calendar, tick_of_ms(now_ms));
    return calendar;
}

static void free_wheels(struct calendar *calendar, struct wheels *wheels) {
    if (wheels == NULL) return;
    for (unsigned wheel = 0; wheel < WHEELS; wheel++) {
        for (unsigned index = 0; index < SLOTS; index++)
            free_chain(calendar, wheels->slots[wheel][index]);
    }
    mem_free(wheels);
    calendar->used_bytes -= sizeof(*wheels);
}

void calendar_clear(struct calendar *calendar) {
    free_wheels(calendar, calendar->wheels);
    free_wheels(calendar, calendar->left_wheels);
    free_chain(calendar, calendar->limbo);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        free_chain(calendar, calendar->spares[kind]);
        calendar->spares[kind] = NULL;
        calendar->spare_counts[kind] = 0;
    }
    calendar->wheels = calendar->left_wheels = NULL;
    calendar->limbo = NULL;
    calendar->record_count = calendar->dead_count = 0;
}

void calendar_free(struct calendar *calendar) {
    calendar_clear(calendar);
    mem_free(calendar);
}

uint16_t calendar_next_stamp(struct calendar *calendar) {
    return ++calendar->last_stamp;
}

void calendar_add(struct calendar *calendar, uint32_t hash_top, uint16_t stamp, int64_t due_ms) {
    CHECK(due_ms < CALENDAR_MAX_MS);
    if (calendar->wheels == NULL) {
        calendar->wheels = mem_alloc_zeroed(sizeof(struct wheels));
        calendar->used_bytes += sizeof(struct wheels);
    }
    if (calendar->limbo != NULL || wants_sweep(calendar)) {
        size_t left = SWEEP_PER_ADDITION;
        sweep(calendar, &left);
    }
    enter_record(calendar, (uint64_t)hash_top << 32 | (uint64_t)stamp << 16, tick_of_ms(due_ms));
    calendar->record_count++;
}

void calendar_note_dead(struct calendar *calendar) {
    calendar->dead_count++;
}

void calendar_set_owner(struct calendar *calendar, void *owner) {
    calendar->owner = owner;
}

size_t calendar_record_count(const struct calendar *calendar) {
    return calendar->record_count;
}

size_t calendar_used_bytes(const struct calendar *calendar) {
    return calendar->used_bytes;
}
