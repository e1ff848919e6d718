/* The form that streams have in RDB files and payloads, read and looked through.
 *
 *      stream     nodes | entries | last id | [first id | highest deleted id | entries ever added] |
 *                 groups
 *      nodes      count | (16 bytes of id, as a string | listpack, as a string) …
 *      groups     count | (name | last delivered id | [entries read] | pending | consumers) …
 *      pending    count | (16 bytes of id | delivered at, ms | deliveries) …
 *      consumers  count | (name | seen at, ms | [[active at, ms]] | count | (16 bytes of id) …) …
 *
 * What is in [] came with RDB_STREAM_2, in [[]] with RDB_STREAM_3. Numbers and the halves of ids are
 * lengths, but where a width is told: then ids are big-endian, times little-endian.
 *
 * The listpack of a node; of an entry the id is told as its distance from the node's:
 *
 *      node       entries | deleted entries | field count | field … | 0 | entry …
 *      entry      flags | ms | seq | value … | element count          fields are the node's
 *                 flags | ms | seq | field count | field | value … | element count
 *
 * Sound is a stream whose entries are as many as are told, their ids ascend up to the last id; whose
 * nodes, groups, consumers and pending entries stand in order, none twice, as Redis writes them;
 * and in whose groups each pending entry has one consumer. */
#ifndef DATA_TYPES_STREAM_STREAM_FORM_H
#define DATA_TYPES_STREAM_STREAM_FORM_H

#include "data/rdb/rdb_reader.h"

#include <stdint.h>

struct stream_id {
    uint64_t ms, seq;
};

enum { STREAM_ID_BYTES = 16 };

static inline bool stream_id_is_below(struct stream_id a, struct stream_id b) {
    return a.ms < b.ms || (a.ms == b.ms && a.seq < b.seq);
}

/* Hears of each entry that is not deleted: its id, then its fields and values by turns. */
struct stream_visitor {
    void (*visit_id)(void *context, struct stream_id id);
    void (*visit_text)(void *context, struct bytes text);
    void *context;
};

struct stream_nodes {
    uint64_t len;            /* entries that are not deleted */
    struct stream_id last;   /* of them */
    struct stream_id master; /* the last node's */
};

/* Reads a whole stream and returns its length; the reader has failed when it is not sound. */
uint64_t stream_form_read(struct rdb_reader *reader, uint8_t form_type);

/* The parts. `visitor` may be NULL; what was visited before a failure was visited. */
void stream_nodes_read(struct rdb_reader *reader, struct stream_nodes *nodes,
                       const struct stream_visitor *visitor);
void stream_groups_read(struct rdb_reader *reader, uint8_t form_type);
/* 16 bytes, big-endian. */
struct stream_id stream_id_load(const char *at);

#endif
