/* Keyspace: all databases and what they share: the clock, access policy, listeners, counters. */
#ifndef DATA_KEYSPACE_H
#define DATA_KEYSPACE_H

#include "data/access.h"
#include "data/key_event.h"
#include "foundation/clock.h"

#include <stddef.h>
#include <stdint.h>

struct database;
struct worker;

struct keyspace_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t expired; /* keys removed because they were due, on access or by the calendar */
    uint64_t expired_by_calendar;
    uint64_t expired_members;   /* fields of hashes and the like, in both ways */
    int64_t expired_lag_max_us; /* the latest that the calendar ever was */
    uint64_t evicted;
};

struct keyspace {
    const struct clock *clock; /* the moment that every command of a loop round sees; borrowed */
    const struct clock *access_clock; /* by which uses are noted: another one while a log is run
                                       * again, for which nothing comes due */
    struct access_policy access;
    struct key_event_listeners listeners;
    struct keyspace_stats stats;
    uint64_t changes;       /* by commands, counted as they are reported */
    size_t member_slice;    /* members that the running slice of expiry may still remove */
    struct worker *worker;  /* frees big values; NULL: they are freed at once; borrowed */
    bool is_touch_off;      /* the running command leaves access clocks alone */
    bool is_frozen;         /* the running command, which only reads, leaves keys past their time
                             * where they are; it does not see them */
    bool is_calendar_off;   /* DEBUG SET-ACTIVE-EXPIRE 0 */
    bool is_rdb_compressed; /* rdbcompression: of what DUMP answers and files hold; true at first */
    bool is_rdb_unchecked;  /* DEBUG SET-SKIP-CHECKSUM-VALIDATION: sums of what is restored or
                             * loaded are not looked at */
    uint32_t db_count;
    struct database **dbs; /* db_count of them, by number */
};

struct keyspace *keyspace_new(uint32_t db_count, const struct clock *clock);
void keyspace_free(struct keyspace *keyspace);
/* Exchanges two databases, contents and pending due times; their numbers stay with the places.
 * Fires KEY_EVENT_ALL_KEYS for both before, with the keys that go, and after, with those that have
 * come. */
void keyspace_swap(struct keyspace *keyspace, uint32_t first, uint32_t second);
/* Keys of all databases. */
uint64_t keyspace_key_count(const struct keyspace *keyspace);
/* Keys of all databases that hold a value of that type (an enum value_type_id); those that are due
 * and not yet removed count. */
uint64_t keyspace_count_type(const struct keyspace *keyspace, unsigned type);

/* Removes what is due in any database, looking at no more than about `max_records` calendar records
 * and removing no more than about as many members in each of them. Fires "expired" for each key,
 * and what data/member_expiry.h says for members. Returns true when nothing due is left. */
bool keyspace_expire_due(struct keyspace *keyspace, size_t max_records);
/* Milliseconds until keyspace_expire_due is wanted again; INT64_MAX when nothing has a due time. */
int64_t keyspace_next_due_ms(const struct keyspace *keyspace);

#endif
