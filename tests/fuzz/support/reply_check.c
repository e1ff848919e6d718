#include "fuzz/support/reply_check.h"

#include "foundation/number.h"

enum { MAX_DEPTH = 32 };

void reply_collect(const struct output_batch *batch, struct buffer *out) {
    size_t done = 0;
    for (size_t i = 0; i < batch->block_count; i++) {
        const struct output_batch_block *block = &batch->blocks[i];
        CHECK(block->position >= done && block->position <= batch->bytes.len);
        buffer_append(out, batch->bytes.data + done, block->position - done);
        buffer_append(out, block->block.data, block->block.len);
        done = block->position;
    }
    if (batch->bytes.len != 0)
        buffer_append(out, batch->bytes.data + done, batch->bytes.len - done);
}

static struct bytes take(struct bytes *in, size_t len) {
    CHECK(in->len >= len);
    struct bytes taken = bytes_of(in->data, len);
    *in = bytes_of(in->data + len, in->len - len);
    return taken;
}

static void take_line_end(struct bytes *in) {
    CHECK(bytes_equal(take(in, 2), BYTES("\r\n")));
}

static struct bytes take_line(struct bytes *in) {
    struct bytes line = take(in, bytes_index(*in, '\r'));
    CHECK(line.len != 0 && bytes_index(line, '\n') == line.len);
    take_line_end(in);
    return line;
}

/* The number behind the mark; -1 is RESP2's null. */
static int64_t read_count(struct bytes line) {
    int64_t count;
    CHECK(number_parse_i64(bytes_of(line.data + 1, line.len - 1), &count) && count >= -1);
    return count;
}

/* Reads an element and returns its mark. */
static char take_element(struct bytes *in, int depth) {
    CHECK(depth < MAX_DEPTH);
    struct bytes line = take_line(in);
    char mark = line.data[0];
    int64_t left = 0;
    switch (mark) {
    case '$':
    case '=':
        if (read_count(line) < 0) break;
        (void)take(in, (size_t)read_count(line));
        take_line_end(in);
        break;
    case '%':
    case '|': left = 2 * read_count(line); break;
    case '*':
    case '~':
    case '>': left = read_count(line); break;
    default: CHECK(strchr("+-:_#,(", mark) != NULL);
    }
    while (left > 0) {
        if (take_element(in, depth + 1) != '|') left--;
    }
    return mark;
}

size_t reply_check(struct bytes replies) {
    size_t count = 0;
    while (replies.len != 0) {
        char mark = take_element(&replies, 0);
        if (mark != '>' && mark != '|') count++;
    }
    return count;
}
