/* The two halves of an output meet here: its own list (output.c) and the batch it is lent
 * (output_batch.c). */
#ifndef IO_OUTPUT_PRIVATE_H
#define IO_OUTPUT_PRIVATE_H

#include "io/output.h"

/* Both write to the own list, whether a batch is lent or not. */
void output_append_own(struct output *output, const void *data, size_t len);
void output_append_own_block(struct output *output, struct output_block block);

/* At most so many pieces go into one system call. */
enum { OUTPUT_PIECES_PER_WRITE = 64 };

static inline void output_release_block(const struct output_block *block) {
    if (block->release != NULL) block->release(block->owner);
}

static inline struct iovec output_piece(const char *data, size_t len) {
    struct iovec piece = {.iov_len = len};
    memcpy(&piece.iov_base, &data, sizeof data); /* a pointer to const, which is only read */
    return piece;
}

#endif
