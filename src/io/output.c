/* The own list: nodes in the order they are sent. A chunk holds bytes copied into it, a block
 * points to bytes elsewhere:
 *
 *     chunk:  | node | sent | data … len | room |
 *     block:  | node |        data ───────────────→ foreign bytes
 *
 * Invariants: only the last node's room is written to; a node whose bytes are all sent is freed,
 * so no node is empty, but for a chunk just made for output_room; own_bytes is the sum of `len`. */
#include "io/output_private.h"

#include "foundation/mem.h"

struct output_node {
    struct output_node *next;
    const char *data; /* unsent */
    size_t len;
    char *room; /* where the chunk's free room begins */
    size_t room_len;
    size_t used_bytes;
    struct output_block block; /* data NULL for a chunk */
};

static void link_node(struct output *output, struct output_node *node) {
    if (output->last == NULL) {
        output->first = node;
    } else {
        output->last->next = node;
    }
    output->last = node;
    output->node_count++;
    output->used_bytes += node->used_bytes;
}

static void free_first_node(struct output *output) {
    struct output_node *node = output->first;
    output->first = node->next;
    if (output->first == NULL) output->last = NULL;
    output->node_count--;
    output->used_bytes -= node->used_bytes;
    output->own_bytes -= node->len;
    if (node->block.data != NULL) output_release_block(&node->block);
    mem_free(node);
}

static void add_chunk(struct output *output, size_t min_room) {
    size_t size = output->first == NULL ? OUTPUT_FIRST_CHUNK_BYTES : OUTPUT_CHUNK_BYTES;
    if (size < sizeof(struct output_node) + min_room) size = sizeof(struct output_node) + min_room;
    struct output_node *node = mem_alloc(size);
    char *storage = (char *)(node + 1);
    *node = (struct output_node){
        .data = storage, .room = storage, .room_len = size - sizeof *node, .used_bytes = size};
    link_node(output, node);
}

char *output_room_own(struct output *output, size_t max) {
    if (output->last == NULL || output->last->room_len < max) add_chunk(output, max);
    return output->last->room;
}

void output_commit_own(struct output *output, size_t written) {
    if (written == 0) return;
    struct output_node *node = output->last;
    CHECK(node != NULL && written <= node->room_len);
    node->room += written;
    node->room_len -= written;
    node->len += written;
    output->own_bytes += written;
}

void output_append_own(struct output *output, const void *data, size_t len) {
    size_t fitting = output->last == NULL ? 0 : output->last->room_len;
    if (fitting > len) fitting = len;
    if (fitting > 0) {
        memcpy(output->last->room, data, fitting);
        output_commit_own(output, fitting);
    }
    if (fitting == len) return;
    size_t rest = len - fitting;
    memcpy(output_room_own(output, rest), (const char *)data + fitting, rest);
    output_commit_own(output, rest);
}

/* A piece that lies right behind the one before it makes that longer. */
static bool extend_last_block(struct output *output, const struct output_block *block) {
    struct output_node *last = output->last;
    if (last == NULL || last->block.data == NULL || last->block.owner != block->owner) return false;
    if (last->block.release != block->release || last->data + last->len != block->data)
        return false;
    last->len += block->len;
    output->own_bytes += block->len;
    output_release_block(block);
    return true;
}

void output_append_own_block(struct output *output, struct output_block block) {
    if (extend_last_block(output, &block)) return;
    struct output_node *node = mem_alloc(sizeof *node);
    *node = (struct output_node){
        .data = block.data, .len = block.len, .used_bytes = sizeof *node, .block = block};
    link_node(output, node);
    output->own_bytes += block.len;
}

/* The first `max` bytes at most. */
static int gather_pieces(const struct output *output, size_t max, struct iovec *pieces) {
    int count = 0;
    for (struct output_node *node = output->first; node != NULL && max > 0; node = node->next) {
        if (count == OUTPUT_PIECES_PER_WRITE) break;
        size_t len = node->len < max ? node->len : max;
        if (len > 0) pieces[count++] = output_piece(node->data, len);
        max -= len;
    }
    return count;
}

static void drop_sent(struct output *output, size_t sent) {
    while (output->first != NULL && output->first->len <= sent) {
        sent -= output->first->len;
        free_first_node(output);
    }
    if (output->first == NULL) return;
    output->first->data += sent;
    output->first->len -= sent;
    output->own_bytes -= sent;
}

enum io_result output_flush_some(struct output *output, struct connection *connection, size_t max) {
    CHECK(output->batch == NULL);
    enum io_result result = IO_OK;
    size_t sent = 0, most = max < OUTPUT_FLUSH_MAX_BYTES ? max : OUTPUT_FLUSH_MAX_BYTES;
    drop_sent(output, 0); /* a chunk that was asked for and not used */
    while (output->own_bytes > 0 && result == IO_OK && sent < most) {
        struct iovec pieces[OUTPUT_PIECES_PER_WRITE];
        size_t moved = 0;
        int count = gather_pieces(output, max - sent, pieces);
        result = connection_writev(connection, pieces, count, &moved);
        drop_sent(output, moved);
        sent += moved;
    }
    if (result == IO_CLOSED || result == IO_ERROR) return result;
    bool is_left = output->own_bytes > 0 && sent < max;
    connection_want_write(connection, is_left);
    return is_left ? IO_AGAIN : IO_OK;
}

enum io_result output_flush(struct output *output, struct connection *connection) {
    return output_flush_some(output, connection, SIZE_MAX);
}

void output_destroy(struct output *output) {
    if (output->batch != NULL) output_keep(output);
    while (output->first != NULL) free_first_node(output);
}
