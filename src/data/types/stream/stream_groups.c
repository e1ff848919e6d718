/* The consumer groups of a stream. All that stands in order is compared with the one before, which is
 * how one that stands there twice is found. */
#include "data/rdb/rdb_format.h"
#include "data/types/stream/stream_form.h"
#include "foundation/buffer.h"

/* An entry that was delivered and not acknowledged. */
struct pending {
    struct stream_id id;
    uint64_t is_owned; /* by a consumer that was read */
};

struct groups {
    struct rdb_reader *reader;
    uint8_t form_type;
    struct buffer group_name, consumer_name; /* the last ones */
    struct buffer pending;                   /* struct pending, of the group at hand */
    uint64_t owned_count;
};

static void keep(struct groups *groups, struct buffer *buffer, const void *data, size_t len) {
    if (!buffer_try_append(buffer, data, len))
        rdb_fail(groups->reader, rdb_reader_offset(groups->reader), "a consumer group",
                 "no memory for it");
}

/* `last` is the one before, unless it is the first, and becomes this one. */
static void read_name(struct groups *groups, struct buffer *last, bool is_first, const char *what) {
    uint64_t offset = rdb_reader_offset(groups->reader);
    struct bytes name = rdb_read_string(groups->reader, what);
    if (rdb_has_failed(groups->reader)) return;
    if (!is_first && bytes_compare(buffer_bytes(last), name) >= 0) {
        rdb_fail(groups->reader, offset, what, "one that is not behind the one before");
        return;
    }
    buffer_clear(last);
    keep(groups, last, name.data, name.len);
}

/* --- pending entries --- */

static struct stream_id read_id(struct rdb_reader *reader) {
    struct stream_id id = {0};
    struct bytes bytes = rdb_read_raw(reader, STREAM_ID_BYTES, "a pending entry's id");
    if (!rdb_has_failed(reader)) id = stream_id_load(bytes.data);
    return id;
}

/* An id above the one before. */
static struct stream_id read_next_id(struct rdb_reader *reader, const struct stream_id *last) {
    uint64_t offset = rdb_reader_offset(reader);
    struct stream_id id = read_id(reader);
    if (last != NULL && !stream_id_is_below(*last, id))
        rdb_fail(reader, offset, "a pending entry's id", "one that is not above the one before");
    return id;
}

static void read_pending(struct groups *groups) {
    enum { PENDING_MIN_BYTES = STREAM_ID_BYTES + 8 + 1 };
    struct rdb_reader *reader = groups->reader;
    struct stream_id last;
    buffer_clear(&groups->pending);
    groups->owned_count = 0;
    uint64_t count = rdb_read_amount(reader, PENDING_MIN_BYTES, "a number of pending entries");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        struct pending pending = {.id = read_next_id(reader, i == 0 ? NULL : &last)};
        (void)rdb_read_i64(reader, "a delivery time");
        (void)rdb_read_length(reader, "a number of deliveries");
        keep(groups, &groups->pending, &pending, sizeof(pending));
        last = pending.id;
    }
}

static size_t count_pending(const struct groups *groups) {
    return groups->pending.len / sizeof(struct pending);
}

static struct pending *find_pending(const struct groups *groups, struct stream_id id) {
    struct pending *all = (void *)groups->pending.data;
    size_t low = 0, high = count_pending(groups);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stream_id_is_below(all[middle].id, id))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count_pending(groups) || stream_id_is_below(id, all[low].id)) return NULL;
    return &all[low];
}

static void own_pending(struct groups *groups, struct stream_id id, uint64_t offset) {
    static const char what[] = "a pending entry of the group";
    struct pending *pending = find_pending(groups, id);
    if (pending == NULL) {
        rdb_fail(groups->reader, offset, what, "one that the group does not have");
    } else if (pending->is_owned) {
        rdb_fail(groups->reader, offset, what, "one that another consumer has");
    } else {
        pending->is_owned = true;
        groups->owned_count++;
    }
}

/* --- consumers and groups --- */

static void read_owned(struct groups *groups) {
    struct rdb_reader *reader = groups->reader;
    struct stream_id last;
    uint64_t count = rdb_read_amount(reader, STREAM_ID_BYTES, "a number of a consumer's entries");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        uint64_t offset = rdb_reader_offset(reader);
        last = read_next_id(reader, i == 0 ? NULL : &last);
        if (!rdb_has_failed(reader)) own_pending(groups, last, offset);
    }
}

static void read_consumers(struct groups *groups) {
    enum { CONSUMER_MIN_BYTES = 1 + 8 + 1 };
    struct rdb_reader *reader = groups->reader;
    uint64_t count = rdb_read_amount(reader, CONSUMER_MIN_BYTES, "a number of consumers");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        read_name(groups, &groups->consumer_name, i == 0, "a consumer's name");
        (void)rdb_read_i64(reader, "a consumer's time");
        if (groups->form_type == RDB_STREAM_3) (void)rdb_read_i64(reader, "a consumer's time");
        read_owned(groups);
    }
}

static void read_group(struct groups *groups, bool is_first) {
    struct rdb_reader *reader = groups->reader;
    uint64_t offset = rdb_reader_offset(reader);
    read_name(groups, &groups->group_name, is_first, "a consumer group's name");
    size_t place_lengths = groups->form_type == RDB_STREAM_1 ? 2 : 3;
    for (size_t i = 0; i < place_lengths; i++)
        (void)rdb_read_length(reader, "a consumer group's place");
    read_pending(groups);
    read_consumers(groups);
    if (groups->owned_count != count_pending(groups))
        rdb_fail(reader, offset, "a consumer group",
                 "%zu pending entries of which consumers have %llu", count_pending(groups),
                 (unsigned long long)groups->owned_count);
}

void stream_groups_read(struct rdb_reader *reader, uint8_t form_type) {
    enum { GROUP_MIN_BYTES = 1 + 2 + 1 + 1 };
    struct groups groups = {.reader = reader, .form_type = form_type};
    uint64_t count = rdb_read_amount(reader, GROUP_MIN_BYTES, "a number of consumer groups");
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) read_group(&groups, i == 0);
    buffer_destroy(&groups.group_name);
    buffer_destroy(&groups.consumer_name);
    buffer_destroy(&groups.pending);
}
