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

void *rdb_add_member(struct rdb_reader *reader, struct members *members, struct bytes name,
                     struct bytes value, uint64_t offset) {
    struct table_place place;
    uint64_t hash = members_hash(name);
    if (LIKELY(members_find(members, name, hash, &place) == NULL))
        return members_add(members, name, hash, value);
    rdb_fail(reader, offset, "a member", "one that is there already");
    return NULL;
}

void *rdb_set_member_due(struct members *members, void *member, int64_t due_ms, int64_t now_ms) {
    struct bytes name = member_name(members, member);
    uint64_t hash = members_hash(name);
    struct table_place place;
    CHECK(members_find(members, name, hash, &place) == member);
    return members_set_due(members, place, hash, due_ms, now_ms);
}
