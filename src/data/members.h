/* Members: the large form that hashes, sets and sorted sets share. A table of members, each one
 * allocation that holds its name, perhaps a value, perhaps a due time.
 *
 *      | due word, 8 | fixed value | name len | value len | name | value |
 *        if it has     `fixed_len`   1 or 5     1 or 5
 *
 * A length below 255 takes one byte; 255 says that four follow. Sets have no value (no value len),
 * sorted sets a fixed one of 8 bytes, the score.
 *
 * Allocations come in steps of 16 bytes, and lengths of their own would often cost a step: two
 * bytes more make 48 of 32. So the table's pointers say in their low four bits what else the length
 * bytes would: bit 0 that the member has a due word, bits 1 to 3 the number of a shape. A shape is
 * a pair of lengths (name, value) that some member had when it was added and that spares a step of
 * the allocator; a collection remembers the first seven it meets. Shape 0 means that the length
 * bytes are there.
 *
 * Members with a due time: the engine is data/member_expiry.h; this file keeps the due words and,
 * in a collection of many members, the calendar that finds them. What is due at a moment is found
 * at that moment, to the millisecond.
 *
 * A member is a `void *` with those low bits; it is valid until it is changed or removed. */
#ifndef DATA_MEMBERS_H
#define DATA_MEMBERS_H

#include "data/calendar.h"
#include "foundation/bytes.h"
#include "foundation/containers/table.h"
#include "foundation/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MEMBERS_SHAPES = 7,
#ifdef SKUA_TEST
    MEMBERS_SCAN_MAX = 24, /* so that small tests have calendars */
#else
    /* With more members than this, those that are due are found by a calendar, else by reading all;
     * its wheels take 20 KiB. */
    MEMBERS_SCAN_MAX = 512,
#endif
};

/* What a collection knows of its members' due times. */
struct member_dues {
    uint64_t wake_word;        /* data/member_expiry.h's: the record that wakes the key; 0: none */
    uint64_t count;            /* members that have a due time */
    struct calendar *calendar; /* NULL: they are looked for one by one */
};

struct members {
    struct table table;
    struct member_dues *dues; /* NULL, or a count of 0: no member has one */
    uint8_t fixed_len;        /* of the fixed value */
    bool has_values;          /* else no member has a value beside the fixed one */
    uint8_t shape_count;
    struct {
        uint8_t name_len, value_len;
    } shapes[MEMBERS_SHAPES];
};

struct members *members_new(bool has_values, uint8_t fixed_len);
/* Any thread may. */
void members_free(struct members *members);
/* An equal collection; due times are copied, wake_word is 0. */
struct members *members_copy(const struct members *members);
static inline uint64_t members_count(const struct members *members) {
    return members->table.count;
}
/* Bytes of all, rounding included, from `samples` members (0: all). */
size_t members_used_bytes(const struct members *members, size_t samples);
/* A hint that `count` members will be added to the empty collection. */
void members_reserve(struct members *members, uint64_t count);

static inline uint64_t members_hash(struct bytes name) {
    return hash_bytes(name);
}

/* --- reading --- */

/* The member of that name, or NULL; *place is where it lies. `hash` is members_hash(name). */
void *members_find(const struct members *members, struct bytes name, uint64_t hash,
                   struct table_place *place);
struct bytes member_name(const struct members *members, const void *member);
/* Empty without values. */
struct bytes member_value(const struct members *members, const void *member);
/* The fixed value's bytes, in place. */
char *member_fixed(const struct members *members, const void *member);
/* Unix ms; 0: none. */
int64_t member_due_ms(const void *member);
/* Two passes ahead of many look-ups, as table_inline.h has them. */
void members_prefetch_bucket(const struct members *members, uint64_t hash);
void members_prefetch_member(const struct members *members, uint64_t hash);

/* As the table's; members come as they are, to be read with the functions above. */
uint64_t members_scan(const struct members *members, uint64_t cursor, table_visit_function *visit,
                      void *context);
void members_for_each(const struct members *members, table_visit_function *visit, void *context);
void *members_random(const struct members *members);

/* --- changing --- */

/* Adds a member known to be absent, the fixed value zeroed, and returns it. */
void *members_add(struct members *members, struct bytes name, uint64_t hash, struct bytes value);
/* Gives a found member another value, which may lie in the old one; the due time stays. Returns it,
 * perhaps moved. */
void *members_set_value(struct members *members, struct table_place place, uint64_t hash,
                        struct bytes value);
void members_remove(struct members *members, struct table_place place, uint64_t hash);

/* Sets a due time (0 takes it away); may move the member. `now_ms` starts a calendar where one is
 * needed. Does not wake anyone: data/member_expiry.h does. Returns the member. */
void *members_set_due(struct members *members, struct table_place place, uint64_t hash,
                      int64_t due_ms, int64_t now_ms);
/* Removes up to `max` members that are due at now_ms, after `on_expired` (NULL: none) was called on
 * each; returns how many. With no due times left it gives back what was kept for them. After a
 * clock that was set back everything is found again in portions: members_next_due_ms says now until
 * then. */
size_t members_expire(struct members *members, int64_t now_ms, size_t max,
                      void (*on_expired)(void *member, void *context), void *context);
/* Unix ms at which members_expire is wanted next, at the latest when the first member comes due; 0:
 * no due times. */
int64_t members_next_due_ms(const struct members *members, int64_t now_ms);

#endif
