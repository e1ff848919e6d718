#include "data/types/stream/stream_form.h"

#include "data/rdb/rdb_format.h"

static struct stream_id read_last_id(struct rdb_reader *reader) {
    uint64_t ms = rdb_read_length(reader, "a stream's last id");
    return (struct stream_id){ms, rdb_read_length(reader, "a stream's last id")};
}

/* Behind the nodes. */
static void read_numbers(struct rdb_reader *reader, uint8_t form_type,
                         const struct stream_nodes *nodes) {
    enum { LATER_NUMBERS = 5 };
    uint64_t offset = rdb_reader_offset(reader);
    uint64_t len = rdb_read_length(reader, "a stream's length");
    if (len != nodes->len)
        rdb_fail(reader, offset, "a stream's length", "%llu with %llu entries",
                 (unsigned long long)len, (unsigned long long)nodes->len);
    offset = rdb_reader_offset(reader);
    struct stream_id last = read_last_id(reader);
    if (stream_id_is_below(last, nodes->last))
        rdb_fail(reader, offset, "a stream's last id", "one below an entry's");
    for (int i = 0; i < LATER_NUMBERS && form_type != RDB_STREAM_1; i++)
        (void)rdb_read_length(reader, "a stream's numbers");
}

uint64_t stream_form_read(struct rdb_reader *reader, uint8_t form_type) {
    struct stream_nodes nodes;
    stream_nodes_read(reader, &nodes, NULL);
    read_numbers(reader, form_type, &nodes);
    stream_groups_read(reader, form_type);
    return nodes.len;
}
