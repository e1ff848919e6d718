/* What the tables of sets, sorted sets and hashes have in common in RDB form: their members' due
 * times. In front stands the earliest (8 bytes), with each member its distance from that plus 1 as a
 * length, 0 for none: Redis 7.4's way with fields of hashes, kept for Skua's own types. */
#ifndef DATA_RDB_RDB_MEMBERS_H
#define DATA_RDB_RDB_MEMBERS_H

#include "data/members.h"
#include "data/rdb/rdb_reader.h"
#include "data/rdb/rdb_writer.h"

/* Unix ms of the earliest due time among members of which one has one. Cost: reads them all. */
int64_t rdb_members_earliest_ms(const struct members *members);

static inline bool rdb_members_have_dues(const struct members *members) {
    return members->dues != NULL && members->dues->count != 0;
}

void rdb_write_due(struct rdb_writer *writer, int64_t earliest_ms, int64_t due_ms);
/* Unix ms, 0 for none. */
int64_t rdb_read_due(struct rdb_reader *reader, int64_t earliest_ms);
/* The time that stands in front. */
int64_t rdb_read_earliest_ms(struct rdb_reader *reader);

/* Adds a member that was read, with a due time unless that is 0. NULL, and the reader has failed,
 * when there is one of that name; `offset` is where it was read. */
NODISCARD void *rdb_add_member(struct rdb_reader *reader, struct members *members,
                               struct bytes name, struct bytes value, uint64_t offset);
/* Members on their way into a big collection wait in a short queue while the cache lines of the
 * buckets that they belong in are fetched. */
enum { RDB_ARRIVALS = 32, RDB_ARRIVAL_MAX_BYTES = 4096 };

struct rdb_arrival {
    struct bytes name, value; /* while `added` is called */
    uint64_t fixed;           /* what the caller wants to know of it by then */
    uint64_t hash, offset;
};

/* The zeroed struct with the first four set is an empty queue. */
struct rdb_arrivals {
    struct rdb_reader *reader;
    struct members *members;
    /* After each was added; NULL: nobody asks. */
    void (*added)(void *context, const struct rdb_arrival *arrival, void *member);
    void *context;
    struct buffer bytes;
    struct rdb_arrival waiting[RDB_ARRIVALS];
    size_t count;
};

/* As rdb_add_member, sooner or later; the bytes are copied. */
void rdb_arrivals_add(struct rdb_arrivals *arrivals, const struct rdb_arrival *arrival);
/* Adds those that wait. */
void rdb_arrivals_settle(struct rdb_arrivals *arrivals);
void rdb_arrivals_destroy(struct rdb_arrivals *arrivals);

/* Gives a member that was just added its due time; returns it, perhaps moved. */
void *rdb_set_member_due(struct members *members, void *member, int64_t due_ms, int64_t now_ms);

#endif
