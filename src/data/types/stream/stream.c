#include "data/types/stream/stream.h"

#include "data/types/stream/stream_form.h"
#include "data/types/stream/stream_rdb.h"
#include "data/value_digest.h"
#include "foundation/mem.h"

#include <inttypes.h>
#include <stdio.h>

enum { LEN_BYTES = 8, HEAD_BYTES = LEN_BYTES + 1 };

struct stream_block {
    _Atomic uint32_t references; /* counted from the main and the worker thread */
    size_t len;
    char data[];
};

static struct bytes value_of(const struct entry *entry) {
    if (entry->encoding == STREAM_TAIL) return bytes_of(entry_tail(entry), entry->tail_len);
    const struct stream_block *block = entry_pointer(entry);
    return bytes_of(block->data, block->len);
}

uint64_t stream_len(const struct entry *entry) {
    return bytes_load_u64(value_of(entry).data);
}

uint8_t stream_form_type(const struct entry *entry) {
    return (uint8_t)value_of(entry).data[LEN_BYTES];
}

struct bytes stream_form(const struct entry *entry) {
    struct bytes value = value_of(entry);
    return bytes_of(value.data + HEAD_BYTES, value.len - HEAD_BYTES);
}

/* --- making --- */

static struct stream_block *try_new_block(size_t len) {
    struct stream_block *block = mem_try_alloc(sizeof(*block) + len);
    if (block == NULL) return NULL;
    block->references = 1;
    block->len = len;
    return block;
}

static void write_value(char *at, uint8_t form_type, struct bytes form, uint64_t len) {
    memcpy(at, &len, LEN_BYTES);
    at[LEN_BYTES] = (char)form_type;
    memcpy(at + HEAD_BYTES, form.data, form.len);
}

struct entry *stream_try_new_entry(struct bytes key, bool has_due, uint8_t form_type,
                                   struct bytes form, uint64_t len) {
    size_t value_len = HEAD_BYTES + form.len;
    bool is_tail = value_len <= STREAM_TAIL_MAX;
    struct stream_block *block = is_tail ? NULL : try_new_block(value_len);
    if (!is_tail && block == NULL) return NULL;
    struct entry_shape shape = {.has_due = has_due, .has_word = !is_tail, .tail_len = value_len};
    struct entry *entry = entry_new(key, shape);
    entry->type = VALUE_STREAM;
    entry->encoding = is_tail ? STREAM_TAIL : STREAM_BLOCK;
    write_value(is_tail ? entry_tail(entry) : block->data, form_type, form, len);
    if (!is_tail) entry_set_pointer(entry, block);
    return entry;
}

/* --- the vtable --- */

static void free_stream(struct entry *entry) {
    struct stream_block *block = entry_pointer(entry);
    if (--block->references == 0) mem_free(block);
}

static void copy_stream(const struct entry *source, struct entry *target) {
    if (source->encoding == STREAM_TAIL) {
        memcpy(entry_tail(target), entry_tail(source), source->tail_len);
        return;
    }
    struct stream_block *block = entry_pointer(source);
    block->references++;
    entry_set_pointer(target, block);
}

static bool is_stream_costly(const struct entry *entry) {
    enum { COSTLY_BYTES = 1024 * 1024 };
    return entry->encoding == STREAM_BLOCK && value_of(entry).len >= COSTLY_BYTES;
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    (void)samples;
    return entry->encoding == STREAM_TAIL ? 0 : mem_usable_size(entry_pointer(entry));
}

static void mix_id(void *digest, struct stream_id id) {
    char text[48];
    int len = snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64, id.ms, id.seq);
    value_digest_mix(digest, bytes_of(text, (size_t)len));
}

static void mix_text(void *digest, struct bytes text) {
    value_digest_mix(digest, text);
}

static void digest_stream(const struct entry *entry, unsigned char digest[VALUE_DIGEST_BYTES]) {
    void *context = digest;
    const struct stream_visitor visitor = {mix_id, mix_text, context};
    struct rdb_reader reader;
    struct stream_nodes nodes;
    rdb_reader_init(&reader, stream_form(entry));
    stream_nodes_read(&reader, &nodes, &visitor);
    CHECK(!rdb_has_failed(&reader));
    rdb_reader_destroy(&reader);
}

static const char *name_encoding(const struct entry *entry) {
    (void)entry;
    return "stream";
}

static size_t measure_serialized(const struct entry *entry) {
    return stream_form(entry).len;
}

const struct value_type stream_value_type = {
    .name = "stream",
    .free_value = free_stream,
    .copy_value = copy_stream,
    .is_costly_to_free = is_stream_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_stream,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = stream_rdb_type,
    .save = stream_save,
    .load = stream_load,
};
