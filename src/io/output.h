/* What waits to be sent on a connection.
 *
 * While commands run, their replies go into a batch buffer that all connections of a loop share:
 * the loop lends it to one output, the commands write, and settling sends it with one system call.
 * Nothing is allocated or copied as long as the socket takes everything. What it does not take,
 * and what is written outside a lending (messages published to others), is kept in the
 * connection's own list of chunks and blocks, which is freed as it drains:
 *
 *     own list:  [chunk 1 KiB] → [block: a large value where it lies] → [chunk 16 KiB] → …
 *     lent:      batch bytes  "$3\r\nabc\r\n$70000\r\n|\r\n:1\r\n"      | = a block goes here
 *
 * Invariants: everything in the own list goes before the batch; pending bytes are the sum of both;
 * an output with nothing pending holds no memory. The zeroed struct is a valid empty output. */
#ifndef IO_OUTPUT_H
#define IO_OUTPUT_H

#include "foundation/buffer.h"
#include "foundation/check.h"
#include "io/connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTPUT_FIRST_CHUNK_BYTES = 1024,
    OUTPUT_CHUNK_BYTES = 16 * 1024,
    OUTPUT_BATCH_KEPT_BYTES = 1024 * 1024, /* a batch buffer that grew larger is given back */
    OUTPUT_FLUSH_MAX_BYTES = 1024 * 1024,  /* one flush sends about this much, then lets others */
};

struct output_node;

/* Bytes that lie elsewhere; `release(owner)` is called exactly once, when they are sent or
 * dropped. A NULL release is not called (static bytes). */
struct output_block {
    const char *data;
    size_t len;
    void (*release)(void *owner);
    void *owner;
};

struct output_batch_block {
    struct output_block block;
    size_t position; /* in the batch's bytes, before which the block is sent */
};

/* One a loop, zeroed at start; lent to one output at a time. Its fields are the output's. */
struct output_batch {
    struct buffer bytes;
    struct output_batch_block *blocks;
    size_t block_count;
    size_t block_cap;
    size_t block_bytes; /* of all blocks together */
};

struct output {
    struct output_batch *batch; /* lent, or NULL */
    struct output_node *first;  /* the own list */
    struct output_node *last;
    size_t own_bytes;  /* in the own list, unsent */
    size_t used_bytes; /* memory of the own list's chunks and nodes */
    size_t node_count;
};

/* Frees the storage of a batch that is not lent. */
void output_batch_destroy(struct output_batch *batch);
/* Drops what is pending (a lent batch is emptied and returned). Valid and empty afterwards. */
void output_destroy(struct output *output);

/* From now on writes go to `batch`, which is empty and not lent to another. */
static inline void output_lend(struct output *output, struct output_batch *batch) {
    CHECK(output->batch == NULL && batch->bytes.len == 0 && batch->block_count == 0);
    output->batch = batch;
}
/* Ends the lending and sends: as output_flush; what the socket leaves moves to the own list. The
 * engine may settle and lend again within a batch when output_pending_bytes gets large. */
NODISCARD enum io_result output_settle(struct output *output, struct connection *connection);
/* Ends the lending without sending: all of it moves to the own list (replies that wait for fsync,
 * connections about to be dropped, clients that no socket stands behind). */
void output_keep(struct output *output);

/* Sends what the socket takes of the own list; the batch is not lent. IO_OK: nothing is left.
 * IO_AGAIN: some is. IO_CLOSED, IO_ERROR: the owner closes the connection. The connection's wish
 * to hear of writability is kept in step with what is left. */
NODISCARD enum io_result output_flush(struct output *output, struct connection *connection);
/* The same of its first `max` bytes: IO_OK when these are sent. */
NODISCARD enum io_result output_flush_some(struct output *output, struct connection *connection,
                                           size_t max);

/* The cold halves of output_room and output_commit: write to the own list. */
char *output_room_own(struct output *output, size_t max);
void output_commit_own(struct output *output, size_t written);

/* A place for `max` more bytes, valid until the next call on this output; output_commit says how
 * many were written. */
static inline char *output_room(struct output *output, size_t max) {
    if (LIKELY(output->batch != NULL)) return buffer_room(&output->batch->bytes, max);
    return output_room_own(output, max);
}

static inline void output_commit(struct output *output, size_t written) {
    if (LIKELY(output->batch != NULL)) {
        buffer_commit(&output->batch->bytes, written);
    } else {
        output_commit_own(output, written);
    }
}

void output_append(struct output *output, const void *data, size_t len);
/* Takes over one reference to the block; an empty one is released at once. In the own list a block that
 * lies right behind the one before it, with the same owner, becomes one with it, and its reference is
 * given back. Worth it from some
 * 16 KiB up; below that copying is cheaper. */
void output_append_block(struct output *output, struct output_block block);

/* For headers whose number is known only after what they head: output_mark remembers the place,
 * output_insert puts the header there and moves what follows. Only while a batch is lent, and a
 * mark is good until the lending ends; inserting at an earlier mark moves later ones by `len`.
 * A block must be followed by some bytes (its line end) before a mark is taken. Cost: a memmove of
 * what was written since. */
static inline size_t output_mark(const struct output *output) {
    CHECK(output->batch != NULL);
    return output->batch->bytes.len;
}
void output_insert(struct output *output, size_t mark, const void *data, size_t len);

/* Bytes not yet handed to the system, blocks and lent batch included. */
static inline size_t output_pending_bytes(const struct output *output) {
    size_t lent = output->batch == NULL ? 0 : output->batch->bytes.len + output->batch->block_bytes;
    return output->own_bytes + lent;
}
/* Memory that this connection holds: its own list, without blocks and without the lent batch. */
static inline size_t output_used_bytes(const struct output *output) {
    return output->used_bytes;
}

#endif
