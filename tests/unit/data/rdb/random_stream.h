/* Random streams in RDB form, of every type byte: none to several nodes, entries with their node's
 * fields and their own, deleted ones, groups with pending entries of several consumers. */
#ifndef UNIT_DATA_RDB_RANDOM_STREAM_H
#define UNIT_DATA_RDB_RANDOM_STREAM_H

#include "data/rdb/rdb_format.h"
#include "data/rdb/rdb_writer.h"
#include "data/types/stream/stream_form.h"
#include "foundation/containers/listpack.h"
#include "foundation/random.h"

#include <endian.h>
#include <stdio.h>

struct random_stream {
    struct rdb_writer *writer;
    struct bytes (*draw_text)(void);
    uint8_t type;
    struct stream_id last;
    uint64_t len;
};

static inline struct stream_id random_next_id(struct stream_id last) {
    if (random_below(2) == 0) return (struct stream_id){last.ms, last.seq + 1 + random_below(3)};
    return (struct stream_id){last.ms + 1 + random_below(1000), random_below(3)};
}

static inline void write_stream_id(struct rdb_writer *writer, struct stream_id id, bool is_string) {
    uint64_t halves[] = {htobe64(id.ms), htobe64(id.seq)};
    if (is_string) rdb_write_length(writer, sizeof(halves));
    rdb_write_raw(writer, bytes_of(halves, sizeof(halves)));
}

static inline void write_lengths(struct rdb_writer *writer, size_t count) {
    for (size_t i = 0; i < count; i++) rdb_write_length(writer, random_below(100000));
}

static inline char *append_integer(char *listpack, int64_t value) {
    struct packed_item item = packed_item_of_integer(value);
    return listpack_append(listpack, &item);
}

static inline char *append_texts(const struct random_stream *stream, char *listpack, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct packed_item item = packed_item_of(stream->draw_text());
        listpack = listpack_append(listpack, &item);
    }
    return listpack;
}

static inline char *append_random_entry(const struct random_stream *stream, char *listpack,
                                        struct stream_id node, size_t node_fields,
                                        bool is_deleted) {
    bool has_node_fields = random_below(2) == 0;
    size_t count = has_node_fields ? node_fields : random_below(4);
    listpack = append_integer(listpack, (is_deleted ? 1 : 0) | (has_node_fields ? 2 : 0));
    listpack = append_integer(listpack, (int64_t)(stream->last.ms - node.ms));
    listpack = append_integer(listpack, (int64_t)(stream->last.seq - node.seq));
    if (!has_node_fields) listpack = append_integer(listpack, (int64_t)count);
    listpack = append_texts(stream, listpack, has_node_fields ? count : 2 * count);
    return append_integer(listpack, (int64_t)(has_node_fields ? 3 + count : 4 + 2 * count));
}

static inline void write_random_node(struct random_stream *stream) {
    size_t entries = 1 + random_below(12), deleted = random_below(entries);
    size_t fields = random_below(4), left = entries;
    char *listpack = append_integer(listpack_new(0), (int64_t)(entries - deleted));
    listpack = append_integer(append_integer(listpack, (int64_t)deleted), (int64_t)fields);
    listpack = append_integer(append_texts(stream, listpack, fields), 0);
    struct stream_id node = random_next_id(stream->last);
    stream->last = node;
    stream->len += entries - deleted;
    for (; left != 0; left--) {
        bool is_deleted = random_below(left) < deleted;
        if (is_deleted) deleted--;
        listpack = append_random_entry(stream, listpack, node, fields, is_deleted);
        stream->last = random_next_id(stream->last);
    }
    write_stream_id(stream->writer, node, true);
    rdb_write_string(stream->writer, bytes_of(listpack, listpack_bytes(listpack)));
    listpack_free(listpack);
}

enum { RANDOM_PENDING_MAX = 8, RANDOM_CONSUMERS_MAX = 3 };

static inline void write_random_name(struct rdb_writer *writer, const char *kind, size_t number) {
    char name[32];
    int len = snprintf(name, sizeof(name), "%s%zu", number % 2 == 0 ? "" : kind, number);
    rdb_write_string(writer, bytes_of(name, (size_t)len));
}

static inline void write_random_group(const struct random_stream *stream, size_t number) {
    struct rdb_writer *writer = stream->writer;
    struct stream_id ids[RANDOM_PENDING_MAX], last = {0};
    size_t owners[RANDOM_PENDING_MAX], pending = random_below(RANDOM_PENDING_MAX);
    size_t consumers = random_below(RANDOM_CONSUMERS_MAX);
    if (consumers == 0) pending = 0;
    write_random_name(writer, "group", number);
    write_lengths(writer, stream->type == RDB_STREAM_1 ? 2 : 3);
    rdb_write_length(writer, pending);
    for (size_t i = 0; i < pending; i++) {
        ids[i] = last = random_next_id(last);
        owners[i] = random_below(consumers);
        write_stream_id(writer, last, false);
        rdb_write_i64(writer, (int64_t)random_below(1 << 30));
        write_lengths(writer, 1);
    }
    rdb_write_length(writer, consumers);
    for (size_t consumer = 0; consumer < consumers; consumer++) {
        size_t owned = 0;
        write_random_name(writer, "consumer", consumer);
        rdb_write_i64(writer, (int64_t)random_below(1 << 30));
        if (stream->type == RDB_STREAM_3) rdb_write_i64(writer, -1);
        for (size_t i = 0; i < pending; i++) owned += owners[i] == consumer;
        rdb_write_length(writer, owned);
        for (size_t i = 0; i < pending; i++)
            if (owners[i] == consumer) write_stream_id(writer, ids[i], false);
    }
}

/* Writes the form of one to a writer; returns its type byte. */
static inline uint8_t write_random_stream(struct rdb_writer *writer,
                                          struct bytes (*draw_text)(void), uint64_t *len) {
    static const uint8_t types[] = {RDB_STREAM_1, RDB_STREAM_2, RDB_STREAM_3};
    struct random_stream stream = {writer, draw_text, types[random_below(3)], {0}, 0};
    size_t nodes = random_below(5), groups = random_below(3);
    rdb_write_length(writer, nodes);
    for (size_t i = 0; i < nodes; i++) write_random_node(&stream);
    rdb_write_length(writer, stream.len);
    rdb_write_length(writer, stream.last.ms);
    rdb_write_length(writer, stream.last.seq);
    if (stream.type != RDB_STREAM_1) write_lengths(writer, 5);
    rdb_write_length(writer, groups);
    for (size_t i = 0; i < groups; i++) write_random_group(&stream, i);
    *len = stream.len;
    return stream.type;
}

#endif
