/* The lent batch: bytes in one buffer and blocks that go in between, each before a position of it.
 * A cursor walks through both in the order they are sent. */
#include "io/output_private.h"

#include "foundation/mem.h"

enum { BLOCKS_KEPT = 1024 };

struct cursor {
    size_t position;   /* in the batch's bytes */
    size_t block;      /* the next block */
    size_t block_sent; /* bytes of it */
};

void output_batch_destroy(struct output_batch *batch) {
    buffer_destroy(&batch->bytes);
    mem_free(batch->blocks);
    *batch = (struct output_batch){0};
}

/* Ends the lending; what the batch held is sent, moved or released. */
static void give_batch_back(struct output *output) {
    struct output_batch *batch = output->batch;
    output->batch = NULL;
    batch->bytes.len = 0;
    batch->block_count = 0;
    batch->block_bytes = 0;
    if (UNLIKELY(batch->bytes.cap > OUTPUT_BATCH_KEPT_BYTES)) buffer_destroy(&batch->bytes);
    if (UNLIKELY(batch->block_cap > BLOCKS_KEPT)) output_batch_destroy(batch);
}

void output_append(struct output *output, const void *data, size_t len) {
    if (len == 0) return;
    if (output->batch != NULL) {
        buffer_append(&output->batch->bytes, data, len);
    } else {
        output_append_own(output, data, len);
    }
}

static void add_batch_block(struct output_batch *batch, struct output_block block) {
    if (batch->block_count == batch->block_cap) {
        batch->block_cap = batch->block_cap == 0 ? 16 : batch->block_cap * 2;
        batch->blocks = mem_realloc(batch->blocks, batch->block_cap * sizeof *batch->blocks);
    }
    batch->blocks[batch->block_count++] =
        (struct output_batch_block){.block = block, .position = batch->bytes.len};
    batch->block_bytes += block.len;
}

void output_append_block(struct output *output, struct output_block block) {
    if (block.len == 0) {
        output_release_block(&block);
    } else if (output->batch != NULL) {
        add_batch_block(output->batch, block);
    } else {
        output_append_own_block(output, block);
    }
}

void output_insert(struct output *output, size_t mark, const void *data, size_t len) {
    struct output_batch *batch = output->batch;
    CHECK(batch != NULL && mark <= batch->bytes.len);
    if (len == 0) return;
    buffer_room(&batch->bytes, len);
    char *at = batch->bytes.data + mark;
    memmove(at + len, at, batch->bytes.len - mark);
    memcpy(at, data, len);
    buffer_commit(&batch->bytes, len);
    for (size_t i = batch->block_count; i > 0 && batch->blocks[i - 1].position >= mark; i--) {
        batch->blocks[i - 1].position += len;
    }
}

/* Where the bytes before the cursor's block end. */
static size_t bytes_limit(const struct output_batch *batch, size_t block) {
    return block < batch->block_count ? batch->blocks[block].position : batch->bytes.len;
}

/* Takes the next piece and moves the cursor behind it; an empty one at the end of the batch. */
static struct iovec next_piece(const struct output_batch *batch, struct cursor *cursor) {
    size_t limit = bytes_limit(batch, cursor->block);
    if (cursor->position < limit) {
        const char *data = batch->bytes.data + cursor->position;
        size_t len = limit - cursor->position;
        cursor->position = limit;
        return output_piece(data, len);
    }
    if (cursor->block == batch->block_count) return (struct iovec){0};
    const struct output_block *block = &batch->blocks[cursor->block].block;
    size_t sent = cursor->block_sent;
    cursor->block++;
    cursor->block_sent = 0;
    return output_piece(block->data + sent, block->len - sent);
}

static int gather_pieces(const struct output_batch *batch, struct cursor cursor,
                         struct iovec *pieces) {
    int count = 0;
    while (count < OUTPUT_PIECES_PER_WRITE) {
        pieces[count] = next_piece(batch, &cursor);
        if (pieces[count].iov_len == 0) break;
        count++;
    }
    return count;
}

/* Moves the cursor over `sent` bytes and lets go of the blocks they complete. */
static void pass_sent(const struct output_batch *batch, struct cursor *cursor, size_t sent) {
    while (sent > 0) {
        size_t bytes = bytes_limit(batch, cursor->block) - cursor->position;
        if (bytes > sent) bytes = sent;
        cursor->position += bytes;
        sent -= bytes;
        if (sent == 0) return;
        const struct output_block *block = &batch->blocks[cursor->block].block;
        size_t rest = block->len - cursor->block_sent;
        if (sent < rest) {
            cursor->block_sent += sent;
            return;
        }
        sent -= rest;
        output_release_block(block);
        cursor->block++;
        cursor->block_sent = 0;
    }
}

/* Moves what lies behind the cursor to the own list. */
static void keep_rest(struct output *output, struct cursor cursor) {
    const struct output_batch *batch = output->batch;
    while (cursor.position < batch->bytes.len || cursor.block < batch->block_count) {
        size_t block = cursor.block;
        struct iovec piece = next_piece(batch, &cursor);
        if (cursor.block == block) {
            output_append_own(output, piece.iov_base, piece.iov_len);
            continue;
        }
        struct output_block rest = batch->blocks[block].block;
        rest.data = piece.iov_base;
        rest.len = piece.iov_len;
        output_append_own_block(output, rest);
    }
}

void output_keep(struct output *output) {
    CHECK(output->batch != NULL);
    keep_rest(output, (struct cursor){0});
    give_batch_back(output);
}

static enum io_result send_batch(const struct output_batch *batch, struct connection *connection,
                                 struct cursor *cursor) {
    size_t rest = batch->bytes.len + batch->block_bytes;
    while (rest > 0) {
        struct iovec pieces[OUTPUT_PIECES_PER_WRITE];
        int count = gather_pieces(batch, *cursor, pieces);
        size_t moved = 0;
        enum io_result result = connection_writev(connection, pieces, count, &moved);
        if (result != IO_OK) return result;
        pass_sent(batch, cursor, moved);
        rest -= moved;
    }
    return IO_OK;
}

/* Nearly every batch: some bytes, no block, and a socket that takes them all. */
static enum io_result send_bytes(const struct output_batch *batch, struct connection *connection,
                                 struct cursor *cursor) {
    size_t moved = 0;
    enum io_result result =
        connection_write(connection, batch->bytes.data, batch->bytes.len, &moved);
    cursor->position = moved;
    if (result == IO_OK && moved < batch->bytes.len) return IO_AGAIN;
    return result;
}

enum io_result output_settle(struct output *output, struct connection *connection) {
    struct output_batch *batch = output->batch;
    CHECK(batch != NULL);
    if (output->own_bytes > 0) {
        output_keep(output);
        bool is_socket_full = (connection->source.interest & EVENT_WRITABLE) != 0;
        return is_socket_full ? IO_AGAIN : output_flush(output, connection);
    }
    struct cursor cursor = {0};
    enum io_result result = IO_OK;
    if (batch->block_count > 0) {
        result = send_batch(batch, connection, &cursor);
    } else if (batch->bytes.len > 0) {
        result = send_bytes(batch, connection, &cursor);
    }
    if (result != IO_OK) keep_rest(output, cursor);
    give_batch_back(output);
    if (result == IO_AGAIN) connection_want_write(connection, true);
    return result;
}
