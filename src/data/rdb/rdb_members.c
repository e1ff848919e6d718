#include "data/rdb/rdb_members.h"

static void note_earliest(void *member, void *context) {
    int64_t *earliest_ms = context, due_ms = member_due_ms(member);
    if (due_ms != 0 && due_ms < *earliest_ms) *earliest_ms = due_ms;
}

int64_t rdb_members_earliest_ms(const struct members *members) {
    int64_t earliest_ms = INT64_MAX;
    members_for_each(members, note_earliest, &earliest_ms);
    return earliest_ms;
}

void rdb_write_due(struct rdb_writer *writer, int64_t earliest_ms, int64_t due_ms) {
    rdb_write_length(writer, due_ms == 0 ? 0 : (uint64_t)(due_ms - earliest_ms) + 1);
}

int64_t rdb_read_earliest_ms(struct rdb_reader *reader) {
    static const char what[] = "the earliest due time";
    uint64_t offset = rdb_reader_offset(reader);
    int64_t earliest_ms = rdb_read_i64(reader, what);
    if (earliest_ms < 0) rdb_fail(reader, offset, what, "%lld", (long long)earliest_ms);
    return earliest_ms;
}

int64_t rdb_read_due(struct rdb_reader *reader, int64_t earliest_ms) {
    static const char what[] = "a due time";
    uint64_t offset = rdb_reader_offset(reader), distance = rdb_read_length(reader, what);
    if (distance == 0) return 0;
    if (distance - 1 > (uint64_t)(INT64_MAX - earliest_ms) ||
        distance - 1 + (uint64_t)earliest_ms == 0) {
        rdb_fail(reader, offset, what, "%llu ms behind %lld", (unsigned long long)(distance - 1),
                 (long long)earliest_ms);
        return 0;
    }
    return earliest_ms + (int64_t)(distance - 1);
}

static void *add_hashed(struct rdb_reader *reader, struct members *members,
                        const struct rdb_arrival *arrival) {
    struct table_place place;
    if (LIKELY(members_find(members, arrival->name, arrival->hash, &place) == NULL))
        return members_add(members, arrival->name, arrival->hash, arrival->value);
    rdb_fail(reader, arrival->offset, "a member", "one that is there already");
    return NULL;
}

void *rdb_add_member(struct rdb_reader *reader, struct members *members, struct bytes name,
                     struct bytes value, uint64_t offset) {
    const struct rdb_arrival arrival = {
        .name = name, .value = value, .hash = members_hash(name), .offset = offset};
    return add_hashed(reader, members, &arrival);
}

/* --- arrivals --- */

static void add_arrival(struct rdb_arrivals *arrivals, const struct rdb_arrival *arrival) {
    if (rdb_has_failed(arrivals->reader)) return;
    void *member = add_hashed(arrivals->reader, arrivals->members, arrival);
    if (member != NULL && arrivals->added != NULL)
        arrivals->added(arrivals->context, arrival, member);
}

void rdb_arrivals_add(struct rdb_arrivals *arrivals, const struct rdb_arrival *arrival) {
    struct rdb_arrival fresh = *arrival;
    fresh.hash = members_hash(fresh.name);
    if (fresh.name.len + fresh.value.len > RDB_ARRIVAL_MAX_BYTES) {
        rdb_arrivals_settle(arrivals);
        add_arrival(arrivals, &fresh);
        return;
    }
    members_prefetch_bucket(arrivals->members, fresh.hash);
    buffer_append_bytes(&arrivals->bytes, fresh.name);
    buffer_append_bytes(&arrivals->bytes, fresh.value);
    arrivals->waiting[arrivals->count++] = fresh;
    if (arrivals->count == RDB_ARRIVALS) rdb_arrivals_settle(arrivals);
}

void rdb_arrivals_settle(struct rdb_arrivals *arrivals) {
    const char *at = buffer_c_str(&arrivals->bytes); /* is there even for empty names alone */
    for (size_t i = 0; i < arrivals->count; i++) {
        struct rdb_arrival *arrival = &arrivals->waiting[i];
        arrival->name = bytes_of(at, arrival->name.len);
        arrival->value = bytes_of(at + arrival->name.len, arrival->value.len);
        at += arrival->name.len + arrival->value.len;
        add_arrival(arrivals, arrival);
    }
    arrivals->count = 0;
    buffer_clear(&arrivals->bytes);
}

void rdb_arrivals_destroy(struct rdb_arrivals *arrivals) {
    buffer_destroy(&arrivals->bytes);
}

void *rdb_set_member_due(struct members *members, void *member, int64_t due_ms, int64_t now_ms) {
    struct bytes name = member_name(members, member);
    uint64_t hash = members_hash(name);
    struct table_place place;
    CHECK(members_find(members, name, hash, &place) == member);
    return members_set_due(members, place, hash, due_ms, now_ms);
}
